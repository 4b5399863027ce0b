import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { learnScaledDesign, type ScaledPlan, scaledRows } from "../../scaled-design.ts";
import { fitSigmoid, pairsOf, type Sigmoid } from "./calibration.ts";
import type { Settings } from "./hyperparameters.ts";
import { KernelRows } from "./kernel.ts";
import { RadialModel } from "./model.ts";
import { absoluteWeights, CALIBRATION_FOLDS, foldsOf, groupsOf, outcomeScale } from "./preparation.ts";
import { type Layout, layoutOf, type RowOperations } from "./rows.ts";
import { type Machine, type SmoProblem, solveSmo } from "./smo.ts";

const REPORT_EVERY = 1000;

/** Makes the rows that solvers work on; tests put the twin in its place. */
export type RowsFactory = (table: Float64Array, columns: number, gamma: number, layout: Layout) => RowOperations;

const kernelRows: RowsFactory = (table, columns, gamma, layout) => new KernelRows(table, columns, gamma, layout);

/** Fits one machine per pair of classes with its calibration, or one for a numeric outcome. See `radial-svm.ts` for what is promised. */
export function* fitRadial(
  problem: Problem,
  settings: Settings,
  context: FitContext,
  createRows: RowsFactory = kernelRows,
): Generator<FitStep, RadialModel, void> {
  const weights = absoluteWeights(problem, settings.inverseFrequency);
  const plan = learnScaledDesign(problem.features, { standardize: settings.scale, weights });
  const { present, groups } = groupsOf(problem, weights);
  const layout = layoutOf(groups);
  const table = scaledRows(plan, problem.features);
  const rows = createRows(table, plan.design.cols, settings.gamma, layout);
  const work = new Work(problem, settings, weights, layout, rows);
  const scale = outcomeScale(problem, weights, settings.scale);
  const machines: Machine[] = [];
  const sigmoids: Sigmoid[] = [];
  if (problem.task === "regression") machines.push(yield* work.regression(scale.center, scale.spread));
  else {
    const fold = foldsOf(groups, problem.rows, context.seed);
    for (const [a, b] of pairsOf(present.length)) {
      const machine = yield* work.pair(a, b, null);
      machines.push(machine);
      sigmoids.push(yield* work.calibrate(a, b, fold));
    }
  }
  if (work.reports === 0) yield { step: 1, total: null, values: {}, measure: "violation" };
  return modelOf(problem, settings, plan, table, { present, layout, machines, sigmoids, scale });
}

/** The machines of one fit over the same rows and kept kernel values. */
class Work {
  /** Steps reported so far. */
  reports = 0;
  readonly #problem: Problem;
  readonly #settings: Settings;
  readonly #weights: Float64Array;
  readonly #layout: Layout;
  readonly #rows: RowOperations;

  constructor(problem: Problem, settings: Settings, weights: Float64Array, layout: Layout, rows: RowOperations) {
    this.#problem = problem;
    this.#settings = settings;
    this.#weights = weights;
    this.#layout = layout;
    this.#rows = rows;
  }

