import { derivedSeed, randomStream, shuffle } from "../../core/random.ts";
import { VERSION } from "../../core/version.ts";
import type { Algorithm, FitStep, Model, Problem } from "../algorithm.ts";
import { algorithmOf } from "../algorithms/registry.ts";
import type { Hyperparameters } from "../hyperparameter.ts";
import { computeMetrics } from "../metrics/index.ts";
import { featureSchema } from "../model/features.ts";
import { encodeModel } from "../model/model-file.ts";
import { type FoldView, foldView } from "./fold-view.ts";
import type { Candidate } from "./grid.ts";
import { allRows, type PreparedTraining } from "./prepare.ts";
import type { Metrics } from "./result.ts";
import { completeHyperparameters } from "./validate-hyperparameters.ts";

/** The smallest piece of training work: one fit. Units of a job are independent; each has its own random stream, chosen by index. */
export type Unit = CellUnit | FitUnit;

/** One candidate on one inner resample of an outer fold. */
export interface CellUnit {
  readonly kind: "cell";
  /** 1-based outer fold; 0 tunes the final model, on all rows. */
  readonly fold: number;
  /** 1-based. */
  readonly cell: number;
  readonly inner: number;
  readonly candidate: Candidate;
}

/** The chosen candidate on an outer fold, or on all rows (fold 0, the final model). */
export interface FitUnit {
  readonly kind: "fit";
  readonly fold: number;
  readonly candidate: Candidate;
}

export interface CellResult {
  readonly kind: "cell";
  readonly training: Metrics;
  readonly validation: Metrics;
  readonly seconds: number;
}

export interface FitResult {
  readonly kind: "fit";
  readonly nTrain: number;
  readonly nTest: number;
  readonly training: Metrics;
  readonly test: Metrics | null;
  readonly baseline: Metrics | null;
  /** Rows (of the table) and predictions: [n] for regression, [n, K] otherwise. */
  readonly trainingPredictions: Predictions;
  readonly testPredictions: Predictions | null;
  readonly importance: { readonly variables: readonly string[]; readonly measure: string; readonly values: Float64Array } | null;
  readonly facts: Readonly<Record<string, number | string | boolean | null>>;
  readonly hyperparameters: Hyperparameters;
  /** What preparing the features came to; null when they are used as they are. */
  readonly preprocessing: Preprocessed | null;
  /** The model file; only for the final model. */
  readonly model: Uint8Array | null;
  readonly seconds: number;
}

export interface Preprocessed {
  /** Columns that the learner sees. */
  readonly columns: number;
  /** Training rows that are left out. */
  readonly leftOut: number;
  readonly seconds: number;
}

export interface Predictions {
  readonly rows: Int32Array;
  readonly target: Float64Array;
  readonly values: Float64Array;
}

export type UnitResult = CellResult | FitResult;

/** What a unit yields while it runs. */
export interface UnitStep extends FitStep {
  readonly fold: number;
}

const PREPROCESSING_STREAM = 3;

/** Share of the training rows set aside for early stopping. */
export const STOPPING_SHARE = 0.15;

/**
 * Runs one unit, step by step. Early stopping never sees rows that judge: where the learner stops early it watches the validation table, or
 * without one a share of its own training rows, drawn by the unit's seed; otherwise the validation table, else the rows that judge, are
 * watched for the live curve and decide nothing. Preprocessing is learned on the training rows. Yields null where there is no curve point, only an occasion to give way to other work.
 */
export function* runUnit(
  unit: Unit,
  prepared: PreparedTraining,
  context: { fingerprint: string | null; now: () => number },
): Generator<UnitStep | null, UnitResult, void> {
  const { config } = prepared;
  const algorithm = algorithmOf(config.algorithm);
  const hyperparameters = completeHyperparameters(algorithm, unit.candidate);
  const started = context.now();
  const { train: trainRows, test } = rowsOf(unit, prepared);
  const inner = unit.kind === "cell" ? unit.inner : 0;
  const seed = derivedSeed(config.seed, unit.kind === "cell" ? 1 : 2, unit.fold, inner);
  const view = yield* foldView(prepared, trainRows, `${unit.kind} ${unit.fold} ${inner}`, derivedSeed(seed, PREPROCESSING_STREAM));
  const { train } = view;
  const learned = context.now();
  const trainProblem = view.problem(train);
  const testProblem = test === null ? null : view.problem(test);
  const model = yield* fitOn(algorithm, hyperparameters, prepared, view, trainProblem, testProblem, unit, seed);
  const trainingValues = model.predict(trainProblem.features);
  const testValues = testProblem === null ? null : model.predict(testProblem.features);
  const training = scoreOf(trainProblem, trainingValues);
  const testMetrics = testProblem === null || testValues === null ? null : scoreOf(testProblem, testValues);
  const seconds = (): number => (context.now() - started) / 1000;
  if (unit.kind === "cell") return { kind: "cell", training, validation: testMetrics ?? training, seconds: seconds() };
  const final = unit.fold === 0;
  return {
    kind: "fit",
    nTrain: train.length,
    nTest: test?.length ?? 0,
    training,
    test: testMetrics,
    baseline: testProblem === null ? null : scoreOf(testProblem, baselinePredictions(trainProblem, testProblem.rows)),
    trainingPredictions: { rows: tableRows(prepared, train), target: trainProblem.target, values: trainingValues },
    testPredictions:
      test === null || testProblem === null || testValues === null
        ? null
        : { rows: tableRows(prepared, test), target: testProblem.target, values: testValues },
    importance: mainImportance(model),
    facts: model.facts(),
    hyperparameters,
    preprocessing:
      view.recipe === null
        ? null
        : { columns: trainProblem.features.length, leftOut: trainRows.length - train.length, seconds: (learned - started) / 1000 },
    model: final ? modelFile(prepared, view, hyperparameters, model, context.fingerprint) : null,
    seconds: seconds(),
  };
}

