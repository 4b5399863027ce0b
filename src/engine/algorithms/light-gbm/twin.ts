import type { BoostingCore, CoreLayout, GrownTree, Part } from "./core.ts";
import { exponential, logarithm, logOnePlus } from "./exponential.ts";
import { findBestSplit, type Leaf, type LeafHistograms, type Split } from "./twin-split.ts";

/** Adding and subtracting it rounds to the nearest integer, halves to even. */
const ROUND = 6755399441055744;
const TABLE = 256;

/**
 * The same arithmetic as the kernel, in plain TypeScript and without its shortcuts: every histogram is summed from the rows,
 * nothing is subtracted, packed or reused. The oracle of the kernel in tests; equal to the bit, and many times slower.
 */
export function createTwin(layout: CoreLayout): BoostingCore {
  return new TwinCore(layout);
}

/** Rows of one part: bins by feature, scores by output. */
class Rows {
  readonly bins: Uint8Array[];
  readonly scores: Float64Array[];
  readonly links: Float64Array;
  target: Float64Array;
  weights: Float64Array | null = null;

  constructor(count: number, features: number, outputs: number) {
    this.bins = Array.from({ length: features }, () => new Uint8Array(count));
    this.scores = Array.from({ length: outputs }, () => new Float64Array(count));
    this.links = new Float64Array(count);
    this.target = new Float64Array(count);
  }

  weight(row: number): number {
    return this.weights === null ? 1 : this.weights[row]!;
  }
}

class TwinCore implements BoostingCore {
  readonly #layout: CoreLayout;
  readonly #parts: Readonly<Record<Part, Rows>>;
  readonly #gradients: Float64Array;
  readonly #hessians: Float64Array;
  #gradientUnit = 1;
  #hessianUnit = 1;
  #bag: Uint32Array = new Uint32Array();
  #mask: Uint8Array;
  #tree: TreeBuilder | null = null;

