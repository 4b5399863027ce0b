import type { HyperparameterSchema } from "../../hyperparameter.ts";
import { componentsSchema } from "../parts.ts";

/** `maxit` and `tol` are additions to the catalogue's. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  componentsSchema(2),
  {
    name: "method",
    title: "Distance",
    help: "What is lowered: Kullback–Leibler divergence, for counts and intensities (brunet), or squared error (lee).",
    type: "character",
    default: "brunet",
    choices: ["brunet", "lee"],
    tunable: false,
    level: "basic",
  },
  {
    name: "nrun",
    title: "Starts",
    help: "Random starts; the one that ends lowest is kept. More make a good result likelier and take longer.",
    type: "integer",
    default: 1,
    min: 1,
    max: 1000,
    tunable: false,
    level: "basic",
  },
  {
    name: "maxit",
    title: "Rounds",
    help: "Stop a start after so many rounds at most.",
    type: "integer",
    default: 2000,
    min: 1,
    max: 1_000_000,
    tunable: false,
    level: "advanced",
  },
  {
    name: "tol",
    title: "Tolerance",
    help: "Stop a start when ten rounds lower the distance by less than this share. Smaller is more exact and takes longer.",
    type: "double",
    default: 0.00001,
    min: 0,
    max: 1,
    tunable: false,
    level: "advanced",
  },
];
