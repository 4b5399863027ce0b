import { useRef, useState } from "preact/hooks";
import { Button } from "../kit/button.tsx";
import { announce } from "../kit/toast.tsx";
import { seriesColor, seriesDash } from "./color.ts";
import { ChartFrame } from "./frame.tsx";
import { type Limits, limitText, type ParallelAxis, type ParallelItem, parallelAxis, passes, shareOf } from "./parallel-model.ts";
import { useWidth } from "./size.ts";

export interface ParallelProps {
  readonly title: string;
  readonly axes: readonly string[];
  readonly items: readonly ParallelItem[];
  /** Colour slot of an item. */
  readonly colorOf: (id: string) => number;
  readonly limits: ReadonlyMap<string, Limits>;
  readonly onLimits: (limits: ReadonlyMap<string, Limits>) => void;
}

const HEIGHT = 260;
const TOP = 34;
const BOTTOM = 14;
const SIDE = 60;
const AXIS_LEAST = 96;
const STEP = 0.05;

/**
 * Each item is a line across axes of settings and figures. Dragging along an axis keeps the items that pass there; keys do the same:
 * ← → choose an axis, ↑ ↓ move the lower limit, Shift with them the upper one, 0 frees the axis.
 */
export function ParallelCoordinates({ title, axes: names, items, colorOf, limits, onLimits }: ParallelProps) {
  const host = useRef<HTMLDivElement>(null);
  const width = Math.max(useWidth(host, 640), names.length * AXIS_LEAST + SIDE);
  const [axisAt, setAxisAt] = useState<number | null>(null);
  const axes = names.map((name, i) =>
    parallelAxis(
      name,
      items.map((item) => item.values[i] ?? null),
    ),
  );
  const xOf = (i: number): number => (axes.length === 1 ? width / 2 : SIDE + (i * (width - 2 * SIDE)) / (axes.length - 1));
  const kept = items.filter((item) => passes(item, axes, limits));
  const set = (axis: ParallelAxis, limit: Limits | null): void => {
    const next = new Map(limits);
    if (limit === null) next.delete(axis.name);
    else next.set(axis.name, limit);
    onLimits(next);
  };
  const onKey = (event: KeyboardEvent): boolean => {
    const at = axisAt ?? 0;
    const axis = axes[at];
    if (axis === undefined) return false;
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const next = axisAt === null ? 0 : Math.min(axes.length - 1, Math.max(0, at + (event.key === "ArrowRight" ? 1 : -1)));
      setAxisAt(next);
      announce(limitText(axes[next]!, limits.get(axes[next]!.name) ?? [0, 1]));
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const step = event.key === "ArrowUp" ? STEP : -STEP;
      const [from, to] = limits.get(axis.name) ?? [0, 1];
      const limit: Limits = event.shiftKey ? [from, clamp(to + step, from, 1)] : [clamp(from + step, 0, to), to];
      set(axis, limit[0] === 0 && limit[1] === 1 ? null : limit);
      announce(limitText(axis, limit));
    } else if (event.key === "0") set(axis, null);
    else return false;
    return true;
  };
  return (
    <ChartFrame
      title={title}
      description={
        limits.size === 0
          ? `${items.length} runs over ${axes.length} axes. Drag along an axis to keep the runs that pass there.`
          : `${kept.length} of ${items.length} runs pass: ${[...limits].flatMap(([name, limit]) => axes.filter((axis) => axis.name === name).map((axis) => limitText(axis, limit))).join("; ")}.`
      }
      table={{ columns: ["Run", ...names], rows: items.map((item) => [item.label, ...item.values]) }}
      onKey={onKey}
      onLeave={() => setAxisAt(null)}
      controls={
        limits.size === 0 ? null : (
          <Button size="small" kind="quiet" onClick={() => onLimits(new Map())}>
            Keep all
          </Button>
        )
      }
    >
      <div ref={host} class="c-parallel">
        <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
          {[...items]
            .sort((a, b) => Number(kept.includes(a)) - Number(kept.includes(b)))
            .map((item) => (
              <path
                key={item.id}
                d={linePath(item, axes, xOf)}
                fill="none"
                stroke={kept.includes(item) ? seriesColor(colorOf(item.id)) : "var(--line2)"}
                stroke-width={kept.includes(item) ? 1.75 : 1}
                stroke-dasharray={seriesDash(colorOf(item.id))}
              >
                <title>{item.label}</title>
              </path>
            ))}
          {axes.map((axis, i) => (
            <Axis
              key={axis.name}
              axis={axis}
              x={xOf(i)}
              limit={limits.get(axis.name) ?? null}
              isCurrent={axisAt === i}
              onLimit={(limit) => set(axis, limit)}
            />
          ))}
        </svg>
      </div>
    </ChartFrame>
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value * 100) / 100));
}

