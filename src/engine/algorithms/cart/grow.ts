import type { TreeData } from "./data.ts";
import { type Criterion, entropy, LEFT, type NodeRows, SplitSearch, UNSEEN } from "./split.ts";
import { findSurrogates } from "./surrogate.ts";
import { heaviest, route, sideOf, type TreeNode } from "./tree.ts";

export interface GrowOptions {
  readonly criterion: Criterion;
  readonly maxDepth: number;
  readonly minSplit: number;
  readonly minBucket: number;
  readonly maxSurrogates: number;
  /** A node whose risk is not above this share of the root's stays a leaf: no split below it could be worth its complexity. */
  readonly cp: number;
}

/**
 * A tree that grows level by level over presorted rows (Breiman et al. 1984; the layout is that of SLIQ, Mehta et al. 1996: each feature is
 * sorted once, and splits keep the order). Invariant: in every array, the rows of a node lie in one stretch, the same for all arrays.
 *
 * Cost: O(rows × features) per level after the sort.
 */
export class Grower {
  readonly nodes: TreeNode[] = [];
  readonly #data: TreeData;
  readonly #options: GrowOptions;
  readonly #orders: readonly (Int32Array | null)[];
  readonly #rows: Int32Array;
  readonly #stretches: { start: number; end: number }[] = [];
  readonly #search: SplitSearch;
  readonly #side: Uint8Array;
  readonly #spare: Int32Array;
  #frontier: number[] = [];

  /** `keep` marks the rows to learn from (1); null means all with a weight. */
  constructor(data: TreeData, options: GrowOptions, keep: Uint8Array | null) {
    this.#data = data;
    this.#options = options;
    this.#orders = data.orders.map((order) => order?.filter((row) => keep === null || keep[row] === 1) ?? null);
    const rows: number[] = [];
    for (let row = 0; row < data.rows; row++) if (data.weights[row]! > 0 && (keep === null || keep[row] === 1)) rows.push(row);
    this.#rows = Int32Array.from(rows);
    this.#search = new SplitSearch(data, options);
    this.#side = new Uint8Array(data.rows);
    this.#spare = new Int32Array(rows.length);
    this.#frontier = [this.#addNode(-1, 0, 0, rows.length)];
  }

  get isDone(): boolean {
    return this.#frontier.length === 0;
  }

