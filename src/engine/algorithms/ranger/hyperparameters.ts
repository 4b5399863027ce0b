import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";

/** Names and defaults are those of R's ranger for probability and regression forests. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "num_trees",
    title: "Trees",
    help: "How many trees the forest has. More never overfit; they cost time and make the answer steadier.",
    type: "integer",
    default: 500,
    min: 1,
    max: 100_000,
    tunable: true,
    level: "basic",
    suggest: [100, 300, 500, 1000],
    log: true,
  },
  {
    name: "mtry",
    title: "Features per split",
    help: "How many features, drawn anew, each split chooses from. Fewer make trees more different, more make each tree better. At most all of them are used.",
    type: "integer",
    default: null,
    automatic: "the square root of the number of features, rounded down",
    min: 1,
    max: 1_000_000,
    tunable: true,
    level: "basic",
    suggest: [2, 4, 6, 10],
    log: true,
  },
  {
    name: "min_node_size",
    title: "Largest leaf",
    help: "Nodes with this many draws or fewer are not split. Larger gives smaller, smoother trees.",
    type: "integer",
    default: null,
    automatic: "10 for classes, 5 for numbers",
    min: 1,
    max: 1_000_000_000,
    tunable: true,
    level: "basic",
    suggest: [1, 5, 10, 20],
    log: true,
  },
  {
    name: "sample_fraction",
    title: "Share of rows",
    help: "Rows drawn for each tree, as a share of all. Fewer make trees more different and faster.",
    type: "double",
    default: null,
    automatic: "1 with replacement, 0.632 without",
    min: 0,
    minExclusive: true,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0.5, 0.632, 0.8, 1],
  },
  {
    name: "importance",
    title: "Importance",
    help: "impurity sums what splits gain and favours features with many values; impurity_corrected takes that favour off and costs about twice the time; permutation shuffles each feature among rows a tree did not see, and is slow with many features.",
    type: "character",
    default: "impurity",
    choices: ["none", "impurity", "impurity_corrected", "permutation"],
    tunable: false,
    level: "basic",
  },
  {
    ...BALANCE_CLASSES,
    help: "Draws rows of each class by the inverse of its frequency, so that a rare class counts as much as a common one.",
  },
  {
    name: "replace",
    title: "Draw with replacement",
    help: "Whether a tree may draw a row more than once. Without, each row is drawn at most once.",
    type: "logical",
    default: true,
    tunable: true,
    level: "advanced",
    suggest: [true, false],
  },
  {
    name: "splitrule",
    title: "Split rule",
    help: "best looks for the best cut of each feature (Gini index for classes, variance for numbers); extratrees takes one random cut per feature, which is faster and smoother.",
    type: "character",
    default: "best",
    choices: ["best", "extratrees"],
    tunable: true,
    level: "advanced",
    suggest: ["best", "extratrees"],
  },
  {
    name: "max_depth",
    title: "Depth",
    help: "Splits on the way from the root to a leaf, at most. 0 sets no limit.",
    type: "integer",
    default: 0,
    min: 0,
    max: 1_000_000,
    tunable: true,
    level: "advanced",
    suggest: [0, 5, 10, 20],
  },
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly trees: number;
  readonly mtry: number | null;
  readonly minNode: number | null;
  readonly fraction: number | null;
  readonly importance: "none" | "impurity" | "impurity_corrected" | "permutation";
  readonly inverseFrequency: boolean;
  readonly replace: boolean;
  readonly isExtra: boolean;
  /** 0 for no limit. */
  readonly maxDepth: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    trees: values.num_trees as number,
    mtry: values.mtry as number | null,
    minNode: values.min_node_size as number | null,
    fraction: values.sample_fraction as number | null,
    importance: values.importance as Settings["importance"],
    inverseFrequency: values.ifw as boolean,
    replace: values.replace as boolean,
    isExtra: values.splitrule === "extratrees",
    maxDepth: values.max_depth as number,
  };
}
