import type { Algorithm } from "../../algorithm.ts";
import { fitRanger } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * Random forests: trees grown to the end on random draws of the rows, each split choosing among a few features drawn at random;
 * probabilities are the mean of the leaves' class shares, numbers the mean of the leaves' means.
 *
 * - Splits are searched over at most 254 bins per feature (see light-gbm's `bins.ts`), which for fewer distinct values is the exact search.
 * - Missing values go to the side that gains more; where a node saw none, to the side with more draws.
 * - Categories are compared by the rank of their levels' mean outcome (three and more classes: main direction of the class shares), computed
 *   once on all training rows; ordered ones by their order. A level unknown at prediction counts as missing.
 * - Weights say how likely a row is to be drawn; out-of-bag errors are weighted by them. A weight of zero is the same as leaving the row out.
 * - ±Infinity falls in the outermost bins; constant features are ignored; one class, or nothing to split: constant trees.
 * - The live curve and the facts hold the out-of-bag error: each row judged by the trees that did not draw it.
 * - `impurity_corrected` differs from Nembrini et al.: shuffled copies compete for importance only, never for the split, so that the
 *   forest predicts the same.
 * - Memory of a model: about 10 bytes per node and 8 per class and leaf.
 *
 * Deterministic: same problem, hyperparameters and seed, same bits; each tree has its own random stream. Cost: O(trees × rows × mtry × depth).
 * Sources: Breiman (2001), Machine Learning 45:5–32, doi:10.1023/A:1010933404324; Geurts, Ernst & Wehenkel (2006), doi:10.1007/s10994-006-6226-1
 * (extratrees); Wright & König (2019), doi:10.7717/peerj.6339 (categories); Nembrini, König & Wright (2018), doi:10.1093/bioinformatics/bty373.
 */
export const ranger: Algorithm = {
  name: "Ranger",
  title: "Random forest",
  description: "random forest with out-of-bag error",
  source: "Breiman (2001), Machine Learning 45:5–32, doi:10.1023/A:1010933404324",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitRanger(problem, settingsOf(hyperparameters), context),
  load: loadModel,
};
