import { useEffect, useMemo, useState } from "preact/hooks";
import {
  CalibrationChart,
  ConfusionTable,
  FoldGrid,
  FoldStrip,
  Histogram,
  ImportanceBars,
  LevelBars,
  LiveLines,
  PrChart,
  prFromRoc,
  RocChart,
  ScatterChart,
} from "../chart/index.ts";
import { ParallelCoordinates } from "../chart/parallel.tsx";
import type { Limits } from "../chart/parallel-model.ts";
import { Button, Card, toast } from "../kit/index.ts";
import {
  actualAndPredicted,
  CALIBRATION,
  CONFUSION,
  CONFUSION_THREE,
  gridCells,
  HYPERPARAMETER_GRID,
  IMPORTANCE,
  lossLines,
  noisyLine,
  rocCurves,
} from "./fixtures.ts";
import { Sample } from "./sample.tsx";

const LOSS = lossLines(5, 240);
const SPIKE = [noisyLine(1_000_000, 612_345, 2.4)];
const ROC = rocCurves("malignant", 1.5, 5, 20);
const ROC_THREE = [...rocCurves("setosa", 2.4, 1, 50), ...rocCurves("versicolor", 1.1, 1, 60), ...rocCurves("virginica", 1.6, 1, 70)];
const SCATTER = actualAndPredicted(442);
const RESIDUALS = Float64Array.from(SCATTER.actual, (value, i) => value - (SCATTER.predicted[i] as number));
const CELLS = gridCells();
const FOLDS = Array.from({ length: 10 }, (_, i) => ({
  index: i + 1,
  label: `Fold ${i + 1}`,
  result: i < 5 ? (0.9 + i * 0.006).toFixed(3) : i === 5 ? "running" : "–",
}));
const EDGES = Array.from({ length: 19 }, (_, i) => 20 + i * 3);
const COUNTS = [2, 5, 11, 18, 31, 44, 62, 71, 66, 58, 49, 33, 24, 15, 9, 5, 2, 1];
const LEVELS = [
  { label: "typical", count: 143 },
  { label: "asymptomatic", count: 87 },
  { label: "non-anginal", count: 50 },
  { label: "atypical", count: 23 },
];

export function ChartSamples() {
  return (
    <>
      <Sample name="Live lines" wide>
        <LiveLines title="Log-loss of five folds" lines={LOSS} xLabel="Round" yLabel="Log-loss" live={false} />
      </Sample>
      <Sample name="Live lines, one outlier in a million" wide>
        <LiveLines title="Gradient norm" lines={SPIKE} xLabel="Step" yLabel="Norm" live={false} height={220} />
      </Sample>
      <Sample name="Live lines, streaming" wide>
        <Streaming />
      </Sample>
      <Trials />
      <Sample name="Fold grid" wide>
        <FoldGrid
          folds={FOLDS}
          candidates={HYPERPARAMETER_GRID}
          cells={CELLS}
          metric="AUC"
          maximize
          onOpen={(cell) => toast(`Fold ${cell.fold}, candidate ${cell.candidate}: ${cell.state}`)}
        />
      </Sample>
      <Sample name="ROC">
        <RocChart curves={ROC} />
      </Sample>
      <Sample name="ROC of three classes">
        <RocChart curves={ROC_THREE} title="ROC, one class against the rest" />
      </Sample>
      <Sample name="Precision and recall">
        <PrChart curves={ROC.map((curve) => prFromRoc(curve, 0.4))} />
      </Sample>
      <Sample name="Calibration">
        <CalibrationChart curves={CALIBRATION} />
      </Sample>
      <Sample name="Confusion, two classes">
        <ConfusionTable matrix={CONFUSION} basis="held-out rows" onSelect={(actual, predicted) => toast(`${actual} called ${predicted}`)} />
      </Sample>
      <Sample name="Confusion, three classes">
        <ConfusionTable title="Confusion of three classes" matrix={CONFUSION_THREE} basis="held-out rows" />
      </Sample>
      <Sample name="Predicted and actual">
        <ScatterChart
          title="Predicted against actual"
          x={SCATTER.actual}
          y={SCATTER.predicted}
          xLabel="Actual"
          yLabel="Predicted"
          diagonal
        />
      </Sample>
      <Sample name="Residuals">
        <ScatterChart title="Residuals" x={SCATTER.predicted} y={RESIDUALS} xLabel="Predicted" yLabel="Actual − predicted" zero />
      </Sample>
      <Sample name="Importance">
        <ImportanceBars table={IMPORTANCE} />
      </Sample>
      <Strips />
      <Sample name="Histogram">
        <Histogram edges={EDGES} counts={COUNTS} label="Age" title="Distribution of age" />
      </Sample>
      <Sample name="Levels and small pictures">
        <Card title="chest_pain" subtitle="4 levels">
          <LevelBars levels={LEVELS} other={12} label="Levels of chest_pain" />
        </Card>
        <div class="g-row">
          <Histogram compact edges={EDGES} counts={COUNTS} label="Age" />
          <LevelBars compact levels={LEVELS} other={12} label="chest_pain" />
          <LevelBars compact levels={LEVELS.slice(0, 2)} label="sex" />
        </div>
      </Sample>
    </>
  );
}

