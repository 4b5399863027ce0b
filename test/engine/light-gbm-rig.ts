import { type Random, randomStream } from "../../src/core/random.ts";
import type { FitStep, Model, Problem } from "../../src/engine/algorithm.ts";
import { boost } from "../../src/engine/algorithms/light-gbm/boosting.ts";
import type { CoreFactory } from "../../src/engine/algorithms/light-gbm/core.ts";
import { createKernel } from "../../src/engine/algorithms/light-gbm/kernel.ts";
import { toSettings } from "../../src/engine/algorithms/light-gbm/settings.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { type Column, categoricalColumn, numericColumn, takeRows } from "../../src/engine/table.ts";

export interface Fitted {
  readonly model: Model;
  readonly steps: readonly FitStep[];
}

export interface FitOptions {
  readonly seed?: number;
  readonly validation?: Problem | null;
  readonly core?: CoreFactory;
}

/** Neither chance nor penalties, so that answers can be worked out by hand. */
const PLAIN: Hyperparameters = { feature_fraction: 1, lambda_l2: 0 };

/** Fits to the end and keeps what was yielded. */
export function fitModel(problem: Problem, hyperparameters: Hyperparameters = {}, options: FitOptions = {}): Fitted {
  const context = { seed: options.seed ?? 1, validation: options.validation ?? null };
  const running = boost(problem, toSettings({ ...PLAIN, ...hyperparameters }), context, options.core ?? createKernel);
  const steps: FitStep[] = [];
  for (;;) {
    const next = running.next();
    if (next.done) return { model: next.value, steps };
    steps.push(next.value);
  }
}

export function regression(features: readonly Column[], target: ArrayLike<number>, weights: ArrayLike<number> | null = null): Problem {
  return {
    task: "regression",
    rows: target.length,
    features,
    target: Float64Array.from(target),
    classes: [],
    weights: weights === null ? null : Float64Array.from(weights),
  };
}

export function classification(features: readonly Column[], target: ArrayLike<number>, classes: readonly string[]): Problem {
  const task = classes.length === 2 ? "binary" : "multiclass";
  return { task, rows: target.length, features, target: Float64Array.from(target), classes, weights: null };
}

/** The given rows of a problem. */
export function rowsOf(problem: Problem, rows: Int32Array): Problem {
  return {
    ...problem,
    rows: rows.length,
    features: problem.features.map((column) => takeRows(column, rows)),
    target: Float64Array.from(rows, (row) => problem.target[row]!),
    weights: problem.weights === null ? null : Float64Array.from(rows, (row) => problem.weights![row]!),
  };
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** A table with everything awkward in it: missing values, infinities, ties, few and many levels, a constant, weights. */
export function mixedProblem(task: Problem["task"], rows: number, seed: number, isWeighted = false): Problem {
  const random = randomStream(seed);
  const draw = (make: () => number): Float64Array => Float64Array.from({ length: rows }, make);
  const smooth = draw(() => normal(random));
  const holes = draw(() => (random.next() < 0.2 ? Number.NaN : normal(random)));
  const ties = draw(() => random.integer(5));
  const edges = draw(() =>
    random.next() < 0.05 ? Number.POSITIVE_INFINITY : random.next() < 0.05 ? Number.NEGATIVE_INFINITY : normal(random),
  );
  const few = Array.from({ length: rows }, () => ["a", "b", "c"][random.integer(3)]!);
  const many = Array.from({ length: rows }, () => (random.next() < 0.1 ? null : `level ${random.integer(30)}`));
  const signal = draw(() => 0);
  for (let i = 0; i < rows; i++) {
    const level = many[i] === null ? 0 : Number(many[i]!.slice(6));
    signal[i] =
      Math.sin(smooth[i]!) + (Number.isNaN(holes[i]!) ? 0.8 : 0.5 * holes[i]!) + (few[i] === "b" ? 1 : 0) + ((level * 7) % 5) * 0.3;
    signal[i]! += 0.3 * ties[i]! + 0.5 * normal(random);
  }
  const features = [
    numericColumn("smooth", smooth),
    numericColumn("holes", holes),
    numericColumn(
      "constant",
      draw(() => 3),
    ),
    numericColumn("ties", ties, "integer"),
    numericColumn("edges", edges),
    categoricalColumn("few", few),
    categoricalColumn("many", many),
    {
      ...categoricalColumn(
        "sizes",
        few.map((label) => (label === "c" ? null : label)),
      ),
      ordered: true,
    },
  ];
  const weights = isWeighted ? draw(() => (random.next() < 0.1 ? 0 : 0.5 + random.next())) : null;
  const target = signal.map((value) =>
    task === "regression" ? value : task === "binary" ? Number(value > 1.8) : value < 1.3 ? 0 : value < 2.2 ? 1 : 2,
  );
  const classes = { regression: [], binary: ["no", "yes"], multiclass: ["low", "middle", "high"] }[task];
  return { task, rows, features, target, classes, weights };
}
