import { useId, useState } from "preact/hooks";
import type { AlgorithmDetail } from "../../../client/index.ts";
import { useApp } from "../../app/context.ts";
import { Button } from "../../kit/index.ts";
import { algorithmNote, canDo, type FitTask, orderedAlgorithms, shortList } from "./algorithm-order.ts";

export interface AlgorithmCardsProps {
  readonly algorithms: readonly AlgorithmDetail[];
  readonly task: FitTask;
  readonly value: string | null;
  readonly onChange: (name: string) => void;
}

/** Cards shown before "All n". */
const FIRST = 6;

/** The catalogue as radio buttons. What cannot do the task stays visible, last, with the reason. */
export function AlgorithmCards({ algorithms, task, value, onChange }: AlgorithmCardsProps) {
  const app = useApp();
  const group = useId();
  const [showAll, setShowAll] = useState(false);
  // Kept as it was when the form was opened: cards do not move under the pointer.
  const [used] = useState(() => (app.state.jobs ?? []).map((job) => job.algorithm));
  const ordered = orderedAlgorithms(algorithms, task, used);
  const shown = showAll ? ordered : shortList(ordered, value, FIRST);
  return (
    <>
      <fieldset class="a-algorithms">
        <legend class="sr-only">Algorithm</legend>
        {shown.map((entry) => (
          <label key={entry.name} class={canDo(entry, task) ? "a-algorithm" : "a-algorithm is-off"}>
            <input
              type="radio"
              name={group}
              value={entry.name}
              checked={entry.name === value}
              disabled={!canDo(entry, task)}
              onChange={() => onChange(entry.name)}
            />
            <span class="a-algorithm-name">
              {entry.title} {entry.title === entry.name ? null : <span class="a-algorithm-id">{entry.name}</span>}
            </span>
            <span class="a-algorithm-text">{entry.description}</span>
            <span class="a-algorithm-note">{algorithmNote(entry, task)}</span>
          </label>
        ))}
      </fieldset>
      {ordered.length <= FIRST ? null : (
        <Button kind="quiet" size="small" aria-expanded={showAll} onClick={() => setShowAll(!showAll)}>
          {showAll ? "Fewer" : `All ${ordered.length} algorithms`}
        </Button>
      )}
    </>
  );
}
