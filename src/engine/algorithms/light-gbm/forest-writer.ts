import type { FeatureBins } from "./bins.ts";
import type { GrownTree } from "./core.ts";
import { BY_CATEGORY, type ColumnHead, type Forest, MISSING_LEFT, SET_WORDS } from "./model.ts";

/** Collects grown trees and turns bins back into thresholds, sets and columns. */
export class ForestWriter {
  readonly #features: readonly FeatureBins[];
  readonly #trees: Piece[] = [];

  constructor(features: readonly FeatureBins[]) {
    this.#features = features;
  }

  get trees(): number {
    return this.#trees.length;
  }

  /** Copies what the model needs of the tree. */
  add(tree: GrownTree): void {
    const { nodes } = tree;
    const piece: Piece = {
      feature: new Int32Array(nodes).fill(-1),
      threshold: new Float64Array(nodes),
      left: tree.left.slice(),
      flags: new Uint8Array(nodes),
      value: tree.value.slice(),
      gain: tree.gain.slice(),
      count: tree.count.slice(),
      hessian: tree.hessian.slice(),
      sets: [],
    };
    for (let node = 0; node < nodes; node++) {
      if (piece.left[node]! < 0) continue;
      piece.value[node] = 0;
      this.#writeSplit(tree, node, piece);
    }
    this.#trees.push(piece);
  }

  #writeSplit(tree: GrownTree, node: number, piece: Piece): void {
    const plan = this.#features[tree.feature[node]!]!;
    const table = tree.table.subarray(node * 256, node * 256 + plan.bins);
    const missing = plan.bins - 1;
    piece.feature[node] = plan.column;
    piece.flags[node] = table[missing] === 1 ? MISSING_LEFT : 0;
    if (plan.kind === "numeric") {
      // Beyond the last edge only missing values are on the right.
      piece.threshold[node] = plan.edges[tree.bin[node]!] ?? Number.POSITIVE_INFINITY;
      return;
    }
    piece.flags[node]! |= BY_CATEGORY;
    piece.threshold[node] = piece.sets.length;
    const set = new Uint32Array(SET_WORDS);
    for (let bin = 0; bin < plan.bins; bin++) if (table[bin] === 1) set[bin >> 5]! |= 1 << (bin & 31);
    piece.sets.push(set);
  }

  /** The first `trees` trees as one forest. `columns` says where each column's levels lie in `levelBins`. */
  forest(trees: number, columns: readonly ColumnHead[]): Forest {
    const kept = this.#trees.slice(0, trees);
    const nodes = kept.reduce((sum, piece) => sum + piece.left.length, 0);
    const sets = kept.flatMap((piece) => piece.sets);
    const forest = {
      roots: new Int32Array(kept.length),
      feature: new Int32Array(nodes),
      threshold: new Float64Array(nodes),
      left: new Int32Array(nodes),
      flags: new Uint8Array(nodes),
      value: new Float64Array(nodes),
      gain: new Float64Array(nodes),
      count: new Int32Array(nodes),
      hessian: new Float64Array(nodes),
      sets: new Uint32Array(sets.length * SET_WORDS),
      levelBins: this.#levelBins(columns),
    };
    for (const [index, set] of sets.entries()) forest.sets.set(set, index * SET_WORDS);
    let first = 0;
    let firstSet = 0;
    for (const [index, piece] of kept.entries()) {
      forest.roots[index] = first;
      for (const name of ["feature", "value", "gain", "count", "hessian", "flags"] as const) forest[name].set(piece[name], first);
      for (let node = 0; node < piece.left.length; node++) {
        const child = piece.left[node]!;
        forest.left[first + node] = child < 0 ? -1 : first + child;
        forest.threshold[first + node] = piece.threshold[node]! + (piece.flags[node]! >= BY_CATEGORY ? firstSet : 0);
      }
      first += piece.left.length;
      firstSet += piece.sets.length;
    }
    return forest;
  }

  #levelBins(columns: readonly ColumnHead[]): Uint8Array {
    const length = columns.reduce((sum, column) => sum + (column.levels?.[1] ?? 0), 0);
    const bins = new Uint8Array(length);
    for (const plan of this.#features) {
      const levels = columns[plan.column]?.levels;
      if (plan.kind === "categorical" && levels) bins.set(plan.binOfLevel, levels[0]);
    }
    return bins;
  }
}

/** One tree; `left` and `sets` count from the tree's own start. */
interface Piece {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly flags: Uint8Array;
  readonly value: Float64Array;
  readonly gain: Float64Array;
  readonly count: Int32Array;
  readonly hessian: Float64Array;
  readonly sets: Uint32Array[];
}
