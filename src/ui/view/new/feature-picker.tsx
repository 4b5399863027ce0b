import { useState } from "preact/hooks";
import type { DataProfile } from "../../../client/index.ts";
import { plural, typeWord } from "../../app/words.ts";
import { Button, formatCount, TextField } from "../../kit/index.ts";
import { type Draft, roleOf, withRole } from "./draft.ts";

/** Which columns the model may use. Closed by default: the proposal is usually right. */
export function FeaturePicker({ profile, draft, onChange }: { profile: DataProfile; draft: Draft; onChange: (draft: Draft) => void }) {
  const [search, setSearch] = useState("");
  const others = profile.columns
    .map((column) => ({ column, role: roleOf(draft, profile, column) }))
    .filter(({ role }) => role !== "target");
  const used = others.filter(({ role }) => role === "feature").length;
  const shown = others.filter(({ column }) => column.name.toLowerCase().includes(search.toLowerCase())).slice(0, 300);
  return (
    <details class="a-details">
      <summary>
        {plural(used, "feature")} of {formatCount(others.length)}
        {others.length - used > 0 ? `, ${formatCount(others.length - used)} left out` : ""}
      </summary>
      {others.length > 12 ? (
        <TextField label="Search features" hideLabel type="search" icon="search" placeholder="Search" value={search} onChange={setSearch} />
      ) : null}
      <ul class="a-features">
        {shown.map(({ column, role }) => (
          <li key={column.name}>
            <label class="a-check">
              <input
                type="checkbox"
                checked={role === "feature"}
                onChange={(event) => onChange(withRole(draft, profile, column.name, event.currentTarget.checked ? "feature" : "skip"))}
              />
              <span class="a-name">{column.name}</span>
              <span class="a-quiet">{role === "weights" ? "case weights" : role === "group" ? "group" : typeWord(column.type)}</span>
            </label>
          </li>
        ))}
      </ul>
      {draft.skipped === null ? null : (
        <Button kind="quiet" size="small" icon="reset" onClick={() => onChange({ ...draft, skipped: null })}>
          As proposed
        </Button>
      )}
    </details>
  );
}
