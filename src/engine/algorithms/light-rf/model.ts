import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import type { Contributions } from "../../explain/tree-shap.ts";
import type { Column } from "../../table.ts";
import { type BoostedTrees, loadTrees } from "../light-gbm/model.ts";

/** Averaged trees: the scores of boosted trees whose steps are shares of an average. */
export class LightRfModel implements Model {
  readonly #trees: BoostedTrees;
  readonly #outOfBagLoss: number | null;
  readonly #task: Task;

  constructor(trees: BoostedTrees, outOfBagLoss: number | null, task: Task) {
    this.#trees = trees;
    this.#outOfBagLoss = outOfBagLoss;
    this.#task = task;
  }

  predict(features: readonly Column[]): Float64Array {
    return this.#trees.predict(features);
  }

  /** As of boosted trees. */
  contributions(features: readonly Column[]): Contributions {
    return this.#trees.contributions(features);
  }

  /** As of boosted trees: `gain` and `splits`. */
  importance(): Importance {
    return this.#trees.importance();
  }

  facts(): Readonly<Record<string, number | string | boolean | null>> {
    const { trees = null, leaves = null } = this.#trees.facts();
    return { trees, leaves, [this.#task === "regression" ? "oob_rmse" : "oob_log_loss"]: this.#outOfBagLoss };
  }

  state(): ModelState {
    const { meta, arrays } = this.#trees.state();
    return { meta: { ...meta, learner: "LightRF", outOfBagLoss: this.#outOfBagLoss }, arrays };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): LightRfModel {
  if (state.meta.learner !== "LightRF") throw new InvalidArgumentError("this is not the state of a LightRF model");
  return new LightRfModel(loadTrees(state), state.meta.outOfBagLoss as number | null, state.meta.task as Task);
}
