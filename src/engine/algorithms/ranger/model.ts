import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import type { Column } from "../../table.ts";
import { comparable } from "./level-order.ts";

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

/** All trees as flat arrays over nodes; the children of a node are neighbours. */
export interface Forest {
  /** First node of each tree. */
  readonly roots: Int32Array;
  /** Index of the column; -1 in a leaf. */
  readonly feature: Int32Array;
  /** Inner node: left child, counted from the tree's root. Leaf: place of its value. */
  readonly next: Int32Array;
  /** Which cut of the column: values up to `cuts[firstCut[column] + cut]` go left, beyond the last cut all of them. */
  readonly cut: Uint8Array;
  /** 1 where missing values go left. */
  readonly missingLeft: Uint8Array;
  /** [leaves, width]: means, of the second class for two classes, shares of each class for more. */
  readonly value: Float64Array;
}

export interface RangerParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly width: number;
  readonly variables: readonly string[];
  /** Per column: whether it is an unordered category, whose levels have ranks. */
  readonly ranked: readonly boolean[];
  readonly levels: readonly number[];
  /** Ranks of levels, column after column; NaN for levels that training did not see. */
  readonly ranks: Float64Array;
  /** Cuts between bins, column after column, and where each column's start (one more entry than columns). */
  readonly cuts: Float64Array;
  readonly firstCut: Int32Array;
  readonly forest: Forest;
  /** Name of the measure, or null for none; shape [columns]. */
  readonly measure: string | null;
  readonly importance: Float64Array;
  readonly facts: Facts;
}

/** Rows that go through the trees together, so that they stay in cache. */
const CHUNK_ROWS = 512;
/** Bin of a missing value at prediction. */
const MISSING = 255;

/** A fitted forest. Predictions are means over trees. */
export class RangerModel implements Model {
  readonly parts: RangerParts;

  constructor(parts: RangerParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { variables, classes, width, forest } = this.parts;
    if (features.length !== variables.length) {
      throw new InvalidArgumentError(
        `the forest was trained on ${variables.length} features and got ${features.length}; pass them all, in training order`,
      );
    }
    const [head] = features;
    const rows = head === undefined ? 0 : head.kind === "numeric" ? head.values.length : head.codes.length;
    const sums = new Float64Array(rows * width);
    this.addScores(this.binsOf(features, rows), rows, sums);
    for (let i = 0; i < sums.length; i++) sums[i]! /= forest.roots.length;
    return classes === 2 ? bothClasses(sums) : sums;
  }

  /** Bins of rows, shape [rows, columns]. */
  binsOf(features: readonly Column[], rows: number): Uint8Array {
    const bins = new Uint8Array(rows * features.length);
    for (let j = 0; j < features.length; j++) this.#fillBins(j, features[j]!, bins);
    return bins;
  }

  /** Adds what every tree says to `sums`, shape [rows, width]. */
  addScores(bins: Uint8Array, rows: number, sums: Float64Array): void {
    const trees = this.parts.forest.roots.length;
    for (let start = 0; start < rows; start += CHUNK_ROWS) {
      for (let tree = 0; tree < trees; tree++) this.#addTree(tree, bins, start, Math.min(rows, start + CHUNK_ROWS), sums);
    }
  }

  /** Bins of a column, at [row][column]. */
  #fillBins(j: number, column: Column, bins: Uint8Array): void {
    const { cuts, firstCut } = this.parts;
    const own = cuts.subarray(firstCut[j]!, firstCut[j + 1]!);
    const values = comparable(column, this.#ranksOf(j));
    const columns = this.parts.variables.length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      let low = 0;
      let high = own.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (own[middle]! < value) low = middle + 1;
        else high = middle;
      }
      bins[i * columns + j] = Number.isNaN(value) ? MISSING : low;
    }
  }

  #ranksOf(j: number): Float64Array | null {
    const { ranked, levels, ranks } = this.parts;
    if (!ranked[j]) return null;
    let first = 0;
    for (let i = 0; i < j; i++) first += ranked[i] ? levels[i]! : 0;
    return ranks.subarray(first, first + levels[j]!);
  }

  #addTree(tree: number, bins: Uint8Array, start: number, end: number, sums: Float64Array): void {
    const { forest, width, variables } = this.parts;
    const { feature, next, cut, missingLeft, value } = forest;
    const root = forest.roots[tree]!;
    const columns = variables.length;
    for (let row = start; row < end; row++) {
      const offset = row * columns;
      let node = root;
      for (let f = feature[node]!; f >= 0; f = feature[node]!) {
        const bin = bins[offset + f]!;
        const goesLeft = bin === MISSING ? missingLeft[node] === 1 : bin <= cut[node]!;
        node = root + next[node]! + (goesLeft ? 0 : 1);
      }
      const leaf = next[node]! * width;
      for (let k = 0; k < width; k++) sums[row * width + k]! += value[leaf + k]!;
    }
  }

  /**
   * `impurity`: fall of the sum of squares (numbers) or of rows × Gini index (classes) by a feature's splits, mean over trees. `impurity_corrected`:
   * the same where the feature beats shuffled copies of the candidates, less where its own copy wins; around 0 for noise. `permutation`: rise
   * of the out-of-bag error, wrong classes or squared error, when its values are shuffled, mean over trees.
   */
  importance(): Importance | null {
    const { measure, variables, importance } = this.parts;
    return measure === null ? null : { variables, measures: { [measure]: importance } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { forest, ranks, cuts, firstCut, importance, ...meta } = this.parts;
    return { meta: { version: 1, ...meta }, arrays: { ...forest, ranks, cuts, first_cut: firstCut, importance } };
  }
}

function bothClasses(positive: Float64Array): Float64Array {
  const out = new Float64Array(2 * positive.length);
  for (let i = 0; i < positive.length; i++) {
    out[2 * i] = 1 - positive[i]!;
    out[2 * i + 1] = positive[i]!;
  }
  return out;
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): RangerModel {
  if (state.meta.version !== 1)
    throw new InvalidArgumentError(`this Ranger model has version ${String(state.meta.version)}; version 1 can be read`);
  const { roots, feature, next, cut, missingLeft, value, ranks, cuts, first_cut, importance } = state.arrays;
  const isWhole =
    roots instanceof Int32Array &&
    feature instanceof Int32Array &&
    next instanceof Int32Array &&
    cut instanceof Uint8Array &&
    missingLeft instanceof Uint8Array &&
    value instanceof Float64Array &&
    ranks instanceof Float64Array &&
    cuts instanceof Float64Array &&
    first_cut instanceof Int32Array &&
    importance instanceof Float64Array;
  if (!isWhole) throw new InvalidArgumentError("the Ranger model lacks one of its arrays; it was cut off or changed");
  // The rest was written by `state` of the same version.
  const meta = state.meta as unknown as Omit<RangerParts, "forest" | "ranks" | "cuts" | "firstCut" | "importance">;
  const { task, classes, width, variables, ranked, levels, measure, facts } = meta;
  const forest = { roots, feature, next, cut, missingLeft, value };
  return new RangerModel({
    task,
    classes,
    width,
    variables,
    ranked,
    levels,
    measure,
    facts,
    ranks,
    cuts,
    firstCut: first_cut,
    forest,
    importance,
  });
}
