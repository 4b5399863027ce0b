import { useId, useMemo, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { TextField } from "./fields.tsx";
import { applicableEntries, changedNames, problemOf, SEARCH_FROM, visibleEntries, withValue } from "./schema-form-model.ts";
import type { FieldProblem, HyperparameterEntry } from "./schema-types.ts";
import { TuneField } from "./tune-field.tsx";

export interface SchemaFormProps {
  readonly entries: readonly HyperparameterEntry[];
  /** Only what differs from the defaults: name → value or `{candidates}`. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Gets the whole new record; a name that went back to its default is left out. */
  readonly onChange: (values: Record<string, unknown>) => void;
  readonly task?: string | null | undefined;
  readonly problems?: readonly FieldProblem[] | undefined;
  /** What the entries are, for the search box. */
  readonly of?: string;
}

const NO_PROBLEMS: readonly FieldProblem[] = [];

/** The hyperparameters of an algorithm: basic ones first, the rest on request, what was changed marked and resettable. */
export function SchemaForm({ entries, values, onChange, task, problems = NO_PROBLEMS, of = "hyperparameters" }: SchemaFormProps) {
  const [all, setAll] = useState(false);
  const [search, setSearch] = useState("");
  const listId = useId();
  const usable = useMemo(() => applicableEntries(entries, task), [entries, task]);
  const changed = changedNames(usable, values);
  const pinned = new Set([...changed, ...usable.filter((entry) => problemOf(entry.name, problems)).map((entry) => entry.name)]);
  const shown = visibleEntries(usable, { all, search, pinned });
  const hasMore = usable.some((entry) => entry.level !== "basic");
  return (
    <div class="k-schema">
      <div class="k-schema-bar">
        {usable.length > SEARCH_FROM ? (
          <TextField
            label={`Search ${of}`}
            hideLabel
            type="search"
            icon="search"
            placeholder="Search"
            value={search}
            onChange={setSearch}
          />
        ) : null}
        <p class="k-schema-count">
          {shown.length} of {usable.length} shown
          {changed.length > 0 ? <> · {changed.length} changed</> : null}
        </p>
        {changed.length > 0 ? (
          <Button kind="quiet" size="small" icon="reset" onClick={() => onChange(withoutNames(values, changed))}>
            Reset all
          </Button>
        ) : null}
      </div>
      <div class="k-schema-fields" id={listId}>
        {shown.map((entry) => (
          <TuneField
            key={entry.name}
            entry={entry}
            value={values[entry.name]}
            problem={problemOf(entry.name, problems)}
            onChange={(value) => onChange(withValue(values, entry.name, value))}
          />
        ))}
      </div>
      {shown.length === 0 ? <p class="k-help">Nothing matches “{search}”.</p> : null}
      {hasMore && search === "" ? (
        <Button
          kind="quiet"
          size="small"
          icon={all ? "chevron-up" : "chevron-down"}
          aria-expanded={all}
          aria-controls={listId}
          onClick={() => setAll(!all)}
        >
          {all ? "Basic only" : `All ${usable.length}`}
        </Button>
      ) : null}
    </div>
  );
}

function withoutNames(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}
