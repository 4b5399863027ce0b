import type { Algorithm } from "../../algorithm.ts";
import { fitLinear } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * Linear support vector machines with the hinge loss, one per pair of classes, and linear ε-insensitive regression, by dual coordinate descent.
 *
 * - Features, scaling, weights, one class, one row: as `RadialSVM`. The intercept is the coefficient of a column of ones and is penalised like
 *   the others, as in LIBLINEAR; on standardised columns that hardly shows.
 * - Probabilities: as `RadialSVM`, a sigmoid per pair from a five-fold cross-validation, coupled for three and more classes.
 * - Not converged within `maxit` passes: the machine as it is then, and `converged` is false in `facts()`.
 *
 * Same seed, same bits: it orders the visits and draws the folds. Coefficients depend on it by no more than the tolerance lets them.
 * Cost per pass: O(rows × columns); memory two copies of the matrix.
 * Sources: Hsieh, Chang, Lin, Keerthi & Sundararajan (2008), ICML, doi:10.1145/1390156.1390208; Ho & Lin (2012), J Mach Learn Res 13:3323–3348
 * (regression); probabilities as in `RadialSVM`.
 */
export const linearSvm: Algorithm = {
  name: "LinearSVM",
  title: "Linear SVM",
  description: "support vector machine with a linear kernel",
  source: "Hsieh et al. (2008), ICML, doi:10.1145/1390156.1390208; Ho & Lin (2012), J Mach Learn Res 13:3323–3348",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitLinear(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
