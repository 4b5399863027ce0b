import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Algorithm, Importance, Model, ModelState } from "../../algorithm.ts";
import type { Column } from "../../table.ts";
import { LIBRARY } from "./library.ts";

interface Parts {
  /** 0 for regression. */
  readonly classes: number;
  readonly variables: readonly string[];
  /** Weights are above zero with sum 1. */
  readonly members: readonly { readonly algorithm: Algorithm; readonly model: Model; readonly weight: number }[];
  readonly facts: Readonly<Record<string, number | null>>;
}

/** A weighted mean of models. */
export class SuperLearnerModel implements Model {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    let out: Float64Array | null = null;
    for (const { model, weight } of this.parts.members) {
      const own = model.predict(features);
      out ??= new Float64Array(own.length);
      for (let i = 0; i < own.length; i++) out[i]! += weight * own[i]!;
    }
    return out ?? new Float64Array(0);
  }

  /** `share`: each member's own first measure, scaled to sum 1, times its weight; members without one are left out. Null when all are. */
  importance(): Importance | null {
    const { variables, members } = this.parts;
    const share = new Float64Array(variables.length);
    let known = 0;
    for (const { model, weight } of members) {
      const importance = model.importance();
      const values = importance === null ? undefined : Object.values(importance.measures)[0];
      const sum = values?.reduce((total, value) => total + Math.max(0, value), 0) ?? 0;
      if (importance === null || values === undefined || !(sum > 0)) continue;
      known += weight;
      for (const [i, name] of importance.variables.entries()) share[variables.indexOf(name)]! += (weight * Math.max(0, values[i]!)) / sum;
    }
    return known === 0 ? null : { variables, measures: { share: share.map((value) => value / known) } };
  }

  facts(): Parts["facts"] {
    return this.parts.facts;
  }

  /** Arrays of member i are named `i/…`. */
  state(): ModelState {
    const { classes, variables, members, facts } = this.parts;
    const states = members.map(({ model }) => model.state());
    const arrays = Object.fromEntries(
      states.flatMap((state, index) => Object.entries(state.arrays).map(([name, array]) => [`${index}/${name}`, array])),
    );
    const heads = members.map(({ algorithm, weight }, index) => ({ name: algorithm.name, weight, meta: states[index]!.meta }));
    return { meta: { version: 1, learner: "SuperLearner", classes, variables, facts, members: heads }, arrays };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): SuperLearnerModel {
  const { meta } = state;
  if (meta.version !== 1 || meta.learner !== "SuperLearner") {
    throw new InvalidArgumentError("this is not the state of a SuperLearner model of version 1; it is damaged or of another learner");
  }
  const heads = meta.members as readonly { name: string; weight: number; meta: ModelState["meta"] }[];
  const members = heads.map(({ name, weight, meta: own }, index) => {
    const found = LIBRARY.find(({ algorithm }) => algorithm.name === name);
    if (found === undefined) throw new InvalidArgumentError(`this SuperLearner has a member "${name}", which this version does not know`);
    const prefix = `${index}/`;
    const arrays = Object.entries(state.arrays).filter(([key]) => key.startsWith(prefix));
    const model = found.algorithm.load({
      meta: own,
      arrays: Object.fromEntries(arrays.map(([key, array]) => [key.slice(prefix.length), array])),
    });
    return { algorithm: found.algorithm, model, weight };
  });
  return new SuperLearnerModel({
    classes: meta.classes as number,
    variables: meta.variables as readonly string[],
    members,
    facts: meta.facts as Parts["facts"],
  });
}
