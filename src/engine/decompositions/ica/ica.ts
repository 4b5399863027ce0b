import { randomStream } from "../../../core/random.ts";
import type { FitStep } from "../../algorithm.ts";
import type { Decomposition, FittedDecomposition } from "../../decomposition.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { assertSameColumns, type NumericMatrix } from "../../matrix.ts";
import { arrayOf, componentCount } from "../parts.ts";
import { pointUp, singularValues } from "../singular-values.ts";
import { learnStandard, product, type Standard, standardised } from "../standardise.ts";
import { type FastIcaSettings, unmix } from "./fast-ica.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";

/**
 * Independent components by FastICA: the data as a mixture of sources that are as far from normal as can be.
 *
 * - Columns are centred, and with `row_norm` divided by their standard deviation; then whitened onto the k directions of largest variance.
 * - `transformed` are the sources, with variance 1 over n; `loadings` the mixing matrix, in the units of the standardised columns.
 * - Sources have no natural order or sign. Order: by the variance that they account for (sum of squared loadings), largest first. Sign: in each
 *   component the loading of largest magnitude is positive.
 * - Not converged: the result is returned with a warning.
 *
 * Cost: O(n p min(n, p) + iterations · n k²). All randomness (the first directions) comes from the seed.
 * Source: Hyvärinen (1999), doi:10.1109/72.761722. Scaling and defaults as in the R package fastICA.
 */
export const ica: Decomposition = {
  name: "ICA",
  title: "Independent components",
  description: "independent components: sources whose mixture the columns may be",
  source: "Hyvärinen (1999), doi:10.1109/72.761722",
  applicable: true,
  hyperparameters: HYPERPARAMETERS,
  *fit(matrix, hyperparameters, seed) {
    const warnings: string[] = [];
    const { rows, names } = matrix;
    const standard = learnStandard(matrix, { center: true, scale: hyperparameters.row_norm === true });
    const x = standardised(matrix, standard);
    const directions = yield* pausing(singularValues(x, rows, names.length));
    const k = Math.min(componentCount(matrix, hyperparameters, warnings), directions.values.length);
    if (k < Math.min(Number(hyperparameters.k), rows, names.length)) {
      warnings.push(`The rows vary in ${k} directions only; there are so many components.`);
    }
    const whitening = whiteningOf(directions, rows, names.length, k);
    const z = product(x, rows, whitening, names.length);
    const found = yield* stepping(unmix(z, k, settingsOf(hyperparameters), randomStream(seed)), Number(hyperparameters.maxit));
    if (!found.hasConverged)
      warnings.push(`FastICA did not settle in ${hyperparameters.maxit} iterations; raise maxit or tol, or ask for fewer components.`);
    return fitted(matrix, standard, mixing(directions, whitening, found.w, rows, k), { x, iterations: found.iterations, warnings });
  },
  load(state) {
    const standard = { centers: arrayOf(state, "centers"), scales: arrayOf(state, "scales") };
    const unmixing = arrayOf(state, "unmixing");
    return (matrix) => {
      assertSameColumns(matrix, standard.centers.length);
      return product(standardised(matrix, standard), matrix.rows, unmixing, matrix.names.length);
    };
  },
};

interface Directions {
  readonly values: Float64Array;
  readonly right: Float64Array;
}

/** [p, k] column-major: each direction divided by its standard deviation over n. */
function whiteningOf({ values, right }: Directions, rows: number, cols: number, k: number): Float64Array {
  const whitening = right.slice(0, cols * k);
  for (let c = 0; c < k; c++) {
    const deviation = values[c]! / Math.sqrt(rows);
    for (let j = 0; j < cols; j++) whitening[c * cols + j]! /= deviation;
  }
  return whitening;
}

interface Mixing {
  /** [p, k]: standardised rows to sources. */
  readonly unmixing: Float64Array;
  /** [p, k]: how sources make up columns. */
  readonly loadings: Float64Array;
}

/** Both ways between columns and sources, sources ordered and turned as the docstring of `ica` says. */
function mixing({ values, right }: Directions, whitening: Float64Array, w: Float64Array, rows: number, k: number): Mixing {
  const cols = whitening.length / k;
  const unmixing = new Float64Array(cols * k);
  const loadings = new Float64Array(cols * k);
  const weights = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    for (let d = 0; d < k; d++) {
      const turn = w[c * k + d]!;
      const deviation = values[d]! / Math.sqrt(rows);
      for (let j = 0; j < cols; j++) {
        unmixing[c * cols + j]! += turn * whitening[d * cols + j]!;
        loadings[c * cols + j]! += turn * deviation * right[d * cols + j]!;
      }
    }
    const sign = pointUp(loadings, c * cols, cols);
    for (let j = 0; j < cols; j++) {
      unmixing[c * cols + j]! *= sign;
      weights[c]! += loadings[c * cols + j]! ** 2;
    }
  }
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const ordered = (columns: Float64Array): Float64Array => {
    const result = new Float64Array(columns.length);
    for (const [rank, c] of order.entries()) result.set(columns.subarray(c * cols, (c + 1) * cols), rank * cols);
    return result;
  };
  return { unmixing: ordered(unmixing), loadings: ordered(loadings) };
}

function fitted(
  matrix: NumericMatrix,
  standard: Standard,
  { unmixing, loadings }: Mixing,
  { x, iterations, warnings }: { readonly x: Float64Array; readonly iterations: number; readonly warnings: readonly string[] },
): FittedDecomposition {
  const { rows } = matrix;
  const cols = matrix.names.length;
  const k = loadings.length / cols;
  let total = 0;
  for (const value of x) total += value * value;
  const transformed = product(x, rows, unmixing, cols);
  const explained = Array.from({ length: k }, (_, c) => {
    let squares = 0;
    for (let j = c * cols; j < (c + 1) * cols; j++) squares += loadings[j]! ** 2;
    return (squares * rows) / total;
  });
  return {
    components: explained.map((_, index) => `ICA_${index + 1}`),
    transformed,
    loadings,
    metrics: {
      explained_variance_ratio: explained,
      excess_kurtosis: explained.map((_, c) => excessKurtosis(transformed.subarray(c * rows, (c + 1) * rows))),
      iterations,
    },
    warnings,
    state: () => ({ meta: {}, arrays: { centers: standard.centers, scales: standard.scales, unmixing } }),
  };
}

/** Fourth moment of a source with variance 1, less that of a normal one: 0 for normal, positive for peaked. */
function excessKurtosis(source: Float64Array): number {
  let fourth = 0;
  for (const value of source) fourth += value ** 4;
  return fourth / source.length - 3;
}

function settingsOf(hyperparameters: Hyperparameters): FastIcaSettings {
  return {
    type: hyperparameters.type === "deflation" ? "deflation" : "parallel",
    fun: hyperparameters.fun === "exp" ? "exp" : "logcosh",
    alpha: Number(hyperparameters.alpha),
    maxit: Number(hyperparameters.maxit),
    tol: Number(hyperparameters.tol),
  };
}

function* pausing<Result>(steps: Generator<void, Result, void>): Generator<FitStep, Result, void> {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    yield { step: 0, total: null, values: {}, measure: "change" };
  }
}

function* stepping<Result>(
  steps: Generator<{ readonly component: number; readonly change: number }, Result, void>,
  total: number,
): Generator<FitStep, Result, void> {
  for (let step = 1; ; step++) {
    const next = steps.next();
    if (next.done === true) return next.value;
    const { component, change } = next.value;
    yield {
      step,
      total: component === 0 ? total : null,
      values: { [component === 0 ? "change" : `component ${component}`]: change },
      measure: "change",
    };
  }
}
