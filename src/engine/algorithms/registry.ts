import { TrainyardError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Algorithm } from "../algorithm.ts";
import { cart } from "./cart/cart.ts";
import { gam } from "./gam/gam.ts";
import { glm } from "./glm/glm.ts";
import { glmnet } from "./glmnet/glmnet.ts";
import { isotonic } from "./isotonic/isotonic.ts";
import { knn } from "./knn/knn.ts";
import { lightCart } from "./light-cart/light-cart.ts";
import { lightGbm } from "./light-gbm/index.ts";
import { lightRf } from "./light-rf/light-rf.ts";
import { lightRuleFit } from "./light-rule-fit/light-rule-fit.ts";
import { linearSvm } from "./linear-svm/linear-svm.ts";
import { mlp } from "./mlp/mlp.ts";
import { nnls } from "./nnls/nnls.ts";
import { radialSvm } from "./radial-svm/radial-svm.ts";
import { ranger } from "./ranger/ranger.ts";
import { superLearner } from "./super-learner/super-learner.ts";

/** Every supervised learner, in the order the catalogue shows them. A new one is one folder and one line here. */
export const ALGORITHMS: readonly Algorithm[] = [
  glm,
  glmnet,
  gam,
  cart,
  ranger,
  lightCart,
  lightRf,
  lightGbm,
  lightRuleFit,
  linearSvm,
  radialSvm,
  knn,
  mlp,
  isotonic,
  nnls,
  superLearner,
];

/** The learner of that name, whatever its case (D-23). @throws {TrainyardError} `not_found`, naming the nearest. */
export function algorithmOf(name: string): Algorithm {
  const wanted = name.toLowerCase();
  const found = ALGORITHMS.find((algorithm) => algorithm.name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const names = ALGORITHMS.map((algorithm) => algorithm.name);
  throw new TrainyardError("not_found", `There is no algorithm "${name}".${didYouMean(name, names)} Available: ${names.join(", ")}.`);
}
