import type { HyperparameterSchema, Hyperparameters, HyperparameterValue } from "../../hyperparameter.ts";
import { HYPERPARAMETERS as OF_BOOSTING, type Settings, toSettings } from "../light-gbm/settings.ts";

/** A declaration of LightGBM under other circumstances. */
function like(name: string, changes: Partial<HyperparameterSchema> & { default: HyperparameterValue }): HyperparameterSchema {
  const found = OF_BOOSTING.find((schema) => schema.name === name);
  if (found === undefined) throw new Error(`LightGBM has no hyperparameter ${name}`);
  return { ...found, ...changes };
}

/** Names are LightGBM's; defaults those of a forest: deep trees, five eighths of the rows, no penalty. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  like("nrounds", {
    default: 500,
    title: "Trees",
    help: "How many trees are averaged (one per class with three or more classes). More never overfit; they cost time and make the answer steadier.",
    suggest: [100, 300, 500, 1000],
  }),
  like("max_leaves", { default: 4096, suggest: [31, 127, 511, 4096] }),
  like("min_data_in_leaf", { default: 20 }),
  like("feature_fraction", { default: 0.8 }),
  like("subsample", {
    default: 0.623,
    level: "basic",
    help: "Share of the rows that each tree learns from, drawn anew per tree without replacement. The others judge it.",
    suggest: [0.5, 0.623, 0.8],
  }),
  {
    name: "ifw",
    title: "Balance the classes",
    help: "Weighs each class by the inverse of its frequency, so that a rare class counts as much as a common one.",
    type: "logical",
    default: false,
    tunable: true,
    level: "basic",
    suggest: [false, true],
    tasks: ["binary", "multiclass"],
  },
  like("max_depth", { default: -1 }),
  like("lambda_l2", { default: 0, level: "advanced" }),
  like("lambda_l1", { default: 0 }),
  like("min_sum_hessian_in_leaf", { default: 0.001 }),
  like("min_gain_to_split", { default: 0 }),
  like("max_bin", { default: 255 }),
  like("max_cat_threshold", { default: 32 }),
  like("cat_smooth", { default: 10 }),
  like("cat_l2", { default: 10 }),
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
