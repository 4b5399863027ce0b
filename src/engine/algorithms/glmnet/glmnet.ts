import type { Algorithm } from "../../algorithm.ts";
import { fitGlmnet } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * Linear, logistic and multinomial regression with the elastic-net penalty, by coordinate descent down a path of penalties.
 *
 * - Features: numbers as they are, missing ones at the training mean, infinities at the largest or smallest training value; categories as one
 *   0/1 column per level (missing or unseen: all zeros), ordered ones as 0, 1, 2 …. See `design-matrix.ts`.
 * - Penalty: on features scaled to variance 1 (divisor n) unless `standardize` is off. Gaussian: the ridge part is divided by the outcome's
 *   standard deviation, as glmnet does. Coefficients come back in the units of the data.
 * - Weights: scaled to sum 1; a weight of zero is the same as leaving the row out.
 * - `lambda` null: the path is cross-validated inside the training rows, folds by seed, at the very penalties of the path.
 * - One class, one row, a constant outcome, only constant columns: the model without features. A class without rows has probability 1e-9.
 * - Not converged within `maxit` passes: the path ends there, coefficients stay finite, and `facts()` says so.
 *
 * Cost: O(rows × columns) per lambda and pass, less for inactive columns; memory one copy of the numeric matrix.
 * Sources: Friedman, Hastie & Tibshirani (2010), J Stat Softw 33(1), doi:10.18637/jss.v033.i01; strong rules: Tibshirani et al. (2012),
 * J R Stat Soc B 74(2):245–266, doi:10.1111/j.1467-9868.2011.01004.x.
 */
export const glmnet: Algorithm = {
  name: "GLMNET",
  title: "Elastic net",
  description: "linear and logistic regression with an elastic-net penalty",
  source: "Friedman, Hastie & Tibshirani (2010), J Stat Softw 33(1)",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitGlmnet(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
