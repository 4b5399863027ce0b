import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { type Contributions, expectedValue, TreeShap, type TreeView } from "../../explain/tree-shap.ts";
import type { Column } from "../../table.ts";
import { exponential } from "./exponential.ts";

/** Bits of a node's flag. */
export const MISSING_LEFT = 1;
export const BY_CATEGORY = 2;
/** Words of a category set: one bit per bin. */
export const SET_WORDS = 8;

/** All trees of a model as flat arrays over nodes; the children of a node are neighbours. */
export interface Forest {
  /** First node of each tree; tree t belongs to output t mod outputs. */
  readonly roots: Int32Array;
  /** Column index; -1 in a leaf. */
  readonly feature: Int32Array;
  /** Numbers: values up to it go left. Categories: index of the node's set. */
  readonly threshold: Float64Array;
  /** Left child, or -1 in a leaf. */
  readonly left: Int32Array;
  readonly flags: Uint8Array;
  /** What a leaf adds to the score, learning rate included; 0 elsewhere. */
  readonly value: Float64Array;
  /** Loss reduction of a node's split; 0 in a leaf. */
  readonly gain: Float64Array;
  /** Training rows that reached the node. */
  readonly count: Int32Array;
  /** Sum of hessians over them. */
  readonly hessian: Float64Array;
  /** Bins that go left, SET_WORDS words per node that splits by category. */
  readonly sets: Uint32Array;
  /** Bin of each level, for every column that is split by category, one after the other. */
  readonly levelBins: Uint8Array;
}

/** JSON-safe part of a model. */
export interface ForestHead {
  readonly version: 1;
  readonly task: Task;
  readonly outputs: number;
  readonly classes: number;
  /** Score of each output before the first tree. */
  readonly start: readonly number[];
  readonly columns: readonly ColumnHead[];
  readonly rounds: number;
  /** Loss at the kept round; null where unknown. */
  readonly trainingLoss: number | null;
  readonly validationLoss: number | null;
  readonly stoppedEarly: boolean;
}

export interface ColumnHead {
  readonly name: string;
  /** Category columns: where their levels start in `levelBins`, and how many they are. */
  readonly levels: readonly [number, number] | null;
}

/** Rows that go through the trees together, so that they stay in cache. */
const CHUNK_ROWS = 256;

/**
 * Boosted trees. Scores are summed in the order of training, so training rows get the bits they had in the fit.
 * Missing values follow each split's learned direction; where none were seen, the side with more training rows. A level that was
 * not seen counts as missing, or as a rare level where training pooled rare ones.
 */
export class BoostedTrees implements Model {
  readonly #head: ForestHead;
  readonly #forest: Forest;

  constructor(head: ForestHead, forest: Forest) {
    this.#head = head;
    this.#forest = forest;
  }

