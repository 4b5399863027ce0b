import { Cholesky } from "../algorithms/glm/cholesky.ts";
import { type DesignPlan, designFromState, designMatrix, designState, learnDesign } from "../design-matrix.ts";
import type { Predictor, Predictors } from "./chain.ts";
import { lengthOf } from "./columns.ts";

interface LinearState {
  readonly design: ReturnType<typeof designState>;
  /** Shape [p]: what a column is divided by, and its coefficient; the constant comes last. */
  readonly scales: Float64Array;
  readonly means: Float64Array;
  readonly coefficients: Float64Array;
  readonly error: number | null;
}

/** Levels of a category that get a column of their own in the regression. */
const MAX_LEVELS = 50;
/** Added to the diagonal of the standardised products, as R's mice does, so that collinear columns have a solution. */
const RIDGE = 1e-5;

/** Linear regression on all other columns, categories one-hot; the codes of a category are its numbers. */
export const linearPredictors: Predictors = {
  kind: "linear",
  classifies: false,
  // biome-ignore lint/correctness/useYield: one regression is short work
  *fit(others, target) {
    const y = target.kind === "numeric" ? target.values : Float64Array.from(target.codes);
    const plan = learnDesign(others, { dropReference: true, maxLevels: MAX_LEVELS });
    return predictorOf(plan, regression(designMatrix(plan, others), plan.cols, y));
  },
  load(state) {
    const { design, ...rest } = state as LinearState; // `state()` below wrote it
    return predictorOf(designFromState(design.meta, design.arrays), rest);
  },
};

type Regression = Omit<LinearState, "design">;

function predictorOf(plan: DesignPlan, fit: Regression): Predictor {
  const { scales, means, coefficients, error } = fit;
  return {
    predict(others) {
      const rows = others[0] === undefined ? 0 : lengthOf(others[0]);
      const matrix = designMatrix(plan, others);
      const values = new Float64Array(rows).fill(coefficients[plan.cols]!);
      for (let j = 0; j < plan.cols; j++) {
        const [mean, slope] = [means[j]!, coefficients[j]! / scales[j]!];
        for (let row = 0; row < rows; row++) values[row]! += slope * (matrix[j * rows + row]! - mean);
      }
      return values;
    },
    state: (): LinearState => ({ design: designState(plan), ...fit }),
    error,
  };
}

/** Ridge regression on standardised columns, shape [n, p] column-major, overwritten. Cost: O(n p²). */
function regression(matrix: Float64Array, p: number, y: Float64Array): Regression {
  const n = y.length;
  const means = new Float64Array(p);
  const scales = new Float64Array(p).fill(1);
  for (let j = 0; j < p; j++) {
    const column = matrix.subarray(j * n, (j + 1) * n);
    means[j] = column.reduce((sum, value) => sum + value, 0) / n;
    const spread = Math.sqrt(column.reduce((sum, value) => sum + (value - means[j]!) ** 2, 0) / n);
    if (spread > 0 && spread < Number.POSITIVE_INFINITY) scales[j] = spread;
    for (let row = 0; row < n; row++) column[row] = (column[row]! - means[j]!) / scales[j]!;
  }
  const center = y.reduce((sum, value) => sum + value, 0) / n;
  const products = new Float64Array(p * p);
  const right = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    const a = matrix.subarray(j * n, (j + 1) * n);
    for (let k = 0; k <= j; k++) {
      const b = matrix.subarray(k * n, (k + 1) * n);
      let sum = 0;
      for (let row = 0; row < n; row++) sum += a[row]! * b[row]!;
      products[j * p + k] = sum;
    }
    products[j * p + j]! += RIDGE * n;
    let sum = 0;
    for (let row = 0; row < n; row++) sum += a[row]! * (y[row]! - center);
    right[j] = sum;
  }
  const slopes = p === 0 ? right : (Cholesky.factor(products, p)?.solve(right) ?? new Float64Array(p));
  const coefficients = new Float64Array(p + 1);
  coefficients.set(slopes);
  coefficients[p] = center;
  return { means, scales, coefficients, error: null };
}