  constructor(layout: CoreLayout) {
    this.#layout = layout;
    const features = layout.features.length;
    this.#parts = {
      training: new Rows(layout.rows, features, layout.outputs),
      validation: new Rows(layout.validationRows, features, layout.outputs),
    };
    this.#gradients = new Float64Array(layout.rows);
    this.#hessians = new Float64Array(layout.rows);
    this.#mask = new Uint8Array(features);
  }

  mapNumbers(part: Part, feature: number, values: Float64Array): void {
    const plan = this.#layout.features[feature]!;
    if (plan.kind !== "numeric") throw new Error(`feature ${feature} has no edges`);
    const bins = this.#parts[part].bins[feature]!;
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      const above = plan.edges.findIndex((edge) => value <= edge);
      bins[row] = Number.isNaN(value) ? plan.bins - 1 : above < 0 ? plan.edges.length : above;
    }
  }

  placeBins(part: Part, feature: number, bins: Uint8Array): void {
    this.#parts[part].bins[feature]!.set(bins);
  }

  setTarget(part: Part, target: Float64Array, weights: Float64Array | null): void {
    this.#parts[part].target = target;
    this.#parts[part].weights = weights;
  }

  setScore(part: Part, output: number, score: number): void {
    this.#parts[part].scores[output]!.fill(score);
  }

  setBag(rows: Uint32Array): void {
    this.#bag = rows.slice();
  }

  setMask(mask: Uint8Array): void {
    this.#mask = mask.slice();
  }

  sumLoss(part: Part): number {
    const rows = this.#parts[part];
    let sum = 0;
    for (let row = 0; row < rows.target.length; row++) sum += rows.weight(row) * this.#rowLoss(rows, row);
    return sum;
  }

  #rowLoss(rows: Rows, row: number): number {
    const y = rows.target[row]!;
    const score = rows.scores[0]![row]!;
    if (this.#layout.task === "regression") return (y - score) * (y - score);
    if (this.#layout.task === "binary") {
      const e = exponential(-Math.abs(score));
      const likely = 1 / (1 + e);
      rows.links[row] = score >= 0 ? likely : e * likely;
      return logOnePlus(e) + Math.max(y > 0.5 ? -score : score, 0);
    }
    let highest = score;
    for (const scores of rows.scores) highest = Math.max(highest, scores[row]!);
    let total = 0;
    for (const scores of rows.scores) total += exponential(scores[row]! - highest);
    rows.links[row] = highest + logarithm(total);
    return rows.links[row]! - rows.scores[y]![row]!;
  }

  computePairs(output: number): void {
    const { rows } = this.#layout;
    let gradients = 0;
    let hessians = 0;
    for (let row = 0; row < rows; row++) {
      this.#pair(row, output);
      gradients += Math.abs(this.#gradients[row]!);
      hessians += this.#hessians[row]!;
    }
    const countBits = 32 - Math.clz32(rows);
    const gradientScale = powerOfTwoScale(gradients, 2 ** 52 - rows);
    const hessianScale = powerOfTwoScale(hessians, 2 ** Math.min(52, 63 - countBits) - rows);
    for (let row = 0; row < rows; row++) {
      this.#gradients[row] = this.#gradients[row]! * gradientScale + ROUND - ROUND;
      this.#hessians[row] = this.#hessians[row]! * hessianScale + ROUND - ROUND;
    }
    this.#gradientUnit = 1 / gradientScale;
    this.#hessianUnit = 1 / hessianScale;
  }

  #pair(row: number, output: number): void {
    const { task, outputs } = this.#layout;
    const training = this.#parts.training;
    const w = training.weight(row);
    const y = training.target[row]!;
    const score = training.scores[output]![row]!;
    if (task === "regression") {
      this.#gradients[row] = w * (score - y);
      this.#hessians[row] = w;
      return;
    }
    const link = training.links[row]!;
    const p = task === "binary" ? link : exponential(Math.min(score - link, 0));
    const hit = task === "binary" ? y : y === output ? 1 : 0;
    const weight = task === "binary" ? w : w * (outputs / Math.max(1, outputs - 1));
    this.#gradients[row] = w * (p - hit);
    this.#hessians[row] = weight * p * (1 - p);
  }

  growTree(): GrownTree {
    this.#tree = new TreeBuilder(this.#layout, this.#parts.training.bins, this.#mask, {
      gradients: this.#gradients,
      hessians: this.#hessians,
      gradientUnit: this.#gradientUnit,
      hessianUnit: this.#hessianUnit,
    });
    return this.#tree.grow(this.#bag);
  }

  addTree(output: number): void {
    for (const part of ["training", "validation"] as const) {
      const { bins, scores, target } = this.#parts[part];
      for (let row = 0; row < target.length; row++) scores[output]![row]! += this.#tree!.step(bins, row);
    }
  }

  close(): void {
    this.#tree = null;
  }
}

function powerOfTwoScale(sum: number, limit: number): number {
  let scale = 1;
  while (sum * scale >= limit && scale > 1e-270) scale /= 2;
  while (sum * scale * 2 < limit && scale < 1e270) scale *= 2;
  return scale;
}

interface Pairs {
  readonly gradients: Float64Array;
  readonly hessians: Float64Array;
  readonly gradientUnit: number;
  readonly hessianUnit: number;
}

interface Node {
  feature: number;
  bin: number;
  left: number;
  readonly count: number;
  value: number;
  gain: number;
  readonly hessian: number;
  readonly table: Uint8Array;
}

interface OpenLeaf extends Leaf {
  readonly node: number;
  readonly depth: number;
  readonly rows: Uint32Array;
  readonly split: Split | null;
}

/** One tree, best leaf first; ties go to the leaf that has been one for longest. */
class TreeBuilder {
  readonly #layout: CoreLayout;
  readonly #bins: readonly Uint8Array[];
  readonly #mask: Uint8Array;
  readonly #pairs: Pairs;
  readonly #nodes: Node[] = [];
  readonly #leaves: OpenLeaf[] = [];
  #view: GrownTree | null = null;

  constructor(layout: CoreLayout, bins: readonly Uint8Array[], mask: Uint8Array, pairs: Pairs) {
    this.#layout = layout;
    this.#bins = bins;
    this.#mask = mask;
    this.#pairs = pairs;
  }

