import { useRef, useState } from "preact/hooks";
import { formatMetric } from "../kit/format.ts";
import { Segmented } from "../kit/segmented.tsx";
import { ChartFrame } from "./frame.tsx";
import { linePath } from "./path.ts";
import { MARGINS, Plot, ReadingMark } from "./plot.tsx";
import { type ReadingPosition, useReading } from "./reading.ts";
import { linearScale, type Scale } from "./scale.ts";
import { useWidth } from "./size.ts";

/** What a model predicts on average as one feature changes, and where eight of ten rows lie. */
export interface DependenceCurve {
  /** Class, or null for a number. */
  readonly class: string | null;
  readonly mean: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface DependenceChartProps {
  readonly feature: string;
  /** Grid: numbers, or the levels of a category. Shared by all curves. */
  readonly values: readonly (number | string)[];
  readonly curves: readonly DependenceCurve[];
  /** What is predicted: a target's name. */
  readonly target: string;
  readonly plain?: boolean;
}

/** A line with its band for numbers, whiskers for categories. */
export function DependenceChart({ feature, values, curves, target, plain = false }: DependenceChartProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = Math.min(760, useWidth(plot, 480));
  const height = Math.round(Math.min(width * 0.6, 340));
  const [chosen, setChosen] = useState(0);
  const curve = curves[Math.min(chosen, curves.length - 1)] ?? { class: null, mean: [], low: [], high: [] };
  const isNumeric = values.every((value) => typeof value === "number");
  const places = isNumeric ? (values as readonly number[]) : values.map((_, index) => index);
  const yLabel = curve.class === null ? `Predicted ${target}` : `Probability of ${curve.class}`;
  const all = curves.flatMap((one) => [...one.low, ...one.high]);
  const domain: [number, number] = curve.class === null ? widened(Math.min(...all), Math.max(...all)) : [0, 1];
  const left = curve.class === null ? 64 : MARGINS.left;
  const margins = { ...MARGINS, left };
  const y = linearScale(domain, [height - MARGINS.bottom, MARGINS.top], 5);
  const x = isNumeric
    ? linearScale(widened(places[0] ?? 0, places.at(-1) ?? 1), [left, width - MARGINS.right], 6)
    : levelScale(values.map(String), [left, width - MARGINS.right]);
  const name = (index: number): string => {
    const value = values[index];
    return typeof value === "number" ? formatMetric(value) : String(value);
  };
  const text = ({ index }: ReadingPosition): string[] => [
    `${feature} ${name(index)}`,
    `mean ${formatMetric(curve.mean[index])}`,
    `${formatMetric(curve.low[index])} to ${formatMetric(curve.high[index])} for 8 of 10 rows`,
  ];
  const reading = useReading([values.length], (position) => text(position).join(", "));
  const at = reading.position;
  return (
    <ChartFrame
      title={`How ${feature} moves the prediction`}
      description={sentence(feature, curve, name)}
      plain={plain}
      plotRef={plot}
      onKey={reading.onKey}
      onLeave={reading.leave}
      controls={
        curves.length > 1 ? (
          <Segmented
            small
            label="Class"
            value={String(chosen)}
            options={curves.map((one, index) => ({ value: String(index), label: one.class ?? "" }))}
            onChange={(value) => setChosen(Number(value))}
          />
        ) : null
      }
      legend={[
        { label: "Mean over rows", color: "var(--series-1)", ...(isNumeric ? {} : { mark: "dot" as const }) },
        { label: "Eight of ten rows", color: "color-mix(in oklab, var(--series-1) 30%, var(--surface))", mark: "box" },
      ]}
      table={() => ({
        columns: [feature, ...(curves.length > 1 ? ["Class"] : []), "Mean", "Low", "High"],
        rows: curves.flatMap((one) =>
          values.map((value, index) => [
            value,
            ...(curves.length > 1 ? [one.class] : []),
            one.mean[index] ?? null,
            one.low[index] ?? null,
            one.high[index] ?? null,
          ]),
        ),
      })}
    >
      <Plot width={width} height={height} margins={margins} x={x} y={y} xLabel={feature} yLabel={yLabel} verticals={isNumeric}>
        {isNumeric ? (
          <>
            <path class="c-band" d={bandPath(places, curve.low, curve.high, x.at, y.at)} />
            <path class="c-line" fill="none" d={linePath(places, curve.mean, x.at, y.at, 0)} />
          </>
        ) : (
          places.map((place, index) => (
            <g key={place} class="c-whisker">
              <path d={`M${x.at(place)} ${y.at(curve.low[index] ?? 0)}V${y.at(curve.high[index] ?? 0)}`} />
              <circle cx={x.at(place)} cy={y.at(curve.mean[index] ?? 0)} r="4.5" />
            </g>
          ))
        )}
        {at === null ? null : (
          <ReadingMark
            left={x.at(places[at.index] ?? 0)}
            top={y.at(curve.mean[at.index] ?? 0)}
            bottom={height - MARGINS.bottom}
            width={width}
            lines={text(at)}
          />
        )}
      </Plot>
    </ChartFrame>
  );
}

/** What the curve says, in a sentence. Pure. */
export function sentence(feature: string, { class: label, mean }: DependenceCurve, name: (index: number) => string): string {
  const low = mean.indexOf(Math.min(...mean));
  const high = mean.indexOf(Math.max(...mean));
  const what = label === null ? "The mean prediction" : `The mean probability of ${label}`;
  if (mean.length === 0 || mean[low] === mean[high]) return `${what} does not depend on ${feature}.`;
  return `${what} is lowest at ${name(low)} (${formatMetric(mean[low])}) and highest at ${name(high)} (${formatMetric(mean[high])}).`;
}

function widened(low: number, high: number): [number, number] {
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function levelScale(labels: readonly string[], [from, to]: readonly [number, number]): Scale {
  const step = (to - from) / Math.max(1, labels.length);
  const at = (value: number): number => from + (value + 0.5) * step;
  const every = Math.ceil((labels.length * 70) / Math.max(1, to - from));
  return {
    ...linearScale([0, Math.max(1, labels.length - 1)], [from, to], 2),
    at,
    ticks: labels.map((label, value) => ({ value, label: short(label, step * every) })).filter((_, index) => index % every === 0),
  };
}

function short(label: string, room: number): string {
  const most = Math.max(4, Math.floor(room / 7));
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

function bandPath(
  x: readonly number[],
  low: readonly number[],
  high: readonly number[],
  atX: (value: number) => number,
  atY: (value: number) => number,
): string {
  const back = linePath([...x].reverse(), [...low].reverse(), atX, atY, 0).replace("M", "L");
  return `${linePath(x, high, atX, atY, 0)}${back}Z`;
}
