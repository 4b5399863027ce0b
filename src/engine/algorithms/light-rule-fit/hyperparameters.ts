import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { HYPERPARAMETERS as OF_ELASTIC_NET } from "../glmnet/hyperparameters.ts";
import { HYPERPARAMETERS as OF_BOOSTING } from "../light-gbm/settings.ts";
import { like } from "../shared-hyperparameters.ts";

/**
 * Names are the catalogue's: boosting makes the rules, the elastic net chooses among them. Rules that were boosted hard on the rows that also weigh
 * them follow noise, so the step is the source's 0.01 and rules have three conditions at most: on the diabetes sample R² on held-out rows is 0.47,
 * with a step of 0.1 and four conditions 0.28.
 */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  like(OF_BOOSTING, "nrounds", {
    default: 200,
    help: "Trees from which rules are taken. More offer more rules and take longer.",
    suggest: [50, 100, 200],
  }),
  like(OF_BOOSTING, "max_depth", { default: 3, level: "basic", help: "Most conditions in a rule; -1 sets no limit.", suggest: [2, 3, 4] }),
  like(OF_BOOSTING, "learning_rate", { default: 0.01 }),
  like(OF_BOOSTING, "subsample", { default: 0.666, level: "basic" }),
  like(OF_ELASTIC_NET, "alpha", { default: 1 }),
  like(OF_ELASTIC_NET, "lambda", { default: null }),
  like(OF_ELASTIC_NET, "which_lambda_cv", { default: "lambda.1se" }),
  like(OF_ELASTIC_NET, "ifw", { default: false }),
  like(OF_BOOSTING, "max_leaves", { default: 32, level: "advanced" }),
  like(OF_BOOSTING, "min_data_in_leaf", { default: 20, level: "advanced" }),
  like(OF_BOOSTING, "lambda_l1", { default: 0 }),
  like(OF_BOOSTING, "lambda_l2", { default: 0, level: "advanced" }),
  like(OF_ELASTIC_NET, "nfolds", { default: 10, level: "advanced" }),
];

/** What boosting gets: the rest at its own defaults. */
export function boostingValues(values: Hyperparameters): Hyperparameters {
  const { nrounds, max_depth, learning_rate, subsample, max_leaves, min_data_in_leaf, lambda_l1, lambda_l2 } = values;
  const own = { nrounds, max_depth, learning_rate, subsample, max_leaves, min_data_in_leaf, lambda_l1, lambda_l2 } as Hyperparameters;
  return { ...own, subsample_freq: 1, feature_fraction: 1, early_stopping_rounds: 0 };
}

/** What the elastic net gets. Rules are on one scale already; rare ones are not made larger. */
export function elasticNetValues(values: Hyperparameters): Hyperparameters {
  const defaults = Object.fromEntries(OF_ELASTIC_NET.map((schema) => [schema.name, schema.default]));
  const { alpha, lambda, which_lambda_cv, nfolds } = values;
  return { ...defaults, alpha, lambda, which_lambda_cv, nfolds, standardize: false } as Hyperparameters;
}
