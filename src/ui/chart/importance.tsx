import { useRef, useState } from "preact/hooks";
import { Button } from "../kit/button.tsx";
import { formatMetric } from "../kit/format.ts";
import { ChartFrame } from "./frame.tsx";
import { crisp } from "./plot.tsx";
import { useReading } from "./reading.ts";
import { linearScale } from "./scale.ts";
import { useWidth } from "./size.ts";
import type { ImportanceTable } from "./types.ts";

export interface ImportanceBarsProps {
  readonly table: ImportanceTable;
  readonly title?: string;
  readonly plain?: boolean;
  /** Bars at first; the rest on request. */
  readonly most?: number;
}

const ROW = 26;
const TOP = 24;

/** One bar per variable from 0 to its mean, a dot per fold. Where the folds do not agree on the sign the bar is grey. */
export function ImportanceBars({ table, title = "What drives it", plain = false, most = 15 }: ImportanceBarsProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = Math.min(760, useWidth(plot, 480));
  const [all, setAll] = useState(false);
  const shown = all ? table.variables : table.variables.slice(0, most);
  const values = shown.flatMap((entry) => [entry.mean, ...entry.folds]);
  const nameWidth = Math.min(width * 0.36, Math.max(60, ...shown.map((entry) => entry.variable.length * 7 + 14)));
  const high = Math.max(0, ...values);
  const low = Math.min(0, ...values);
  // The printed means stand to the right of the outermost dot.
  const valueWidth = Math.max(48, ...shown.map((entry) => formatMetric(entry.mean).length * 8 + 16));
  const x = linearScale(high === low ? [0, 1] : [low, high], [nameWidth, width - valueWidth], Math.max(2, Math.floor(width / 140)));
  const bottom = TOP + shown.length * ROW;
  const folds = shown[0]?.folds.length ?? 0;
  const reading = useReading(
    shown.length > 0 ? [shown.length] : [],
    ({ index }) => `${shown[index]?.variable}, ${formatMetric(shown[index]?.mean)}, ${spreadText(shown[index]?.folds ?? [])}`,
  );
  const vertical = (event: KeyboardEvent) => {
    const turned: Record<string, string> = { ArrowDown: "ArrowRight", ArrowUp: "ArrowLeft" };
    return reading.onKey(
      event.key in turned ? new KeyboardEvent("keydown", { key: turned[event.key] as string, ctrlKey: event.ctrlKey }) : event,
    );
  };
  const first = shown[0];
  return (
    <ChartFrame
      title={title}
      description={
        first
          ? `${capital(table.measure)}${folds === 0 ? "" : ` over ${folds} ${folds === 1 ? "fold" : "folds"}`}: ${first.variable} comes first, at ${formatMetric(first.mean)}.`
          : "No variable has an importance."
      }
      plain={plain}
      plotRef={plot}
      onKey={vertical}
      onLeave={reading.leave}
      table={{
        columns: [
          "Variable",
          folds === 0 ? capital(table.measure) : `Mean ${table.measure}`,
          ...Array.from({ length: folds }, (_, i) => `Fold ${i + 1}`),
        ],
        rows: table.variables.map((entry) => [entry.variable, entry.mean, ...entry.folds]),
      }}
      legend={
        folds > 1
          ? [
              { label: "Mean", color: "color-mix(in oklab, var(--series-1) 70%, var(--surface))", mark: "box" },
              { label: "One fold", color: "var(--ink)", mark: "dot" },
            ]
          : []
      }
      footer={
        table.variables.length > most ? (
          <Button kind="quiet" size="small" icon={all ? "chevron-up" : "chevron-down"} aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? `First ${most}` : `All ${table.variables.length}`}
          </Button>
        ) : null
      }
    >
      <svg class="c-svg" width={width} height={bottom + 4} viewBox={`0 0 ${width} ${bottom + 4}`} aria-hidden="true" focusable="false">
        <g class="c-ticks">
          {x.ticks.map((tick) => (
            <text key={tick.value} x={x.at(tick.value)} y={12} text-anchor="middle">
              {tick.label}
            </text>
          ))}
        </g>
        <g class="c-grid">
          {x.ticks.map((tick) => (
            <path key={tick.value} d={`M${crisp(x.at(tick.value))} ${TOP - 4}V${bottom}`} />
          ))}
        </g>
        {shown.map((entry, i) => {
          const middle = TOP + i * ROW + ROW / 2;
          const crosses = entry.folds.some((value) => value > 0) && entry.folds.some((value) => value < 0);
          const [left, right] = [x.at(Math.min(0, entry.mean)), x.at(Math.max(0, entry.mean))];
          return (
            <g key={entry.variable} class={reading.position?.index === i ? "is-read" : undefined}>
              <rect class="c-row" x="0" y={TOP + i * ROW} width={width} height={ROW} rx="5" />
              <text class="c-name" x={nameWidth - 10} y={middle} text-anchor="end" dominant-baseline="central">
                {shortened(entry.variable, nameWidth - 14)}
                <title>{entry.variable}</title>
              </text>
              <rect
                class={crosses ? "c-bar is-unsure" : "c-bar"}
                x={left}
                y={middle - 7}
                width={Math.max(1, right - left)}
                height="14"
                rx="2"
              />
              {entry.folds.length > 1
                ? entry.folds.map((value, fold) => <circle key={`${fold + 1}`} class="c-fold-dot" cx={x.at(value)} cy={middle} r="2.6" />)
                : null}
              <text class="c-value" x={width} y={middle} text-anchor="end" dominant-baseline="central">
                {formatMetric(entry.mean)}
              </text>
            </g>
          );
        })}
        <path class="c-base" d={`M${crisp(x.at(0))} ${TOP - 4}V${bottom}`} />
      </svg>
    </ChartFrame>
  );
}

function spreadText(folds: readonly number[]): string {
  return folds.length > 1 ? `folds ${formatMetric(Math.min(...folds))} to ${formatMetric(Math.max(...folds))}` : "one fold";
}

function shortened(text: string, width: number): string {
  const room = Math.max(4, Math.floor(width / 7));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
