import type { Algorithm } from "../../algorithm.ts";
import { fitMlp } from "./fit.ts";
import { HYPERPARAMETERS, settingsOf } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * A neural network of dense layers, trained by Adam on mini-batches to the log-loss, or to the squared error of the standardised outcome.
 *
 * - Numbers and ordered categories are standardised, missing ones at the mean, infinities at the largest or smallest training value. Each
 *   unordered category has an embedding: a learned vector of ⌈√levels⌉ (at most 32) numbers per level; one for missing and unseen levels.
 * - Weights: mean 1, they multiply a row's loss. Zero: the row is left out.
 * - Early stopping on rows set aside, when `early_stopping_rounds` is above 0: the parameters of the best epoch stay. Else those of the last.
 * - Divergence (a loss that is not finite): the fit ends, the parameters are those of the best epoch seen or of the start, and `diverged` is true
 *   in `facts()`.
 * - One class, one row, a constant outcome: that answer, without training; classes without rows get 1e-9.
 *
 * Single precision; same seed, same bits, on every host. The curve holds the mean loss of training rows on the way through an epoch, and the
 * validation rows' after it. Cost per epoch: O(rows × parameters).
 * Sources: Kingma & Ba (2015), ICLR, arXiv:1412.6980; Glorot & Bengio (2010), AISTATS (start); Guo & Berkhahn (2016), arXiv:1604.06737
 * (embeddings).
 */
export const mlp: Algorithm = {
  name: "MLP",
  title: "Neural network",
  description: "neural network with embeddings for categories",
  source: "Kingma & Ba (2015), ICLR, arXiv:1412.6980; Guo & Berkhahn (2016), arXiv:1604.06737",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, hyperparameters, context) => fitMlp(problem, settingsOf(hyperparameters), context),
  load: loadModel,
  stopsEarly: (hyperparameters) => Number(hyperparameters.early_stopping_rounds) > 0,
};
