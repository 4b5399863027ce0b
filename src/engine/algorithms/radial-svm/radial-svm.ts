import type { Algorithm } from "../../algorithm.ts";
import { fitRadial } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * Support vector machines with the kernel exp(−gamma |x − z|²): C-classification, one machine per pair of classes, and ε-regression.
 *
 * - Features: as in `design-matrix.ts`; numbers are standardised (divisor n) unless `scale` is off, 0/1 columns of categories are not. With
 *   `scale` a numeric outcome is standardised too, so that `cost` and `epsilon` mean the same in any unit.
 * - Probabilities: a sigmoid per pair from decisions of a five-fold cross-validation inside the training rows, folds by seed; three and more
 *   classes are coupled. Decisions themselves do not depend on the seed.
 * - Weights: a row's cost is `cost` × its weight, so a row of weight 2 is the same as two rows. Zero: the same as no row.
 * - One class: probability 1 less 1e-9 per class without rows. One row, a constant outcome, only constant columns: a constant answer.
 * - Not converged within 10 million steps per machine: the machine as it is then, and `converged` is false in `facts()`.
 *
 * Cost: O(rows × columns) per kernel row that is not kept (256 MB of them are), O(rows) per step; memory one copy of the matrix beside the
 * kept rows. Kernel values are kept in single precision.
 * Sources: Fan, Chen & Lin (2005), J Mach Learn Res 6:1889–1918 (steps); Platt (1999) and Lin, Lin & Weng (2007), Machine Learning 68:267–276
 * (probabilities); Wu, Lin & Weng (2004), J Mach Learn Res 5:975–1005 (coupling).
 */
export const radialSvm: Algorithm = {
  name: "RadialSVM",
  title: "Radial SVM",
  description: "support vector machine with a radial kernel",
  source:
    "Fan, Chen & Lin (2005), J Mach Learn Res 6:1889–1918; Lin, Lin & Weng (2007), Machine Learning 68:267–276, doi:10.1007/s10994-007-5018-6",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitRadial(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
