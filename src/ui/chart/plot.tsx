import type { ComponentChildren } from "preact";
import type { Scale } from "./scale.ts";

export interface Margins {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export const MARGINS: Margins = { top: 24, right: 14, bottom: 42, left: 44 };

export interface PlotProps {
  readonly width: number;
  readonly height: number;
  readonly margins?: Margins;
  readonly x: Scale;
  readonly y: Scale;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly verticals?: boolean;
  readonly children?: ComponentChildren;
}

/** Axes, grid lines and axis names as SVG; marks are the children. Hidden from screen readers: the frame says it in words. */
export function Plot({ width, height, margins = MARGINS, x, y, xLabel, yLabel, verticals, children }: PlotProps) {
  const right = width - margins.right;
  const bottom = height - margins.bottom;
  return (
    <svg class="c-svg" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
      <g class="c-grid">
        {y.ticks.map((tick) => (
          <path key={tick.value} d={`M${margins.left} ${crisp(y.at(tick.value))}H${right}`} />
        ))}
        {verticals ? x.ticks.map((tick) => <path key={tick.value} d={`M${crisp(x.at(tick.value))} ${margins.top}V${bottom}`} />) : null}
      </g>
      <path class="c-base" d={`M${margins.left} ${crisp(bottom)}H${right}`} />
      <g class="c-ticks">
        {y.ticks.map((tick) => (
          <text key={tick.value} x={margins.left - 8} y={y.at(tick.value)} text-anchor="end" dominant-baseline="central">
            {tick.label}
          </text>
        ))}
        {x.ticks.map((tick) => (
          <text key={tick.value} x={x.at(tick.value)} y={bottom + 17} text-anchor="middle">
            {tick.label}
          </text>
        ))}
      </g>
      <text class="c-axis-name" x={0} y={10}>
        {yLabel}
      </text>
      <text class="c-axis-name" x={right} y={height - 4} text-anchor="end">
        {xLabel}
      </text>
      {children}
    </svg>
  );
}

/** Half-pixel position for a sharp 1 px line. */
export function crisp(value: number): number {
  return Math.round(value) + 0.5;
}

/** The reading cursor: a ring at the point, a line to the axis, and a label with what it says. */
export function ReadingMark({
  left,
  top,
  bottom,
  width,
  lines,
}: {
  left: number;
  top: number;
  bottom: number;
  width: number;
  lines: readonly string[];
}) {
  const longest = Math.max(...lines.map((line) => line.length));
  const boxWidth = longest * 6.8 + 16;
  const boxHeight = lines.length * 16 + 8;
  const boxLeft = left + 12 + boxWidth > width ? Math.max(0, left - boxWidth - 12) : left + 12;
  const boxTop = Math.max(0, Math.min(top - boxHeight / 2, bottom - boxHeight));
  return (
    <g class="c-reading">
      <path d={`M${crisp(left)} ${top}V${bottom}`} />
      <circle cx={left} cy={top} r="5" />
      <rect x={boxLeft} y={boxTop} width={boxWidth} height={boxHeight} rx="6" />
      {lines.map((line, i) => (
        <text key={line} x={boxLeft + 8} y={boxTop + 16 + i * 16}>
          {line}
        </text>
      ))}
    </g>
  );
}
