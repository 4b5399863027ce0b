/** Made-up data for the gallery: the same at every visit. */
import type { CalibrationCurve, ConfusionMatrix, GridCell, ImportanceTable, LiveLine, RocCurve } from "../chart/index.ts";
import { SeriesBuffer } from "../chart/index.ts";
import type { HyperparameterEntry } from "../kit/index.ts";

/** Numbers in [0, 1) that look random and never change: a 32-bit mixing generator. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A bell-shaped number around 0. */
export function bell(next: () => number): number {
  return next() + next() + next() + next() - 2;
}

export const ENTRIES: readonly HyperparameterEntry[] = [
  {
    name: "learning_rate",
    title: "Learning rate",
    help: "How much each tree adds. Smaller needs more rounds and often ends better.",
    type: "double",
    default: 0.05,
    min: 0.0001,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0.01, 0.05, 0.1],
    log: true,
  },
  {
    name: "num_leaves",
    title: "Leaves per tree",
    help: "More leaves fit finer detail and overfit sooner.",
    type: "integer",
    default: 31,
    min: 2,
    max: 4096,
    tunable: true,
    level: "basic",
    suggest: [8, 16, 32, 64],
  },
  {
    name: "max_rounds",
    title: "Rounds, at most",
    help: "Training stops earlier when the validation loss no longer falls.",
    type: "integer",
    default: 1000,
    min: 1,
    max: 100000,
    tunable: true,
    level: "basic",
  },
  {
    name: "objective",
    title: "Loss",
    help: "What the trees minimise.",
    type: "character",
    default: "auto",
    choices: ["auto", "huber", "l2"],
    tunable: false,
    level: "basic",
    tasks: ["regression"],
  },
  {
    name: "early_stopping",
    title: "Stop early",
    help: "Holds rows back and stops when their loss rises.",
    type: "logical",
    default: true,
    tunable: false,
    level: "basic",
  },
  {
    name: "subsample",
    title: "Share of rows per tree",
    help: "Below 1 each tree sees other rows.",
    type: "double",
    default: 1,
    min: 0.05,
    max: 1,
    tunable: true,
    level: "advanced",
  },
  {
    name: "feature_fraction",
    title: "Share of features per tree",
    help: "Below 1 each tree sees other features.",
    type: "double",
    default: 1,
    min: 0.05,
    max: 1,
    tunable: true,
    level: "advanced",
  },
  {
    name: "min_leaf",
    title: "Rows per leaf, at least",
    help: "Larger leaves are calmer.",
    type: "integer",
    default: 20,
    min: 1,
    max: 10000,
    tunable: true,
    level: "advanced",
  },
  {
    name: "lambda_l1",
    title: "L1 penalty",
    help: "Draws leaf values to zero.",
    type: "double",
    default: 0,
    min: 0,
    max: 1000,
    tunable: true,
    level: "advanced",
  },
  {
    name: "lambda_l2",
    title: "L2 penalty",
    help: "Draws leaf values together.",
    type: "double",
    default: 0,
    min: 0,
    max: 1000,
    tunable: true,
    level: "advanced",
  },
  {
    name: "max_depth",
    title: "Depth, at most",
    help: "Limits how deep a tree grows.",
    type: "integer",
    default: null,
    automatic: "no limit",
    min: 1,
    max: 64,
    tunable: true,
    level: "advanced",
  },
  {
    name: "max_bins",
    title: "Bins per feature",
    help: "Numbers are cut into this many bins.",
    type: "integer",
    default: 255,
    min: 2,
    max: 65535,
    tunable: false,
    level: "advanced",
  },
  {
    name: "class_weights",
    title: "Weights of classes",
    help: "Rows of rare classes count more.",
    type: "character",
    default: "none",
    choices: ["none", "balanced"],
    tunable: true,
    level: "advanced",
    tasks: ["binary", "multiclass"],
  },
  {
    name: "monotone",
    title: "Directions",
    help: "One number per feature: 1 rises, -1 falls, 0 is free.",
    type: "other",
    default: null,
    automatic: "all free",
    tunable: false,
    level: "advanced",
  },
];

/** Loss of `folds` folds, training solid and validation dashed. */
export function lossLines(folds: number, rounds: number, seed = 7): LiveLine[] {
  const lines: LiveLine[] = [];
  for (let fold = 1; fold <= folds; fold++) {
    const next = numbers(seed * 100 + fold);
    const train = new SeriesBuffer();
    const valid = new SeriesBuffer();
    const floor = 0.11 + next() * 0.05;
    const best = 90 + next() * 60;
    for (let round = 1; round <= rounds; round++) {
      train.append(round, 0.02 + 0.67 * Math.exp(-round / 48) + 0.004 * bell(next));
      valid.append(round, floor + 0.56 * Math.exp(-round / 38) + Math.max(0, (round - best) / rounds) ** 1.4 * 0.13 + 0.012 * bell(next));
    }
    lines.push({ id: `t${fold}`, label: `Fold ${fold}, training`, color: fold - 1, dash: 0, data: train });
    lines.push({ id: `v${fold}`, label: `Fold ${fold}, validation`, color: fold - 1, dash: 1, data: valid });
  }
  return lines;
}

/** Noise around 0.3 with a single outlier, to see whether it stays visible. */
export function noisyLine(points: number, outlierAt: number, outlier: number): LiveLine {
  const next = numbers(11);
  const x = new Float64Array(points);
  const y = new Float64Array(points);
  for (let i = 0; i < points; i++) {
    x[i] = i;
    y[i] = i === outlierAt ? outlier : 0.3 + 0.05 * bell(next) + 0.04 * Math.sin(i / (points / 9));
  }
  const data = new SeriesBuffer();
  data.appendMany(x, y);
  return { id: "noisy", label: "Gradient norm", color: 0, dash: 0, data };
}

