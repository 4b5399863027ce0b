import type { Algorithm } from "../../algorithm.ts";
import { fitGlm } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * Generalised linear models by Newton's method: linear, poisson and Gamma regression, logistic regression, multinomial logits for three
 * and more classes; with standard errors, z or t statistics and p-values of every coefficient in the model's state.
 *
 * - Features: as in `design-matrix.ts`. Numbers as they are, missing ones at the training mean; categories as one 0/1 column per level
 *   beyond the first (missing or unseen: as the first level); ordered ones as 0, 1, 2 ….
 * - Columns that are constant, or a combination of columns before them to within 1e-10 of their sum of squares, have no coefficient.
 * - Links: identity (gaussian), logarithm (poisson, Gamma), logit against the first class.
 * - Weights: as counts of equal rows for the errors of classes and of poisson; their size does not matter for gaussian and Gamma, whose
 *   dispersion is the Pearson statistic over the degrees of freedom. A weight of zero is the same as leaving the row out.
 * - Separated classes: coefficients grow without end; the fit stops where the deviance no longer changes, `separated` is true in `facts()`
 *   and there are no standard errors. Not converged within `maxit` steps: `converged` is false; coefficients stay finite.
 * - One class alone: probability 1 less 1e-9 per class without rows.
 *
 * Deterministic; the seed does not matter. Cost per step: O(n × cols²) for one set of coefficients, times sets² / 2 for several; memory one
 * copy of the matrix.
 * Sources: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed.; Albert & Anderson (1984), Biometrika 71(1):1–10,
 * doi:10.1093/biomet/71.1.1 (separation).
 */
export const glm: Algorithm = {
  name: "GLM",
  title: "Linear model",
  description: "linear, logistic, multinomial, poisson and Gamma regression with standard errors",
  source: "McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, doi:10.1201/9780203753736",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitGlm(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
