import type { Algorithm } from "../../algorithm.ts";
import { createKernel } from "../light-gbm/kernel.ts";
import { fitForest } from "./fit.ts";
import { faultsOf, HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * A forest of LightGBM-type trees: each grown best leaf first on histograms, on its own draw of rows and features, every one from the same
 * start; scores are the start plus the mean of the trees' steps (Newton steps of log-loss or squared error).
 *
 * Missing values, categories, weights, infinities, constant features and one class: as LightGBM here. The live curve and the facts hold
 * the loss on rows that a tree did not draw.
 *
 * Deterministic: same problem, hyperparameters and seed, same bits. Cost per round and class: O(rows × features × log leaves).
 * Sources: Breiman (2001), Machine Learning 45:5–32, doi:10.1023/A:1010933404324; Ke et al. (2017), NeurIPS 30, its boosting type rf.
 */
export const lightRf: Algorithm = {
  name: "LightRF",
  title: "Histogram forest",
  description: "random forest of histogram trees",
  source: "Breiman (2001), Machine Learning 45:5–32, doi:10.1023/A:1010933404324; Ke et al. (2017), NeurIPS 30 (LightGBM)",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  check: faultsOf,
  fit: (problem, hyperparameters, context) => {
    const { trees, inverseFrequency } = settingsOf(hyperparameters);
    return fitForest(problem, trees, inverseFrequency, context, createKernel);
  },
  load: loadModel,
};
