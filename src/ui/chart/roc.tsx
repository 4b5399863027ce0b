import { useMemo, useRef } from "preact/hooks";
import { formatMetric } from "../kit/format.ts";
import { POOLED, shownCurves } from "./classification.ts";
import { seriesColor, seriesDash } from "./color.ts";
import { ChartFrame } from "./frame.tsx";
import { areaPath, linePath, stepPath } from "./path.ts";
import { MARGINS, Plot, ReadingMark } from "./plot.tsx";
import { type ReadingPosition, useReading } from "./reading.ts";
import { linearScale } from "./scale.ts";
import { useWidth } from "./size.ts";
import type { ChartTable, PrCurve, RocCurve } from "./types.ts";

/** A curve in the unit square, whatever its axes mean. */
interface UnitCurve {
  readonly class: string;
  readonly fold: string;
  readonly split: "training" | "test";
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly area: number | null;
}

export interface RocChartProps {
  readonly curves: readonly RocCurve[];
  readonly title?: string;
  readonly plain?: boolean;
  /** In place of the one made from the curves, e.g. where they are those of several models. */
  readonly sentence?: string;
}

/** True against false positive rate: the pooled curve of each class, the folds behind it, chance as a dotted diagonal. */
export function RocChart({ curves, title = "ROC", plain = false, sentence }: RocChartProps) {
  const units = useMemo(
    () =>
      shownCurves(curves).map(
        (curve): UnitCurve => ({ class: curve.class, fold: curve.fold, split: curve.split, x: curve.fpr, y: curve.tpr, area: curve.auc }),
      ),
    [curves],
  );
  return (
    <UnitSquare
      title={title}
      plain={plain}
      curves={units}
      measure="AUC"
      xLabel="False positive rate"
      yLabel="True positive rate"
      chance={<path class="c-chance" />}
      sentence={(main) => sentence ?? rocSentence(main, units)}
    />
  );
}

export interface PrChartProps {
  /** Made from ROC curves by `prFromRoc`. */
  readonly curves: readonly PrCurve[];
  readonly title?: string;
  readonly plain?: boolean;
}

/** Precision against recall, as steps; guessing reaches the share of the class, drawn dotted. */
export function PrChart({ curves, title = "Precision and recall", plain = false }: PrChartProps) {
  const units = useMemo(
    () =>
      shownCurves(curves).map(
        (curve): UnitCurve => ({
          class: curve.class,
          fold: curve.fold,
          split: curve.split,
          x: curve.recall,
          y: curve.precision,
          area: curve.average,
        }),
      ),
    [curves],
  );
  const levels = shownCurves(curves).filter((curve) => curve.fold === POOLED);
  return (
    <UnitSquare
      title={title}
      plain={plain}
      curves={units}
      measure="AP"
      xLabel="Recall"
      yLabel="Precision"
      steps
      levels={levels.map((curve) => curve.prevalence)}
      sentence={(main) => {
        const first = main[0];
        const share = levels.find((curve) => curve.class === first?.class)?.prevalence;
        if (first === undefined || share === undefined) return "No curve to draw.";
        return `Average precision of ${first.class} is ${formatMetric(first.area, 3)}; guessing reaches ${formatMetric(share, 3)}.`;
      }}
    />
  );
}

function rocSentence(main: readonly UnitCurve[], all: readonly UnitCurve[]): string {
  const first = main[0];
  if (first === undefined) return "No curve to draw.";
  const where = first.split === "test" ? "held-out rows" : "training rows";
  if (main.length > 1) {
    const areas = main.map((curve) => curve.area ?? Number.NaN);
    return `One class against the rest on ${where}: AUC ${formatMetric(Math.min(...areas), 3)} to ${formatMetric(Math.max(...areas), 3)} over ${main.length} classes.`;
  }
  const folds = all
    .filter((curve) => curve.fold !== POOLED)
    .map((curve) => curve.area ?? Number.NaN)
    .filter(Number.isFinite);
  const spread = folds.length > 1 ? `, folds ${formatMetric(Math.min(...folds), 3)} to ${formatMetric(Math.max(...folds), 3)}` : "";
  return `AUC ${formatMetric(first.area, 3)} for ${first.class} on pooled ${where}${spread}.`;
}

interface UnitSquareProps {
  readonly title: string;
  readonly plain: boolean;
  readonly curves: readonly UnitCurve[];
  readonly measure: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly steps?: boolean;
  /** Draws the diagonal of chance. */
  readonly chance?: unknown;
  /** Heights of chance per class instead. */
  readonly levels?: readonly number[];
  readonly sentence: (main: readonly UnitCurve[]) => string;
}

