import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";

export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "hidden_layers",
    title: "Hidden layers",
    help: "How many layers stand between features and answer. One or two suit most tables.",
    type: "integer",
    default: 2,
    min: 1,
    max: 8,
    tunable: true,
    level: "basic",
    suggest: [1, 2, 3],
  },
  {
    name: "hidden_units",
    title: "Units per layer",
    help: "Width of every hidden layer. More can learn finer structure and cost time.",
    type: "integer",
    default: 64,
    min: 1,
    max: 4096,
    tunable: true,
    level: "basic",
    suggest: [16, 32, 64, 128],
    log: true,
  },
  {
    name: "learning_rate",
    title: "Learning rate",
    help: "Size of a step of Adam. Smaller is steadier and needs more epochs.",
    type: "double",
    default: 0.001,
    min: 0,
    max: 1,
    minExclusive: true,
    tunable: true,
    level: "basic",
    suggest: [0.0003, 0.001, 0.003, 0.01],
    log: true,
  },
  {
    name: "epochs",
    title: "Most epochs",
    help: "How often every row is seen, at most; early stopping may end sooner.",
    type: "integer",
    default: 200,
    min: 1,
    max: 100_000,
    tunable: true,
    level: "basic",
    suggest: [50, 100, 200, 500],
  },
  {
    name: "early_stopping_rounds",
    title: "Patience",
    help: "Stops when this many epochs in a row bring no better loss on rows set aside, and returns to the best epoch. 0 never stops early.",
    type: "integer",
    default: 20,
    min: 0,
    max: 100_000,
    tunable: false,
    level: "basic",
  },
  {
    name: "alpha",
    title: "L2 penalty",
    help: "Shrinks weights towards zero; larger values give a smoother answer.",
    type: "double",
    default: 0.0001,
    min: 0,
    tunable: true,
    level: "basic",
    suggest: [0, 0.0001, 0.01, 1],
    log: true,
  },
  BALANCE_CLASSES,
  {
    name: "activation",
    title: "Activation",
    help: "What a hidden unit does with its sum: relu keeps the positive part, tanh bends it into −1 … 1.",
    type: "character",
    default: "relu",
    choices: ["relu", "tanh"],
    tunable: true,
    level: "advanced",
    suggest: ["relu", "tanh"],
  },
  {
    name: "batch_size",
    title: "Rows per step",
    help: "Rows that one step of Adam learns from. Small batches take more, noisier steps per epoch.",
    type: "integer",
    default: null,
    automatic: "a sixteenth of the rows, from 16 to 256",
    min: 1,
    max: 65_536,
    tunable: true,
    level: "advanced",
    suggest: [16, 32, 64, 256],
  },
];

/** The hyperparameters by their types; they were validated before. */
export interface Settings {
  readonly layers: number;
  readonly units: number;
  readonly rate: number;
  readonly epochs: number;
  readonly patience: number;
  readonly alpha: number;
  readonly inverseFrequency: boolean;
  readonly activation: "relu" | "tanh";
  readonly batch: number | null;
}

export function settingsOf(values: Hyperparameters): Settings {
  return {
    layers: values.hidden_layers as number,
    units: values.hidden_units as number,
    rate: values.learning_rate as number,
    epochs: values.epochs as number,
    patience: values.early_stopping_rounds as number,
    alpha: values.alpha as number,
    inverseFrequency: values.ifw as boolean,
    activation: values.activation as Settings["activation"],
    batch: values.batch_size as number | null,
  };
}
