import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Model, Problem } from "../../src/engine/algorithm.ts";
import { algorithmOf } from "../../src/engine/algorithms/registry.ts";
import { expectedValue, TreeShap, type TreeView } from "../../src/engine/explain/tree-shap.ts";
import type { Hyperparameters } from "../../src/engine/hyperparameter.ts";
import { drain } from "../support/sample-columns.ts";
import { mixedProblem } from "./light-gbm-rig.ts";

/** A random tree whose nodes ask `x[feature] <= threshold`; covers are whole and add up. */
function randomTree(features: number, depth: number, seed: number): TreeView & { readonly x: number[][] } {
  const random = randomStream(seed);
  const nodes: { left: number; right: number; feature: number; threshold: number; cover: number; values: number[] }[] = [];
  const grow = (level: number, cover: number): number => {
    const at = nodes.length;
    nodes.push({ left: -1, right: -1, feature: -1, threshold: random.next(), cover, values: [random.next() - 0.5, random.next()] });
    if (level === depth || cover < 2 || random.next() < 0.15) return at;
    const share = 1 + random.integer(cover - 1);
    nodes[at]!.feature = random.integer(features);
    nodes[at]!.left = grow(level + 1, share);
    nodes[at]!.right = grow(level + 1, cover - share);
    return at;
  };
  grow(0, 1000);
  const x = Array.from({ length: 10 }, () => Array.from({ length: features }, () => random.next()));
  return {
    x,
    root: 0,
    left: (node) => nodes[node]!.left,
    right: (node) => nodes[node]!.right,
    feature: (node) => nodes[node]!.feature,
    cover: (node) => nodes[node]!.cover,
    next: (node, row) => (x[row]![nodes[node]!.feature]! <= nodes[node]!.threshold ? nodes[node]!.left : nodes[node]!.right),
    value: (leaf, output) => nodes[leaf]!.values[output]!,
  };
}

/** The tree's mean for a row when only the features in the bit set are known. */
function known(tree: TreeView, row: number, output: number, set: number, node = tree.root): number {
  const left = tree.left(node);
  if (left < 0) return tree.value(node, output);
  if ((set >> tree.feature(node)) & 1) return known(tree, row, output, set, tree.next(node, row));
  const right = tree.right(node);
  const share = (child: number): number => tree.cover(child) / tree.cover(node);
  return share(left) * known(tree, row, output, set, left) + share(right) * known(tree, row, output, set, right);
}

/** Shapley's own formula (1953): the mean gain by a feature over all orders, by the size of the coalition before it. */
function shapley(tree: TreeView, row: number, output: number, features: number): number[] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return Array.from({ length: features }, (_, feature) => {
    let sum = 0;
    for (let set = 0; set < 1 << features; set++) {
      if ((set >> feature) & 1) continue;
      const size = set.toString(2).replaceAll("0", "").length;
      const weight = (factorial(size) * factorial(features - size - 1)) / factorial(features);
      sum += weight * (known(tree, row, output, set | (1 << feature)) - known(tree, row, output, set));
    }
    return sum;
  });
}

test.each([1, 2, 3, 4, 5, 6])("a random tree's contributions are Shapley's sums over all coalitions (seed %i)", (seed) => {
  const features = 6;
  const tree = randomTree(features, 9, seed);
  const shap = new TreeShap(2, features);
  for (let row = 0; row < tree.x.length; row++) {
    const values = new Float64Array(2 * features);
    shap.add(tree, row, values);
    for (const output of [0, 1]) {
      const expected = shapley(tree, row, output, features);
      for (let f = 0; f < features; f++) expect(values[output * features + f]!).toBeCloseTo(expected[f]!, 12);
      expect(expectedValue(tree, output)).toBeCloseTo(known(tree, row, output, 0), 12);
    }
  }
});

function fitted(name: string, problem: Problem, settings: Hyperparameters = {}): Model {
  const algorithm = algorithmOf(name);
  const defaults = Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, schema.default]));
  return drain(algorithm.fit(problem, { ...defaults, ...settings }, { seed: 1, validation: null })).result;
}

const logit = (p: number): number => Math.log(p / (1 - p));

describe.each([
  ["LightGBM", { nrounds: 20 }],
  ["LightRF", { nrounds: 20 }],
  ["CART", {}],
] as const)("%s", (name, settings) => {
  test.each(["regression", "binary", "multiclass"] as const)("%s: baseline and contributions sum to the score of every row", (task) => {
    const problem = mixedProblem(task, 300, 5, true);
    const model = fitted(name, problem, settings);
    const { baseline, values, scale } = model.contributions!(problem.features);
    const outputs = baseline.length;
    const p = problem.features.length;
    const predicted = model.predict(problem.features);
    const classes = problem.classes.length;
    expect(values).toHaveLength(problem.rows * outputs * p);
    for (let row = 0; row < problem.rows; row++) {
      const scores = Array.from(baseline, (start, output) =>
        values.subarray((row * outputs + output) * p, (row * outputs + output + 1) * p).reduce((sum, value) => sum + value, start),
      );
      if (task === "regression") expect(scores[0]!).toBeCloseTo(predicted[row]!, 9);
      else if (scale === "probability") {
        for (let k = 0; k < classes; k++) expect(scores[k]!).toBeCloseTo(predicted[row * classes + k]!, 9);
      } else if (task === "binary") expect(scores[0]!).toBeCloseTo(logit(predicted[row * 2 + 1]!), 8);
      else {
        // Scores of classes differ as the logarithms of their probabilities do.
        for (let k = 1; k < classes; k++) {
          expect(scores[k]! - scores[0]!).toBeCloseTo(Math.log(predicted[row * classes + k]! / predicted[row * classes]!), 8);
        }
      }
    }
  });
});
