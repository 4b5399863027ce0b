import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Model, ModelState, Task } from "../../algorithm.ts";
import { inBlocks, rowCount, type ScaledPlan, scaledFromState, scaledRows, scaledState } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { NeighbourSearch, type Neighbours, QUERIES_AT_ONCE } from "./neighbours.ts";

export interface KnnParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  /** Neighbours asked; at most the number of rows. */
  readonly k: number;
  readonly byDistance: boolean;
  readonly plan: ScaledPlan;
  /** Training rows that count: scaled, shape [n, cols] row-major; their outcomes and case weights, shape [n]. */
  readonly table: Float64Array;
  readonly target: Float64Array;
  readonly weights: Float64Array;
}

/** Training rows that answer by themselves. */
export class KnnModel implements Model {
  readonly parts: KnnParts;
  #search: NeighbourSearch | null = null;

  constructor(parts: KnnParts) {
    this.parts = parts;
  }

  /** Cost: O(queries × training rows × columns). */
  predict(features: readonly Column[]): Float64Array {
    const { plan, classes } = this.parts;
    const width = Math.max(1, classes);
    const out = new Float64Array(rowCount(features) * width);
    inBlocks(features, QUERIES_AT_ONCE, (part, start, count) => {
      const found = this.#find(scaledRows(plan, part), count);
      for (let i = 0; i < count; i++) this.#answer(found, i, out.subarray((start + i) * width, (start + i + 1) * width));
    });
    return out;
  }

  #find(queries: Float64Array, count: number): Neighbours {
    const { table, plan, k, target } = this.parts;
    if (plan.design.cols === 0) {
      // Without columns all rows are equally near.
      const n = target.length;
      const starts = Int32Array.from({ length: count + 1 }, (_, i) => i * n);
      return { starts, distances: new Float64Array(count * n), rows: Int32Array.from({ length: count * n }, (_, i) => i % n) };
    }
    this.#search ??= new NeighbourSearch(table, plan.design.cols, k);
    return this.#search.find(queries);
  }

  /** Mean outcome, or shares of the classes, of the neighbours of query `i`. */
  #answer(found: Neighbours, i: number, out: Float64Array): void {
    const { byDistance, target, weights, classes } = this.parts;
    const nearest = found.distances[found.starts[i]!]!;
    let total = 0;
    for (let place = found.starts[i]!; place < found.starts[i + 1]!; place++) {
      const row = found.rows[place]!;
      const square = found.distances[place]!;
      // A row that is the same as the query silences all others.
      if (byDistance && nearest === 0 && square > 0) break;
      const weight = weights[row]! * (byDistance && nearest > 0 ? Math.sqrt(nearest / square) : 1);
      total += weight;
      if (classes === 0) out[0]! += weight * target[row]!;
      else out[target[row]!]! += weight;
    }
    for (let j = 0; j < out.length; j++) out[j]! /= total;
  }

  importance(): null {
    return null;
  }

  facts(): Readonly<Record<string, number>> {
    return { neighbours: this.parts.k, stored_rows: this.parts.target.length };
  }

  state(): ModelState {
    const { task, classes, k, byDistance, plan, table, target, weights } = this.parts;
    const design = scaledState(plan);
    return {
      meta: { version: 1, task, classes, k, byDistance, design: design.meta },
      arrays: { ...design.arrays, table, target, weights },
    };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): KnnModel {
  const { meta } = state;
  const { table, target, weights } = state.arrays;
  if (meta.version !== 1 || !(table instanceof Float64Array && target instanceof Float64Array && weights instanceof Float64Array)) {
    throw new InvalidArgumentError("this is not the state of a KNN model of version 1; it is damaged or of another learner");
  }
  const plan = scaledFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays);
  return new KnnModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    k: meta.k as number,
    byDistance: meta.byDistance as boolean,
    plan,
    table,
    target,
    weights,
  });
}
