import { useId, useMemo, useState } from "preact/hooks";
import type { JobSummary, TrainReportSlice } from "../../../../client/index.ts";
import { Button, Card, formatCount, formatMetric, NumberField } from "../../../kit/index.ts";
import { Fetched } from "../../page-head.tsx";
import { type Predictions, usePredictions } from "./predictions.ts";
import { ratesOf, ThresholdCurve } from "./threshold-model.ts";

/** Where to cut: counts and rates on held-out rows at any threshold (U-39). */
export function ThresholdCard({ job, report }: { job: JobSummary; report: TrainReportSlice }) {
  const predictions = usePredictions(job);
  return (
    <Card
      class="a-spaced"
      title="Threshold"
      subtitle={`From which probability of ${report.positive_class} a row is called ${report.positive_class}.`}
    >
      <Fetched of={predictions} pulledKey={`predictions:${job.job_id}`} height={280}>
        {(value) => <Cut predictions={value} report={report} />}
      </Fetched>
    </Card>
  );
}

function Cut({ predictions, report }: { predictions: Predictions; report: TrainReportSlice }) {
  const positive = report.positive_class ?? "";
  const negative = report.classes.find((label) => label !== positive) ?? "";
  const curve = useMemo(() => curveOf(predictions, positive), [predictions, positive]);
  const [threshold, setThreshold] = useState(0.5);
  const [cost, setCost] = useState<number | null>(1);
  const [chosenHere, setChosenHere] = useState(false);
  const choose = (value: number, isChosen: boolean): void => {
    setThreshold(value);
    setChosenHere(isChosen);
  };
  const counts = curve.at(threshold);
  const rates = ratesOf(counts);
  const id = useId();
  return (
    <>
      <label class="k-label" for={id}>
        Threshold <output class="num">{threshold.toFixed(3)}</output>
      </label>
      <input
        id={id}
        class="a-threshold"
        type="range"
        min="0"
        max="1"
        step="0.005"
        value={threshold}
        aria-valuetext={`${threshold.toFixed(3)}: sensitivity ${formatMetric(rates.sensitivity, 3)}, specificity ${formatMetric(rates.specificity, 3)}`}
        onInput={(event) => choose(Number(event.currentTarget.value), false)}
      />
      <div class="a-row">
        <Button size="small" onClick={() => choose(0.5, false)}>
          0.5
        </Button>
        <Button
          size="small"
          onClick={() =>
            choose(
              curve.best((at) => ratesOf(at).balancedAccuracy),
              true,
            )
          }
        >
          Best balanced accuracy
        </Button>
        <Button
          size="small"
          disabled={cost === null || cost <= 0}
          onClick={() =>
            choose(
              curve.best((at) => -(at.falsePositive + (cost ?? 1) * at.falseNegative)),
              true,
            )
          }
        >
          Least cost
        </Button>
      </div>
      <NumberField
        label={`Cost of a missed ${positive}, in false alarms`}
        help="What Least cost weighs them with."
        value={cost}
        min={0}
        onChange={setCost}
      />
      <p class={chosenHere ? "" : "a-quiet"}>
        {chosenHere
          ? "Chosen on these rows, so the figures are optimistic."
          : `Counts are of ${formatCount(curve.allPositive + curve.allNegative)} ${report.metrics.test === null ? "training" : "held-out"} rows.`}
      </p>
      <table class="a-cut">
        <caption class="sr-only">Counts at this threshold</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">called {negative}</th>
            <th scope="col">called {positive}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">is {negative}</th>
            <td class="num">{formatCount(counts.trueNegative)}</td>
            <td class="num">{formatCount(counts.falsePositive)}</td>
          </tr>
          <tr>
            <th scope="row">is {positive}</th>
            <td class="num">{formatCount(counts.falseNegative)}</td>
            <td class="num">{formatCount(counts.truePositive)}</td>
          </tr>
        </tbody>
      </table>
      <dl class="a-facts">
        {(
          [
            ["Sensitivity", rates.sensitivity],
            ["Specificity", rates.specificity],
            ["Precision", rates.precision],
            ["Accuracy", rates.accuracy],
            ["Balanced accuracy", rates.balancedAccuracy],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="num">{Number.isNaN(value) ? "–" : value.toFixed(3)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function curveOf(predictions: Predictions, positive: string): ThresholdCurve {
  const isPositive = Uint8Array.from({ length: predictions.rows }, (_, row) =>
    String(predictions.cell(row, "actual")) === positive ? 1 : 0,
  );
  return new ThresholdCurve(predictions.numbers(`prob_${positive}`), isPositive);
}
