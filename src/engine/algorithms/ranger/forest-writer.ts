import type { GrownTree } from "./kernel.ts";
import type { Forest } from "./model.ts";

/** Copies grown trees out of the kernel; bins stay as they are, features become columns. */
export class ForestWriter {
  readonly #columns: readonly number[];
  readonly #width: number;
  readonly #trees: { feature: Int32Array; next: Int32Array; cut: Uint8Array; missingLeft: Uint8Array; value: Float64Array }[] = [];
  #leaves = 0;
  #nodes = 0;
  /** Gains by column, summed. */
  readonly gains: Float64Array;

  /** @param columns column of each of the kernel's features. */
  constructor(columns: readonly number[], allColumns: number, width: number) {
    this.#columns = columns;
    this.#width = width;
    this.gains = new Float64Array(allColumns);
  }

  get leaves(): number {
    return this.#leaves;
  }

  /** @param toValue from the kernel's units to those of the data. */
  add(tree: GrownTree, toValue: (mean: number) => number): void {
    const width = this.#width;
    const feature = new Int32Array(tree.nodes).fill(-1);
    const next = new Int32Array(tree.nodes);
    const value = new Float64Array(((tree.nodes + 1) / 2) * width);
    let leaf = 0;
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.left[node]! >= 0) {
        const column = this.#columns[tree.feature[node]!]!;
        feature[node] = column;
        next[node] = tree.left[node]!;
        this.gains[column]! += tree.gain[node]!;
        continue;
      }
      for (let k = 0; k < width; k++) value[leaf * width + k] = toValue(tree.value[node * width + k]!);
      next[node] = this.#leaves + leaf;
      leaf += 1;
    }
    this.#leaves += leaf;
    this.#nodes += tree.nodes;
    this.#trees.push({ feature, next, cut: tree.bin.slice(), missingLeft: tree.missingLeft.slice(), value });
  }

  forest(): Forest {
    const forest = {
      roots: new Int32Array(this.#trees.length),
      feature: new Int32Array(this.#nodes),
      next: new Int32Array(this.#nodes),
      cut: new Uint8Array(this.#nodes),
      missingLeft: new Uint8Array(this.#nodes),
      value: new Float64Array(this.#leaves * this.#width),
    };
    let first = 0;
    let firstValue = 0;
    for (const [index, tree] of this.#trees.entries()) {
      forest.roots[index] = first;
      for (const name of ["feature", "next", "cut", "missingLeft"] as const) forest[name].set(tree[name], first);
      forest.value.set(tree.value, firstValue);
      first += tree.feature.length;
      firstValue += tree.value.length;
    }
    return forest;
  }
}