  /** Splits every node of the deepest level that deserves it. */
  growLevel(): void {
    const next: number[] = [];
    for (const index of this.#frontier) {
      const node = this.nodes[index]!;
      if (!this.#maySplit(node)) continue;
      const center = this.#data.classes === 0 ? node.summary[0]! : 0;
      node.split = this.#search.best(this.#rowsOf(index), center, node.impurity);
      if (node.split !== null) next.push(...this.#divide(index));
    }
    this.#frontier = next;
  }

  /** Finds the surrogates of splits that were never missing here: new rows may miss them. Walks the splits that are left, from the root. */
  addSurrogates(): void {
    const { maxSurrogates } = this.#options;
    if (maxSurrogates === 0) return;
    new Replay(this.#data, this.#rows).visit(this.nodes, (node, rows, side) => {
      node.surrogates = findSurrogates(this.#data, rows, node.split!.feature, side, maxSurrogates);
    });
  }

  #maySplit(node: TreeNode): boolean {
    const { minSplit, maxDepth, cp } = this.#options;
    return node.rows >= minSplit && node.depth < maxDepth && node.risk > cp * this.nodes[0]!.risk && node.impurity > 0;
  }

  #rowsOf(index: number): NodeRows {
    return { orders: this.#orders, rows: this.#rows, ...this.#stretches[index]! };
  }

  #addNode(parent: number, depth: number, start: number, end: number): number {
    const summary = summarize(this.#data, this.#rows, start, end, this.#options.criterion);
    this.nodes.push({
      depth,
      parent,
      rows: end - start,
      ...summary,
      split: null,
      surrogates: [],
      missingGoesLeft: true,
      left: -1,
      right: -1,
    });
    this.#stretches.push({ start, end });
    return this.nodes.length - 1;
  }

  /** Sends the node's rows left and right and returns its children to look at next. */
  #divide(index: number): number[] {
    const node = this.nodes[index]!;
    const rows = this.#rowsOf(index);
    const missing = markSides(this.#data, node, rows, this.#side);
    const { maxSurrogates } = this.#options;
    if (missing > 0) node.surrogates = findSurrogates(this.#data, rows, node.split!.feature, this.#side, maxSurrogates);
    const left = settleSides(this.#data, node, rows, this.#side);
    const { start, end } = rows;
    for (const order of [...this.#orders, this.#rows]) if (order !== null) partition(order, start, end, this.#side, this.#spare);
    node.left = this.#addNode(index, node.depth + 1, start, start + left);
    node.right = this.#addNode(index, node.depth + 1, start + left, end);
    return [node.left, node.right];
  }
}

/** Follows splits that are already known, keeping every feature's order. */
class Replay {
  readonly #data: TreeData;
  readonly #orders: readonly (Int32Array | null)[];
  readonly #rows: Int32Array;

  constructor(data: TreeData, kept: Int32Array) {
    this.#data = data;
    const isKept = new Uint8Array(data.rows);
    for (const row of kept) isKept[row] = 1;
    this.#orders = data.orders.map((order) => order?.filter((row) => isKept[row] === 1) ?? null);
    this.#rows = kept.slice().sort();
  }

  visit(nodes: readonly TreeNode[], meet: (node: TreeNode, rows: NodeRows, side: Uint8Array) => void): void {
    const side = new Uint8Array(this.#data.rows);
    const spare = new Int32Array(this.#rows.length);
    const open = [{ index: 0, start: 0, end: this.#rows.length }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { start, end } = next;
      const node = nodes[next.index]!;
      if (node.split === null) continue;
      const rows: NodeRows = { orders: this.#orders, rows: this.#rows, start, end };
      markSides(this.#data, node, rows, side);
      meet(node, rows, side);
      const left = settleSides(this.#data, node, rows, side);
      for (const order of [...this.#orders, this.#rows]) if (order !== null) partition(order, start, end, side, spare);
      open.push({ index: node.left, start, end: start + left }, { index: node.right, start: start + left, end: end });
    }
  }
}

/** Writes LEFT, RIGHT or UNSEEN for each row of the node under its split alone; sets the heavier way. Returns how many are UNSEEN. */
function markSides(data: TreeData, node: TreeNode, rows: NodeRows, side: Uint8Array): number {
  const split = node.split!;
  const feature = data.features[split.feature]!;
  let balance = 0;
  let missing = 0;
  for (let i = rows.start; i < rows.end; i++) {
    const row = rows.rows[i]!;
    const to = sideOf(feature, row, split.threshold, split.sides, true);
    side[row] = to;
    if (to === UNSEEN) missing += 1;
    else balance += to === LEFT ? data.weights[row]! : -data.weights[row]!;
  }
  node.missingGoesLeft = balance >= 0;
  return missing;
}

/** Sends rows that miss the split by surrogates or the heavier way. Returns how many rows go left. */
function settleSides(data: TreeData, node: TreeNode, rows: NodeRows, side: Uint8Array): number {
  let left = 0;
  for (let i = rows.start; i < rows.end; i++) {
    const row = rows.rows[i]!;
    if (side[row] === UNSEEN) side[row] = route(node, data.features, row);
    if (side[row] === LEFT) left += 1;
  }
  return left;
}

/** Reorders a stretch: left rows, then right ones; each group in its old order. */
function partition(order: Int32Array, start: number, end: number, side: Uint8Array, spare: Int32Array): void {
  let left = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = order[i]!;
    if (side[row] === LEFT) order[left++] = row;
    else spare[right++] = row;
  }
  order.set(spare.subarray(0, right), left);
}

function summarize(
  data: TreeData,
  rows: Int32Array,
  start: number,
  end: number,
  criterion: Criterion,
): { weight: number; summary: Float64Array; risk: number; impurity: number } {
  const { target, weights, classes } = data;
  let weight = 0;
  if (classes === 0) {
    let mean = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      weight += weights[row]!;
      mean += (weights[row]! / weight) * (target[row]! - mean);
    }
    let squares = 0;
    for (let i = start; i < end; i++) squares += weights[rows[i]!]! * (target[rows[i]!]! - mean) ** 2;
    return { weight, summary: Float64Array.of(mean), risk: squares, impurity: squares };
  }
  const summary = new Float64Array(classes);
  for (let i = start; i < end; i++) summary[target[rows[i]!]!]! += weights[rows[i]!]!;
  let squares = 0;
  for (const share of summary) {
    weight += share;
    squares += share * share;
  }
  const impurity = criterion === "gini" ? weight - squares / weight : entropy(summary, weight);
  return { weight, summary, risk: weight - summary[heaviest(summary)]!, impurity };
}
