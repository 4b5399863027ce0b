import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { type DesignPlan, designMatrix, learnDesign } from "../../design-matrix.ts";
import { assignFolds, chooseLambda, HELD_OUT_CLAMP, type LambdaErrors, summarizeErrors } from "./cross-validation.ts";
import { gaussianSolver } from "./gaussian.ts";
import type { Settings } from "./hyperparameters.ts";
import { likelihoodSolver } from "./likelihood.ts";
import { type Facts, GlmnetModel } from "./model.ts";
import { HUGE_LAMBDA, lambdaSequence, type PathPoint, type PathSolver, pathIsDone } from "./path.ts";
import { responses, rowDeviance, scoresAt, scoresOf } from "./scores.ts";
import { type StandardMatrix, standardMatrix, toRawScale, type View, viewOf } from "./view.ts";

/** Below this many rows nothing can be held out: the model without features is the answer. */
const FEWEST_ROWS_FOR_FOLDS = 3;

/** One fitted path; coefficients on the scale of the columns as they came. */
export interface FittedPath {
  readonly lambda: number[];
  readonly points: PathPoint[];
  /** Per lambda: shape [sets], and [sets][cols]. */
  readonly intercepts: Float64Array[];
  readonly slopes: Float64Array[][];
  readonly errors: LambdaErrors[];
}

/** Everything a path needs of a problem, prepared once and shared by all folds. */
export interface Prepared {
  readonly problem: Problem;
  readonly settings: Settings;
  readonly plan: DesignPlan;
  readonly matrix: StandardMatrix;
  /** Shape [rows], mean 1. */
  readonly weights: Float64Array;
}

export function prepare(problem: Problem, settings: Settings): Prepared {
  const weights = caseWeights(problem, settings.inverseFrequency);
  const plan = learnDesign(problem.features, { missingFlags: settings.missingFlags, weights });
  const matrix = standardMatrix(designMatrix(plan, problem.features), problem.rows, plan.cols);
  return { problem, settings, plan, matrix, weights };
}

