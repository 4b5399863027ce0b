import type { Algorithm, FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { learnScaledDesign, scaledRows } from "../../scaled-design.ts";
import { takeRows } from "../../table.ts";
import { HYPERPARAMETERS, type Settings, settingsOf } from "./hyperparameters.ts";
import { KnnModel, loadModel } from "./model.ts";

/** Rows of the validation problem that are judged between two steps. */
const JUDGED_AT_ONCE = 512;

/**
 * The mean outcome, or the shares of the classes, of the k nearest training rows by Euclidean distance. Exact: every row is measured.
 *
 * - Features: as in `design-matrix.ts`: numbers, missing ones at the training mean, categories as one 0/1 column per level. With `scale` numbers
 *   get variance 1 (divisor n); 0/1 columns are divided by √2, so that two different categories are at distance 1.
 * - Ties: rows exactly as far as the k-th all answer, so that the order of rows does not matter. `distance`: weights 1 / distance; rows equal
 *   to the query silence all others.
 * - Case weights multiply a neighbour's vote; a row of weight zero is the same as no row. A row of weight 2 votes twice but takes one place
 *   among the k, where two equal rows take two.
 * - Fewer rows than k: all of them answer. One class, one row, only constant columns: the mean of all rows.
 *
 * Deterministic; the seed does not matter. Cost: a fit copies the table; a prediction is O(rows × training rows × columns).
 * Source: Cover & Hart (1967), IEEE Trans Inf Theory 13(1):21–27, doi:10.1109/TIT.1967.1053964; distance weights: Dudani (1976), IEEE Trans
 * Syst Man Cybern 6(4):325–327, doi:10.1109/TSMC.1976.5408784, here 1 / distance.
 */
export const knn: Algorithm = {
  name: "KNN",
  title: "Nearest neighbours",
  description: "k nearest neighbours, uniform or weighted by distance",
  source: "Cover & Hart (1967), IEEE Trans Inf Theory 13(1):21–27, doi:10.1109/TIT.1967.1053964",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitKnn(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};

/** Stores the rows that count; then, with a validation problem, yields its error as it is judged block by block. */
function* fitKnn(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, KnnModel, void> {
  const all = caseWeights(problem, settings.inverseFrequency);
  const kept = Int32Array.from([...all.keys()].filter((row) => all[row]! > 0));
  const weights = Float64Array.from(kept, (row) => all[row]!);
  const features = problem.features.map((column) => takeRows(column, kept));
  const plan = learnScaledDesign(features, { standardize: settings.scale, categoryScale: settings.scale ? Math.SQRT2 : 1, weights });
  const model = new KnnModel({
    task: problem.task,
    classes: problem.classes.length,
    k: Math.min(settings.k, kept.length),
    byDistance: settings.byDistance,
    plan,
    table: scaledRows(plan, features),
    target: Float64Array.from(kept, (row) => problem.target[row]!),
    weights,
  });
  const { validation } = context;
  if (validation === null) yield { step: 1, total: 1, values: {}, measure: measureOf(problem) };
  else yield* judge(model, validation);
  return model;
}

function measureOf(problem: Problem): string {
  return problem.task === "regression" ? "rmse" : "error rate";
}

/** Root mean squared error, or the share of wrong classes, over the rows judged so far. */
function* judge(model: KnnModel, validation: Problem): Generator<FitStep, void, void> {
  const k = validation.classes.length;
  const total = Math.max(1, Math.ceil(validation.rows / JUDGED_AT_ONCE));
  let sum = 0;
  let weight = 0;
  for (let step = 1; step <= total; step++) {
    const start = (step - 1) * JUDGED_AT_ONCE;
    const index = Int32Array.from({ length: Math.min(JUDGED_AT_ONCE, validation.rows - start) }, (_, i) => start + i);
    const predicted = model.predict(validation.features.map((column) => takeRows(column, index)));
    for (const [i, row] of index.entries()) {
      const own = validation.weights?.[row] ?? 1;
      const y = validation.target[row]!;
      weight += own;
      sum += own * (k === 0 ? (predicted[i]! - y) ** 2 : isWrong(predicted.subarray(i * k, (i + 1) * k), y));
    }
    const error = k === 0 ? Math.sqrt(sum / weight) : sum / weight;
    yield { step, total, values: { validation: error }, measure: measureOf(validation) };
  }
}

function isWrong(shares: Float64Array, code: number): number {
  let best = 0;
  for (let j = 1; j < shares.length; j++) if (shares[j]! > shares[best]!) best = j;
  return best === code ? 0 : 1;
}
