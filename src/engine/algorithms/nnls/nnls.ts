import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Algorithm, FitStep, Importance, Model, ModelState, Problem, Task } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { type DesignPlan, designFromState, designMatrix, designState, learnDesign } from "../../design-matrix.ts";
import type { HyperparameterSchema } from "../../hyperparameter.ts";
import { inBlocks, rowCount } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";
import { leastSquares } from "./lawson-hanson.ts";

const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "intercept",
    title: "Intercept",
    help: "Adds a constant term, which may be negative. Without it the answer is zero where all features are.",
    type: "logical",
    default: false,
    tunable: true,
    level: "basic",
    suggest: [false, true],
  },
  BALANCE_CLASSES,
];

/** Shares of classes are held this far off 0 before they are scaled to sum 1. */
const CLAMP = 1e-9;
const CELLS_AT_ONCE = 2 ** 22;

interface Parts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly plan: DesignPlan;
  /** Shape [sets, cols + 1], the intercept first: one set for numbers and for two classes (of the second one), one per class for more. */
  readonly coefficients: Float64Array;
  readonly deviations: Float64Array;
  readonly facts: Readonly<Record<string, number>>;
}

/**
 * Linear least squares with coefficients that are not negative, by the active-set method of Lawson and Hanson.
 *
 * - Features: as in `design-matrix.ts`: missing numbers at the training mean, every level of a category with a column of its own.
 * - Classes: least squares on 0/1, held within 1e-9 … 1 − 1e-9; for three and more one fit per class, scaled to sum 1.
 * - Weights count rows; zero is the same as leaving the row out. Columns that are combinations of others get 0.
 * - A constant outcome or one class without an intercept: what the features can reach.
 *
 * Deterministic; the seed does not matter. Cost: O(rows × cols²) once, O(cols³) per step.
 * Source: Lawson & Hanson (1974), Solving Least Squares Problems, chapter 23.
 */
export const nnls: Algorithm = {
  name: "NNLS",
  title: "Non-negative least squares",
  description: "linear regression whose coefficients are not negative",
  source: "Lawson & Hanson (1974), Solving Least Squares Problems, doi:10.1137/1.9781611971217",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters) => fitNnls(problem, hyperparameters.intercept === true, hyperparameters.ifw === true),
  load: loadModel,
};

function* fitNnls(problem: Problem, hasIntercept: boolean, inverseFrequency: boolean): Generator<FitStep, NnlsModel, void> {
  const weights = caseWeights(problem, inverseFrequency);
  const plan = learnDesign(problem.features, { weights });
  const { cols } = plan;
  const matrix = designMatrix(plan, problem.features);
  const { means, deviations } = moments(matrix, weights, cols);
  const centers = hasIntercept ? means : new Float64Array(cols);
  const products = productsOf(matrix, weights, centers);
  const codes = problem.task === "multiclass" ? problem.classes.map((_, code) => code) : [1];
  const coefficients = new Float64Array(codes.length * (cols + 1));
  let steps = 0;
  let positive = 0;
  for (const [set, code] of codes.entries()) {
    const y = problem.task === "regression" ? problem.target : problem.target.map((value) => (value === code ? 1 : 0));
    const mean = hasIntercept ? y.reduce((sum, value, i) => sum + weights[i]! * value, 0) / problem.rows : 0;
    const right = rightSide(matrix, weights, centers, y, mean);
    const solving = leastSquares(products, right);
    let next = solving.next();
    while (next.done !== true) {
      steps++;
      yield { step: steps, total: null, values: {}, measure: "coefficients" };
      next = solving.next();
    }
    const own = coefficients.subarray(set * (cols + 1), (set + 1) * (cols + 1));
    own.set(next.value, 1);
    own[0] = mean - next.value.reduce((sum, value, j) => sum + value * centers[j]!, 0);
    positive += next.value.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  }
  if (steps === 0) yield { step: 1, total: null, values: {}, measure: "coefficients" };
  return new NnlsModel({
    task: problem.task,
    classes: problem.classes.length,
    plan,
    coefficients,
    deviations,
    facts: { positive_coefficients: positive, steps },
  });
}

