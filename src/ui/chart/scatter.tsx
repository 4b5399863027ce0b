import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { formatCount, formatMetric, formatValue } from "../kit/format.ts";
import { ChartFrame } from "./frame.tsx";
import { MARGINS, Plot, ReadingMark } from "./plot.tsx";
import { useReading } from "./reading.ts";
import { linearScale, niceDomain, type Scale } from "./scale.ts";
import { nearestPoint, pearson, sortedByX } from "./scatter-model.ts";
import { useWidth } from "./size.ts";

export interface ScatterChartProps {
  readonly title: string;
  /** One value per row; pairs with a value that is not finite are left out and counted. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Draws x = y and gives both axes the same range, as for predicted against actual. */
  readonly diagonal?: boolean;
  /** Draws y = 0, as for residuals. */
  readonly zero?: boolean;
  readonly description?: string;
  readonly plain?: boolean;
}

/** Points on a canvas under SVG axes, so that 100,000 of them stay quick; the reading cursor walks them by x. */
export function ScatterChart(props: ScatterChartProps) {
  const { title, x, y, xLabel, yLabel, diagonal, zero, plain = false } = props;
  const plot = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = Math.min(720, useWidth(plot, 400));
  const height = Math.round(Math.min(width * 0.8, 380));
  const order = useMemo(() => sortedByX(x, y), [x, y]);
  const { xScale, yScale } = useMemo(
    () => scales(order, x, y, width, height, diagonal ?? false, zero ?? false),
    [order, x, y, width, height, diagonal, zero],
  );
  usePoints(canvas, order, x, y, xScale, yScale, width, height);
  const text = (index: number) => {
    const row = order[index] as number;
    return [`${xLabel} ${formatValue(x[row])}`, `${yLabel} ${formatValue(y[row])}`];
  };
  const reading = useReading([order.length], ({ index }) => text(index).join(", "));
  const at = reading.position;
  const row = at === null ? undefined : order[at.index];
  const dropped = Math.min(x.length, y.length) - order.length;
  const r = pearson(order, x, y);
  const made = `${formatCount(order.length)} rows${Number.isFinite(r) && !zero ? `, correlation ${formatMetric(r, 3)}` : ""}${dropped > 0 ? `, ${formatCount(dropped)} without both values left out` : ""}.`;
  const onPointer = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const index = nearestPoint(order, x, y, xScale, yScale, event.clientX - box.left, event.clientY - box.top);
    reading.setPosition(index === null ? null : { series: 0, index });
  };
  return (
    <ChartFrame
      title={title}
      description={props.description ?? made}
      plain={plain}
      plotRef={plot}
      onKey={reading.onKey}
      onLeave={reading.leave}
      table={() => ({ columns: [xLabel, yLabel], rows: Array.from(order, (i) => [x[i] ?? null, y[i] ?? null]) })}
      legend={diagonal ? [{ label: "Perfect", color: "var(--ink3)", dash: "2 4" }] : []}
    >
      <div class="c-scatter" onPointerMove={onPointer} onPointerLeave={reading.leave}>
        <canvas ref={canvas} style={{ inlineSize: `${width}px`, blockSize: `${height}px` }} />
        <Plot width={width} height={height} x={xScale} y={yScale} xLabel={xLabel} yLabel={yLabel} verticals>
          {diagonal ? (
            <path
              class="c-chance"
              d={`M${xScale.at(xScale.domain[0])} ${yScale.at(xScale.domain[0])}L${xScale.at(xScale.domain[1])} ${yScale.at(xScale.domain[1])}`}
            />
          ) : null}
          {zero ? <path class="c-chance" d={`M${xScale.range[0]} ${yScale.at(0)}H${xScale.range[1]}`} /> : null}
          {at !== null && row !== undefined ? (
            <ReadingMark
              left={xScale.at(x[row] as number)}
              top={yScale.at(y[row] as number)}
              bottom={height - MARGINS.bottom}
              width={width}
              lines={text(at.index)}
            />
          ) : null}
        </Plot>
      </div>
    </ChartFrame>
  );
}

function scales(
  order: Uint32Array,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  width: number,
  height: number,
  same: boolean,
  zero: boolean,
) {
  let [xLow, xHigh, yLow, yHigh] = [Infinity, -Infinity, zero ? 0 : Infinity, zero ? 0 : -Infinity];
  for (const i of order) {
    xLow = Math.min(xLow, x[i] as number);
    xHigh = Math.max(xHigh, x[i] as number);
    yLow = Math.min(yLow, y[i] as number);
    yHigh = Math.max(yHigh, y[i] as number);
  }
  const xDomain = same ? niceDomain(Math.min(xLow, yLow), Math.max(xHigh, yHigh)) : niceDomain(xLow, xHigh);
  const yDomain = same ? xDomain : niceDomain(yLow, yHigh);
  return {
    xScale: linearScale(xDomain, [MARGINS.left, width - MARGINS.right], Math.max(3, Math.floor(width / 90))),
    yScale: linearScale(yDomain, [height - MARGINS.bottom, MARGINS.top], 5),
  };
}

/** Paints the points, again when the theme changes. The more points, the smaller and fainter. */
function usePoints(
  canvas: { readonly current: HTMLCanvasElement | null },
  order: Uint32Array,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  xScale: Scale,
  yScale: Scale,
  width: number,
  height: number,
): void {
  const paint = () => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const ratio = devicePixelRatio;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    const radius = order.length > 5000 ? 1.2 : order.length > 1000 ? 2 : 3;
    context.globalAlpha = order.length > 20_000 ? 0.18 : order.length > 2000 ? 0.4 : 0.62;
    context.fillStyle = getComputedStyle(element).getPropertyValue("--series-1").trim();
    for (const i of order) {
      context.beginPath();
      context.arc(xScale.at(x[i] as number), yScale.at(y[i] as number), radius, 0, 2 * Math.PI);
      context.fill();
    }
  };
  const latest = useRef(paint);
  latest.current = paint;
  useLayoutEffect(() => latest.current(), [order, xScale, yScale, width, height]);
  useEffect(() => {
    const repaint = () => latest.current();
    const observer = new MutationObserver(repaint);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", repaint);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", repaint);
    };
  }, []);
}
