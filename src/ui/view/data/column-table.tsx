import { useMemo, useState } from "preact/hooks";
import type { ColumnProfile, DataProfile, SettableType } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { useApp } from "../../app/context.ts";
import { typeWord } from "../../app/words.ts";
import { type Column, formatCount, formatMetric, formatShare, Icon, Select, Table, TextField, toast } from "../../kit/index.ts";
import { type Role, roleOf, withRole } from "../new/draft.ts";
import { draftFor } from "../new/drafts.ts";
import { MiniDistribution } from "./mini.tsx";

const SEARCH_FROM = 15;
const ROLE_NAMES: Readonly<Record<Role, string>> = {
  feature: "feature",
  target: "target",
  skip: "skip",
  weights: "case weights",
  group: "group",
};
const TYPES: readonly SettableType[] = ["double", "integer", "factor", "logical", "character", "date", "datetime"];

/** One line per column: role, type, distribution, gaps, range, findings. Role and type can be changed in place. */
export function ColumnTable({ profile }: { profile: DataProfile }) {
  const draft = draftFor(profile.data_handle);
  const [search, setSearch] = useState("");
  const now = draft.value;
  const rows = useMemo(
    () => profile.columns.filter((column) => column.name.toLowerCase().includes(search.toLowerCase())),
    [profile, search],
  );
  const columns: Column<ColumnProfile>[] = [
    {
      id: "role",
      header: "Role",
      width: "124px",
      cell: (column) => (
        <Select
          label={`Role of ${column.name}`}
          hideLabel
          small
          value={roleOf(now, profile, column)}
          options={rolesFor(column).map((role) => ({ value: role, label: ROLE_NAMES[role] }))}
          onChange={(role) => {
            draft.value = withRole(now, profile, column.name, role as Role);
          }}
        />
      ),
    },
    {
      id: "name",
      header: "Column",
      width: "180px",
      rowHeader: true,
      sortValue: (column) => column.name,
      cell: (column) => <span class="a-name">{column.name}</span>,
    },
    {
      id: "type",
      header: "Type",
      width: "140px",
      sortValue: (column) => column.type,
      cell: (column) => <TypeSelect profile={profile} column={column} />,
    },
    { id: "distribution", header: "Distribution", width: "144px", cell: (column) => <MiniDistribution column={column} /> },
    {
      id: "missing",
      header: "Missing",
      align: "end",
      width: "84px",
      sortValue: (column) => column.n_missing,
      cell: (column) =>
        column.n_missing === 0 ? (
          <span class="num">0</span>
        ) : (
          <span class="num" title={formatCount(column.n_missing)}>
            {formatShare(column.n_missing / Math.max(1, column.rows))}
          </span>
        ),
    },
    {
      id: "distinct",
      header: "Distinct",
      align: "end",
      width: "84px",
      sortValue: (column) => column.n_unique,
      cell: (column) => <span class="num">{formatCount(column.n_unique)}</span>,
    },
    { id: "range", header: "Range", width: "160px", cell: (column) => <span class="a-range">{rangeOf(column)}</span> },
    { id: "checks", header: "Checks", sortValue: (column) => -column.checks.length, cell: (column) => <Checks column={column} /> },
  ];
  return (
    <>
      {profile.columns.length >= SEARCH_FROM ? (
        <div class="a-bar is-inside">
          <TextField
            label="Search columns"
            hideLabel
            type="search"
            icon="search"
            placeholder="Search columns"
            value={search}
            onChange={setSearch}
          />
        </div>
      ) : null}
      <Table
        caption="Columns"
        columns={columns}
        rows={rows}
        rowKey={(column) => column.name}
        maxHeight={rows.length > 150 ? 640 : 10_000}
      />
    </>
  );
}

function rolesFor(column: ColumnProfile): readonly Role[] {
  const roles: Role[] = ["feature", "target", "skip", "group"];
  if (column.numeric !== null && column.numeric.min >= 0) roles.push("weights");
  return roles;
}

function TypeSelect({ profile, column }: { profile: DataProfile; column: ColumnProfile }) {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const change = async (type: string): Promise<void> => {
    setBusy(true);
    const done = await attempt(() =>
      app.client.call(
        "data.set_types",
        { data_handle: profile.data_handle, types: { [column.name]: type as SettableType } },
        { timeoutMs: 120_000 },
      ),
    );
    setBusy(false);
    if (!done) return;
    app.store.dispatch({ type: "pulled.forgotten", prefix: `profile:${profile.data_handle}` });
    app.store.dispatch({ type: "pulled.forgotten", prefix: `preview:${profile.data_handle}` });
    toast(`${column.name} is read as ${typeWord(type)} now.`, "ok");
  };
  return (
    <Select
      label={`Type of ${column.name}`}
      hideLabel
      small
      disabled={busy}
      value={column.type}
      options={TYPES.map((type) => ({ value: type, label: typeWord(type) }))}
      onChange={(type) => void change(type)}
    />
  );
}

function rangeOf(column: ColumnProfile): string {
  if (column.numeric !== null) {
    if (column.type === "date" || column.type === "datetime") return `${dateOf(column.numeric.min)} – ${dateOf(column.numeric.max)}`;
    const infinite = column.numeric.n_infinite > 0 ? `, ${formatCount(column.numeric.n_infinite)} infinite` : "";
    return `${numberText(column.numeric.min)} – ${numberText(column.numeric.max)}${infinite}`;
  }
  if (column.levels === null || column.levels.length === 0) return "–";
  const [first, second] = column.levels;
  const rest = column.n_unique - Math.min(2, column.levels.length);
  return [first?.label, second?.label, rest > 0 ? `${formatCount(rest)} more` : undefined].filter((part) => part !== undefined).join(", ");
}

/** Whole numbers stay whole. */
function numberText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? formatCount(value) : formatMetric(value);
}

function dateOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

function Checks({ column }: { column: ColumnProfile }) {
  if (column.checks.length === 0) return null;
  return (
    <ul class="a-checks">
      {column.checks.map((check) => (
        <li key={check.kind} class={check.severity === "problem" ? "is-bad" : "is-warn"}>
          <Icon
            name={check.severity === "problem" ? "error" : "warning"}
            size={14}
            label={check.severity === "problem" ? "Problem" : "Hint"}
          />
          <span>{check.message}</span>
        </li>
      ))}
    </ul>
  );
}
