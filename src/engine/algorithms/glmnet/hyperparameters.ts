import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES, convergenceThreshold, iterationLimit, MISSING_INDICATOR } from "../shared-hyperparameters.ts";

/** Names are the catalogue's where it has them; `nfolds`, `lambda_min_ratio`, `thresh`, `maxit` are glmnet's own. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "alpha",
    title: "Elastic-net mix",
    help: "1 is the lasso, which drops features; 0 is ridge, which shrinks all of them; between is a mix.",
    type: "double",
    default: 1,
    min: 0,
    max: 1,
    tunable: true,
    level: "basic",
    suggest: [0, 0.5, 1],
  },
  {
    name: "lambda",
    title: "Penalty strength",
    help: "Larger values give a simpler model. Leave it automatic to let cross-validation inside the training rows choose.",
    type: "double",
    default: null,
    automatic: "chosen by cross-validation inside the training rows",
    min: 0,
    tunable: true,
    level: "basic",
    suggest: [0.001, 0.01, 0.1, 1],
    log: true,
  },
  {
    name: "which_lambda_cv",
    title: "Rule for the penalty",
    help: "lambda.1se takes the strongest penalty within one standard error of the best; lambda.min takes the best itself.",
    type: "character",
    default: "lambda.1se",
    choices: ["lambda.1se", "lambda.min"],
    tunable: false,
    level: "basic",
  },
  {
    name: "nfolds",
    title: "Folds for the penalty",
    help: "Folds of the cross-validation that chooses the penalty. Fewer are faster; at most one per row is used.",
    type: "integer",
    default: 10,
    min: 3,
    max: 100,
    tunable: false,
    level: "basic",
  },
  BALANCE_CLASSES,
  {
    name: "nlambda",
    title: "Penalties on the path",
    help: "How many penalties are fitted, from the strongest that matters down. More give a finer choice and take longer.",
    type: "integer",
    default: 100,
    min: 2,
    max: 1000,
    tunable: false,
    level: "advanced",
  },
  {
    name: "lambda_min_ratio",
    title: "Weakest penalty",
    help: "The weakest penalty on the path as a share of the strongest. Smaller values allow a closer fit.",
    type: "double",
    default: null,
    automatic: "0.0001, or 0.01 with fewer rows than columns",
    min: 0,
    max: 1,
    minExclusive: true,
    maxExclusive: true,
    tunable: false,
    level: "advanced",
    log: true,
  },
  {
    name: "standardize",
    title: "Standardise features",
    help: "Puts all features on one scale before the penalty, so that units do not matter. Coefficients are reported in your units.",
    type: "logical",
    default: true,
    tunable: false,
    level: "advanced",
  },
  {
    name: "intercept",
    title: "Intercept",
    help: "Fits a constant term. Switch it off only when the outcome must be zero where all features are.",
    type: "logical",
    default: true,
    tunable: false,
    level: "advanced",
  },
  MISSING_INDICATOR,
  convergenceThreshold({
    name: "thresh",
    title: "Convergence threshold",
    help: "A fit ends when no step improves it by more than this share of the null deviance. Smaller is more exact and slower.",
    default: 1e-7,
    min: 1e-30,
    max: 0.1,
  }),
  iterationLimit({
    title: "Most passes",
    help: "Passes over the coefficients for the whole path. When they run out, the path ends there and the result says so.",
    default: 100_000,
    max: 1_000_000_000,
  }),
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly alpha: number;
  readonly lambda: number | null;
  readonly rule: "lambda.1se" | "lambda.min";
  readonly folds: number;
  readonly inverseFrequency: boolean;
  readonly lambdas: number;
  readonly minRatio: number | null;
  readonly standardize: boolean;
  readonly intercept: boolean;
  readonly missingFlags: boolean;
  readonly thresh: number;
  readonly maxit: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    alpha: values.alpha as number,
    lambda: values.lambda as number | null,
    rule: values.which_lambda_cv as Settings["rule"],
    folds: values.nfolds as number,
    inverseFrequency: values.ifw as boolean,
    lambdas: values.nlambda as number,
    minRatio: values.lambda_min_ratio as number | null,
    standardize: values.standardize as boolean,
    intercept: values.intercept as boolean,
    missingFlags: values.missing_indicator as boolean,
    thresh: values.thresh as number,
    maxit: values.maxit as number,
  };
}