function Strips() {
  const rows = [
    {
      name: "AUC",
      values: [0.981, 0.992, 0.987, 0.995, 0.99],
      mean: 0.989,
      interval: [0.982, 0.994] as const,
      baseline: 0.5,
    },
    {
      name: "Balanced accuracy",
      values: [0.931, 0.957, 0.944, 0.962, 0.95],
      mean: 0.949,
      interval: [0.928, 0.966] as const,
      baseline: 0.5,
    },
    {
      name: "Brier score",
      values: [0.041, 0.028, 0.036, 0.025, 0.031],
      mean: 0.032,
      interval: [0.024, 0.041] as const,
      baseline: 0.23,
    },
  ];
  return (
    <Sample name="Fold strips">
      <Card title="How good is it?" subtitle="Mean of 5 test folds, 95 % interval; diamond or arrow is guessing">
        <div class="g-strips">
          {rows.map((row) => (
            <div key={row.name}>
              <span>{row.name}</span>
              <strong class="mono">{row.mean.toFixed(3)}</strong>
              <FoldStrip label={row.name} values={row.values} mean={row.mean} interval={row.interval} baseline={row.baseline} />
            </div>
          ))}
        </div>
      </Card>
    </Sample>
  );
}

const TRIALS = [0.1, 0.03, 0.01, 0.003].map((lr, i) => ({
  id: `trial ${i}`,
  label: `Trial ${i + 1}`,
  values: [lr, i % 2 === 0 ? "sgd" : "adam", 64 * (i + 1), i === 3 ? null : 0.7 + lr],
}));

/** Runs over their settings; limits are kept. */
function Trials() {
  const [limits, setLimits] = useState<ReadonlyMap<string, Limits>>(new Map());
  return (
    <Sample name="Parallel coordinates">
      <ParallelCoordinates
        title="Settings and accuracy"
        axes={["learning rate", "optimizer", "batch size", "accuracy, last"]}
        items={TRIALS}
        colorOf={(id) => TRIALS.findIndex((trial) => trial.id === id)}
        limits={limits}
        onLimits={setLimits}
      />
    </Sample>
  );
}

/** Ten lines that grow while the switch is on. */
function Streaming() {
  const [on, setOn] = useState(false);
  const lines = useMemo(() => lossLines(2, 3, 9), []);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      for (const line of lines) {
        const from = line.data.length;
        for (let i = 1; i <= 5; i++)
          line.data.append(from + i, 0.1 + 0.6 * Math.exp(-(from + i) / 400) + 0.02 * Math.sin((from + i) * 1.7 + line.color));
      }
    }, 50);
    return () => clearInterval(timer);
  }, [on, lines]);
  return (
    <>
      <LiveLines title="Loss, while it streams" lines={lines} xLabel="Step" yLabel="Loss" live={on} height={200} />
      <Button size="small" onClick={() => setOn(!on)}>
        {on ? "Stop the stream" : "Start a stream"}
      </Button>
    </>
  );
}
