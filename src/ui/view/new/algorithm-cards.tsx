import { useId } from "preact/hooks";
import type { AlgorithmEntry } from "../../../client/index.ts";

const TITLES: Readonly<Record<string, string>> = { CART: "Decision tree", GLMNET: "Elastic net", LightGBM: "Boosted trees" };

export interface AlgorithmCardsProps {
  readonly algorithms: readonly AlgorithmEntry[];
  readonly task: "classification" | "regression";
  readonly value: string | null;
  readonly onChange: (name: string) => void;
}

/** The catalogue as radio buttons. What cannot do the task stays visible, with the reason. */
export function AlgorithmCards({ algorithms, task, value, onChange }: AlgorithmCardsProps) {
  const group = useId();
  return (
    <fieldset class="a-algorithms">
      <legend class="sr-only">Algorithm</legend>
      {algorithms.map((entry) => {
        const fits = task === "regression" ? entry.supports_regression : entry.supports_classification;
        return (
          <label key={entry.name} class={fits ? "a-algorithm" : "a-algorithm is-off"}>
            <input
              type="radio"
              name={group}
              value={entry.name}
              checked={entry.name === value}
              disabled={!fits}
              onChange={() => onChange(entry.name)}
            />
            <span class="a-algorithm-name">
              {TITLES[entry.name] ?? entry.name}{" "}
              {TITLES[entry.name] === undefined ? null : <span class="a-algorithm-id">{entry.name}</span>}
            </span>
            <span class="a-algorithm-text">
              {fits ? entry.description : task === "regression" ? "cannot estimate a number" : "cannot tell classes apart"}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
