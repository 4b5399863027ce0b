import { useRef } from "preact/hooks";
import { formatCount, formatShare, formatValue } from "../kit/format.ts";
import { ChartFrame } from "./frame.tsx";
import { MARGINS, Plot, ReadingMark } from "./plot.tsx";
import { useReading } from "./reading.ts";
import { linearScale, niceDomain } from "./scale.ts";
import { useWidth } from "./size.ts";

export interface HistogramProps {
  /** Ends of the bins, one more than `counts`. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** A small picture for a table row, without frame. */
  readonly compact?: boolean;
  /** Name of what is counted. */
  readonly label?: string;
  readonly title?: string;
  readonly width?: number;
  readonly plain?: boolean;
}

/** Counts per bin of equal width, from 0. */
export function Histogram(props: HistogramProps) {
  return props.compact ? <MiniHistogram {...props} /> : <FullHistogram {...props} />;
}

const MINI_HEIGHT = 28;

function MiniHistogram({ edges, counts, label = "Values", width = 120 }: HistogramProps) {
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  const gap = step > 4 ? 1 : 0;
  return (
    <svg
      class="c-mini"
      width={width}
      height={MINI_HEIGHT}
      viewBox={`0 0 ${width} ${MINI_HEIGHT}`}
      role="img"
      aria-label={histogramSentence(edges, counts, label)}
    >
      {counts.map((count, i) => {
        // Any bin with a row in it shows at least one pixel.
        const tall = count === 0 ? 0 : Math.max(1, Math.round((count / most) * (MINI_HEIGHT - 2)));
        return (
          <rect
            key={edges[i]}
            class="c-mini-bar"
            x={i * step}
            y={MINI_HEIGHT - 1 - tall}
            width={Math.max(1, step - gap)}
            height={tall}
            rx={Math.min(1, tall / 2)}
          />
        );
      })}
      <path class="c-base" d={`M0 ${MINI_HEIGHT - 0.5}H${width}`} />
    </svg>
  );
}

function FullHistogram({ edges, counts, label = "Value", title = "Distribution", plain = false }: HistogramProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = Math.min(720, useWidth(plot, 420));
  const height = 240;
  const x = linearScale([edges[0] ?? 0, edges.at(-1) ?? 1], [MARGINS.left, width - MARGINS.right], Math.max(3, Math.floor(width / 90)));
  const y = linearScale([0, niceDomain(0, Math.max(1, ...counts), 4)[1]], [height - MARGINS.bottom, MARGINS.top], 4);
  const text = (i: number) => [`${formatValue(edges[i])} to ${formatValue(edges[i + 1])}`, `${formatCount(counts[i] ?? 0)} rows`];
  const reading = useReading([counts.length], ({ index }) => text(index).join(", "));
  const at = reading.position?.index;
  return (
    <ChartFrame
      title={title}
      description={`${histogramSentence(edges, counts, label)}.`}
      plain={plain}
      plotRef={plot}
      onKey={reading.onKey}
      onLeave={reading.leave}
      table={{ columns: ["From", "To", "Rows"], rows: counts.map((count, i) => [edges[i] ?? null, edges[i + 1] ?? null, count]) }}
    >
      <Plot width={width} height={height} x={x} y={y} xLabel={label} yLabel="Rows">
        {counts.map((count, i) => {
          const left = x.at(edges[i] as number) + 0.5;
          const right = x.at(edges[i + 1] as number) - 0.5;
          return (
            <rect
              key={edges[i]}
              class="c-bar"
              x={left}
              y={y.at(count)}
              width={Math.max(1, right - left)}
              height={y.at(0) - y.at(count)}
              rx="1.5"
            />
          );
        })}
        {at === undefined ? null : (
          <ReadingMark
            left={x.at(((edges[at] as number) + (edges[at + 1] as number)) / 2)}
            top={y.at(counts[at] ?? 0)}
            bottom={y.at(0)}
            width={width}
            lines={text(at)}
          />
        )}
      </Plot>
    </ChartFrame>
  );
}

/** Where most rows are, in words. Pure. */
export function histogramSentence(edges: readonly number[], counts: readonly number[], label: string): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return `${label}: no values`;
  let tallest = 0;
  counts.forEach((count, i) => {
    if (count > (counts[tallest] ?? 0)) tallest = i;
  });
  const range = `${formatValue(edges[0])} to ${formatValue(edges.at(-1))}`;
  const peak = `${formatValue(edges[tallest])} to ${formatValue(edges[tallest + 1])}`;
  return `${label} from ${range}, most often ${peak} (${formatShare((counts[tallest] ?? 0) / total)} of rows)`;
}

export interface LevelBarsProps {
  /** Most frequent first. */
  readonly levels: readonly { readonly label: string; readonly count: number }[];
  /** Rows in levels that are not listed. */
  readonly other?: number;
  readonly compact?: boolean;
  readonly label?: string;
  readonly width?: number;
}

const STACKED = 7;

/** How rows fall into levels: in a table row one bar cut into shares, else one bar per level with its number. */
export function LevelBars({ levels, other = 0, compact, label = "Levels", width = 120 }: LevelBarsProps) {
  const total = levels.reduce((sum, level) => sum + level.count, 0) + other;
  const share = (count: number) => (total > 0 ? count / total : 0);
  if (compact) {
    const rest = other + levels.slice(STACKED).reduce((sum, level) => sum + level.count, 0);
    const named = levels.slice(0, STACKED);
    const said = named.slice(0, 4).map((level) => `${level.label} ${formatShare(share(level.count))}`);
    let left = 0;
    return (
      <svg
        class="c-mini"
        width={width}
        height={MINI_HEIGHT}
        viewBox={`0 0 ${width} ${MINI_HEIGHT}`}
        role="img"
        aria-label={`${label}: ${said.join(", ")}${levels.length > 4 || other > 0 ? " and more" : ""}`}
      >
        {[...named.map((level) => level.count), rest].map((count, i) => {
          const wide = share(count) * width;
          const from = left;
          left += wide;
          if (count === 0) return null;
          const strength = i === named.length ? 0 : 72 - i * (48 / Math.max(1, named.length - 1));
          return (
            <rect
              key={named[i]?.label ?? "other"}
              class="c-level"
              x={from}
              y="7"
              width={Math.max(1, wide - 1.5)}
              height="14"
              rx="2"
              style={{ fill: i === named.length ? "var(--line2)" : `color-mix(in oklab, var(--series-1) ${strength}%, var(--surface))` }}
            />
          );
        })}
      </svg>
    );
  }
  const most = Math.max(1, other, ...levels.map((level) => level.count));
  const rows = other > 0 ? [...levels, { label: "other levels", count: other }] : levels;
  return (
    <ul class="c-levels" aria-label={label}>
      {rows.map((level, i) => (
        <li key={level.label}>
          <span class="c-level-name" title={level.label}>
            {level.label === "" ? "(empty)" : level.label}
          </span>
          <span class="c-level-track" aria-hidden="true">
            <span class={i >= levels.length ? "is-other" : undefined} style={{ inlineSize: `${(level.count / most) * 100}%` }} />
          </span>
          <span class="c-level-count">{formatCount(level.count)}</span>
          <span class="c-level-share">{formatShare(share(level.count))}</span>
        </li>
      ))}
    </ul>
  );
}
