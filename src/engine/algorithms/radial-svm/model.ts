import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Model, ModelState, Task } from "../../algorithm.ts";
import { inBlocks, rowCount, type ScaledPlan, scaledFromState, scaledRows, scaledState } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { ABSENT_CLASS, classProbabilities, pairsOf, type Sigmoid } from "./calibration.ts";
import { StoredRows } from "./kernel.ts";

const ROWS_AT_ONCE = 1024;

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

export interface RadialParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  /** Class codes that training saw, ascending. Machine (a, b) decides between `present[a]` and `present[b]`, the positive one. */
  readonly present: readonly number[];
  readonly gamma: number;
  readonly plan: ScaledPlan;
  /** Support vectors are sorted by class: those of class place c end before `ends[c]`. */
  readonly ends: readonly number[];
  /** Shape [vectors, cols] row-major, scaled. */
  readonly vectors: Float64Array;
  /** Shape [machines, vectors]. */
  readonly coefficients: Float64Array;
  readonly biases: Float64Array;
  /** One per machine; none for regression. */
  readonly sigmoids: readonly Sigmoid[];
  /** A numeric outcome is center + spread × decision. */
  readonly center: number;
  readonly spread: number;
  readonly facts: Facts;
}

/** Support vector machines with a radial kernel. */
export class RadialModel implements Model {
  readonly parts: RadialParts;
  #stored: StoredRows | null = null;

  constructor(parts: RadialParts) {
    this.parts = parts;
  }

  /** Cost: O(rows × support vectors × columns). */
  predict(features: readonly Column[]): Float64Array {
    const { classes, present, sigmoids, center, spread, biases } = this.parts;
    const width = Math.max(1, classes);
    const machines = biases.length;
    const out = new Float64Array(rowCount(features) * width);
    const decisions = this.decisions(features);
    for (let i = 0; i < out.length / width; i++) {
      const own = out.subarray(i * width, (i + 1) * width);
      if (classes === 0) own[0] = center + spread * decisions[i]!;
      else if (present.length === 1) own.fill(ABSENT_CLASS)[present[0]!] = 1 - ABSENT_CLASS * (classes - 1);
      else classProbabilities(decisions.subarray(i * machines, (i + 1) * machines), sigmoids, present, own);
    }
    return out;
  }

  /** What each machine says, before calibration: shape [n, machines] row-major, above 0 for the later class of a pair. */
  decisions(features: readonly Column[]): Float64Array {
    const { plan, biases } = this.parts;
    const cols = plan.design.cols;
    const out = new Float64Array(rowCount(features) * biases.length);
    inBlocks(features, ROWS_AT_ONCE, (part, start, count) => {
      const rows = scaledRows(plan, part);
      for (let i = 0; i < count; i++) {
        this.#decide(rows.subarray(i * cols, (i + 1) * cols), out.subarray((start + i) * biases.length, (start + i + 1) * biases.length));
      }
    });
    return out;
  }

  #decide(query: Float64Array, out: Float64Array): void {
    const { ends, vectors, coefficients, biases, gamma, plan } = this.parts;
    const count = ends.at(-1) ?? 0;
    out.set(biases);
    if (count === 0) return;
    this.#stored ??= new StoredRows(vectors, count, plan.design.cols, gamma);
    const values = this.#stored.values(query);
    const add = (machine: number, segment: number): void => {
      let sum = 0;
      for (let t = segment === 0 ? 0 : ends[segment - 1]!; t < ends[segment]!; t++) sum += coefficients[machine * count + t]! * values[t]!;
      out[machine]! += sum;
    };
    if (this.parts.classes === 0) add(0, 0);
    else {
      for (const [machine, [a, b]] of pairsOf(this.parts.present.length).entries()) {
        add(machine, a);
        add(machine, b);
      }
    }
  }

  importance(): null {
    return null;
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, present, gamma, plan, ends, vectors, coefficients, biases, sigmoids, center, spread, facts } = this.parts;
    const design = scaledState(plan);
    return {
      meta: { version: 1, task, classes, present, gamma, ends, center, spread, facts, design: design.meta },
      arrays: {
        ...design.arrays,
        vectors,
        coefficients,
        biases,
        sigmoids: Float64Array.from(sigmoids.flatMap(({ slope, offset }) => [slope, offset])),
      },
    };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): RadialModel {
  const { meta } = state;
  const { vectors, coefficients, biases, sigmoids } = state.arrays;
  const isWhole =
    meta.version === 1 &&
    vectors instanceof Float64Array &&
    coefficients instanceof Float64Array &&
    biases instanceof Float64Array &&
    sigmoids instanceof Float64Array;
  if (!isWhole)
    throw new InvalidArgumentError("this is not the state of a RadialSVM model of version 1; it is damaged or of another learner");
  return new RadialModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    present: meta.present as readonly number[],
    gamma: meta.gamma as number,
    plan: scaledFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays),
    ends: meta.ends as readonly number[],
    vectors,
    coefficients,
    biases,
    sigmoids: Array.from({ length: sigmoids.length / 2 }, (_, i) => ({ slope: sigmoids[2 * i]!, offset: sigmoids[2 * i + 1]! })),
    center: meta.center as number,
    spread: meta.spread as number,
    facts: meta.facts as Facts,
  });
}
