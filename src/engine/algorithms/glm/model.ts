import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { type DesignPlan, designFromState, designMatrix, designState } from "../../design-matrix.ts";
import { type Column, takeRows } from "../../table.ts";
import type { Settings } from "./hyperparameters.ts";
import { responsesOf } from "./watch.ts";

/** Cells of the numeric matrix that are predicted at a time: bounds its memory. */
const CELLS_AT_ONCE = 2 ** 22;

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

/**
 * Coefficients in the units of the data and their tests, each of shape [sets, width] row-major; the intercept comes first, then one entry per
 * column of the design. Where a column has no coefficient of its own (constant, or a combination of columns before it) the coefficient is 0
 * and the rest NaN; where classes are separated all errors are NaN, because there are none.
 */
export interface CoefficientTable {
  readonly sets: number;
  readonly width: number;
  readonly coefficients: Float64Array;
  readonly errors: Float64Array;
  readonly statistics: Float64Array;
  readonly pValues: Float64Array;
}

export interface GlmParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly family: Settings["family"] | "classes";
  /** Class codes that training saw, the reference first. Set k of the table belongs to `present[k + 1]`. */
  readonly present: readonly number[];
  readonly plan: DesignPlan;
  readonly table: CoefficientTable;
  /** Weighted standard deviation of each column of the design. */
  readonly deviations: Float64Array;
  readonly facts: Facts;
}

/** Linear scores of a raw, column-major matrix. Shape [sets][rows]. */
export function rawScores(matrix: Float64Array, rows: number, table: CoefficientTable): Float64Array[] {
  return Array.from({ length: table.sets }, (_, set) => {
    const own = table.coefficients.subarray(set * table.width, (set + 1) * table.width);
    const scores = new Float64Array(rows).fill(own[0]!);
    for (let j = 1; j < own.length; j++) {
      const slope = own[j]!;
      if (slope === 0) continue;
      const offset = (j - 1) * rows;
      for (let i = 0; i < rows; i++) scores[i]! += slope * matrix[offset + i]!;
    }
    return scores;
  });
}

/** A fitted generalised linear model. */
export class GlmModel implements Model {
  readonly parts: GlmParts;

  constructor(parts: GlmParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { plan, classes, family, present, table } = this.parts;
    const [head] = features;
    const rows = head === undefined ? 0 : head.kind === "numeric" ? head.values.length : head.codes.length;
    const width = Math.max(1, classes);
    const out = new Float64Array(rows * width);
    const block = Math.max(1, Math.floor(CELLS_AT_ONCE / Math.max(1, plan.cols)));
    if (rows === 0) designMatrix(plan, features);
    for (let start = 0; start < rows; start += block) {
      const count = Math.min(block, rows - start);
      const index = Int32Array.from({ length: count }, (_, i) => start + i);
      const part = count === rows ? features : features.map((column) => takeRows(column, index));
      out.set(responsesOf(rawScores(designMatrix(plan, part), count, table), count, classes, family, present), start * width);
    }
    return out;
  }

  /**
   * `coefficient`: |slope| × the column's standard deviation, summed over the columns of a feature and over classes. `statistic`: the largest
   * |z| or |t| of them, 0 where there is none.
   */
  importance(): Importance {
    const { plan, deviations, table } = this.parts;
    const coefficient = new Float64Array(plan.features.length);
    const statistic = new Float64Array(plan.features.length);
    for (let set = 0; set < table.sets; set++) {
      for (const [index, feature] of plan.features.entries()) {
        for (let j = feature.first; j < feature.first + feature.width; j++) {
          const at = set * table.width + 1 + j;
          coefficient[index]! += Math.abs(table.coefficients[at]!) * deviations[j]!;
          const size = Math.abs(table.statistics[at]!);
          if (size > statistic[index]!) statistic[index] = size;
        }
      }
    }
    return { variables: plan.features.map((feature) => feature.feature), measures: { coefficient, statistic } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, family, present, plan, table, deviations, facts } = this.parts;
    const design = designState(plan);
    return {
      meta: { version: 1, task, classes, family, present, facts, sets: table.sets, design: design.meta },
      arrays: {
        ...design.arrays,
        coefficients: table.coefficients,
        standard_errors: table.errors,
        statistics: table.statistics,
        p_values: table.pValues,
        deviations,
      },
    };
  }
}

/** @throws {InvalidArgumentError} when an array is missing or the version is another: the state was not written by this learner. */
export function loadModel(state: ModelState): GlmModel {
  if (state.meta.version !== 1)
    throw new InvalidArgumentError(`this GLM model has version ${String(state.meta.version)}; version 1 can be read`);
  const take = (name: string): Float64Array => {
    const array = state.arrays[name];
    if (!(array instanceof Float64Array))
      throw new InvalidArgumentError(`the GLM model has no array "${name}"; it is damaged or from another version`);
    return array;
  };
  const plan = designFromState(state.meta.design as Readonly<Record<string, unknown>>, state.arrays);
  return new GlmModel({
    task: state.meta.task as Task,
    classes: state.meta.classes as number,
    family: state.meta.family as GlmParts["family"],
    present: state.meta.present as readonly number[],
    plan,
    table: {
      sets: state.meta.sets as number,
      width: plan.cols + 1,
      coefficients: take("coefficients"),
      errors: take("standard_errors"),
      statistics: take("statistics"),
      pValues: take("p_values"),
    },
    deviations: take("deviations"),
    facts: state.meta.facts as Facts,
  });
}
