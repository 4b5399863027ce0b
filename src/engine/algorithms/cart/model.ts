import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { type Contributions, expectedValue, TreeShap, type TreeView } from "../../explain/tree-shap.ts";
import type { Column } from "../../table.ts";
import { type TreeFeature, treeFeatures } from "./data.ts";
import { LEFT } from "./split.ts";
import type { Surrogate } from "./surrogate.ts";
import { route, type TreeNode } from "./tree.ts";

export type Facts = Readonly<Record<string, number | string | boolean | null>>;

export interface CartParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly variables: readonly string[];
  readonly nodes: readonly TreeNode[];
  readonly facts: Facts;
}

/** A fitted tree. */
export class CartModel implements Model {
  readonly parts: CartParts;

  constructor(parts: CartParts) {
    this.parts = parts;
  }

  predict(columns: readonly Column[]): Float64Array {
    const { variables, nodes, classes } = this.parts;
    if (columns.length !== variables.length) {
      throw new InvalidArgumentError(
        `the tree was trained on ${variables.length} features and got ${columns.length}; pass them all, in training order`,
      );
    }
    const features = treeFeatures(columns);
    const width = Math.max(1, classes);
    const rows = rowsOf(features);
    const out = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const { summary, weight } = nodes[leafOf(nodes, features, row)]!;
      if (classes === 0) out[row] = summary[0]!;
      else for (let k = 0; k < classes; k++) out[row * classes + k] = summary[k]! / weight;
    }
    return out;
  }

  /** Shapley values of each feature for the prediction: the value, or the probability of each class. A surrogate's answer counts for the split. */
  contributions(columns: readonly Column[]): Contributions {
    const { variables, nodes, classes } = this.parts;
    const features = treeFeatures(columns);
    const rows = rowsOf(features);
    const outputs = Math.max(1, classes);
    const tree = viewOf(nodes, features, classes);
    const shap = new TreeShap(outputs, variables.length);
    const values = new Float64Array(rows * outputs * variables.length);
    const width = outputs * variables.length;
    for (let row = 0; row < rows; row++) shap.add(tree, row, values.subarray(row * width, (row + 1) * width));
    const baseline = Float64Array.from({ length: outputs }, (_, output) => expectedValue(tree, output));
    return { baseline, values, scale: classes === 0 ? "value" : "probability" };
  }

  /**
   * Measure `impurity`: each feature's share of the weighted impurity that its splits take away (Gini index, entropy, or sum of squares), as in
   * scikit-learn: surrogates do not count, shares sum to 1. All zeros for a tree without splits.
   */
  importance(): Importance {
    const { variables, nodes } = this.parts;
    const gain = new Float64Array(variables.length);
    let total = 0;
    for (const { split, impurity, left, right } of nodes) {
      if (split === null) continue;
      // Over all rows of the node, those that missed the split included.
      const decrease = impurity - nodes[left]!.impurity - nodes[right]!.impurity;
      gain[split.feature]! += decrease;
      total += decrease;
    }
    if (total > 0) for (let f = 0; f < gain.length; f++) gain[f]! /= total;
    return { variables, measures: { impurity: gain } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, variables, nodes, facts } = this.parts;
    return { meta: { task, classes, variables, facts }, arrays: packNodes(nodes, Math.max(1, classes)) };
  }
}

function viewOf(nodes: readonly TreeNode[], features: readonly TreeFeature[], classes: number): TreeView {
  return {
    root: 0,
    left: (node) => nodes[node]!.left,
    right: (node) => nodes[node]!.right,
    feature: (node) => nodes[node]!.split!.feature, // asked of inner nodes only
    cover: (node) => nodes[node]!.weight,
    next: (node, row) => (route(nodes[node]!, features, row) === LEFT ? nodes[node]!.left : nodes[node]!.right),
    value: (leaf, output) => nodes[leaf]!.summary[output]! / (classes === 0 ? 1 : nodes[leaf]!.weight),
  };
}

function leafOf(nodes: readonly TreeNode[], features: readonly TreeFeature[], row: number): number {
  let t = 0;
  for (let node = nodes[0]!; node.left >= 0; node = nodes[t]!) t = route(node, features, row) === LEFT ? node.left : node.right;
  return t;
}

