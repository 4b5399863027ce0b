import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { inBlocks, rowCount, type ScaledPlan, scaledFromState, scaledRows, scaledState } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { ABSENT_CLASS, classProbabilities, type Sigmoid } from "../radial-svm/calibration.ts";

const CELLS_AT_ONCE = 2 ** 22;

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

export interface LinearParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  /** Class codes that training saw, ascending. Machine (a, b) decides between `present[a]` and `present[b]`, the positive one. */
  readonly present: readonly number[];
  readonly plan: ScaledPlan;
  /** Shape [machines, cols + 1], on scaled columns; the intercept is last. */
  readonly coefficients: Float64Array;
  /** Standard deviation of each scaled column. */
  readonly deviations: Float64Array;
  /** One per machine; none for regression. */
  readonly sigmoids: readonly Sigmoid[];
  /** A numeric outcome is center + spread × decision. */
  readonly center: number;
  readonly spread: number;
  readonly facts: Facts;
}

/** Linear support vector machines. */
export class LinearModel implements Model {
  readonly parts: LinearParts;

  constructor(parts: LinearParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { classes, present, sigmoids, center, spread } = this.parts;
    const width = Math.max(1, classes);
    const out = new Float64Array(rowCount(features) * width);
    const decisions = this.decisions(features);
    const machines = this.#machines();
    for (let i = 0; i < out.length / width; i++) {
      const own = out.subarray(i * width, (i + 1) * width);
      if (classes === 0) own[0] = center + spread * decisions[i]!;
      else if (present.length === 1) own.fill(ABSENT_CLASS)[present[0]!] = 1 - ABSENT_CLASS * (classes - 1);
      else classProbabilities(decisions.subarray(i * machines, (i + 1) * machines), sigmoids, present, own);
    }
    return out;
  }

  #machines(): number {
    return this.parts.coefficients.length / (this.parts.plan.design.cols + 1);
  }

  /** What each machine says, before calibration: shape [n, machines] row-major, above 0 for the later class of a pair. */
  decisions(features: readonly Column[]): Float64Array {
    const { plan, coefficients } = this.parts;
    const { cols } = plan.design;
    const machines = this.#machines();
    const out = new Float64Array(rowCount(features) * machines);
    inBlocks(features, Math.max(1, Math.floor(CELLS_AT_ONCE / (cols + 1))), (part, start, count) => {
      const rows = scaledRows(plan, part);
      for (let i = 0; i < count; i++) {
        for (let m = 0; m < machines; m++) {
          const own = m * (cols + 1);
          let sum = coefficients[own + cols]!;
          for (let j = 0; j < cols; j++) sum += coefficients[own + j]! * rows[i * cols + j]!;
          out[(start + i) * machines + m] = sum;
        }
      }
    });
    return out;
  }

  /** `coefficient`: |coefficient| × the column's standard deviation, summed over the columns of a feature and over machines. */
  importance(): Importance {
    const { plan, coefficients, deviations } = this.parts;
    const { cols, features } = plan.design;
    const coefficient = new Float64Array(features.length);
    for (const [index, feature] of features.entries()) {
      for (let j = feature.first; j < feature.first + feature.width; j++) {
        for (let m = 0; m < this.#machines(); m++) coefficient[index]! += Math.abs(coefficients[m * (cols + 1) + j]!) * deviations[j]!;
      }
    }
    return { variables: features.map((feature) => feature.feature), measures: { coefficient } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, present, plan, coefficients, deviations, sigmoids, center, spread, facts } = this.parts;
    const design = scaledState(plan);
    return {
      meta: { version: 1, task, classes, present, center, spread, facts, design: design.meta },
      arrays: {
        ...design.arrays,
        coefficients,
        deviations,
        sigmoids: Float64Array.from(sigmoids.flatMap(({ slope, offset }) => [slope, offset])),
      },
    };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): LinearModel {
  const { meta } = state;
  const { coefficients, deviations, sigmoids } = state.arrays;
  const isWhole =
    meta.version === 1 && coefficients instanceof Float64Array && deviations instanceof Float64Array && sigmoids instanceof Float64Array;
  if (!isWhole)
    throw new InvalidArgumentError("this is not the state of a LinearSVM model of version 1; it is damaged or of another learner");
  return new LinearModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    present: meta.present as readonly number[],
    plan: scaledFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays),
    coefficients,
    deviations,
    sigmoids: Array.from({ length: sigmoids.length / 2 }, (_, i) => ({ slope: sigmoids[2 * i]!, offset: sigmoids[2 * i + 1]! })),
    center: meta.center as number,
    spread: meta.spread as number,
    facts: meta.facts as Facts,
  });
}
