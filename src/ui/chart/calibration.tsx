import { useRef, useState } from "preact/hooks";
import { formatCount, formatMetric } from "../kit/format.ts";
import { Segmented } from "../kit/segmented.tsx";
import { calibrationSentence } from "./classification.ts";
import { ChartFrame } from "./frame.tsx";
import { linePath } from "./path.ts";
import { MARGINS, Plot, ReadingMark } from "./plot.tsx";
import { type ReadingPosition, useReading } from "./reading.ts";
import { linearScale } from "./scale.ts";
import { useWidth } from "./size.ts";
import type { CalibrationCurve } from "./types.ts";

export interface CalibrationChartProps {
  readonly curves: readonly CalibrationCurve[];
  readonly title?: string;
  readonly plain?: boolean;
}

/** How often what was predicted came true, per bin with its 95 % Wilson interval; the diagonal is perfect. */
export function CalibrationChart({ curves, title = "Calibration", plain = false }: CalibrationChartProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = Math.min(560, useWidth(plot, 400));
  const height = Math.round(Math.min(width * 0.86, 400));
  const [chosen, setChosen] = useState(0);
  const curve = curves[Math.min(chosen, curves.length - 1)] ?? { class: "", bins: [], intercept: null, slope: null };
  const { bins } = curve;
  const x = linearScale([0, 1], [MARGINS.left, width - MARGINS.right], 5);
  const y = linearScale([0, 1], [height - MARGINS.bottom, MARGINS.top], 5);
  const most = Math.max(1, ...bins.map((bin) => bin.n));
  const text = ({ index }: ReadingPosition) => {
    const bin = bins[index];
    if (bin === undefined) return [];
    return [
      `predicted ${formatMetric(bin.mean_predicted, 3)}`,
      `observed ${formatMetric(bin.observed, 3)}`,
      `${formatMetric(bin.low, 2)} to ${formatMetric(bin.high, 2)}, ${formatCount(bin.n)} rows`,
    ];
  };
  const reading = useReading([bins.length], (position) => text(position).join(", "));
  const at = reading.position;
  const bin = at === null ? undefined : bins[at.index];
  const fit =
    curve.slope === null || curve.intercept === null
      ? ""
      : ` Slope ${formatMetric(curve.slope, 2)}, intercept ${formatMetric(curve.intercept, 2)}.`;
  return (
    <ChartFrame
      title={title}
      description={calibrationSentence(curve) + fit}
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
            options={curves.map((entry, i) => ({ value: String(i), label: entry.class }))}
            onChange={(value) => setChosen(Number(value))}
          />
        ) : null
      }
      legend={[
        {
          label: curves.length > 1 ? `Share of ${curve.class}` : `Share of ${curve.class} that came true`,
          color: "var(--series-1)",
          mark: "dot",
        },
        { label: "Perfect", color: "var(--ink3)", dash: "2 4" },
        { label: "Rows per bin", color: "color-mix(in oklab, var(--series-1) 30%, var(--surface))", mark: "box" },
      ]}
      table={{
        columns: ["Predicted", "Observed", "Low", "High", "Rows"],
        rows: bins.map((entry) => [entry.mean_predicted, entry.observed, entry.low, entry.high, entry.n]),
      }}
    >
      <Plot width={width} height={height} x={x} y={y} xLabel="Predicted probability" yLabel="Observed share" verticals>
        <path class="c-chance" d={`M${x.at(0)} ${y.at(0)}L${x.at(1)} ${y.at(1)}`} />
        {bins.map((entry) => {
          const tall = (entry.n / most) * 26;
          return (
            <rect
              key={entry.mean_predicted}
              class="c-rug"
              x={x.at(entry.mean_predicted) - 3}
              y={y.at(0) - tall}
              width="6"
              height={tall}
              rx="1"
            />
          );
        })}
        <path
          class="c-line is-thin"
          d={linePath(
            bins.map((b) => b.mean_predicted),
            bins.map((b) => b.observed),
            x.at,
            y.at,
            0,
          )}
        />
        {bins.map((entry) => (
          <g key={entry.mean_predicted} class="c-whisker">
            <path d={`M${x.at(entry.mean_predicted)} ${y.at(entry.low)}V${y.at(entry.high)}`} />
            <circle cx={x.at(entry.mean_predicted)} cy={y.at(entry.observed)} r="4.5" />
          </g>
        ))}
        {at !== null && bin !== undefined ? (
          <ReadingMark left={x.at(bin.mean_predicted)} top={y.at(bin.observed)} bottom={y.at(0)} width={width} lines={text(at)} />
        ) : null}
      </Plot>
    </ChartFrame>
  );
}
