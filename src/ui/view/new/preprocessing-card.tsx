import { useState } from "preact/hooks";
import type { ConfigCheck } from "../../../client/index.ts";
import { useApp, usePulled } from "../../app/context.ts";
import { Card, type HyperparameterEntry, SchemaForm } from "../../kit/index.ts";
import { Fetched } from "../page-head.tsx";
import type { Draft } from "./draft.ts";

interface PreprocessingProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly problems: ConfigCheck["problems"];
}

/** How features are prepared. Folded: every learner here takes tables as they are. */
export function PreprocessingCard({ draft, onChange, problems }: PreprocessingProps) {
  const own = problems.filter((problem) => problem.path.startsWith("preprocessor_config"));
  const [isOpen, setOpen] = useState(own.length > 0);
  return (
    <Card title="4  Preprocessing" subtitle="Learned on the training rows of each fold, and kept in the model for new rows.">
      <details class="a-details" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{preprocessingInWords(draft.preprocessing)}</summary>
        {isOpen ? (
          <Options values={draft.preprocessing} problems={own} onChange={(preprocessing) => onChange({ ...draft, preprocessing })} />
        ) : null}
      </details>
    </Card>
  );
}

interface OptionsProps {
  readonly values: Draft["preprocessing"];
  readonly problems: ConfigCheck["problems"];
  readonly onChange: (values: Draft["preprocessing"]) => void;
}

const KEY = "schema:preprocessing";

function Options({ values, problems, onChange }: OptionsProps) {
  const app = useApp();
  const schema = usePulled(KEY, async () => (await app.client.call("preprocessor.describe", {})).parameters);
  return (
    <Fetched of={schema} pulledKey={KEY} height={240}>
      {(entries) => (
        <SchemaForm of="options" entries={withFollowed(entries, values)} values={values} problems={problems} onChange={onChange} />
      )}
    </Fetched>
  );
}

/** An option that follows another has that one's value as its default. */
function withFollowed(entries: readonly HyperparameterEntry[], values: Draft["preprocessing"]): readonly HyperparameterEntry[] {
  return entries.map((entry) => (entry.follows === undefined ? entry : { ...entry, default: values[entry.follows] ?? entry.default }));
}

/** What is switched on, for the folded section: `impute · scale`. */
export function preprocessingInWords(values: Draft["preprocessing"]): string {
  const names = Object.keys(values);
  return names.length === 0 ? "Features are used as they are" : names.join(" · ");
}