function UnitSquare({ title, plain, curves, measure, xLabel, yLabel, steps, chance, levels = [], sentence }: UnitSquareProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = Math.min(560, useWidth(plot, 400));
  const height = Math.round(Math.min(width * 0.86, 400));
  const x = linearScale([0, 1], [MARGINS.left, width - MARGINS.right], 5);
  const y = linearScale([0, 1], [height - MARGINS.bottom, MARGINS.top], 5);
  const classes = [...new Set(curves.map((curve) => curve.class))];
  const pooled = curves.filter((curve) => curve.fold === POOLED);
  const main = pooled.length > 0 ? pooled : curves;
  const folds = pooled.length > 0 && classes.length === 1 ? curves.filter((curve) => curve.fold !== POOLED) : [];
  const draw = steps ? stepPath : linePath;
  const slot = (curve: UnitCurve) => (pooled.length > 0 ? classes.indexOf(curve.class) : main.indexOf(curve));
  const name = (curve: UnitCurve) => (pooled.length > 0 ? curve.class : `${curve.class}, ${curve.fold}`);
  const say = ({ series, index }: ReadingPosition) => {
    const curve = main[series];
    if (curve === undefined) return "";
    return `${xLabel} ${formatMetric(curve.x[index], 3)}, ${yLabel} ${formatMetric(curve.y[index], 3)}, ${name(curve)}`;
  };
  const reading = useReading(
    main.map((curve) => curve.x.length),
    say,
  );
  const at = reading.position;
  const curve = at === null ? undefined : main[at.series];
  return (
    <ChartFrame
      title={title}
      description={sentence(main)}
      plain={plain}
      plotRef={plot}
      onKey={reading.onKey}
      onLeave={reading.leave}
      table={() => unitTable(curves, xLabel, yLabel)}
      legend={[
        ...main.map((entry) => ({
          label: name(entry),
          color: seriesColor(slot(entry)),
          dash: seriesDash(slot(entry)),
          value: `${measure} ${formatMetric(entry.area, 3)}`,
        })),
        ...(folds.length > 0
          ? [{ label: `${folds.length} folds`, color: "color-mix(in oklab, var(--series-1) 45%, var(--surface))" }]
          : []),
        { label: "Guessing", color: "var(--ink3)", dash: "2 4" },
      ]}
    >
      <Plot width={width} height={height} x={x} y={y} xLabel={xLabel} yLabel={yLabel} verticals>
        {chance ? <path class="c-chance" d={`M${x.at(0)} ${y.at(0)}L${x.at(1)} ${y.at(1)}`} /> : null}
        {levels.map((level) => (
          <path key={level} class="c-chance" d={`M${x.at(0)} ${y.at(level)}H${x.at(1)}`} />
        ))}
        {main.length === 1 && main[0] && !steps ? <path class="c-area" d={areaPath(main[0].x, main[0].y, x.at, y.at, 0)} /> : null}
        {folds.map((entry) => (
          <path key={entry.fold} class="c-fold-line" d={draw(entry.x, entry.y, x.at, y.at)} />
        ))}
        {main.map((entry) => (
          <path
            key={name(entry)}
            class="c-line"
            style={{ stroke: seriesColor(slot(entry)) }}
            stroke-dasharray={seriesDash(slot(entry))}
            d={draw(entry.x, entry.y, x.at, y.at)}
          />
        ))}
        {at !== null && curve !== undefined ? (
          <ReadingMark
            left={x.at(curve.x[at.index] as number)}
            top={y.at(curve.y[at.index] as number)}
            bottom={height - MARGINS.bottom}
            width={width}
            lines={[
              ...(main.length > 1 ? [name(curve)] : []),
              `${xLabel} ${formatMetric(curve.x[at.index], 3)}`,
              `${yLabel} ${formatMetric(curve.y[at.index], 3)}`,
            ]}
          />
        ) : null}
      </Plot>
    </ChartFrame>
  );
}

function unitTable(curves: readonly UnitCurve[], xLabel: string, yLabel: string): ChartTable {
  const rows = curves.flatMap((curve) => curve.x.map((value, i) => [curve.class, curve.fold, value, curve.y[i] ?? null]));
  return { columns: ["Class", "Fold", xLabel, yLabel], rows };
}
