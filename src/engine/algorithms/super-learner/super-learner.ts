import type { Algorithm } from "../../algorithm.ts";
import { fitSuperLearner } from "./fit.ts";
import { faultsOf, HYPERPARAMETERS } from "./library.ts";
import { loadModel } from "./model.ts";

/**
 * A weighted mean of several learners at their defaults. Each one predicts every row from fits without the row's fold; weights are the non-negative
 * least squares of the outcome (0/1 per class, one weight for all classes) on these predictions, scaled to sum 1; members with a weight are then
 * fitted on all rows.
 *
 * - Missing values, categories, infinities, one class, one row: as each member does.
 * - `discrete`: the member with the least cross-validated squared error alone. One member: that one, without folds.
 * - Weights: handed to every member, and they count in the errors. Folds are drawn by seed, class by class.
 *
 * Same seed, same bits. Cost: folds + 1 fits of every member; `facts()` holds each one's weight and cross-validated squared error.
 * Source: van der Laan, Polley & Hubbard (2007), Stat Appl Genet Mol Biol 6(1):25, doi:10.2202/1544-6115.1309.
 */
export const superLearner: Algorithm = {
  name: "SuperLearner",
  title: "Super learner",
  description: "weighted mean of several learners, weights by cross-validation",
  source: "van der Laan, Polley & Hubbard (2007), Stat Appl Genet Mol Biol 6(1):25, doi:10.2202/1544-6115.1309",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  check: faultsOf,
  fit: fitSuperLearner,
  load: loadModel,
};
