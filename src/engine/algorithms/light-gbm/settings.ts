import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";

/** Hyperparameters, typed. Field meaning: `HYPERPARAMETERS`. */
export interface Settings {
  readonly rounds: number;
  readonly learningRate: number;
  readonly maxLeaves: number;
  /** 0 for no limit. */
  readonly maxDepth: number;
  readonly minDataInLeaf: number;
  readonly minHessianInLeaf: number;
  readonly minGain: number;
  readonly lambda1: number;
  readonly lambda2: number;
  readonly subsample: number;
  readonly subsampleFrequency: number;
  readonly featureFraction: number;
  readonly maxBin: number;
  readonly maxCategories: number;
  readonly catSmooth: number;
  readonly catLambda2: number;
  /** 0 for never. */
  readonly patience: number;
}

/**
 * Defaults are the common settings of such learners, with an L2 penalty of 1 and four fifths of the features per tree. Against no
 * penalty and all features that lowered the cross-validated log-loss of iris and breast_cancer by a third and a seventh, raised
 * that of wine from 0.05 to 0.07, and left tables of 2,000 to 50,000 rows where they were or slightly better.
 */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "nrounds",
    title: "Rounds",
    help: "How many rounds of boosting, at most; each adds one tree (one per class with three or more classes). More fit the training rows better; halve the learning rate when you double them.",
    type: "integer",
    default: 100,
    min: 1,
    max: 100_000,
    tunable: true,
    level: "basic",
    suggest: [50, 100, 200, 400],
    log: true,
  },
  {
    name: "learning_rate",
    title: "Learning rate",
    help: "Share of each tree's step that is taken. Smaller learns slower and usually generalises better, with more rounds.",
    type: "double",
    default: 0.1,
    min: 0,
    minExclusive: true,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0.02, 0.05, 0.1, 0.2],
    log: true,
  },
  {
    name: "max_leaves",
    title: "Leaves per tree",
    help: "Leaves of a tree, at most. More let a tree describe finer interactions, and overfit sooner.",
    type: "integer",
    default: 31,
    min: 2,
    max: 4096,
    tunable: true,
    level: "basic",
    suggest: [8, 16, 31, 63],
    log: true,
  },
  {
    name: "min_data_in_leaf",
    title: "Rows per leaf",
    help: "Rows that a leaf must hold, at least. Raise it against overfitting, lower it for very small tables.",
    type: "integer",
    default: 20,
    min: 1,
    max: 1_000_000_000,
    tunable: true,
    level: "basic",
    suggest: [5, 10, 20, 50],
    log: true,
  },
  {
    name: "feature_fraction",
    title: "Share of features",
    help: "Share of the features that each tree may use, drawn anew per tree. Below 1 trees differ more, which often helps with many features.",
    type: "double",
    default: 0.8,
    min: 0,
    minExclusive: true,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0.5, 0.8, 1],
  },
  {
    name: "lambda_l2",
    title: "L2 penalty",
    help: "Added to the hessian of a leaf: shrinks the steps of leaves with few or light rows.",
    type: "double",
    default: 1,
    min: 0,
    tunable: true,
    level: "basic",
    suggest: [0, 1, 10],
    log: true,
  },
  {
    name: "early_stopping_rounds",
    title: "Patience",
    help: "Stop when the loss on rows set aside (15 % of the training rows, never the held-out ones) has not improved for this many rounds, and keep the best round. 0 trains all rounds on all rows.",
    type: "integer",
    default: 0,
    min: 0,
    max: 100_000,
    tunable: false,
    level: "basic",
  },
  {
    name: "max_depth",
    title: "Depth",
    help: "Splits on the way from the root to a leaf, at most. -1 sets no limit; the number of leaves does.",
    type: "integer",
    default: -1,
    min: -1,
    max: 1000,
    tunable: true,
    level: "advanced",
    suggest: [-1, 3, 6, 9],
  },
  {
    name: "subsample",
    title: "Share of rows",
    help: "Share of the rows that trees learn from, drawn without replacement. Below 1 is faster and adds variety.",
    type: "double",
    default: 1,
    min: 0,
    minExclusive: true,
    max: 1,
    tunable: true,
    level: "advanced",
    suggest: [0.5, 0.8, 1],
  },
  {
    name: "subsample_freq",
    title: "Draw rows every",
    help: "Rounds after which new rows are drawn, when the share of rows is below 1. 0 never draws: every tree sees all rows.",
    type: "integer",
    default: 1,
    min: 0,
    max: 100_000,
    tunable: false,
    level: "advanced",
  },
  {
    name: "lambda_l1",
    title: "L1 penalty",
    help: "Taken off the gradient sum of a leaf: leaves with little evidence stay at zero.",
    type: "double",
    default: 0,
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [0, 0.1, 1],
    log: true,
  },
  {
    name: "min_sum_hessian_in_leaf",
    title: "Hessian per leaf",
    help: "Sum of hessians that a leaf must hold, at least: rows times weight for regression, less for classes that are already certain.",
    type: "double",
    default: 0.001,
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [0.001, 1, 10],
    log: true,
  },
  {
    name: "min_gain_to_split",
    title: "Gain per split",
    help: "Loss reduction that a split must bring, at least (twice the drop of the second-order loss).",
    type: "double",
    default: 0,
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [0, 0.1, 1],
  },
  {
    name: "max_bin",
    title: "Bins per feature",
    help: "Distinct values a feature is reduced to, at most. Fewer are faster and smoother, more see finer thresholds.",
    type: "integer",
    default: 255,
    min: 2,
    max: 255,
    tunable: true,
    level: "advanced",
    suggest: [31, 63, 127, 255],
  },
  {
    name: "max_cat_threshold",
    title: "Categories per side",
    help: "Categories on the smaller side of a split, at most, for features with more than four levels.",
    type: "integer",
    default: 32,
    min: 1,
    max: 255,
    tunable: true,
    level: "advanced",
    suggest: [8, 32, 128],
  },
  {
    name: "cat_smooth",
    title: "Category smoothing",
    help: "Hessian added to each category before categories are ordered: keeps rare ones from the ends of the order. For features with more than four levels.",
    type: "double",
    default: 10,
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [1, 10, 50],
    log: true,
  },
  {
    name: "cat_l2",
    title: "L2 penalty of category splits",
    help: "Added to the L2 penalty when a split by categories is judged, for features with more than four levels.",
    type: "double",
    default: 10,
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [0, 1, 10],
    log: true,
  },
];

/** Typed settings from complete hyperparameters; what is absent takes its default. */
export function toSettings(hyperparameters: Hyperparameters): Settings {
  const number = (name: string): number => {
    const given = hyperparameters[name] ?? HYPERPARAMETERS.find((schema) => schema.name === name)?.default;
    return Number(given);
  };
  return {
    rounds: number("nrounds"),
    learningRate: number("learning_rate"),
    maxLeaves: number("max_leaves"),
    maxDepth: Math.max(0, number("max_depth")),
    minDataInLeaf: Math.max(1, number("min_data_in_leaf")),
    minHessianInLeaf: number("min_sum_hessian_in_leaf"),
    minGain: number("min_gain_to_split"),
    lambda1: number("lambda_l1"),
    lambda2: number("lambda_l2"),
    subsample: number("subsample"),
    subsampleFrequency: number("subsample_freq"),
    featureFraction: number("feature_fraction"),
    maxBin: number("max_bin"),
    maxCategories: number("max_cat_threshold"),
    catSmooth: number("cat_smooth"),
    catLambda2: number("cat_l2"),
    patience: number("early_stopping_rounds"),
  };
}
