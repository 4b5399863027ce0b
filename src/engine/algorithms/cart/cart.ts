import type { Algorithm } from "../../algorithm.ts";
import { fitCart } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * A classification or regression tree: binary questions chosen by the largest decrease of impurity, cut back by cost-complexity pruning.
 *
 * - Numbers, dates and ordered categories: `value < threshold`, halfway between two neighbouring values; infinities take part as the ends of the
 *   scale. Categories: two groups of levels.
 * - Missing values: the gain of a question counts the rows that can answer it. Others follow surrogate questions, then the heavier side. A level
 *   that the question never met counts as missing.
 * - Equal gains: the first feature, then the smallest threshold. Gains within 1e-10 of each other are equal.
 * - `cp` is a share of the root's risk (misclassified weight, or sum of squares) per split; growth stops early where it cannot matter.
 * - Weights: scaled to mean 1; rows of weight zero are left out. `minsplit` and `minbucket` count rows.
 * - One row, one class, a constant outcome, no feature that varies: a single leaf. Classification predicts the leaf's class shares.
 *
 * Cost: O(rows × features × (log rows + depth)). Deterministic; the seed is used for the folds of `xval` alone.
 * Source: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees, Wadsworth. Risk, complexity and surrogates are counted
 * as in rpart (Therneau & Atkinson), so that the same `cp` means the same tree.
 */
export const cart: Algorithm = {
  name: "CART",
  title: "Decision tree",
  description: "a classification or regression tree",
  source: "Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitCart(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
