/** One tree as its contributions see it. Nodes are numbers; `root` is where it starts. */
export interface TreeView {
  readonly root: number;
  /** Left child, or -1 in a leaf. */
  left(node: number): number;
  right(node: number): number;
  /** The feature that a node asks about. */
  feature(node: number): number;
  /** How much of the training data reached a node; above 0, and a node's is the sum of its children's. */
  cover(node: number): number;
  /** The child where a row goes. */
  next(node: number, row: number): number;
  /** What a leaf adds to an output. */
  value(leaf: number, output: number): number;
}

/** How features moved the scores of rows away from a baseline: score = baseline + sum over features. */
export interface Contributions {
  /** Shape [outputs]: the mean score over the training data, as the trees know it. */
  readonly baseline: Float64Array;
  /** Shape [rows, outputs, features]. */
  readonly values: Float64Array;
  /** What scores are: `log-odds`, `value`, `probability`. */
  readonly scale: string;
}

/**
 * Adds one tree's Shapley values for a row to `values` [outputs, features], and returns nothing else. A feature that is not known in a coalition
 * lets a row go both ways, by cover.
 *
 * Cost: O(leaves · depth²) per row. Deterministic.
 * Source: Lundberg, Erion & Lee (2018), Consistent individualized feature attribution for tree ensembles, arXiv:1802.03888, algorithm 2.
 */
export class TreeShap {
  readonly #outputs: number;
  readonly #features: number;
  /** The path to a node, copied level by level: features, shares of rows that would come here without and with knowing them, and weights. */
  #feature = new Int32Array(64);
  #zero = new Float64Array(64);
  #one = new Float64Array(64);
  #weight = new Float64Array(64);

  constructor(outputs: number, features: number) {
    this.#outputs = outputs;
    this.#features = features;
  }

  add(tree: TreeView, row: number, values: Float64Array): void {
    this.#visit(tree, row, values, tree.root, { start: 0, length: 0, zero: 1, one: 1, feature: -1 });
  }

  /** The path so far lies at `start`; this node's own step is added to a copy behind it. */
  #visit(tree: TreeView, row: number, values: Float64Array, node: number, came: Step): void {
    const start = came.start + came.length;
    this.#reserve(start + came.length + 2);
    for (const array of [this.#feature, this.#zero, this.#one, this.#weight]) array.copyWithin(start, came.start, came.start + came.length);
    let length = this.#extend(start, came);
    const left = tree.left(node);
    if (left < 0) {
      this.#addLeaf(tree, node, start, length, values);
      return;
    }
    const feature = tree.feature(node);
    let zero = 1;
    let one = 1;
    for (let k = 1; k < length; k++) {
      if (this.#feature[start + k] !== feature) continue;
      zero = this.#zero[start + k]!;
      one = this.#one[start + k]!;
      length = this.#unwind(start, length, k);
      break;
    }
    const right = tree.right(node);
    const hot = tree.next(node, row);
    const cold = hot === left ? right : left;
    const cover = tree.cover(node);
    this.#visit(tree, row, values, hot, { start, length, zero: (zero * tree.cover(hot)) / cover, one, feature });
    this.#visit(tree, row, values, cold, { start, length, zero: (zero * tree.cover(cold)) / cover, one: 0, feature });
  }

  /** Adds a step to the path and spreads the weights of coalitions by their size. @returns the new length. */
  #extend(start: number, { length, zero, one, feature }: Step): number {
    this.#feature[start + length] = feature;
    this.#zero[start + length] = zero;
    this.#one[start + length] = one;
    const weight = this.#weight;
    weight[start + length] = length === 0 ? 1 : 0;
    for (let i = length - 1; i >= 0; i--) {
      weight[start + i + 1]! += (one * weight[start + i]! * (i + 1)) / (length + 1);
      weight[start + i] = (zero * weight[start + i]! * (length - i)) / (length + 1);
    }
    return length + 1;
  }

  /** Takes step k out of the path again. @returns the new length. */
  #unwind(start: number, length: number, k: number): number {
    const weight = this.#weight;
    const one = this.#one[start + k]!;
    const zero = this.#zero[start + k]!;
    const last = length - 1;
    let next = weight[start + last]!;
    for (let j = last - 1; j >= 0; j--) {
      const before = weight[start + j]!;
      if (one !== 0) {
        weight[start + j] = (next * length) / ((j + 1) * one);
        next = before - (weight[start + j]! * zero * (last - j)) / length;
      } else {
        weight[start + j] = (before * length) / (zero * (last - j));
      }
    }
    for (let j = start + k; j < start + last; j++) {
      this.#feature[j] = this.#feature[j + 1]!;
      this.#zero[j] = this.#zero[j + 1]!;
      this.#one[j] = this.#one[j + 1]!;
    }
    return last;
  }

  /** The sum of weights that `#unwind` would leave. */
  #unwoundSum(start: number, length: number, k: number): number {
    const one = this.#one[start + k]!;
    const zero = this.#zero[start + k]!;
    const last = length - 1;
    let next = this.#weight[start + last]!;
    let sum = 0;
    for (let j = last - 1; j >= 0; j--) {
      const before = this.#weight[start + j]!;
      if (one !== 0) {
        const share = (next * length) / ((j + 1) * one);
        sum += share;
        next = before - (share * zero * (last - j)) / length;
      } else {
        sum += (before * length) / (zero * (last - j));
      }
    }
    return sum;
  }

  #addLeaf(tree: TreeView, leaf: number, start: number, length: number, values: Float64Array): void {
    for (let k = 1; k < length; k++) {
      const share = this.#unwoundSum(start, length, k) * (this.#one[start + k]! - this.#zero[start + k]!);
      const feature = this.#feature[start + k]!;
      for (let output = 0; output < this.#outputs; output++) {
        values[output * this.#features + feature]! += share * tree.value(leaf, output);
      }
    }
  }

  #reserve(length: number): void {
    if (length <= this.#weight.length) return;
    const grown = <A extends Int32Array | Float64Array>(array: A, bigger: A): A => {
      bigger.set(array);
      return bigger;
    };
    const size = 2 * length;
    this.#feature = grown(this.#feature, new Int32Array(size));
    this.#zero = grown(this.#zero, new Float64Array(size));
    this.#one = grown(this.#one, new Float64Array(size));
    this.#weight = grown(this.#weight, new Float64Array(size));
  }
}

/** Where the path so far lies, and the step that leads to a node. */
interface Step {
  readonly start: number;
  readonly length: number;
  readonly zero: number;
  readonly one: number;
  readonly feature: number;
}

/** The mean of a tree's leaves by cover. */
export function expectedValue(tree: TreeView, output: number): number {
  const total = tree.cover(tree.root);
  const below = (node: number): number => {
    const left = tree.left(node);
    if (left < 0) return (tree.value(node, output) * tree.cover(node)) / total;
    return below(left) + below(tree.right(node));
  };
  return below(tree.root);
}
