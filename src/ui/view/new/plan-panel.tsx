import { useStore } from "../../app/context.ts";
import { plural } from "../../app/words.ts";
import { Button, classNames, formatCount, Note, Skeleton } from "../../kit/index.ts";
import type { Plan } from "./use-plan.ts";

export interface PlanPanelProps {
  readonly plan: Plan;
  /** Why the server did not start the job. */
  readonly refused: string | null;
  readonly busy: boolean;
  readonly canTrain: boolean;
  readonly onTrain: () => void;
}

/** What pressing Train will do, in numbers, or what is in the way. */
export function PlanPanel({ plan, refused, busy, canTrain, onTrain }: PlanPanelProps) {
  const daemons = useStore((state) => state.daemons);
  const { check } = plan;
  const numbers = check?.plan ?? null;
  return (
    <aside class="a-plan" aria-labelledby="plan-title" data-region="plan" tabIndex={-1}>
      <h2 id="plan-title">What will run</h2>
      <div class={classNames("a-plan-body", plan.at === "stale" && "is-stale")} aria-busy={plan.at === "stale"}>
        {check === null ? plan.fault === null ? <Skeleton lines={4} /> : <Note tone="bad" title={plan.fault} /> : null}
        {numbers === null ? null : (
          <dl class="a-facts">
            <Fact name="Outer folds" value={numbers.outer_folds === 0 ? "none" : formatCount(numbers.outer_folds)} />
            <Fact name="Candidates" value={formatCount(numbers.candidates)} />
            {numbers.inner_folds > 0 ? <Fact name="Inner folds" value={formatCount(numbers.inner_folds)} /> : null}
            <Fact name="Fits" value={formatCount(numbers.fits)} note={fitsNote(numbers)} />
            {daemons === null ? null : <Fact name="Daemons" value={formatCount(daemons)} />}
          </dl>
        )}
        {check === null || check.problems.length === 0 ? null : (
          <Note tone="bad" title={`${plural(check.problems.length, "thing")} to put right`}>
            <ul class="a-list">
              {check.problems.slice(0, 6).map((problem) => (
                <li key={`${problem.path} ${problem.message}`}>{problem.message}</li>
              ))}
            </ul>
          </Note>
        )}
        {check?.warnings.map((warning) => (
          <Note key={warning} tone="warn" title={warning} />
        ))}
      </div>
      {refused === null ? null : (
        <div role="alert">
          <Note tone="bad" title="The job was not started.">
            {refused}
          </Note>
        </div>
      )}
      <Button
        kind="primary"
        size="large"
        icon="play"
        keys="Ctrl Enter"
        busy={busy}
        disabled={!canTrain || (plan.at === "ready" && check !== null && !check.ok)}
        onClick={onTrain}
      >
        Train
      </Button>
    </aside>
  );
}

function Fact({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">
        {value}
        {note === undefined ? null : <span class="a-fact-note">{note}</span>}
      </dd>
    </div>
  );
}

function fitsNote(plan: { outer_folds: number; candidates: number; inner_folds: number }): string {
  const each = plan.inner_folds > 0 ? `(${plan.candidates} × ${plan.inner_folds} + 1)` : "1";
  return plan.outer_folds === 0 ? each : `(${plan.outer_folds} + 1) × ${each}`;
}
