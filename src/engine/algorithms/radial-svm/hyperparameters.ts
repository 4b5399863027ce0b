import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES, convergenceThreshold } from "../shared-hyperparameters.ts";

/** `cost`, `gamma` and `ifw` are the catalogue's; `epsilon`, `scale` and `tolerance` are the usual names of support vector machines. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "cost",
    title: "Cost",
    help: "Price of a row on the wrong side of its margin. Larger values follow the training rows more closely.",
    type: "double",
    default: 1,
    min: 0,
    minExclusive: true,
    tunable: true,
    level: "basic",
    suggest: [0.1, 1, 10, 100],
    log: true,
  },
  {
    name: "gamma",
    title: "Kernel width",
    help: "How fast the influence of a row falls with distance. Larger values give a wigglier boundary; about 1 over the number of features is a good start.",
    type: "double",
    default: 0.01,
    min: 0,
    minExclusive: true,
    tunable: true,
    level: "basic",
    suggest: [0.001, 0.01, 0.1, 1],
    log: true,
  },
  {
    name: "epsilon",
    title: "Free error",
    help: "Errors up to this size cost nothing. In standard deviations of the outcome when features are standardised, else in its units.",
    type: "double",
    default: 0.1,
    min: 0,
    tunable: true,
    level: "basic",
    suggest: [0.01, 0.1, 0.5],
    tasks: ["regression"],
  },
  {
    name: "scale",
    title: "Standardise",
    help: "Puts all numbers, and a numeric outcome, on one scale before the fit, so that units do not matter.",
    type: "logical",
    default: true,
    tunable: false,
    level: "basic",
  },
  BALANCE_CLASSES,
  convergenceThreshold({
    name: "tolerance",
    title: "Tolerance",
    help: "The search ends when no pair of rows violates optimality by more than this. Smaller is more exact and slower.",
    default: 0.001,
    min: 1e-12,
    max: 0.1,
  }),
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly cost: number;
  readonly gamma: number;
  readonly epsilon: number;
  readonly scale: boolean;
  readonly inverseFrequency: boolean;
  readonly tolerance: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    cost: values.cost as number,
    gamma: values.gamma as number,
    epsilon: values.epsilon as number,
    scale: values.scale as boolean,
    inverseFrequency: values.ifw as boolean,
    tolerance: values.tolerance as number,
  };
}
