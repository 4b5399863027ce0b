import type { FitStep, ModelState } from "./algorithm.ts";
import type { HyperparameterSchema, Hyperparameters } from "./hyperparameter.ts";
import type { NumericMatrix } from "./matrix.ts";

/** A fitted decomposition of a matrix X [n, p] into k components. */
export interface FittedDecomposition {
  /** Names of the components, length k, most important first: `PC1`, `ICA_1`, `NMF_1`. */
  readonly components: readonly string[];
  /** The rows in terms of the components, shape [n, k], column-major. */
  readonly transformed: Float64Array;
  /** How each column takes part in each component, shape [p, k], column-major. */
  readonly loadings: Float64Array;
  /** Figures of quality and of the fit, JSON-safe: one number, or one per component. */
  readonly metrics: Readonly<Record<string, number | readonly number[]>>;
  /** What a person should know, e.g. that fewer components were possible than asked for. */
  readonly warnings: readonly string[];
  /** Everything needed to transform elsewhere; `Decomposition.load` is its inverse, to the bit. */
  state(): ModelState;
}

/** What turns new rows with the same columns into components, shape [n, k], column-major. Deterministic. */
export type Transform = (matrix: NumericMatrix) => Float64Array;

/** One decomposition: a folder in `decompositions/` and a line in the registry. Same contract as `Algorithm` where it applies. */
export interface Decomposition {
  /** Name in the catalogue, e.g. `PCA`. */
  readonly name: string;
  /** What people call it, sentence case. */
  readonly title: string;
  /** One line in plain words. */
  readonly description: string;
  /** The papers it follows. */
  readonly source: string;
  /** Whether new rows can be transformed. */
  readonly applicable: boolean;
  /** None is tunable. */
  readonly hyperparameters: readonly HyperparameterSchema[];
  /**
   * Fits a step at a time; `return()` on the generator cancels it. Same matrix, hyperparameters and seed: same bits.
   * Complete hyperparameters (defaults filled in). The matrix is not modified.
   * @throws {InvalidArgumentError} when the data cannot be decomposed; the message names the column and the remedy.
   */
  fit(matrix: NumericMatrix, hyperparameters: Hyperparameters, seed: number): Generator<FitStep, FittedDecomposition, void>;
  /** @throws {InvalidArgumentError} by the returned function, when the columns are not those of the fit. */
  load(state: ModelState): Transform;
}
