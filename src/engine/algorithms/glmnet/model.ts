import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { type DesignPlan, designFromState, designMatrix, designState } from "../../design-matrix.ts";
import { type Column, takeRows } from "../../table.ts";
import { responses, scoresOf } from "./scores.ts";

/** Rows predicted at a time: bounds the memory of the numeric matrix. */
const CELLS_AT_ONCE = 2 ** 22;

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

export interface GlmnetParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly plan: DesignPlan;
  /** On the scale of the columns as they came. Shape [sets]; [sets × cols], one set after the other. Two classes have one set. */
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
  /** Weighted standard deviation of each column of the matrix in training; 0 for a constant one. */
  readonly deviations: Float64Array;
  /** The path: penalty, share of deviance explained, columns in use, cross-validated error and its standard error (empty without). */
  readonly path: {
    readonly lambda: Float64Array;
    readonly explained: Float64Array;
    readonly nonzero: Float64Array;
    readonly cvMean: Float64Array;
    readonly cvDeviation: Float64Array;
  };
  readonly facts: Facts;
}

/** A fitted elastic net at one penalty. */
export class GlmnetModel implements Model {
  readonly parts: GlmnetParts;

  constructor(parts: GlmnetParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { plan, task, classes, intercepts } = this.parts;
    const rows = rowsOf(features);
    const width = Math.max(1, classes);
    const out = new Float64Array(rows * width);
    const sets = this.#slopeSets();
    const block = Math.max(1, Math.floor(CELLS_AT_ONCE / Math.max(1, plan.cols)));
    for (let start = 0; start < rows; start += block) {
      const count = Math.min(block, rows - start);
      const index = Int32Array.from({ length: count }, (_, i) => start + i);
      const part = count === rows ? features : features.map((column) => takeRows(column, index));
      out.set(responses(task, scoresOf(designMatrix(plan, part), count, intercepts, sets)), start * width);
    }
    return out;
  }

  /** Measure `coefficient`: |slope| × the column's standard deviation, summed over the columns of a feature and over classes. */
  importance(): Importance {
    const { plan, deviations } = this.parts;
    const size = new Float64Array(plan.features.length);
    for (const set of this.#slopeSets()) {
      for (const [index, feature] of plan.features.entries()) {
        for (let j = feature.first; j < feature.first + feature.width; j++) size[index]! += Math.abs(set[j]!) * deviations[j]!;
      }
    }
    return { variables: plan.features.map((feature) => feature.feature), measures: { coefficient: size } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, plan, intercepts, slopes, deviations, path, facts } = this.parts;
    const design = designState(plan);
    return {
      meta: { task, classes, facts, design: design.meta },
      arrays: {
        ...design.arrays,
        intercepts,
        slopes,
        deviations,
        path_lambda: path.lambda,
        path_explained: path.explained,
        path_nonzero: path.nonzero,
        path_cv_mean: path.cvMean,
        path_cv_deviation: path.cvDeviation,
      },
    };
  }

  #slopeSets(): Float64Array[] {
    const { slopes, intercepts, plan } = this.parts;
    return Array.from(intercepts, (_, k) => slopes.subarray(k * plan.cols, (k + 1) * plan.cols));
  }
}

/** @throws {InvalidArgumentError} when an array is missing: the state was not written by this learner. */
export function loadModel(state: ModelState): GlmnetModel {
  const take = (name: string): Float64Array => {
    const array = state.arrays[name];
    if (!(array instanceof Float64Array))
      throw new InvalidArgumentError(`the GLMNET model has no array "${name}"; it is damaged or from another version`);
    return array;
  };
  return new GlmnetModel({
    task: state.meta.task as Task,
    classes: state.meta.classes as number,
    plan: designFromState(state.meta.design as Readonly<Record<string, unknown>>, state.arrays),
    intercepts: take("intercepts"),
    slopes: take("slopes"),
    deviations: take("deviations"),
    path: {
      lambda: take("path_lambda"),
      explained: take("path_explained"),
      nonzero: take("path_nonzero"),
      cvMean: take("path_cv_mean"),
      cvDeviation: take("path_cv_deviation"),
    },
    facts: state.meta.facts as Facts,
  });
}

function rowsOf(columns: readonly Column[]): number {
  const [column] = columns;
  if (column === undefined) return 0;
  return column.kind === "numeric" ? column.values.length : column.codes.length;
}
