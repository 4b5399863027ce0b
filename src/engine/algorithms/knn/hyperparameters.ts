import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";

export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "k",
    title: "Neighbours",
    help: "How many of the nearest training rows answer. More give a smoother answer. Rows exactly as far as the last of them answer too.",
    type: "integer",
    default: 5,
    min: 1,
    max: 10_000,
    tunable: true,
    level: "basic",
    suggest: [3, 5, 11, 25],
  },
  {
    name: "weights",
    title: "Weight of a neighbour",
    help: "uniform lets each neighbour count the same; distance lets near ones count more, by one over their distance.",
    type: "character",
    default: "uniform",
    choices: ["uniform", "distance"],
    tunable: true,
    level: "basic",
    suggest: ["uniform", "distance"],
  },
  {
    name: "scale",
    title: "Standardise features",
    help: "Puts all numbers on one scale before distances are measured, so that units do not matter. Rows of different categories are then at distance 1.",
    type: "logical",
    default: true,
    tunable: true,
    level: "basic",
    suggest: [true, false],
  },
  BALANCE_CLASSES,
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly k: number;
  readonly byDistance: boolean;
  readonly scale: boolean;
  readonly inverseFrequency: boolean;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    k: values.k as number,
    byDistance: values.weights === "distance",
    scale: values.scale as boolean,
    inverseFrequency: values.ifw as boolean,
  };
}