function rowsOf(features: readonly TreeFeature[]): number {
  const [feature] = features;
  return feature?.values?.length ?? feature?.codes?.length ?? 0;
}

const INTEGERS = 6; // depth, parent, rows, left, right, missingGoesLeft
const DOUBLES = 3; // weight, risk, impurity

/** Nodes, then every question (a node's split, then its surrogates) in one list, their level sides in another. */
function packNodes(nodes: readonly TreeNode[], width: number): ModelState["arrays"] {
  const integers = new Int32Array(nodes.length * INTEGERS);
  const doubles = new Float64Array(nodes.length * (DOUBLES + width));
  const questions: number[] = [];
  const numbers: number[] = [];
  const sides: number[] = [];
  const ask = (t: number, feature: number, belowIsLeft: boolean, levels: Uint8Array | null, threshold: number, score: number): void => {
    questions.push(t, feature, belowIsLeft ? 1 : 0, levels === null ? -1 : sides.length, levels?.length ?? 0);
    numbers.push(threshold, score);
    if (levels !== null) for (const side of levels) sides.push(side);
  };
  for (const [t, node] of nodes.entries()) {
    integers.set([node.depth, node.parent, node.rows, node.left, node.right, node.missingGoesLeft ? 1 : 0], t * INTEGERS);
    doubles.set([node.weight, node.risk, node.impurity, ...node.summary], t * (DOUBLES + width));
    if (node.split === null) continue;
    ask(t, node.split.feature, true, node.split.sides, node.split.threshold, node.split.gain);
    for (const s of node.surrogates) ask(t, s.feature, s.belowIsLeft, s.sides, s.threshold, s.agreement);
  }
  return {
    node_integers: integers,
    node_doubles: doubles,
    questions: Int32Array.from(questions),
    question_numbers: Float64Array.from(numbers),
    sides: Uint8Array.from(sides),
  };
}

/** @throws {InvalidArgumentError} when an array is missing: the state was not written by this learner. */
export function loadModel(state: ModelState): CartModel {
  const classes = state.meta.classes as number;
  const width = Math.max(1, classes);
  const integers = take(state, "node_integers", Int32Array);
  const doubles = take(state, "node_doubles", Float64Array);
  const nodes: TreeNode[] = Array.from({ length: integers.length / INTEGERS }, (_, t) => {
    const [depth = 0, parent = -1, rows = 0, left = -1, right = -1, goesLeft = 0] = integers.subarray(t * INTEGERS, (t + 1) * INTEGERS);
    const [weight = 0, risk = 0, impurity = 0, ...summary] = doubles.subarray(t * (DOUBLES + width), (t + 1) * (DOUBLES + width));
    const common = { depth, parent, rows, left, right, weight, risk, impurity, summary: Float64Array.from(summary) };
    return { ...common, split: null, surrogates: [], missingGoesLeft: goesLeft === 1 };
  });
  readQuestions(state, nodes);
  return new CartModel({
    task: state.meta.task as Task,
    classes,
    variables: state.meta.variables as readonly string[],
    nodes,
    facts: state.meta.facts as Facts,
  });
}

function readQuestions(state: ModelState, nodes: TreeNode[]): void {
  const questions = take(state, "questions", Int32Array);
  const numbers = take(state, "question_numbers", Float64Array);
  const sides = take(state, "sides", Uint8Array);
  for (let q = 0; 5 * q < questions.length; q++) {
    const [t = 0, feature = 0, belowIsLeft = 0, offset = -1, levels = 0] = questions.subarray(5 * q, 5 * q + 5);
    const [threshold = Number.NaN, score = 0] = numbers.subarray(2 * q, 2 * q + 2);
    const own = offset < 0 ? null : sides.slice(offset, offset + levels);
    const node = nodes[t]!;
    if (node.split === null) {
      node.split = { feature, threshold, sides: own, gain: score };
    } else {
      const surrogate: Surrogate = { feature, threshold, belowIsLeft: belowIsLeft === 1, sides: own, agreement: score };
      node.surrogates = [...node.surrogates, surrogate];
    }
  }
}

function take<T>(state: ModelState, name: string, type: new (...given: never[]) => T): T {
  const array: unknown = state.arrays[name];
  if (array instanceof type) return array;
  throw new InvalidArgumentError(`the CART model has no array "${name}"; it is damaged or from another version`);
}
