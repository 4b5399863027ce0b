import { randomStream } from "../../../core/random.ts";
import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { learnScaledDesign, scaledRows } from "../../scaled-design.ts";
import { fitSigmoid, pairsOf, type Sigmoid } from "../radial-svm/calibration.ts";
import { absoluteWeights, CALIBRATION_FOLDS, foldsOf, groupsOf, outcomeScale } from "../radial-svm/preparation.ts";
import { type DualProblem, type DualSolution, descend } from "./descent.ts";
import type { Settings } from "./hyperparameters.ts";
import { LinearModel } from "./model.ts";

/** Fits one machine per pair of classes with its calibration, or one for a numeric outcome. See `linear-svm.ts` for what is promised. */
export function* fitLinear(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, LinearModel, void> {
  const weights = absoluteWeights(problem, settings.inverseFrequency);
  const plan = learnScaledDesign(problem.features, { standardize: settings.scale, weights });
  const cols = plan.design.cols;
  const table = withConstant(scaledRows(plan, problem.features), problem.rows, cols);
  const { present, groups } = groupsOf(problem, weights);
  const scale = outcomeScale(problem, weights, settings.scale);
  const work = new Work({ problem, settings, weights, table, width: cols + 1, groups, seed: context.seed });
  const machines: DualSolution[] = [];
  const sigmoids: Sigmoid[] = [];
  if (problem.task === "regression") machines.push(yield* work.regression(scale.center, scale.spread));
  else {
    const fold = foldsOf(groups, problem.rows, context.seed);
    for (const [a, b] of pairsOf(present.length)) {
      machines.push(yield* work.pair(a, b, null));
      sigmoids.push(yield* work.calibrate(a, b, fold));
    }
  }
  if (work.reports === 0) yield { step: 1, total: null, values: {}, measure: "violation" };
  const coefficients = new Float64Array(machines.length * (cols + 1));
  for (const [m, machine] of machines.entries()) coefficients.set(machine.weights, m * (cols + 1));
  return new LinearModel({
    task: problem.task,
    classes: problem.classes.length,
    present: problem.task === "regression" ? [] : present,
    plan,
    coefficients,
    deviations: deviationsOf(table, weights, cols),
    sigmoids,
    center: scale.center,
    spread: scale.spread,
    facts: {
      support_vectors: machines.reduce((sum, machine) => sum + machine.supports, 0),
      machines: machines.length,
      passes: machines.reduce((sum, machine) => sum + machine.passes, 0),
      converged: machines.every((machine) => machine.converged),
    },
  });
}

/** Rows with a one at their end, for the intercept. */
function withConstant(table: Float64Array, rows: number, cols: number): Float64Array {
  const wider = new Float64Array(rows * (cols + 1)).fill(1);
  for (let i = 0; i < rows; i++) wider.set(table.subarray(i * cols, (i + 1) * cols), i * (cols + 1));
  return wider;
}

/** Weighted standard deviation of each scaled column. */
function deviationsOf(table: Float64Array, weights: Float64Array, cols: number): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from({ length: cols }, (_, j) => {
    let mean = 0;
    let square = 0;
    for (let i = 0; i < weights.length; i++) mean += (weights[i]! / total) * table[i * (cols + 1) + j]!;
    for (let i = 0; i < weights.length; i++) square += (weights[i]! / total) * (table[i * (cols + 1) + j]! - mean) ** 2;
    return Math.sqrt(square);
  });
}

interface Setting {
  readonly problem: Problem;
  readonly settings: Settings;
  readonly weights: Float64Array;
  /** Shape [n, width] row-major, the last column one. */
  readonly table: Float64Array;
  readonly width: number;
  readonly groups: readonly (readonly number[])[];
  readonly seed: number;
}

/** The machines of one fit over the same rows. */
class Work {
  /** Steps reported so far. */
  reports = 0;
  readonly #of: Setting;
  #machines = 0;

  constructor(setting: Setting) {
    this.#of = setting;
  }

  /** ε-insensitive regression on the scaled outcome. */
  *regression(center: number, spread: number): Generator<FitStep, DualSolution, void> {
    const { problem, settings, weights } = this.#of;
    const upper = weights.map((weight) => settings.cost * weight);
    const start = problem.target.map((y) => (y - center) / spread);
    return yield* this.#solve(this.#of.table, { start, lower: upper.map((cost) => -cost), upper, epsilon: settings.epsilon }, true);
  }

  /** Class `b` (positive) against class `a`, both by their place among those present; rows of the fold `without` left out. */
  *pair(a: number, b: number, without: { fold: Uint8Array; number: number } | null): Generator<FitStep, DualSolution, void> {
    const { settings, weights, groups, table, width } = this.#of;
    const isKept = (row: number): boolean => without === null || without.fold[row] !== without.number;
    const negative = groups[a]!.filter(isKept);
    const rows = [...negative, ...groups[b]!.filter(isKept)];
    const own = new Float64Array(rows.length * width);
    const start = new Float64Array(rows.length);
    const lower = new Float64Array(rows.length);
    const upper = new Float64Array(rows.length);
    for (const [place, row] of rows.entries()) {
      own.set(table.subarray(row * width, (row + 1) * width), place * width);
      const isPositive = place >= negative.length;
      start[place] = isPositive ? 1 : -1;
      if (isPositive) upper[place] = settings.cost * weights[row]!;
      else lower[place] = -settings.cost * weights[row]!;
    }
    return yield* this.#solve(own, { start, lower, upper, epsilon: 0 }, without === null);
  }

  /** The sigmoid of a pair from decisions on rows that the deciding machine did not see. */
  *calibrate(a: number, b: number, fold: Uint8Array): Generator<FitStep, Sigmoid, void> {
    const { groups, table, width, weights } = this.#of;
    const decisions: number[] = [];
    const isPositive: number[] = [];
    const own: number[] = [];
    for (let number = 0; number < CALIBRATION_FOLDS; number++) {
      const machine = yield* this.pair(a, b, { fold, number });
      for (const group of [a, b]) {
        for (const row of groups[group]!) {
          if (fold[row] !== number) continue;
          decisions.push(dot(machine.weights, table.subarray(row * width, (row + 1) * width)));
          isPositive.push(group === b ? 1 : 0);
          own.push(weights[row]!);
        }
      }
    }
    return fitSigmoid(Float64Array.from(decisions), Uint8Array.from(isPositive), Float64Array.from(own));
  }

  *#solve(
    table: Float64Array,
    part: Pick<DualProblem, "start" | "lower" | "upper" | "epsilon">,
    isShown: boolean,
  ): Generator<FitStep, DualSolution, void> {
    const { width, settings, seed } = this.#of;
    const dual: DualProblem = { ...part, table, width, tolerance: settings.tolerance, maxPasses: settings.maxit };
    const running = descend(dual, randomStream(seed, 2, this.#machines++));
    for (;;) {
      const next = running.next();
      if (next.done === true) return next.value;
      this.reports++;
      yield { step: this.reports, total: null, values: isShown ? { training: next.value } : {}, measure: "violation" };
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
