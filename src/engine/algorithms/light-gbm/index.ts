import type { Algorithm } from "../../algorithm.ts";
import { boost } from "./boosting.ts";
import { createKernel } from "./kernel.ts";
import { loadTrees } from "./model.ts";
import { HYPERPARAMETERS, toSettings } from "./settings.ts";

/**
 * Gradient boosted trees on histograms, grown best leaf first: log-loss for two and more classes, squared error for numbers.
 *
 * Missing values take the direction that each split learns for them; where training saw none, the side with more rows. Categories
 * are split without one-hot columns, by groups of levels in the order of their gradients; ordered levels are split as numbers.
 * A level unknown at prediction counts as missing, or as a rare level where rare ones were pooled (beyond `max_bin` levels).
 * ±Infinity falls in the outermost bins. Constant and all-missing features are ignored. With one class, or nothing to split, the
 * model is a constant.
 *
 * Deterministic: the same problem, hyperparameters and seed give the same bits on every host. The seed matters only for bagging,
 * feature_fraction, and bin edges beyond 200,000 rows. Cost per round and class: O(rows × features × log leaves).
 */
export const lightGbm: Algorithm = {
  name: "LightGBM",
  title: "Boosted trees",
  description: "gradient boosted trees on histograms",
  source:
    "Friedman (2001), Annals of Statistics 29(5):1189–1232, doi:10.1214/aos/1013203451; Chen & Guestrin (2016), KDD, doi:10.1145/2939672.2939785; Ke et al. (2017), NeurIPS 30 (LightGBM); Fisher (1958), JASA 53:789–798, doi:10.1080/01621459.1958.10501479 (groups of categories)",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => boost(problem, toSettings(hyperparameters), context, createKernel),
  load: loadTrees,
  stopsEarly: (hyperparameters) => Number(hyperparameters.early_stopping_rounds) > 0,
};