function* fitOn(
  algorithm: Algorithm,
  hyperparameters: Hyperparameters,
  prepared: PreparedTraining,
  view: FoldView,
  trainProblem: Problem,
  testProblem: Problem | null,
  unit: Unit,
  seed: number,
): Generator<UnitStep, Model, void> {
  let problem = trainProblem;
  let validation = unit.kind === "fit" ? testProblem : null;
  const stopsEarly = algorithm.stopsEarly?.(hyperparameters, trainProblem) === true;
  const { validation: given } = prepared.heldOut;
  if (given !== undefined) {
    if (stopsEarly || unit.kind === "fit") validation = view.problem(given.rows);
  } else if (stopsEarly) {
    const { kept, aside } = setAside(view.train, trainProblem, seed);
    problem = view.problem(kept);
    validation = view.problem(aside);
  }
  const steps = algorithm.fit(problem, hyperparameters, { seed, validation });
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    yield { ...next.value, fold: unit.fold };
  }
}

/** Rows (of the prepared table) that a unit trains on and is tested on. */
function rowsOf(unit: Unit, prepared: PreparedTraining): { train: Int32Array; test: Int32Array | null } {
  if (unit.kind === "cell") return prepared.inner(unit.fold)[unit.inner]!;
  if (unit.fold > 0) return prepared.outer[unit.fold - 1]!;
  return { train: allRows(prepared), test: prepared.heldOut.test?.rows ?? null };
}

/** Splits training rows for early stopping, class by class for classification. Deterministic by seed. */
function setAside(train: Int32Array, problem: Problem, seed: number): { kept: Int32Array; aside: Int32Array } {
  const random = randomStream(seed, 15);
  const strata = new Map<number, number[]>();
  for (let i = 0; i < train.length; i++) {
    const stratum = problem.classes.length === 0 ? 0 : problem.target[i]!;
    const members = strata.get(stratum);
    if (members === undefined) strata.set(stratum, [train[i]!]);
    else members.push(train[i]!);
  }
  const kept: number[] = [];
  const aside: number[] = [];
  for (const [, members] of [...strata].sort(([a], [b]) => a - b)) {
    const order = shuffle(Int32Array.from(members), random);
    const count = Math.min(members.length - 1, Math.round(members.length * STOPPING_SHARE));
    aside.push(...order.subarray(0, count));
    kept.push(...order.subarray(count));
  }
  return { kept: Int32Array.from(kept).sort(), aside: Int32Array.from(aside).sort() };
}

function scoreOf(problem: Problem, predicted: Float64Array): Metrics {
  return computeMetrics({ task: problem.task, actual: problem.target, predicted, classes: problem.classes });
}

/** What a person would predict without any feature: the mean, or the classes' shares, of the training rows (weighted). */
function baselinePredictions(train: Problem, rows: number): Float64Array {
  const k = Math.max(1, train.classes.length);
  const sums = new Float64Array(k);
  let total = 0;
  for (let i = 0; i < train.rows; i++) {
    const weight = train.weights?.[i] ?? 1;
    total += weight;
    if (train.classes.length === 0) sums[0]! += weight * train.target[i]!;
    else sums[train.target[i]!]! += weight;
  }
  const values = new Float64Array(rows * k);
  for (let i = 0; i < rows; i++) for (let j = 0; j < k; j++) values[i * k + j] = sums[j]! / total;
  return values;
}

/** The first measure of a learner's own importance, which it lists first because it is the one to read. */
function mainImportance(model: Model): FitResult["importance"] {
  const importance = model.importance();
  const first = importance === null ? undefined : Object.entries(importance.measures)[0];
  return importance === null || first === undefined ? null : { variables: importance.variables, measure: first[0], values: first[1] };
}

function modelFile(
  prepared: PreparedTraining,
  { recipe }: FoldView,
  hyperparameters: Hyperparameters,
  model: Model,
  fingerprint: string | null,
): Uint8Array {
  const { config } = prepared;
  const needed = recipe === null ? null : new Set([...recipe.inputs, ...recipe.excluded]);
  return encodeModel(
    {
      format: "trainyard.model",
      version: 1,
      algorithm: config.algorithm,
      task: prepared.task,
      target: config.target,
      classes: prepared.classes,
      features: prepared.features.filter((column) => needed?.has(column.name) !== false).map(featureSchema),
      hyperparameters,
      facts: model.facts(),
      config,
      fingerprint,
      rows: prepared.trainingRows,
      library_version: VERSION,
    },
    model.state(),
    recipe,
  );
}

function tableRows(prepared: PreparedTraining, rows: Int32Array): Int32Array {
  return rows.map((row) => prepared.tableRows[row]!);
}
