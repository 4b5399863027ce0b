import type { Algorithm } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import type { HyperparameterSchema } from "../../hyperparameter.ts";
import { boost } from "../light-gbm/boosting.ts";
import { createKernel } from "../light-gbm/kernel.ts";
import { loadTrees } from "../light-gbm/model.ts";
import { HYPERPARAMETERS as OF_BOOSTING, toSettings } from "../light-gbm/settings.ts";
import { BALANCE_CLASSES, like } from "../shared-hyperparameters.ts";

const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  like(OF_BOOSTING, "max_leaves", { default: 32, suggest: [4, 8, 16, 32, 64] }),
  like(OF_BOOSTING, "max_depth", { default: -1, level: "basic" }),
  like(OF_BOOSTING, "min_data_in_leaf", { default: 20 }),
  BALANCE_CLASSES,
  like(OF_BOOSTING, "lambda_l1", { default: 0 }),
  like(OF_BOOSTING, "lambda_l2", { default: 0, level: "advanced" }),
  like(OF_BOOSTING, "min_sum_hessian_in_leaf", { default: 0.001 }),
  like(OF_BOOSTING, "min_gain_to_split", { default: 0 }),
  like(OF_BOOSTING, "max_bin", { default: 255 }),
  like(OF_BOOSTING, "max_cat_threshold", { default: 32 }),
  like(OF_BOOSTING, "cat_smooth", { default: 10 }),
  like(OF_BOOSTING, "cat_l2", { default: 10 }),
];

/**
 * One tree of LightGBM's kind: grown best leaf first on histograms, a single Newton step from the mean or from the classes' shares (one tree
 * per class for three and more). A leaf of one class therefore says a probability short of 1.
 *
 * Missing values, categories, weights, infinities, constant features and one class: as LightGBM here. Without a split the model is the start.
 * Deterministic; the seed matters only for bin edges beyond 200,000 rows. Cost: O(rows × features × log leaves).
 * Sources: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees; Ke et al. (2017), NeurIPS 30 (LightGBM).
 */
export const lightCart: Algorithm = {
  name: "LightCART",
  title: "Histogram tree",
  description: "one decision tree on histograms",
  source: "Breiman et al. (1984), Classification and Regression Trees; Ke et al. (2017), NeurIPS 30 (LightGBM)",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => {
    const weighted = hyperparameters.ifw === true ? { ...problem, weights: caseWeights(problem, true) } : problem;
    const settings = toSettings({
      ...hyperparameters,
      nrounds: 1,
      learning_rate: 1,
      feature_fraction: 1,
      subsample: 1,
      early_stopping_rounds: 0,
    });
    return boost(weighted, settings, context, createKernel);
  },
  load: loadTrees,
};
