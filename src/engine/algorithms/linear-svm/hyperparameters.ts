import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import {
  HYPERPARAMETERS as OF_RADIAL,
  type Settings as RadialSettings,
  settingsOf as radialSettingsOf,
} from "../radial-svm/hyperparameters.ts";
import { iterationLimit, like } from "../shared-hyperparameters.ts";

/** Those of the radial machine without the kernel's, and a limit on passes. `cost` and `ifw` are the catalogue's names. */
export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  ...OF_RADIAL.filter(({ name }) => name !== "gamma" && name !== "tolerance"),
  like(OF_RADIAL, "tolerance", {
    default: 0.01,
    help: "The search ends when no row violates optimality by more than this. Smaller is more exact and slower.",
  }),
  iterationLimit({
    title: "Most passes",
    help: "Passes over the rows for each machine. When they run out, the machine stays as it is and the result says so.",
    default: 1000,
    max: 1_000_000_000,
  }),
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings extends Omit<RadialSettings, "gamma"> {
  readonly maxit: number;
}

export function settingsOf(values: Hyperparameters): Settings {
  return { ...radialSettingsOf({ ...values, gamma: 1 }), maxit: values.maxit as number };
}