  /** ε-insensitive regression on the scaled outcome. */
  *regression(center: number, spread: number): Generator<FitStep, Machine, void> {
    const { size, rowAt } = this.#layout;
    const upper = this.#costs(() => true);
    const start = new Float64Array(size);
    for (const [t, row] of rowAt.entries()) if (row >= 0) start[t] = (this.#problem.target[row]! - center) / spread;
    const lower = upper.map((cost) => -cost);
    return yield* this.#solve({ segments: [0], start, lower, upper, epsilon: this.#settings.epsilon }, true);
  }

  /** Class `b` (positive) against class `a`, both by their place among those present. Rows that `without` names only watch. */
  *pair(a: number, b: number, without: ((row: number) => boolean) | null): Generator<FitStep, Machine, void> {
    const { size, segments } = this.#layout;
    const costs = this.#costs((row) => without === null || !without(row));
    const start = new Float64Array(size);
    const lower = new Float64Array(size);
    const upper = new Float64Array(size);
    const positive = segments[b]!;
    const negative = segments[a]!;
    start.fill(1, positive.from, positive.to).fill(-1, negative.from, negative.to);
    for (let t = positive.from; t < positive.to; t++) upper[t] = costs[t]!;
    for (let t = negative.from; t < negative.to; t++) lower[t] = -costs[t]!;
    return yield* this.#solve({ segments: [a, b], start, lower, upper, epsilon: 0 }, without === null);
  }

  /** The sigmoid of a pair from decisions on rows that the deciding machine did not see. */
  *calibrate(a: number, b: number, fold: Uint8Array): Generator<FitStep, Sigmoid, void> {
    const { segments, rowAt } = this.#layout;
    const decisions: number[] = [];
    const isPositive: number[] = [];
    const weights: number[] = [];
    for (let f = 0; f < CALIBRATION_FOLDS; f++) {
      const machine = yield* this.pair(a, b, (row) => fold[row] === f);
      for (const segment of [a, b]) {
        const { from, to } = segments[segment]!;
        for (let t = from; t < to; t++) {
          const row = rowAt[t]!;
          if (row < 0 || fold[row] !== f) continue;
          decisions.push(machine.decisions[t]!);
          isPositive.push(segment === b ? 1 : 0);
          weights.push(this.#weights[row]!);
        }
      }
    }
    return fitSigmoid(Float64Array.from(decisions), Uint8Array.from(isPositive), Float64Array.from(weights));
  }

  /** Cost of each place: zero where no row is, or it only watches. */
  #costs(isTrained: (row: number) => boolean): Float64Array {
    return Float64Array.from(this.#layout.rowAt, (row) => (row >= 0 && isTrained(row) ? this.#settings.cost * this.#weights[row]! : 0));
  }

  *#solve(machine: SmoProblem, isShown: boolean): Generator<FitStep, Machine, void> {
    const { tolerance } = this.#settings;
    const maxIterations = Math.max(10_000_000, 100 * this.#layout.size);
    const running = solveSmo(this.#rows, this.#layout, machine, { tolerance, maxIterations, reportEvery: REPORT_EVERY });
    for (;;) {
      const next = running.next();
      if (next.done === true) return next.value;
      this.reports++;
      yield { step: this.reports, total: null, values: isShown ? { training: next.value } : {}, measure: "violation" };
    }
  }
}

interface FittedMachines {
  readonly present: readonly number[];
  readonly layout: Layout;
  readonly machines: readonly Machine[];
  readonly sigmoids: readonly Sigmoid[];
  readonly scale: { readonly center: number; readonly spread: number };
}

/** Keeps the rows that any machine leans on. */
function modelOf(problem: Problem, settings: Settings, plan: ScaledPlan, table: Float64Array, fitted: FittedMachines): RadialModel {
  const { layout, machines, sigmoids, present, scale } = fitted;
  const cols = plan.design.cols;
  const kept: number[] = [];
  const ends: number[] = [];
  for (const { from, to } of layout.segments) {
    for (let t = from; t < to; t++) if (machines.some((machine) => machine.beta[t] !== 0)) kept.push(t);
    ends.push(kept.length);
  }
  const vectors = new Float64Array(kept.length * cols);
  for (const [place, t] of kept.entries()) {
    const row = layout.rowAt[t]!;
    vectors.set(table.subarray(row * cols, (row + 1) * cols), place * cols);
  }
  const coefficients = new Float64Array(machines.length * kept.length);
  for (const [m, machine] of machines.entries())
    for (const [place, t] of kept.entries()) coefficients[m * kept.length + place] = machine.beta[t]!;
  return new RadialModel({
    task: problem.task,
    classes: problem.classes.length,
    present: problem.task === "regression" ? [] : present,
    gamma: settings.gamma,
    plan,
    ends,
    vectors,
    coefficients,
    biases: Float64Array.from(machines, (machine) => machine.bias),
    sigmoids,
    center: scale.center,
    spread: scale.spread,
    facts: {
      support_vectors: kept.length,
      machines: machines.length,
      iterations: machines.reduce((sum, machine) => sum + machine.iterations, 0),
      converged: machines.every((machine) => machine.converged),
    },
  });
}
