import { useState } from "preact/hooks";
import { formatCount, formatShare } from "../kit/format.ts";
import { Segmented } from "../kit/segmented.tsx";
import { shade } from "./color.ts";
import { ChartFrame } from "./frame.tsx";
import type { ConfusionMatrix } from "./types.ts";

export type ConfusionView = "count" | "row" | "column";

export interface ConfusionTableProps {
  readonly matrix: ConfusionMatrix;
  readonly title?: string;
  readonly plain?: boolean;
  /** Which rows of data the counts rest on, e.g. `569 held-out rows`. */
  readonly basis?: string;
  readonly onSelect?: (actual: string, predicted: string) => void;
}

/** Actual classes as rows, predicted ones as columns. Right answers are shaded in one colour, wrong ones in another, by share of their row. */
export function ConfusionTable({ matrix, title = "Confusion", plain = false, basis, onSelect }: ConfusionTableProps) {
  const [view, setView] = useState<ConfusionView>("count");
  const { classes, counts } = matrix;
  const sums = marginSums(matrix);
  const right = classes.reduce((sum, _, i) => sum + (counts[i]?.[i] ?? 0), 0);
  const sentence = `${formatCount(right)} of ${formatCount(sums.all)} ${basis ? `${basis} ` : "rows "}are right (${formatShare(right / (sums.all || 1))})${worstSentence(matrix)}.`;
  const shown = (actual: number, predicted: number) => {
    const count = counts[actual]?.[predicted] ?? 0;
    if (view === "count") return formatCount(count);
    const whole = view === "row" ? sums.rows[actual] : sums.columns[predicted];
    return whole ? formatShare(count / whole) : "–";
  };
  return (
    <ChartFrame
      title={title}
      description={sentence}
      plain={plain}
      interactive
      table={{ columns: ["Actual \\ predicted", ...classes], rows: classes.map((name, i) => [name, ...(counts[i] ?? [])]) }}
      controls={
        <Segmented
          small
          label="Show"
          value={view}
          options={[
            { value: "count", label: "Rows" },
            { value: "row", label: "% of actual", hint: "Share of the rows that are of the class" },
            { value: "column", label: "% of predicted", hint: "Share of the rows that are called the class" },
          ]}
          onChange={setView}
        />
      }
    >
      <div class="c-confusion">
        <table style={{ inlineSize: `${140 + classes.length * 128}px` }}>
          <caption class="sr-only">{title}: actual classes in rows, predicted classes in columns</caption>
          <thead>
            <tr>
              <td />
              <th scope="colgroup" colSpan={classes.length} class="c-confusion-axis">
                Predicted
              </th>
            </tr>
            <tr>
              <th scope="col" class="c-confusion-axis">
                Actual
              </th>
              {classes.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {classes.map((actual, row) => (
              <tr key={actual}>
                <th scope="row">{actual}</th>
                {classes.map((predicted, column) => {
                  const count = counts[row]?.[column] ?? 0;
                  // Mistakes are rare: their root keeps them visible.
                  const part = sums.rows[row] ? count / sums.rows[row] : 0;
                  const share = row === column ? part : Math.sqrt(part);
                  const style = { background: shade(share, row === column ? 0 : 1) };
                  return (
                    <td key={predicted} class={row === column ? "is-right" : undefined} style={style}>
                      {onSelect ? (
                        <button type="button" onClick={() => onSelect(actual, predicted)}>
                          {shown(row, column)}
                          <span class="sr-only">
                            {" "}
                            rows: actual {actual}, predicted {predicted}
                          </span>
                        </button>
                      ) : (
                        shown(row, column)
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </ChartFrame>
  );
}

/** Sums of rows, columns and all. Pure. */
export function marginSums({ classes, counts }: ConfusionMatrix): { rows: number[]; columns: number[]; all: number } {
  const rows = classes.map((_, i) => (counts[i] ?? []).reduce((sum, count) => sum + count, 0));
  const columns = classes.map((_, j) => counts.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  return { rows, columns, all: rows.reduce((sum, count) => sum + count, 0) };
}

/** The most frequent mistake, in words; empty when there is none. Pure. */
export function worstSentence({ classes, counts }: ConfusionMatrix): string {
  let worst = { count: 0, actual: "", predicted: "" };
  classes.forEach((actual, i) => {
    classes.forEach((predicted, j) => {
      const count = counts[i]?.[j] ?? 0;
      if (i !== j && count > worst.count) worst = { count, actual, predicted };
    });
  });
  return worst.count === 0 ? "" : `; most often wrong: ${worst.actual} called ${worst.predicted}, ${formatCount(worst.count)} times`;
}
