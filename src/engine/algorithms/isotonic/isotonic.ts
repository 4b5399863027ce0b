import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Algorithm, FitStep, Model, ModelState, Problem, Task } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { type DesignPlan, designFromState, designMatrix, designState, learnDesign } from "../../design-matrix.ts";
import type { HyperparameterSchema } from "../../hyperparameter.ts";
import type { Column } from "../../table.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";
import { poolAdjacent, type Steps, valueAt } from "./pava.ts";

const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "direction",
    title: "Direction",
    help: "Whether the answer may only rise or only fall with the feature; auto takes the one that fits better. For classes: the probability of the last one of two, auto for each of more.",
    type: "character",
    default: "auto",
    choices: ["auto", "increasing", "decreasing"],
    tunable: true,
    level: "basic",
    suggest: ["increasing", "decreasing"],
    tasks: ["binary", "regression"],
  },
  BALANCE_CLASSES,
];

/** Probabilities are held this far off 0 and 1. */
const CLAMP = 1e-9;

interface Parts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly plan: DesignPlan;
  /** One function for numbers and for two classes (of the second one), one per class for more. */
  readonly functions: readonly Steps[];
  readonly facts: Readonly<Record<string, number | string>>;
}

/**
 * The monotone function of one feature with the least squared error, linear between training values and flat beyond them. For two classes it is
 * the probability of the second one; for more, one function per class, each in the direction that fits better, scaled to sum 1.
 *
 * - Exactly one feature: a number, a date, a logical value or an ordered category. Missing: the training mean; infinities: the ends.
 * - Weights count rows; zero: the row is left out. Equal feature values are merged to their mean.
 * - Probabilities are held 1e-9 off 0 and 1. One class, one row, a constant feature: the mean.
 *
 * Deterministic; the seed does not matter. Cost: O(rows log rows).
 * Sources: Ayer et al. (1955), Ann Math Stat 26(4):641–647; for classes as Zadrozny & Elkan (2002), KDD, doi:10.1145/775047.775151.
 */
export const isotonic: Algorithm = {
  name: "Isotonic",
  title: "Isotonic regression",
  description: "a monotone function of one feature",
  source: "Ayer et al. (1955), Ann Math Stat 26(4):641–647, doi:10.1214/aoms/1177728423",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: false },
  mostFeatures: 1,
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters) => fitIsotonic(problem, String(hyperparameters.direction), hyperparameters.ifw === true),
  load: loadModel,
};

function* fitIsotonic(problem: Problem, direction: string, inverseFrequency: boolean): Generator<FitStep, IsotonicModel, void> {
  const all = caseWeights(problem, inverseFrequency);
  assertOneFeature(problem.features);
  const plan = learnDesign(problem.features, { weights: all });
  const matrix = designMatrix(plan, problem.features);
  const kept = [...all.keys()].filter((row) => all[row]! > 0);
  const pick = (values: Float64Array): Float64Array => Float64Array.from(kept, (row) => values[row]!);
  const x = pick(matrix);
  const target = pick(problem.target);
  const weights = pick(all);
  const codes = problem.task === "multiclass" ? problem.classes.map((_, code) => code) : [1];
  const functions: Steps[] = [];
  const directions: string[] = [];
  for (const code of codes) {
    const y = problem.task === "regression" ? target : target.map((value) => (value === code ? 1 : 0));
    const rising = direction === "decreasing" && problem.task !== "multiclass" ? null : poolAdjacent(x, y, weights, false);
    const falling = direction === "increasing" && problem.task !== "multiclass" ? null : poolAdjacent(x, y, weights, true);
    const isFalling = rising === null || (falling !== null && errorOf(falling, x, y, weights) < errorOf(rising, x, y, weights));
    functions.push((isFalling ? falling : rising)!);
    directions.push(isFalling ? "decreasing" : "increasing");
    yield { step: functions.length, total: codes.length, values: {}, measure: "rmse" };
  }
  const points = functions.reduce((sum, steps) => sum + steps.x.length, 0);
  return new IsotonicModel({
    task: problem.task,
    classes: problem.classes.length,
    plan,
    functions,
    facts: { direction: directions.join(", "), points },
  });
}

/** @throws {InvalidArgumentError} unless there is one feature with an order. */
function assertOneFeature(features: readonly Column[]): void {
  const [feature] = features;
  if (features.length !== 1 || feature === undefined) {
    throw new InvalidArgumentError(
      `Isotonic takes exactly one feature and got ${features.length}; choose one, e.g. --features "${feature?.name ?? "name"}"`,
    );
  }
  if (feature.kind === "categorical" && !feature.ordered) {
    throw new InvalidArgumentError(
      `Isotonic needs a feature with an order, and "${feature.name}" holds unordered categories; choose a numeric one`,
      {
        details: { column: feature.name },
      },
    );
  }
}

function errorOf(steps: Steps, x: Float64Array, y: Float64Array, weights: Float64Array): number {
  return y.reduce((sum, value, i) => sum + weights[i]! * (value - valueAt(steps, x[i]!)) ** 2, 0);
}

class IsotonicModel implements Model {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { plan, functions, classes } = this.#parts;
    const x = designMatrix(plan, features);
    if (classes === 0) return x.map((value) => valueAt(functions[0]!, value));
    const out = new Float64Array(x.length * classes);
    for (let i = 0; i < x.length; i++) {
      const own = functions.map((steps) => Math.min(1 - CLAMP, Math.max(CLAMP, valueAt(steps, x[i]!))));
      if (classes === 2) out.set([1 - own[0]!, own[0]!], 2 * i);
      else {
        const sum = own.reduce((total, value) => total + value, 0);
        for (const [k, value] of own.entries()) out[i * classes + k] = value / sum;
      }
    }
    return out;
  }

  importance(): null {
    return null;
  }

  facts(): Parts["facts"] {
    return this.#parts.facts;
  }

  state(): ModelState {
    const { task, classes, plan, functions, facts } = this.#parts;
    const design = designState(plan);
    const join = (key: keyof Steps): Float64Array => Float64Array.from(functions.flatMap((steps) => [...steps[key]]));
    const sizes = functions.map((steps) => steps.x.length);
    return {
      meta: { version: 1, learner: "Isotonic", task, classes, facts, sizes, design: design.meta },
      arrays: { ...design.arrays, points_x: join("x"), points_y: join("y") },
    };
  }
}

function loadModel(state: ModelState): IsotonicModel {
  const { meta } = state;
  const { points_x: x, points_y: y } = state.arrays;
  if (meta.version !== 1 || meta.learner !== "Isotonic" || !(x instanceof Float64Array && y instanceof Float64Array)) {
    throw new InvalidArgumentError("this is not the state of an Isotonic model of version 1; it is damaged or of another learner");
  }
  let start = 0;
  const functions = (meta.sizes as readonly number[]).map((size) => {
    const steps = { x: x.slice(start, start + size), y: y.slice(start, start + size) };
    start += size;
    return steps;
  });
  return new IsotonicModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    plan: designFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays),
    functions,
    facts: meta.facts as Parts["facts"],
  });
}
