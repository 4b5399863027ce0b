import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Model, ModelState } from "../../algorithm.ts";
import { inBlocks, rowCount, scaledFromState, scaledState } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { exponential } from "../light-gbm/exponential.ts";
import { type InputPlan, inputsOf } from "./inputs.ts";
import { Network, type NetworkShape } from "./network.ts";
import { forwardAll, type Goal } from "./training.ts";

const ROWS_AT_ONCE = 8192;
const BATCH = 256;

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

export interface MlpParts {
  /** 0 for regression. */
  readonly classes: number;
  readonly goal: Goal;
  readonly plan: InputPlan;
  readonly shape: NetworkShape;
  /** As `Network.parameters` lays them out. */
  readonly parameters: Float32Array;
  readonly facts: Facts;
}

/** A trained network. */
export class MlpModel implements Model {
  readonly parts: MlpParts;
  #network: Network | null = null;

  constructor(parts: MlpParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { classes, plan, shape, parameters } = this.parts;
    const width = Math.max(1, classes);
    const out = new Float64Array(rowCount(features) * width);
    if (this.#network === null) {
      this.#network = new Network(shape, BATCH);
      this.#network.parameters.set(parameters);
    }
    const network = this.#network;
    inBlocks(features, ROWS_AT_ONCE, (part, first) => {
      forwardAll(network, inputsOf(plan, part), (start, count) => {
        for (let i = 0; i < count; i++) {
          const row = first + start + i;
          this.#answer(network, i, out.subarray(row * width, (row + 1) * width));
        }
      });
    });
    return out;
  }

  /** The mean, or probabilities, from output row `i`. */
  #answer(network: Network, i: number, out: Float64Array): void {
    const { task, center, spread } = this.parts.goal;
    const scores = network.output.subarray(i * network.outputWidth, i * network.outputWidth + network.shape.outputs);
    if (task === "regression") out[0] = center + spread * scores[0]!;
    else if (task === "binary") {
      const e = exponential(-Math.abs(scores[0]!));
      const p = (scores[0]! >= 0 ? 1 : e) / (1 + e);
      out[0] = 1 - p;
      out[1] = p;
    } else {
      const top = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
      let sum = 0;
      for (const [k, score] of scores.entries()) {
        out[k] = exponential(score - top);
        sum += out[k]!;
      }
      for (let k = 0; k < out.length; k++) out[k]! /= sum;
    }
  }

  importance(): null {
    return null;
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { classes, goal, plan, shape, parameters, facts } = this.parts;
    const numbers = scaledState(plan.numbers);
    return {
      meta: { version: 1, classes, goal, shape, facts, features: plan.features, vectorOf: plan.vectorOf, design: numbers.meta },
      arrays: { ...numbers.arrays, parameters },
    };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): MlpModel {
  const { meta } = state;
  const { parameters } = state.arrays;
  if (meta.version !== 1 || !(parameters instanceof Float32Array)) {
    throw new InvalidArgumentError("this is not the state of an MLP model of version 1; it is damaged or of another learner");
  }
  return new MlpModel({
    classes: meta.classes as number,
    goal: meta.goal as Goal,
    plan: {
      features: meta.features as InputPlan["features"],
      vectorOf: meta.vectorOf as InputPlan["vectorOf"],
      numbers: scaledFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays),
    },
    shape: meta.shape as NetworkShape,
    parameters,
    facts: meta.facts as Facts,
  });
}
