import { useEffect, useMemo, useState } from "preact/hooks";
import type { DataProfile, HandleSummary } from "../../../client/index.ts";
import { useApp, usePulled, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { onCommand } from "../../app/shortcuts.ts";
import { Button, Card, Empty, formatCount, Menu, Note, Segmented, Select, Skeleton, Tabs } from "../../kit/index.ts";
import type { Draft } from "../new/draft.ts";
import { guessedTask, roleOf, targetOf, taskOf, withRole } from "../new/draft.ts";
import { draftFor } from "../new/drafts.ts";
import { Fetched, PageHead } from "../page-head.tsx";
import { ColumnTable } from "./column-table.tsx";
import { DeleteData } from "./data-page.tsx";
import { PreviewTable } from "./preview-table.tsx";
import { RenameData } from "./rename-data.tsx";

/** One table: its columns, what was noticed about them, its first rows; the way to a model. */
export function DataSetPage({ id, tab }: { id: string; tab: string }) {
  const app = useApp();
  const handle = useStore((state) => state.data?.find((other) => other.data_handle === id));
  const isKnown = useStore((state) => state.data !== null);
  const profile = usePulled(handle === undefined ? null : `profile:${id}`, () =>
    app.client.call("data.profile", { data_handle: id }, { timeoutMs: 120_000 }),
  );
  const setUp = (): void => navigate(paths.newModel(id));
  useEffect(() => onCommand("submit", () => navigate(paths.newModel(id))), [id]);
  if (handle === undefined) {
    return isKnown ? (
      <>
        <PageHead title="This data set is gone" />
        <Empty
          title="It was deleted, or it belongs to another session."
          actions={<Button onClick={() => navigate(paths.data)}>All data</Button>}
        />
      </>
    ) : (
      <Skeleton height={320} />
    );
  }
  return (
    <>
      <PageHead
        title={handle.name}
        subtitle={
          <span class="num">
            {formatCount(handle.rows)} rows × {formatCount(handle.cols)} columns
          </span>
        }
      >
        <MoreMenu handle={handle} />
        <Button onClick={() => navigate(paths.explore(id))}>Components and clusters</Button>
        <Button kind="primary" icon="model" keys="N" onClick={setUp} disabled={profile.at !== "ready"}>
          Set up a model
        </Button>
      </PageHead>
      <Fetched of={profile} pulledKey={`profile:${id}`} height={420}>
        {(value) => (
          <>
            <Warnings profile={value} />
            <TargetBar profile={value} />
            <Tabs
              label="Parts of the data set"
              tabs={[
                { id: "columns", label: "Columns", count: value.cols },
                { id: "rows", label: "First rows" },
              ]}
              value={tab === "rows" ? "rows" : "columns"}
              onChange={(next) => navigate(paths.dataSet(id, next), { replace: true })}
            >
              <Card flush>{tab === "rows" ? <PreviewTable handle={handle} /> : <ColumnTable profile={value} />}</Card>
            </Tabs>
          </>
        )}
      </Fetched>
    </>
  );
}

function MoreMenu({ handle }: { handle: HandleSummary }) {
  const jobs = useStore((state) => state.jobs?.filter((job) => job.data_handle === handle.data_handle).length ?? 0);
  const [open, setOpen] = useState<"delete" | "rename" | null>(null);
  return (
    <>
      <Menu
        label={`More for ${handle.name}`}
        icon="more"
        iconOnly
        items={[
          { id: "rename", label: "Rename…", onSelect: () => setOpen("rename") },
          { id: "delete", label: "Delete…", icon: "trash", danger: true, onSelect: () => setOpen("delete") },
        ]}
      />
      {open === "delete" ? (
        <DeleteData handle={handle} jobs={jobs} onClose={() => setOpen(null)} onDeleted={() => navigate(paths.data)} />
      ) : null}
      {open === "rename" ? <RenameData handle={handle} onClose={() => setOpen(null)} /> : null}
    </>
  );
}

/** What the import noticed, and what is wrong with columns that the model would use. Columns that are left out need no answer. */
function Warnings({ profile }: { profile: DataProfile }) {
  const draft = draftFor(profile.data_handle).value;
  const found = useMemo(() => groupedProblems(profile, draft), [profile, draft]);
  if (profile.warnings.length === 0 && found.length === 0) return null;
  return (
    <div class="a-stack">
      {profile.warnings.map((warning) => (
        <Note key={warning} tone="warn" title={warning} />
      ))}
      {found.length === 0 ? null : (
        <Note tone="bad" title="To look at before training">
          <ul class="a-list">
            {found.slice(0, 6).map(({ message, columns }) => (
              <li key={message}>
                <strong>{columns.slice(0, 3).join(", ")}</strong>
                {columns.length > 3 ? ` and ${formatCount(columns.length - 3)} more` : ""}: {message}
              </li>
            ))}
          </ul>
          {found.length > 6 ? <p>More stand in the table.</p> : null}
        </Note>
      )}
    </div>
  );
}

function groupedProblems(profile: DataProfile, draft: Draft): readonly { readonly message: string; readonly columns: readonly string[] }[] {
  const byMessage = new Map<string, string[]>();
  for (const column of profile.columns) {
    if (!column.checks.some((check) => check.severity === "problem") || roleOf(draft, profile, column) === "skip") continue;
    for (const check of column.checks) {
      if (check.severity === "problem") byMessage.set(check.message, [...(byMessage.get(check.message) ?? []), column.name]);
    }
  }
  return [...byMessage].map(([message, columns]) => ({ message, columns }));
}

/** The guess of what is to be predicted, changeable in place. */
export function TargetBar({ profile }: { profile: DataProfile }) {
  const draft = draftFor(profile.data_handle);
  const now = draft.value;
  const target = targetOf(now, profile);
  const column = profile.columns.find((other) => other.name === target);
  const isGuess = now.target === null;
  const change = (next: Draft): void => {
    draft.value = next;
  };
  return (
    <div class="a-target">
      <Select
        label={isGuess ? "Predict (a guess)" : "Predict"}
        value={target ?? ""}
        options={profile.columns.map((other) => ({ value: other.name, label: other.name }))}
        onChange={(name) => change(withRole(now, profile, name, "target"))}
      />
      <Segmented
        label="As"
        showLabel
        value={taskOf(now, profile)}
        onChange={(task) => change({ ...now, task })}
        options={[
          { value: "classification", label: "Classes" },
          {
            value: "regression",
            label: "A number",
            disabled: column !== undefined && guessedTask(column) === "classification" && column.numeric === null,
          },
        ]}
      />
    </div>
  );
}
