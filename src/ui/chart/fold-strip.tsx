import { formatMetric } from "../kit/format.ts";
import { linearScale, niceDomain, type Scale } from "./scale.ts";

export interface FoldStripProps {
  /** One per fold; null where a fold has none. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  readonly interval?: readonly [number, number] | null | undefined;
  /** The same metric of guessing. */
  readonly baseline?: number | null | undefined;
  readonly format?: (value: number | null) => string;
  /** Range of the strip; strips under each other should share it. From the values when absent. */
  readonly domain?: readonly [number, number];
  /** What the strip is of, e.g. `AUC`. */
  readonly label?: string;
  readonly width?: number;
}

const HEIGHT = 30;
const PAD = 8;

/** A metric's spread in one line: a dot per fold, the mean as a tick, its interval as a band, guessing as a hollow diamond. */
export function FoldStrip({
  values,
  mean,
  interval,
  baseline,
  format = (value) => formatMetric(value),
  domain,
  label = "Metric",
  width = 200,
}: FoldStripProps) {
  const finite = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const scale = linearScale(domain ?? stripDomain(finite, mean, interval ?? null, baseline ?? null), [PAD, width - PAD], 2);
  const middle = HEIGHT / 2;
  return (
    <svg
      class="c-strip"
      width={width}
      height={HEIGHT}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={stripSentence(label, finite, mean, interval, baseline, format)}
    >
      <path class="c-strip-rail" d={`M${PAD} ${middle + 0.5}H${width - PAD}`} />
      {interval ? (
        <rect
          class="c-strip-band"
          x={scale.at(interval[0])}
          y={middle - 7}
          width={Math.max(2, scale.at(interval[1]) - scale.at(interval[0]))}
          height="14"
          rx="3"
        />
      ) : null}
      {baseline !== null && baseline !== undefined && Number.isFinite(baseline) ? (
        <path class="c-strip-base" d={baselinePath(baseline, scale, middle)} />
      ) : null}
      {jittered(finite, scale.at).map((dot) => (
        <circle key={dot.key} class="c-strip-dot" cx={dot.x} cy={middle + dot.dy} r="3" />
      ))}
      {mean !== null && Number.isFinite(mean) ? <path class="c-strip-mean" d={`M${scale.at(mean)} ${middle - 10}V${middle + 10}`} /> : null}
    </svg>
  );
}

/** A diamond at the baseline, or a triangle at the end of the strip that points to where it lies outside. */
function baselinePath(baseline: number, scale: Scale, middle: number): string {
  if (baseline < scale.domain[0]) return `M${scale.range[0] - PAD + 1} ${middle}l6 -5v10Z`;
  if (baseline > scale.domain[1]) return `M${scale.range[1] + PAD - 1} ${middle}l-6 -5v10Z`;
  return `M${scale.at(baseline)} ${middle - 5}l5 5l-5 5l-5 -5Z`;
}

/** Range that holds what is drawn, with air. A baseline further away than twice the spread would squash it and is left out. Pure. */
export function stripDomain(
  values: readonly number[],
  mean: number | null,
  interval: readonly [number, number] | null,
  baseline: number | null,
): readonly [number, number] {
  const all = [...values, ...(mean === null ? [] : [mean]), ...(interval ?? [])].filter(Number.isFinite);
  if (all.length === 0) return [0, 1];
  let [low, high] = [Math.min(...all), Math.max(...all)];
  const reach = 2 * (high - low);
  if (baseline !== null && baseline >= low - reach && baseline <= high + reach)
    [low, high] = [Math.min(low, baseline), Math.max(high, baseline)];
  if (low === high) return niceDomain(low, high);
  const air = (high - low) * 0.04;
  return [low - air, high + air];
}

/** Dots that would lie on each other move up and down in turn, always the same way. Pure. */
export function jittered(values: readonly number[], at: (value: number) => number): { key: string; x: number; dy: number }[] {
  const placed: { key: string; x: number; dy: number }[] = [];
  values.forEach((value, fold) => {
    const x = at(value);
    const near = placed.filter((dot) => Math.abs(dot.x - x) < 6).length;
    const dy = near === 0 ? 0 : (near % 2 === 1 ? -1 : 1) * Math.min(8, Math.ceil(near / 2) * 4.5);
    placed.push({ key: `${fold}`, x, dy });
  });
  return placed;
}

function stripSentence(
  label: string,
  values: readonly number[],
  mean: number | null,
  interval: readonly [number, number] | null | undefined,
  baseline: number | null | undefined,
  format: (value: number | null) => string,
): string {
  const parts = [`${label}: mean ${format(mean)}`];
  if (interval) parts.push(`95 % interval ${format(interval[0])} to ${format(interval[1])}`);
  if (values.length > 1) parts.push(`${values.length} folds from ${format(Math.min(...values))} to ${format(Math.max(...values))}`);
  if (baseline !== null && baseline !== undefined) parts.push(`guessing reaches ${format(baseline)}`);
  return parts.join(", ");
}
