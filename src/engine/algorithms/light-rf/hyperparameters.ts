import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { HYPERPARAMETERS as OF_BOOSTING, type Settings, toSettings } from "../light-gbm/settings.ts";
import { BALANCE_CLASSES, like } from "../shared-hyperparameters.ts";

/** Names are LightGBM's; defaults those of a forest: deep trees, five eighths of the rows, no penalty. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  like(OF_BOOSTING, "nrounds", {
    default: 500,
    title: "Trees",
    help: "How many trees are averaged (one per class with three or more classes). More never overfit; they cost time and make the answer steadier.",
    suggest: [100, 300, 500, 1000],
  }),
  like(OF_BOOSTING, "max_leaves", { default: 4096, suggest: [31, 127, 511, 4096] }),
  like(OF_BOOSTING, "min_data_in_leaf", { default: 20 }),
  like(OF_BOOSTING, "feature_fraction", { default: 0.8 }),
  like(OF_BOOSTING, "subsample", {
    default: 0.623,
    level: "basic",
    help: "Share of the rows that each tree learns from, drawn anew per tree without replacement. The others judge it.",
    suggest: [0.5, 0.623, 0.8],
  }),
  BALANCE_CLASSES,
  like(OF_BOOSTING, "max_depth", { default: -1 }),
  like(OF_BOOSTING, "lambda_l2", { default: 0, level: "advanced" }),
  like(OF_BOOSTING, "lambda_l1", { default: 0 }),
  like(OF_BOOSTING, "min_sum_hessian_in_leaf", { default: 0.001 }),
  like(OF_BOOSTING, "min_gain_to_split", { default: 0 }),
  like(OF_BOOSTING, "max_bin", { default: 255 }),
  like(OF_BOOSTING, "max_cat_threshold", { default: 32 }),
  like(OF_BOOSTING, "cat_smooth", { default: 10 }),
  like(OF_BOOSTING, "cat_l2", { default: 10 }),
  {
    name: "force_col_wise",
    title: "Histograms by column",
    help: "Kept so that configurations made elsewhere are accepted. Histograms are always built column by column here, with equal results either way.",
    type: "logical",
    default: true,
    tunable: false,
    level: "advanced",
  },
];

/** Settings of the trees, and whether classes are balanced; steps are shares of the average. */
export function settingsOf(values: Hyperparameters): { trees: Settings; inverseFrequency: boolean } {
  const trees = toSettings({ ...values, subsample_freq: 1, early_stopping_rounds: 0, learning_rate: 1 });
  return { trees: { ...trees, learningRate: 1 / trees.rounds }, inverseFrequency: values.ifw as boolean };
}

/** Without any draw all trees would be the same. */
export function faultsOf(values: Hyperparameters): { name: string; message: string }[] {
  if (values.subsample !== 1 || values.feature_fraction !== 1) return [];
  return [
    { name: "subsample", message: "With subsample 1 and feature_fraction 1 all trees are the same; lower one of them, or use CART." },
  ];
}