/** Fits the path, with its cross-validation folds in step with it, and the model at the chosen penalty. */
export function* fitGlmnet(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, GlmnetModel, void> {
  const prepared = prepare(problem, settings);
  const { solver, lambdas, automatic } = planPath(prepared);
  const counted = prepared.weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const folds = settings.lambda === null && lambdas.length > 1 && counted >= FEWEST_ROWS_FOR_FOLDS ? Math.min(settings.folds, counted) : 0;
  const path = yield* walkPath(prepared, solver, lambdas, {
    automatic,
    fold: folds > 0 ? assignFolds(problem, folds, context.seed) : null,
    folds,
    validation: context.validation,
  });
  return chosenModel(prepared, solver, path, folds);
}

/** The solver over all rows and the penalties to visit. A given penalty is approached from above, which is faster and steadier than head-on. */
export function planPath(prepared: Prepared): { solver: PathSolver; lambdas: Float64Array; automatic: boolean } {
  const { settings, problem, plan } = prepared;
  const solver = solverFor(prepared, prepared.weights);
  const ratio = settings.minRatio ?? (problem.rows < plan.cols ? 0.01 : 1e-4);
  const max = solver.lambdaMax;
  if (!(max > 0)) return { solver, lambdas: Float64Array.of(settings.lambda ?? 0), automatic: false };
  const sequence = lambdaSequence(max, ratio, settings.lambdas);
  const { lambda } = settings;
  if (lambda === null) return { solver, lambdas: sequence, automatic: true };
  return { solver, lambdas: Float64Array.of(...sequence.filter((value) => value > lambda * (1 + 1e-9)), lambda), automatic: false };
}

interface WalkOptions {
  /** The first penalty stands for infinity, and the path may end early. */
  readonly automatic: boolean;
  /** Fold of each row, or null without cross-validation. */
  readonly fold: Int32Array | null;
  readonly folds: number;
  readonly validation: Problem | null;
}

/** Visits `lambdas` in turn: all rows first, then each fold without its rows. One step per lambda. */
export function* walkPath(
  prepared: Prepared,
  solver: PathSolver,
  lambdas: Float64Array,
  options: WalkOptions,
): Generator<FitStep, FittedPath, void> {
  const path: FittedPath = { lambda: [], points: [], intercepts: [], slopes: [], errors: [] };
  const folds = options.fold === null ? [] : foldSolvers(prepared, options.fold, options.folds);
  const watch = options.validation === null ? null : watcher(prepared, options.validation);
  const explained: number[] = [];
  for (const [k, lambda] of lambdas.entries()) {
    const visited = k === 0 && options.automatic ? HUGE_LAMBDA : lambda;
    const point = solver.advance(visited);
    const raw = rawCoefficients(solver);
    path.lambda.push(lambda);
    path.points.push(point);
    path.intercepts.push(raw.intercepts);
    path.slopes.push(raw.slopes);
    explained.push(point.explained);
    const values: Record<string, number> = { training: solver.nullDeviance * (1 - point.explained) };
    if (watch !== null) values.validation = watch(raw);
    if (folds.length > 0) {
      const errors = foldErrors(prepared, folds, visited);
      path.errors.push(errors);
      values["cross-validation"] = errors.mean;
    }
    yield { step: k + 1, total: lambdas.length, values, measure: "deviance" };
    if (!point.converged || (options.automatic && pathIsDone(explained, prepared.problem.task === "regression"))) break;
  }
  return path;
}

function solverFor(prepared: Prepared, weights: Float64Array): PathSolver {
  const { problem, settings, matrix } = prepared;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const view: View = viewOf(
    matrix,
    weights.map((weight) => weight / total),
    settings,
  );
  const options = { alpha: settings.alpha, thresh: settings.thresh, maxit: settings.maxit };
  return problem.task === "regression"
    ? gaussianSolver(view, problem.target, options)
    : likelihoodSolver(view, problem.target, problem.classes.length, options);
}

interface FoldSolver {
  readonly solver: PathSolver;
  readonly heldOut: Int32Array;
}

/** One solver per fold over the same matrix; held-out rows weigh zero. A fold whose training rows weigh nothing is left out. */
function foldSolvers(prepared: Prepared, fold: Int32Array, folds: number): FoldSolver[] {
  const solvers: FoldSolver[] = [];
  for (let f = 0; f < folds; f++) {
    const heldOut: number[] = [];
    const weights = prepared.weights.map((weight, row) => (fold[row] === f ? 0 : weight));
    for (let row = 0; row < fold.length; row++) if (fold[row] === f) heldOut.push(row);
    if (weights.some((weight) => weight > 0)) solvers.push({ solver: solverFor(prepared, weights), heldOut: Int32Array.from(heldOut) });
  }
  return solvers;
}

function foldErrors(prepared: Prepared, folds: readonly FoldSolver[], lambda: number): LambdaErrors {
  const { problem, weights } = prepared;
  const sums = new Float64Array(folds.length);
  const totals = new Float64Array(folds.length);
  for (const [f, { solver, heldOut }] of folds.entries()) {
    solver.advance(lambda);
    const { intercepts, slopes } = solver.current();
    const predicted = responses(problem.task, scoresAt(solver.view, heldOut, intercepts, slopes));
    for (let i = 0; i < heldOut.length; i++) {
      const weight = weights[heldOut[i]!]!;
      sums[f]! += weight * rowDeviance(predicted, i, problem.target[heldOut[i]!]!, problem.classes.length, HELD_OUT_CLAMP);
      totals[f]! += weight;
    }
  }
  return summarizeErrors(sums, totals);
}

interface RawCoefficients {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array[];
}

function rawCoefficients(solver: PathSolver): RawCoefficients {
  const current = solver.current();
  const raw = current.slopes.map((set, k) => toRawScale(solver.view, current.intercepts[k]!, set));
  const intercepts = Float64Array.from(raw, (set) => set.intercept);
  // Multinomial: only differences between classes matter; mean zero makes the intercepts unique.
  const mean = raw.length === 1 || !solver.view.intercept ? 0 : intercepts.reduce((sum, intercept) => sum + intercept / raw.length, 0);
  return { intercepts: intercepts.map((intercept) => intercept - mean), slopes: raw.map((set) => set.slopes) };
}

/** Mean deviance on rows that are only watched. */
function watcher(prepared: Prepared, validation: Problem): (raw: RawCoefficients) => number {
  const matrix = designMatrix(prepared.plan, validation.features);
  const weights = validation.weights ?? new Float64Array(validation.rows).fill(1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return ({ intercepts, slopes }) => {
    const predicted = responses(validation.task, scoresOf(matrix, validation.rows, intercepts, slopes));
    let sum = 0;
    for (let i = 0; i < validation.rows; i++) {
      sum += weights[i]! * rowDeviance(predicted, i, validation.target[i]!, validation.classes.length, HELD_OUT_CLAMP);
    }
    return sum / total;
  };
}

function chosenModel(prepared: Prepared, solver: PathSolver, path: FittedPath, folds: number): GlmnetModel {
  const { problem, plan, settings } = prepared;
  const last = path.lambda.length - 1;
  const choice = folds > 0 ? chooseLambda(path.errors) : null;
  // Without folds an automatic penalty means that there was too little to learn from: the strongest one.
  const index = choice === null ? (settings.lambda === null ? 0 : last) : settings.rule === "lambda.min" ? choice.min : choice.oneSe;
  const slopes = new Float64Array(path.slopes[index]!.length * plan.cols);
  for (const [k, set] of path.slopes[index]!.entries()) slopes.set(set, k * plan.cols);
  const standard = viewOf(prepared.matrix, solver.view.weights, { standardize: true, intercept: true });
  return new GlmnetModel({
    task: problem.task,
    classes: problem.classes.length,
    plan,
    intercepts: path.intercepts[index]!,
    slopes,
    deviations: prepared.matrix.deviations.map((deviation, j) => (standard.constant[j] === 1 ? 0 : deviation / standard.scale[j]!)),
    path: {
      lambda: Float64Array.from(path.lambda),
      explained: Float64Array.from(path.points, (point) => point.explained),
      nonzero: Float64Array.from(path.points, (point) => point.nonzero),
      cvMean: Float64Array.from(path.errors, (error) => error.mean),
      cvDeviation: Float64Array.from(path.errors, (error) => error.deviation),
    },
    facts: factsOf(prepared, path, { index, choice, folds }),
  });
}

function factsOf(
  prepared: Prepared,
  path: FittedPath,
  chosen: { index: number; choice: { min: number; oneSe: number } | null; folds: number },
): Facts {
  const { problem, plan, settings } = prepared;
  const { index, choice, folds } = chosen;
  const stuck = path.points.findIndex((point) => !point.converged);
  return {
    family: problem.task === "regression" ? "gaussian" : problem.task === "binary" ? "binomial" : "multinomial",
    alpha: settings.alpha,
    lambda: path.lambda[index]!,
    lambda_min: choice === null ? null : path.lambda[choice.min]!,
    lambda_1se: choice === null ? null : path.lambda[choice.oneSe]!,
    cv_folds: folds,
    cv_deviance: path.errors[index]?.mean ?? null,
    columns: plan.cols,
    nonzero: path.points[index]!.nonzero,
    deviance_explained: path.points[index]!.explained,
    lambdas: path.lambda.length,
    converged: stuck < 0,
    not_converged_at_lambda: stuck < 0 ? null : path.lambda[stuck]!,
  };
}