/** Weighted mean and standard deviation of each column; weights have mean 1. */
function moments(matrix: Float64Array, weights: Float64Array, cols: number): { means: Float64Array; deviations: Float64Array } {
  const rows = weights.length;
  const means = new Float64Array(cols);
  const deviations = new Float64Array(cols);
  for (let j = 0; j < cols; j++) {
    const column = matrix.subarray(j * rows, (j + 1) * rows);
    for (let i = 0; i < rows; i++) means[j]! += (weights[i]! * column[i]!) / rows;
    let square = 0;
    for (let i = 0; i < rows; i++) square += (weights[i]! * (column[i]! - means[j]!) ** 2) / rows;
    deviations[j] = Math.sqrt(square);
  }
  return { means, deviations };
}

function productsOf(matrix: Float64Array, weights: Float64Array, centers: Float64Array): Float64Array {
  const rows = weights.length;
  const cols = centers.length;
  const products = new Float64Array(cols * cols);
  for (let j = 0; j < cols; j++) {
    for (let k = j; k < cols; k++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += weights[i]! * (matrix[j * rows + i]! - centers[j]!) * (matrix[k * rows + i]! - centers[k]!);
      products[j * cols + k] = sum;
      products[k * cols + j] = sum;
    }
  }
  return products;
}

function rightSide(matrix: Float64Array, weights: Float64Array, centers: Float64Array, y: Float64Array, mean: number): Float64Array {
  const rows = weights.length;
  return centers.map((center, j) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += weights[i]! * (matrix[j * rows + i]! - center) * (y[i]! - mean);
    return sum;
  });
}

export class NnlsModel implements Model {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { plan, classes, coefficients } = this.parts;
    const width = Math.max(1, classes);
    const sets = coefficients.length / (plan.cols + 1);
    const out = new Float64Array(rowCount(features) * width);
    inBlocks(features, Math.max(1, Math.floor(CELLS_AT_ONCE / (plan.cols + 1))), (part, start, count) => {
      const matrix = designMatrix(plan, part);
      const scores = new Float64Array(sets);
      for (let i = 0; i < count; i++) {
        for (let set = 0; set < sets; set++) {
          const own = set * (plan.cols + 1);
          scores[set] = coefficients[own]!;
          for (let j = 0; j < plan.cols; j++) scores[set]! += coefficients[own + 1 + j]! * matrix[j * count + i]!;
        }
        answer(scores, classes, out.subarray((start + i) * width, (start + i + 1) * width));
      }
    });
    return out;
  }

  /** `coefficient`: coefficient × the column's standard deviation, summed over the columns of a feature and over classes. */
  importance(): Importance {
    const { plan, coefficients, deviations } = this.parts;
    const coefficient = new Float64Array(plan.features.length);
    for (const [index, feature] of plan.features.entries()) {
      for (let j = feature.first; j < feature.first + feature.width; j++) {
        for (let at = 1 + j; at < coefficients.length; at += plan.cols + 1) coefficient[index]! += coefficients[at]! * deviations[j]!;
      }
    }
    return { variables: plan.features.map((feature) => feature.feature), measures: { coefficient } };
  }

  facts(): Parts["facts"] {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, plan, coefficients, deviations, facts } = this.parts;
    const design = designState(plan);
    return {
      meta: { version: 1, learner: "NNLS", task, classes, facts, design: design.meta },
      arrays: { ...design.arrays, coefficients, deviations },
    };
  }
}

/** Mean, or probabilities from shares that least squares may have put outside 0 … 1. */
function answer(scores: Float64Array, classes: number, out: Float64Array): void {
  if (classes === 0) out[0] = scores[0]!;
  else if (classes === 2) {
    out[1] = Math.min(1 - CLAMP, Math.max(CLAMP, scores[0]!));
    out[0] = 1 - out[1]!;
  } else {
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      out[k] = Math.max(CLAMP, scores[k]!);
      sum += out[k]!;
    }
    for (let k = 0; k < classes; k++) out[k]! /= sum;
  }
}

function loadModel(state: ModelState): NnlsModel {
  const { meta } = state;
  const { coefficients, deviations } = state.arrays;
  if (meta.version !== 1 || meta.learner !== "NNLS" || !(coefficients instanceof Float64Array && deviations instanceof Float64Array)) {
    throw new InvalidArgumentError("this is not the state of an NNLS model of version 1; it is damaged or of another learner");
  }
  return new NnlsModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    plan: designFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays),
    coefficients,
    deviations,
    facts: meta.facts as Parts["facts"],
  });
}
