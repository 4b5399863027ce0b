import { useLayoutEffect, useState } from "preact/hooks";
import type { AlgorithmDetail, DataProfile } from "../../../client/index.ts";
import { RemoteError } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { train } from "../../app/actions.ts";
import { useApp, usePulled } from "../../app/context.ts";
import { onCommand } from "../../app/shortcuts.ts";
import { Button, Card, NumberField, SchemaForm, TextField, toast } from "../../kit/index.ts";
import { TargetBar } from "../data/data-set-page.tsx";
import { Fetched } from "../page-head.tsx";
import { AlgorithmCards } from "./algorithm-cards.tsx";
import { canDo, type FitTask } from "./algorithm-order.ts";
import { type Draft, isTuning, NEW_DRAFT, taskOf, toTrainParams, twoClasses } from "./draft.ts";
import { draftFor } from "./drafts.ts";
import { FeaturePicker } from "./feature-picker.tsx";
import { PlanPanel } from "./plan-panel.tsx";
import { PositiveClass } from "./positive-class.tsx";
import { PreprocessingCard } from "./preprocessing-card.tsx";
import { TestingFields, TunerFields } from "./testing-fields.tsx";
import { type Plan, usePlan } from "./use-plan.ts";

/** The form and, beside it, what it would do. */
export function SetUp({ profile }: { profile: DataProfile }) {
  const app = useApp();
  const draft = draftFor(profile.data_handle);
  const algorithms = usePulled("algorithms", async () => (await app.client.call("algorithms", { detail: true })).algorithms);
  const now = draft.value;
  const task = taskOf(now, profile);
  const algorithm = algorithms.at === "ready" ? chosenAlgorithm(now, algorithms.value, task) : null;
  const params = algorithm === null ? null : toTrainParams(now, profile, algorithm);
  const plan = usePlan(params);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const change = (next: Draft): void => {
    setRefused(null);
    draft.value = next;
  };
  const start = async (): Promise<void> => {
    if (params === null || busy) return;
    setBusy(true);
    try {
      await train(app, params);
    } catch (error) {
      setRefused(messageOf(error));
      if (!(error instanceof RemoteError)) toast(messageOf(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  // Before anybody can press: an effect after painting would leave a moment in which the key starts what was shown before.
  useLayoutEffect(() => onCommand("submit", () => void start()));
  return (
    <div class="a-setup">
      <div class="a-setup-form">
        <Card title="1  What to predict">
          <TargetBar profile={profile} />
          <FaultsAt plan={plan} at={["target", "task"]} />
          <PositiveClass
            classes={twoClasses(now, profile)}
            value={now.positiveClass}
            onChange={(positiveClass) => change({ ...now, positiveClass })}
          />
          <FaultsAt plan={plan} at={["positive_class"]} />
          <FeaturePicker profile={profile} draft={now} onChange={change} />
          <FaultsAt plan={plan} at={["features", "weights"]} />
        </Card>
        <Card title="2  Algorithm">
          <Fetched of={algorithms} pulledKey="algorithms" height={120}>
            {(list) => (
              <AlgorithmCards algorithms={list} task={task} value={algorithm} onChange={(name) => change({ ...now, algorithm: name })} />
            )}
          </Fetched>
          <FaultsAt plan={plan} at={["algorithm"]} />
        </Card>
        {algorithm === null ? null : (
          <Hyperparameters key={algorithm} algorithm={algorithm} profile={profile} draft={now} plan={plan} onChange={change} />
        )}
        <PreprocessingCard draft={now} onChange={change} problems={plan.problems} />
        <Card title="5  Testing" subtitle="How held-out rows are chosen. Every result comes from rows that the model has not seen.">
          <TestingFields draft={now} columns={profile.columns.map((column) => column.name)} onChange={change} problems={plan.problems} />
          {algorithm !== null && isTuning(now, algorithm) ? (
            <TunerFields draft={now} task={task} onChange={change} problems={plan.problems} />
          ) : null}
        </Card>
        <Card title="6  Notes" subtitle="Both are optional and stand in the record.">
          <div class="a-fields">
            <TextField
              label="What do you want to learn?"
              value={now.question}
              onChange={(question) => change({ ...now, question })}
              placeholder="Which of these patients need a closer look?"
            />
            <NumberField
              label="Seed"
              value={now.seed}
              onChange={(seed) => change({ ...now, seed })}
              integer
              min={0}
              placeholder="drawn and recorded"
              help="The same seed gives the same numbers again."
              error={plan.problems.find((problem) => problem.path === "seed")?.message ?? null}
            />
          </div>
          {now === NEW_DRAFT ? null : (
            <Button kind="quiet" size="small" icon="reset" onClick={() => change(NEW_DRAFT)}>
              Reset the whole form
            </Button>
          )}
        </Card>
      </div>
      <PlanPanel plan={plan} refused={refused} busy={busy} canTrain={params !== null} onTrain={() => void start()} />
    </div>
  );
}

function chosenAlgorithm(draft: Draft, algorithms: readonly AlgorithmDetail[], task: FitTask): string | null {
  const fits = (entry: AlgorithmDetail): boolean => canDo(entry, task);
  const wanted = algorithms.find((entry) => entry.name === (draft.algorithm ?? "LightGBM"));
  return (wanted !== undefined && fits(wanted) ? wanted : algorithms.find(fits))?.name ?? null;
}

interface HyperparametersProps {
  readonly algorithm: string;
  readonly profile: DataProfile;
  readonly draft: Draft;
  readonly plan: Plan;
  readonly onChange: (draft: Draft) => void;
}

function Hyperparameters({ algorithm, profile, draft, plan, onChange }: HyperparametersProps) {
  const app = useApp();
  const key = `schema:${algorithm}`;
  const schema = usePulled(key, async () => (await app.client.call("algorithm.describe", { name: algorithm })).hyperparameters);
  const fineTask = taskOf(draft, profile) === "regression" ? "regression" : twoClasses(draft, profile) === null ? "multiclass" : "binary";
  return (
    <Card title="3  Hyperparameters" subtitle="“Tune” tries several values on inner folds and keeps the best.">
      <Fetched of={schema} pulledKey={key} height={240}>
        {(entries) => (
          <SchemaForm
            entries={entries}
            values={draft.hyperparameters[algorithm] ?? {}}
            task={fineTask}
            problems={plan.problems}
            onChange={(values) => onChange({ ...draft, hyperparameters: { ...draft.hyperparameters, [algorithm]: values } })}
          />
        )}
      </Fetched>
    </Card>
  );
}

/** Faults of fields that show none themselves. */
function FaultsAt({ plan, at }: { plan: Plan; at: readonly string[] }) {
  const found = plan.problems.filter((problem) => at.some((path) => problem.path === path || problem.path.startsWith(`${path}.`)));
  if (found.length === 0) return null;
  return (
    <ul class="a-faults">
      {found.map((problem) => (
        <li key={problem.message} class="k-fault">
          {problem.message}
        </li>
      ))}
    </ul>
  );
}