  predict(features: readonly Column[]): Float64Array {
    const { columns, task, outputs } = this.#head;
    if (features.length !== columns.length) {
      throw new InvalidArgumentError(`The model needs ${columns.length} columns and got ${features.length}.`);
    }
    const rows = features[0] === undefined ? 0 : lengthOf(features[0]);
    const scores = new Float64Array(rows * outputs);
    const chunk = new Float64Array(CHUNK_ROWS * features.length);
    for (let first = 0; first < rows; first += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows - first);
      this.#gather(features, first, count, chunk);
      this.#score(chunk, count, scores.subarray(first * outputs, (first + count) * outputs));
    }
    if (task === "regression") return scores;
    return task === "binary" ? binaryProbabilities(scores) : classProbabilities(scores, outputs);
  }

  /** Rows first … first + count as [row][column]; categories as bins, what is unknown as NaN. */
  #gather(features: readonly Column[], first: number, count: number, into: Float64Array): void {
    const width = features.length;
    const { levelBins } = this.#forest;
    for (let j = 0; j < width; j++) {
      const column = features[j]!;
      const levels = this.#head.columns[j]!.levels;
      if (column.kind === "numeric") {
        for (let i = 0; i < count; i++) into[i * width + j] = column.values[first + i]!;
        continue;
      }
      for (let i = 0; i < count; i++) {
        const code = column.codes[first + i]!;
        if (code < 0) into[i * width + j] = Number.NaN;
        else if (levels === null) into[i * width + j] = code;
        else into[i * width + j] = code < levels[1] ? levelBins[levels[0] + code]! : Number.NaN;
      }
    }
  }

  #score(chunk: Float64Array, count: number, scores: Float64Array): void {
    const { roots, left, value } = this.#forest;
    const { outputs, start } = this.#head;
    const width = this.#head.columns.length;
    for (let i = 0; i < scores.length; i++) scores[i] = start[i % outputs]!;
    for (let tree = 0; tree < roots.length; tree++) {
      const output = tree % outputs;
      for (let i = 0; i < count; i++) {
        const row = i * width;
        let node = roots[tree]!;
        while (left[node]! >= 0) node = childOf(this.#forest, node, chunk, row);
        scores[i * outputs + output]! += value[node]!;
      }
    }
  }

  /**
   * Shapley values of each feature for the scores: log-odds of the second class, of each class, or values. Rows that never occur together in
   * training weigh as often as their parts did. Cost: O(rows · leaves · depth²).
   */
  contributions(features: readonly Column[]): Contributions {
    const { columns, task, outputs, start } = this.#head;
    const rows = features[0] === undefined ? 0 : lengthOf(features[0]);
    const p = columns.length;
    const baseline = Float64Array.from(start);
    const values = new Float64Array(rows * outputs * p);
    const shap = new TreeShap(1, p);
    const gathered = new Float64Array(rows * p);
    for (let first = 0; first < rows; first += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows - first);
      this.#gather(features, first, count, gathered.subarray(first * p, (first + count) * p));
    }
    for (let tree = 0; tree < this.#forest.roots.length; tree++) {
      const view = this.#viewOf(tree, gathered);
      const output = tree % outputs;
      baseline[output]! += expectedValue(view, 0);
      for (let row = 0; row < rows; row++) {
        const at = (row * outputs + output) * p;
        shap.add(view, row, values.subarray(at, at + p));
      }
    }
    return { baseline, values, scale: task === "regression" ? "value" : "log-odds" };
  }

  #viewOf(tree: number, chunk: Float64Array): TreeView {
    const { roots, feature, left, value, count } = this.#forest;
    return {
      root: roots[tree]!,
      left: (node) => left[node]!,
      right: (node) => left[node]! + 1,
      feature: (node) => feature[node]!,
      cover: (node) => count[node]!,
      next: (node, row) => childOf(this.#forest, node, chunk, row * this.#head.columns.length),
      value: (leaf) => value[leaf]!,
    };
  }

  /** `gain`: loss reduction of the splits by each feature, summed; `splits`: how many there are. */
  importance(): Importance {
    const { columns } = this.#head;
    const gain = new Float64Array(columns.length);
    const splits = new Float64Array(columns.length);
    const forest = this.#forest;
    for (let node = 0; node < forest.feature.length; node++) {
      const column = forest.feature[node]!;
      if (column < 0) continue;
      gain[column]! += forest.gain[node]!;
      splits[column]! += 1;
    }
    return { variables: columns.map((column) => column.name), measures: { gain, splits } };
  }

  state(): ModelState {
    return { meta: { ...this.#head }, arrays: { ...this.#forest } };
  }

  facts(): Readonly<Record<string, number | string | boolean | null>> {
    const { rounds, trainingLoss, validationLoss, stoppedEarly } = this.#head;
    const leaves = this.#forest.left.reduce((sum, child) => sum + (child < 0 ? 1 : 0), 0);
    return {
      rounds,
      trees: this.#forest.roots.length,
      leaves,
      stopped_early: stoppedEarly,
      training_loss: trainingLoss,
      validation_loss: validationLoss,
    };
  }
}

/** The child where a row of `chunk` that starts at `row` goes. */
function childOf({ feature, threshold, left, flags, sets }: Forest, node: number, chunk: Float64Array, row: number): number {
  const x = chunk[row + feature[node]!]!;
  const flag = flags[node]!;
  const child = left[node]!;
  let goesLeft: boolean;
  if (flag < BY_CATEGORY) goesLeft = x <= threshold[node]! || (flag === MISSING_LEFT && Number.isNaN(x));
  else if (Number.isNaN(x)) goesLeft = (flag & MISSING_LEFT) !== 0;
  else goesLeft = ((sets[threshold[node]! * SET_WORDS + (x >> 5)]! >>> (x & 31)) & 1) === 1;
  return goesLeft ? child : child + 1;
}

/** The inverse of `BoostedTrees.state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadTrees(state: ModelState): BoostedTrees {
  const version = state.meta.version;
  if (version !== 1) throw new InvalidArgumentError(`This LightGBM model has version ${String(version)}; version 1 can be read.`);
  const { roots, feature, threshold, left, flags, value, gain, count, hessian, sets, levelBins } = state.arrays;
  const isWhole =
    roots instanceof Int32Array &&
    feature instanceof Int32Array &&
    threshold instanceof Float64Array &&
    left instanceof Int32Array &&
    flags instanceof Uint8Array &&
    value instanceof Float64Array &&
    gain instanceof Float64Array &&
    count instanceof Int32Array &&
    hessian instanceof Float64Array &&
    sets instanceof Uint32Array &&
    levelBins instanceof Uint8Array;
  if (!isWhole) throw new InvalidArgumentError("This LightGBM model lacks one of its arrays; it was cut off or changed.");
  // The head was written by `state` of the same version.
  const head = state.meta as unknown as ForestHead;
  return new BoostedTrees(head, { roots, feature, threshold, left, flags, value, gain, count, hessian, sets, levelBins });
}

function lengthOf(column: Column): number {
  return column.kind === "numeric" ? column.values.length : column.codes.length;
}

function binaryProbabilities(scores: Float64Array): Float64Array {
  const probabilities = new Float64Array(scores.length * 2);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    const e = exponential(-Math.abs(score));
    const likely = 1 / (1 + e);
    const p = score >= 0 ? likely : e * likely;
    probabilities[2 * i] = 1 - p;
    probabilities[2 * i + 1] = p;
  }
  return probabilities;
}

/** Softmax of each row, in place. */
function classProbabilities(scores: Float64Array, outputs: number): Float64Array {
  for (let first = 0; first < scores.length; first += outputs) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < outputs; k++) highest = Math.max(highest, scores[first + k]!);
    let total = 0;
    for (let k = 0; k < outputs; k++) {
      const e = exponential(scores[first + k]! - highest);
      scores[first + k] = e;
      total += e;
    }
    for (let k = 0; k < outputs; k++) scores[first + k]! /= total;
  }
  return scores;
}
