import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/engine/algorithm.ts";
import { numericColumn } from "../../src/engine/table.ts";
import { classification, fitModel, regression, rowsOf } from "./light-gbm-rig.ts";

// Written by test/fixtures/light-gbm/make.py with scikit-learn's HistGradientBoosting: its scores over five folds, rows dealt anew
// eight times (three for the synthetic table). We fit the same folds with the same settings.
interface Reference {
  readonly settings: {
    readonly max_iter: number;
    readonly max_leaf_nodes: number;
    readonly min_samples_leaf: number;
    readonly learning_rate: number;
  };
  readonly sets: Readonly<Record<string, ReferenceSet>>;
}
interface ReferenceSet {
  readonly classes: readonly string[];
  readonly target_sum: number;
  readonly repetitions: readonly { readonly folds: string | null; readonly scores: Readonly<Record<string, number>> }[];
}
const reference = JSON.parse(readFileSync("test/fixtures/light-gbm/reference.json", "utf8")) as Reference;

describe("held-out scores agree with scikit-learn's histogram boosting", () => {
  for (const name of ["breast_cancer", "wine", "diabetes", "synthetic"]) {
    test(name, () => {
      const set = reference.sets[name]!;
      const problem = name === "synthetic" ? syntheticProblem() : sampleProblem(name, set.classes);
      expect(problem.target.reduce((sum, value) => sum + value, 0)).toBe(set.target_sum);
      const compared = set.repetitions.filter((repetition) => repetition.folds !== null);
      const own = compared.map((repetition) => crossValidate(problem, repetition.folds!));
      for (const measure of Object.keys(set.repetitions[0]!.scores)) {
        const theirs = mean(compared.map((repetition) => repetition.scores[measure]!));
        const ours = mean(own.map((scores) => scores[measure]!));
        // Trees differ in bin edges and ties, so scores differ like those of two ways of dealing the folds: within two standard
        // deviations of scikit-learn's own spread, and on the better side without limit.
        const spread = deviation(set.repetitions.map((repetition) => repetition.scores[measure]!));
        const isLoss = measure === "rmse" || measure === "log_loss";
        const worse = isLoss ? ours - theirs : theirs - ours;
        expect(worse, `${measure}: ours ${ours}, theirs ${theirs}, spread ${spread}`).toBeLessThan(2 * spread);
      }
    });
  }
});

function crossValidate(problem: Problem, folds: string): Record<string, number> {
  const { max_iter, max_leaf_nodes, min_samples_leaf, learning_rate } = reference.settings;
  const hyperparameters = { nrounds: max_iter, max_leaves: max_leaf_nodes, min_data_in_leaf: min_samples_leaf, learning_rate };
  const width = problem.task === "regression" ? 1 : problem.classes.length;
  const predicted = new Float64Array(problem.rows * width);
  for (const fold of new Set(folds)) {
    const all = Int32Array.from(folds, (_, row) => row);
    const testRows = all.filter((row) => folds[row] === fold);
    const training = rowsOf(
      problem,
      all.filter((row) => folds[row] !== fold),
    );
    const part = fitModel(training, hyperparameters).model.predict(rowsOf(problem, testRows).features);
    for (const [i, row] of testRows.entries()) predicted.set(part.subarray(i * width, (i + 1) * width), row * width);
  }
  return scoresOf(problem, predicted, width);
}

function scoresOf(problem: Problem, predicted: Float64Array, width: number): Record<string, number> {
  const { target, rows } = problem;
  if (problem.task === "regression") return { rmse: Math.sqrt(mean([...target].map((y, i) => (y - predicted[i]!) ** 2))) };
  let logLoss = 0;
  let hits = 0;
  for (let i = 0; i < rows; i++) {
    const own = predicted.subarray(i * width, (i + 1) * width);
    logLoss -= Math.log(Math.max(own[target[i]!]!, 1e-15)) / rows;
    if (own.indexOf(Math.max(...own)) === target[i]) hits++;
  }
  const scores: Record<string, number> = { log_loss: logLoss, accuracy: hits / rows };
  if (problem.task === "binary") scores.auc = rocAuc(target, predicted);
  return scores;
}

/** Share of (positive, negative) pairs in the right order; ties are too rare to matter here. */
function rocAuc(target: Float64Array, predicted: Float64Array): number {
  const order = [...target.keys()].sort((a, b) => predicted[2 * a + 1]! - predicted[2 * b + 1]!);
  let rankSum = 0;
  let positives = 0;
  for (const [rank, row] of order.entries()) {
    if (target[row] !== 1) continue;
    rankSum += rank + 1;
    positives++;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (target.length - positives));
}

function sampleProblem(name: string, classes: readonly string[]): Problem {
  const [header = "", ...lines] = readFileSync(`samples/${name}.csv`, "utf8").trim().split("\n");
  const cells = lines.map((line) => line.trim().split(","));
  const names = header.trim().split(",").slice(0, -1);
  const features = names.map((column, j) =>
    numericColumn(
      column,
      cells.map((row) => Number(row[j])),
    ),
  );
  const last = cells.map((row) => row[names.length]!);
  if (classes.length === 0) return regression(features, last.map(Number));
  return classification(
    features,
    last.map((label) => classes.indexOf(label)),
    classes,
  );
}

/** The same table as `synthetic` in make.py, from the same generator. */
function syntheticProblem(): Problem {
  const rows = 5000;
  let state = 2024;
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const bell = (): number => draw() + draw() + draw() + draw() - 2;
  const numbers = Array.from({ length: 6 }, () => new Float64Array(rows));
  const shops = new Int32Array(rows);
  const colours = new Int32Array(rows);
  const target = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const x = [bell(), bell(), bell(), bell(), bell()];
    const shop = Math.floor(draw() * 40);
    const colour = Math.floor(draw() * 3);
    const hole = draw();
    let z = 2 * x[0]! + 3 * x[1]! * x[2]! + (x[3]! > 0.3 ? 1 : 0);
    z += ((shop * 17) % 11) * 0.2 - 1 + (colour === 1 ? 0.8 : 0);
    if (hole < 0.25) {
      x[0] = Number.NaN;
      z += 0.6;
    }
    shops[i] = draw() < 0.1 ? -1 : shop;
    colours[i] = colour;
    for (let j = 0; j < 5; j++) numbers[j]![i] = x[j]!;
    numbers[5]![i] = bell();
    target[i] = z + 1.5 * bell() > 0.4 ? 1 : 0;
  }
  const levels = (count: number): string[] => Array.from({ length: count }, (_, level) => String(level).padStart(2, "0"));
  const category = { kind: "categorical", type: "factor", ordered: false } as const;
  const features = [
    ...numbers.map((values, j) => numericColumn(`x${j}`, values)),
    { ...category, name: "shop", codes: shops, levels: levels(40) },
    { ...category, name: "colour", codes: colours, levels: levels(3) },
  ];
  return classification(features, target, ["no", "yes"]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}