  grow(bag: Uint32Array): GrownTree {
    this.#leaves.push(this.#open(bag, 0));
    while (this.#leaves.length < this.#layout.settings.maxLeaves) {
      let best = -1;
      for (const [index, leaf] of this.#leaves.entries()) {
        if (leaf.split !== null && (best < 0 || leaf.split.gain > this.#leaves[best]!.split!.gain)) best = index;
      }
      if (best < 0) break;
      this.#split(best, this.#leaves[best]!, this.#leaves[best]!.split!);
    }
    return this.#export();
  }

  /** A leaf's node, sums and best split. */
  #open(rows: Uint32Array, depth: number): OpenLeaf {
    const { settings } = this.#layout;
    const { gradientUnit, hessianUnit } = this.#pairs;
    let gradient = 0;
    let hessian = 0;
    for (const row of rows) {
      gradient += this.#pairs.gradients[row]!;
      hessian += this.#pairs.hessians[row]!;
    }
    const leaf = { gradient, hessian, count: rows.length, gradientUnit, hessianUnit };
    const g = gradient * gradientUnit;
    const h = hessian * hessianUnit;
    const shrunk = Math.max(Math.abs(g) - settings.lambda1, 0);
    const step = h + settings.lambda2 > 0 ? (settings.learningRate * shrunk) / (h + settings.lambda2) : 0;
    const node = this.#nodes.length;
    const value = g > 0 ? -step : step;
    this.#nodes.push({ feature: -1, bin: -1, left: -1, count: rows.length, value, gain: 0, hessian: h, table: new Uint8Array(TABLE) });
    const isDeep = settings.maxDepth > 0 && depth >= settings.maxDepth;
    const isOpen = !isDeep && rows.length >= 2 * settings.minDataInLeaf;
    const split = isOpen ? findBestSplit(leaf, this.#layout, this.#mask, (feature) => this.#histogram(feature, rows)) : null;
    return { ...leaf, node, depth, rows, split };
  }

  #histogram(feature: number, rows: Uint32Array): LeafHistograms {
    const bins = this.#bins[feature]!;
    const size = this.#layout.features[feature]!.bins;
    const histogram = { gradients: new Float64Array(size), hessians: new Float64Array(size), counts: new Int32Array(size) };
    for (const row of rows) {
      const bin = bins[row]!;
      histogram.gradients[bin]! += this.#pairs.gradients[row]!;
      histogram.hessians[bin]! += this.#pairs.hessians[row]!;
      histogram.counts[bin]! += 1;
    }
    return histogram;
  }

  #split(index: number, leaf: OpenLeaf, split: Split): void {
    const node = this.#nodes[leaf.node]!;
    const bins = this.#bins[split.feature]!;
    const isLeftLarger = split.leftCount * 2 >= leaf.count;
    const size = this.#layout.features[split.feature]!.bins;
    for (let bin = 0; bin < size; bin++) node.table[bin] = (split.goesLeft(bin) ?? isLeftLarger) ? 1 : 0;
    node.feature = split.feature;
    node.bin = split.bin;
    node.gain = split.gain;
    node.left = this.#nodes.length;
    this.#leaves[index] = this.#open(
      leaf.rows.filter((row) => node.table[bins[row]!] === 1),
      leaf.depth + 1,
    );
    this.#leaves.push(
      this.#open(
        leaf.rows.filter((row) => node.table[bins[row]!] !== 1),
        leaf.depth + 1,
      ),
    );
  }

  #export(): GrownTree {
    const nodes = this.#nodes;
    const table = new Uint8Array(nodes.length * TABLE);
    for (const [index, node] of nodes.entries()) table.set(node.table, index * TABLE);
    this.#view = {
      nodes: nodes.length,
      feature: Int32Array.from(nodes, (node) => node.feature),
      bin: Int32Array.from(nodes, (node) => node.bin),
      left: Int32Array.from(nodes, (node) => node.left),
      count: Int32Array.from(nodes, (node) => node.count),
      value: Float64Array.from(nodes, (node) => node.value),
      gain: Float64Array.from(nodes, (node) => node.gain),
      hessian: Float64Array.from(nodes, (node) => node.hessian),
      table,
    };
    return this.#view;
  }

  /** What the tree adds to a row. */
  step(bins: readonly Uint8Array[], row: number): number {
    const { feature, left, value, table } = this.#view!;
    let node = 0;
    while (left[node]! >= 0) node = left[node]! + 1 - table[node * TABLE + bins[feature[node]!]![row]!]!;
    return value[node]!;
  }
}
