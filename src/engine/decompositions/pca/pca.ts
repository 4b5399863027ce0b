import type { FitStep, ModelState } from "../../algorithm.ts";
import type { Decomposition, FittedDecomposition } from "../../decomposition.ts";
import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { assertSameColumns, type NumericMatrix } from "../../matrix.ts";
import { arrayOf, componentCount, componentsSchema } from "../parts.ts";
import { singularValues } from "../singular-values.ts";
import { learnStandard, product, standardised } from "../standardise.ts";

const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  componentsSchema(3),
  {
    name: "center",
    title: "Centre",
    help: "Subtract each column's mean first. Without it the first component mostly shows where the data lies.",
    type: "logical",
    default: true,
    tunable: false,
    level: "basic",
  },
  {
    name: "scale",
    title: "Scale",
    help: "Divide each column by its standard deviation first, so that columns in large units do not dominate.",
    type: "logical",
    default: true,
    tunable: false,
    level: "basic",
  },
  {
    name: "tol",
    title: "Tolerance",
    help: "Leave out components whose standard deviation is at most this share of the first one's. Larger keeps fewer.",
    type: "double",
    default: null,
    automatic: "all that are asked for are kept",
    min: 0,
    max: 1,
    tunable: false,
    level: "advanced",
  },
];

/**
 * Principal components: orthogonal directions of largest variance.
 *
 * - Order: by variance, largest first. Sign: in each component the loading of largest magnitude is positive.
 * - `loadings` are the directions (columns of length 1), `transformed` the standardised rows projected onto them.
 * - Variances are over n − 1. Directions without variance are never returned; a warning says so when k asked for more.
 *
 * Cost: O(n p min(n, p)) and O(n p) space. Deterministic; the seed is not used.
 * Source: Pearson (1901), doi:10.1080/14786440109462720; Hotelling (1933), doi:10.1037/h0071325. Defaults as in R's `prcomp`.
 */
export const pca: Decomposition = {
  name: "PCA",
  title: "Principal components",
  description: "principal components: the directions in which the rows differ most",
  source: "Pearson (1901), doi:10.1080/14786440109462720; Hotelling (1933), doi:10.1037/h0071325",
  applicable: true,
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters) {
    const warnings: string[] = [];
    const k = componentCount(matrix, hyperparameters, warnings);
    const standard = learnStandard(matrix, { center: hyperparameters.center === true, scale: hyperparameters.scale === true });
    const x = standardised(matrix, standard);
    const { values, right } = yield* watched(singularValues(x, matrix.rows, matrix.names.length, k));
    const deviations = values.map((value) => value / Math.sqrt(Math.max(1, matrix.rows - 1)));
    const kept = keptComponents(deviations, k, hyperparameters, warnings);
    const rotation = right.slice(0, kept * matrix.names.length);
    return fitted(matrix, { rotation, x, deviations, kept, warnings, standard });
  },
  load(state) {
    const standard = { centers: arrayOf(state, "centers"), scales: arrayOf(state, "scales") };
    const rotation = arrayOf(state, "rotation");
    return (matrix) => {
      assertSameColumns(matrix, standard.centers.length);
      return product(standardised(matrix, standard), matrix.rows, rotation, matrix.names.length);
    };
  },
};

interface Parts {
  readonly rotation: Float64Array;
  readonly x: Float64Array;
  readonly deviations: Float64Array;
  readonly kept: number;
  readonly warnings: readonly string[];
  readonly standard: { readonly centers: Float64Array; readonly scales: Float64Array };
}

function fitted(matrix: NumericMatrix, { rotation, x, deviations, kept, warnings, standard }: Parts): FittedDecomposition {
  const variances = Array.from(deviations, (deviation) => deviation ** 2);
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  const shown = variances.slice(0, kept);
  const cumulative = shown.map((_, index) => shown.slice(0, index + 1).reduce((sum, variance) => sum + variance, 0) / total);
  const state: ModelState = { meta: {}, arrays: { centers: standard.centers, scales: standard.scales, rotation } };
  return {
    components: shown.map((_, index) => `PC${index + 1}`),
    transformed: product(x, matrix.rows, rotation, matrix.names.length),
    loadings: rotation,
    metrics: {
      sd: Array.from(deviations.subarray(0, kept)),
      explained_variance: shown,
      explained_variance_ratio: shown.map((variance) => variance / total),
      cumulative_ratio: cumulative,
      total_variance: total,
    },
    warnings,
    state: () => state,
  };
}

function keptComponents(deviations: Float64Array, k: number, { tol }: Hyperparameters, warnings: string[]): number {
  const largest = deviations[0] ?? 0;
  const wide = typeof tol === "number" ? deviations.filter((deviation) => deviation > tol * largest).length : deviations.length;
  if (deviations.length < k) warnings.push(`The rows vary in ${deviations.length} directions only; there are so many components.`);
  return Math.min(k, wide);
}

/** Passes the pauses of the decomposition on as steps without values. */
function* watched<Result>(steps: Generator<void, Result, void>): Generator<FitStep, Result, void> {
  for (let step = 1; ; step++) {
    const next = steps.next();
    if (next.done === true) return next.value;
    yield { step, total: null, values: {}, measure: "step" };
  }
}