const yOf = (share: number): number => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
const shareAt = (y: number): number => clamp((HEIGHT - BOTTOM - y) / (HEIGHT - BOTTOM - TOP), 0, 1);

/** A missing value interrupts the line. */
function linePath(item: ParallelItem, axes: readonly ParallelAxis[], xOf: (i: number) => number): string {
  let path = "";
  let before = false;
  axes.forEach((axis, i) => {
    const share = shareOf(axis, item.values[i] ?? null);
    if (share !== null) path += `${before ? "L" : "M"}${xOf(i).toFixed(1)} ${yOf(share).toFixed(1)}`;
    before = share !== null;
  });
  return path;
}

interface AxisProps {
  readonly axis: ParallelAxis;
  readonly x: number;
  readonly limit: Limits | null;
  readonly isCurrent: boolean;
  readonly onLimit: (limit: Limits | null) => void;
}

function Axis({ axis, x, limit, isCurrent, onLimit }: AxisProps) {
  const start = useRef<number | null>(null);
  const shareOfEvent = (event: PointerEvent): number => {
    const box = (event.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
    return shareAt(event.clientY - box.top);
  };
  const move = (event: PointerEvent): void => {
    if (start.current === null) return;
    const now = shareOfEvent(event);
    onLimit([Math.min(start.current, now), Math.max(start.current, now)]);
  };
  const end = (event: PointerEvent): void => {
    if (start.current === null) return;
    const now = shareOfEvent(event);
    // A press without a drag frees the axis.
    if (Math.abs(now - start.current) < 0.02) onLimit(null);
    start.current = null;
  };
  return (
    <g>
      <text x={x} y={14} text-anchor="middle" class={isCurrent ? "c-parallel-name is-current" : "c-parallel-name"}>
        {axis.name.length > 16 ? `${axis.name.slice(0, 15)}…` : axis.name}
        <title>{axis.name}</title>
      </text>
      <path d={`M${x} ${TOP}V${HEIGHT - BOTTOM}`} stroke={isCurrent ? "var(--accent)" : "var(--ink3)"} stroke-width={isCurrent ? 2 : 1} />
      {axis.ticks.map((tick) => (
        <text key={tick.label} x={x - 6} y={yOf(tick.share) + 4} text-anchor="end" class="c-parallel-tick">
          {tick.label.length > 10 ? `${tick.label.slice(0, 9)}…` : tick.label}
        </text>
      ))}
      {limit === null ? null : (
        <rect
          x={x - 5}
          y={yOf(limit[1])}
          width={10}
          height={Math.max(3, yOf(limit[0]) - yOf(limit[1]))}
          fill="var(--accent)"
          fill-opacity={0.35}
          stroke="var(--accent)"
        />
      )}
      <rect
        class="c-parallel-grip"
        x={x - 14}
        y={TOP - 6}
        width={28}
        height={HEIGHT - BOTTOM - TOP + 12}
        fill="transparent"
        onPointerDown={(event) => {
          start.current = shareOfEvent(event);
          (event.currentTarget as SVGElement).setPointerCapture(event.pointerId);
        }}
        onPointerMove={move}
        onPointerUp={end}
      />
    </g>
  );
}
