import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES, convergenceThreshold, iterationLimit, MISSING_INDICATOR } from "../shared-hyperparameters.ts";

/** `ifw` is the catalogue's name; `family`, `epsilon` and `maxit` are those of R's glm. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  BALANCE_CLASSES,
  {
    name: "family",
    title: "Family",
    help: "What the outcome's spread is like: gaussian for any number; poisson for counts from 0 up; Gamma for amounts above 0 that spread more where they are larger. The last two work on the logarithm of the mean.",
    type: "character",
    default: "gaussian",
    choices: ["gaussian", "poisson", "Gamma"],
    tunable: true,
    level: "basic",
    suggest: ["gaussian", "poisson", "Gamma"],
    tasks: ["regression"],
  },
  {
    name: "intercept",
    title: "Intercept",
    help: "Fits a constant term. Switch it off only when the linear score must be zero where all features are.",
    type: "logical",
    default: true,
    tunable: false,
    level: "basic",
  },
  MISSING_INDICATOR,
  convergenceThreshold({
    name: "epsilon",
    title: "Convergence threshold",
    help: "A fit has converged when a step changes no row's linear score by more than this, in units of its natural scale. Smaller is more exact.",
    default: 1e-8,
    min: 1e-14,
    max: 0.01,
  }),
  iterationLimit({
    title: "Most steps",
    help: "Newton steps, at most. When they run out the result says that it has not converged.",
    default: 50,
    max: 10_000,
  }),
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly inverseFrequency: boolean;
  readonly family: "gaussian" | "poisson" | "Gamma";
  readonly intercept: boolean;
  readonly missingFlags: boolean;
  readonly epsilon: number;
  readonly maxit: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    inverseFrequency: values.ifw as boolean,
    family: values.family as Settings["family"],
    intercept: values.intercept as boolean,
    missingFlags: values.missing_indicator as boolean,
    epsilon: values.epsilon as number,
    maxit: values.maxit as number,
  };
}
