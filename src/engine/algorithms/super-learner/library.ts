import type { Algorithm } from "../../algorithm.ts";
import type { HyperparameterSchema, Hyperparameters } from "../../hyperparameter.ts";
import { cart } from "../cart/cart.ts";
import { gam } from "../gam/gam.ts";
import { glm } from "../glm/glm.ts";
import { glmnet } from "../glmnet/glmnet.ts";
import { knn } from "../knn/knn.ts";
import { lightGbm } from "../light-gbm/index.ts";
import { lightRf } from "../light-rf/light-rf.ts";
import { mlp } from "../mlp/mlp.ts";
import { radialSvm } from "../radial-svm/radial-svm.ts";
import { ranger } from "../ranger/ranger.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";

interface Member {
  /** The hyperparameter that takes it in. */
  readonly key: string;
  readonly algorithm: Algorithm;
  readonly isDefault: boolean;
}

const member = (algorithm: Algorithm, isDefault: boolean): Member => ({ key: `use_${algorithm.name.toLowerCase()}`, algorithm, isDefault });

/** Who may take part, with its default hyperparameters. The catalogue's own default is the first three. */
export const LIBRARY: readonly Member[] = [
  member(glm, true),
  member(glmnet, true),
  member(ranger, true),
  member(gam, false),
  member(cart, false),
  member(lightRf, false),
  member(lightGbm, false),
  member(radialSvm, false),
  member(knn, false),
  member(mlp, false),
];

export const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  ...LIBRARY.map(
    ({ key, algorithm, isDefault }): HyperparameterSchema => ({
      name: key,
      title: algorithm.title,
      help: `Whether ${algorithm.name}, with its defaults, takes part.`,
      type: "logical",
      default: isDefault,
      tunable: false,
      level: isDefault || algorithm.name === "LightGBM" ? "basic" : "advanced",
    }),
  ),
  {
    name: "nfolds",
    title: "Folds inside",
    help: "Folds of the cross-validation by which members are weighted. More use the rows better and take longer; at most one per row is used.",
    type: "integer",
    default: 10,
    min: 2,
    max: 100,
    tunable: false,
    level: "basic",
  },
  {
    name: "discrete",
    title: "Only the best",
    help: "Keeps the one member with the least cross-validated error in place of a mixture.",
    type: "logical",
    default: false,
    tunable: true,
    level: "basic",
    suggest: [false, true],
  },
  BALANCE_CLASSES,
];

/** Members that the hyperparameters take in. */
export function membersOf(values: Hyperparameters): Algorithm[] {
  return LIBRARY.filter(({ key }) => values[key] === true).map(({ algorithm }) => algorithm);
}

export function faultsOf(values: Hyperparameters): { name: string; message: string }[] {
  if (membersOf(values).length > 0) return [];
  return [{ name: LIBRARY[0]!.key, message: "SuperLearner needs at least one member; switch one on." }];
}

/** Every hyperparameter of a member at its default. */
export function defaultsOf(algorithm: Algorithm): Hyperparameters {
  return Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, schema.default]));
}