/** A ROC curve and its folds, from scores of two bells `apart` from each other. */
export function rocCurves(name: string, apart: number, folds: number, seed: number): RocCurve[] {
  const all: { score: number; positive: boolean }[] = [];
  const curves: RocCurve[] = [];
  for (let fold = 1; fold <= folds; fold++) {
    const next = numbers(seed + fold);
    const rows = Array.from({ length: 120 }, (_, i) => ({
      score: bell(next) + (i % 5 < 2 ? apart + 0.1 * bell(next) : 0),
      positive: i % 5 < 2,
    }));
    all.push(...rows);
    curves.push(rocOf(name, `Fold_${fold}`, rows));
  }
  return [rocOf(name, "aggregate", all), ...curves];
}

function rocOf(name: string, fold: string, rows: readonly { score: number; positive: boolean }[]): RocCurve {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const positives = sorted.filter((row) => row.positive).length;
  const fpr = [0];
  const tpr = [0];
  let [hits, misses, auc] = [0, 0, 0];
  for (const row of sorted) {
    if (row.positive) hits += 1;
    else {
      misses += 1;
      auc += hits / positives / (sorted.length - positives);
    }
    fpr.push(misses / (sorted.length - positives));
    tpr.push(hits / positives);
  }
  return { class: name, fold, split: "test", fpr, tpr, auc };
}

export const CALIBRATION: readonly CalibrationCurve[] = [
  {
    class: "malignant",
    intercept: 0.04,
    slope: 0.93,
    bins: [0.02, 0.06, 0.12, 0.21, 0.34, 0.48, 0.63, 0.77, 0.9, 0.98].map((mean, i) => {
      const observed = Math.min(1, Math.max(0, mean + [0.01, -0.02, 0.03, 0.05, 0.08, 0.02, -0.06, -0.03, 0.02, 0.0][i]!));
      const half = (1.2 / Math.sqrt(57)) * Math.sqrt(Math.max(0.02, observed * (1 - observed))) + 0.02;
      return {
        mean_predicted: mean,
        observed,
        n: [92, 74, 51, 34, 22, 19, 24, 41, 77, 135][i]!,
        low: Math.max(0, observed - half),
        high: Math.min(1, observed + half),
      };
    }),
  },
];

export const CONFUSION: ConfusionMatrix = {
  classes: ["benign", "malignant"],
  counts: [
    [348, 9],
    [14, 198],
  ],
};
export const CONFUSION_THREE: ConfusionMatrix = {
  classes: ["setosa", "versicolor", "virginica"],
  counts: [
    [50, 0, 0],
    [0, 46, 4],
    [0, 6, 44],
  ],
};

export const IMPORTANCE: ImportanceTable = {
  measure: "gain",
  variables: [
    "worst perimeter",
    "worst concave points",
    "mean concave points",
    "worst radius",
    "worst area",
    "mean texture",
    "worst texture",
    "area error",
    "worst smoothness",
    "mean concavity",
    "worst concavity",
    "radius error",
    "mean smoothness",
    "worst symmetry",
    "mean radius",
    "fractal dimension error",
    "mean symmetry",
    "perimeter error",
  ].map((variable, i) => {
    const next = numbers(300 + i);
    const mean = 0.24 * Math.exp(-i / 3.2);
    return { variable, mean, folds: Array.from({ length: 5 }, () => Math.max(0, mean * (1 + 0.4 * bell(next)))) };
  }),
};

export const HYPERPARAMETER_GRID = Array.from({ length: 24 }, (_, i) => ({
  index: i + 1,
  label: `learning_rate ${[0.01, 0.05, 0.1][Math.floor(i / 8)]}, num_leaves ${[8, 16, 32, 64][Math.floor((i % 8) / 2)]}, subsample ${i % 2 === 0 ? 0.8 : 1}`,
}));

export function gridCells(): GridCell[] {
  const cells: GridCell[] = [];
  const next = numbers(40);
  for (let fold = 1; fold <= 10; fold++) {
    for (let candidate = 1; candidate <= 24; candidate++) {
      const place = (fold - 1) * 24 + candidate;
      const value = 0.94 - 0.0022 * Math.abs(candidate - 11) + 0.012 * bell(next) - (candidate > 18 ? 0.02 : 0);
      const state = place > 131 ? "queued" : place > 126 ? "running" : place === 67 ? "failed" : place % 41 === 0 ? "skipped" : "done";
      cells.push({
        fold,
        candidate,
        state,
        value: state === "done" ? value : null,
        note: state === "done" ? `${(0.4 + next()).toFixed(1)} s` : undefined,
      });
    }
  }
  return cells;
}

export function rowsOfPeople(count: number) {
  const next = numbers(5);
  return Array.from({ length: count }, (_, i) => {
    const actual = next() < 0.4 ? "yes" : "no";
    const p = Math.min(0.999, Math.max(0.001, (actual === "yes" ? 0.72 : 0.26) + 0.25 * bell(next)));
    return { row: i + 1, actual, predicted: p >= 0.5 ? "yes" : "no", p, fold: 1 + (i % 5) };
  });
}

export function actualAndPredicted(count: number): { actual: Float64Array; predicted: Float64Array } {
  const next = numbers(77);
  const actual = new Float64Array(count);
  const predicted = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    actual[i] = 25 + 320 * next() ** 1.5;
    predicted[i] = 60 + 0.62 * (actual[i] as number) + 42 * bell(next);
  }
  return { actual, predicted };
}
