import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import type { Problem } from "../../src/engine/algorithm.ts";
import { fitMlp } from "../../src/engine/algorithms/mlp/fit.ts";
import { settingsOf } from "../../src/engine/algorithms/mlp/hyperparameters.ts";
import { mlp } from "../../src/engine/algorithms/mlp/mlp.ts";
import { Network, type NetworkShape } from "../../src/engine/algorithms/mlp/network.ts";
import { rowLoss } from "../../src/engine/algorithms/mlp/training.ts";
import { PlainOperations } from "../../src/engine/algorithms/mlp/twin.ts";
import { categoricalColumn, numericColumn } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";
import { describeContract, fitter } from "./learner-contract.ts";
import { mixedProblem, normal, rowsOf } from "./light-gbm-rig.ts";

const run = fitter(mlp);

function lossOf(problem: Problem, predicted: Float64Array): number {
  const k = problem.classes.length;
  const mean =
    problem.target.reduce((sum, y, i) => sum + (k === 0 ? (y - predicted[i]!) ** 2 : -Math.log(predicted[i * k + y]!)), 0) / problem.rows;
  return k === 0 ? Math.sqrt(mean) : mean;
}

interface Case {
  sample: string;
  activation: string;
  hidden: number[];
  losses: number[];
}
const reference = JSON.parse(readFileSync(new URL("../fixtures/mlp/reference.json", import.meta.url), "utf8"));

describe("losses on new rows are those of scikit-learn's networks", () => {
  for (const one of reference.cases as Case[]) {
    test(`${one.sample}, ${one.activation}, ${one.hidden.length} layers`, () => {
      const columns = sampleColumns(one.sample);
      const whole = problemOf(columns, columns.at(-1)!.name);
      const half = (odd: number): Problem =>
        rowsOf(
          whole,
          Int32Array.from({ length: Math.floor((whole.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
        );
      const settings = {
        activation: one.activation,
        hidden_layers: one.hidden.length,
        hidden_units: one.hidden[0]!,
        batch_size: 16,
        epochs: 60,
      };
      const own = [1, 2, 3, 4].map((seed) => {
        const { result } = run(half(0), { ...settings, alpha: 0.01, early_stopping_rounds: 0 }, { seed, validation: null });
        return lossOf(half(1), result.predict(half(1).features));
      });
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(mean(one.losses.map((loss) => (loss - mean(one.losses)) ** 2)));
      // Four standard deviations between seeds. Networks start from other numbers, and biases here start at zero: 3 % more.
      expect(Math.abs(mean(own) - mean(one.losses)), `${mean(own)} beside ${mean(one.losses)} ± ${spread}`).toBeLessThan(
        4 * spread + 0.03 * mean(one.losses),
      );
    });
  }
});

describe("the network", () => {
  const shape: NetworkShape = {
    inputs: 7,
    embeddings: [
      { levels: 4, width: 2, first: 3 },
      { levels: 3, width: 2, first: 5 },
    ],
    hidden: [5, 9],
    outputs: 3,
    activation: "tanh",
  };
  const codes = Int32Array.of(1, 0, 3, 2, 0, 1, 1, 1, 2, 2);
  const filled = (network: Network, seed: number): Network => {
    const random = randomStream(seed);
    network.initialise(randomStream(seed, 1));
    for (let i = 0; i < 5; i++) for (let j = 0; j < 3; j++) network.input[i * network.inputWidth + j] = normal(random);
    return network;
  };
  const goal = { task: "multiclass", center: 0, spread: 1 } as const;
  const labels = [0, 1, 2, 1, 0];
  const lossAt = (network: Network, scale: number): number => {
    network.forward(5, codes);
    network.errors.fill(0);
    return labels.reduce((sum, y, i) => sum + rowLoss(network, goal, i, y, scale), 0);
  };

  test("a step of Adam moves every parameter against its slope, which differences confirm", () => {
    const network = filled(new Network(shape, 5), 3);
    const before = network.parameters.slice();
    const slopes = new Float64Array(before.length);
    for (let p = 0; p < before.length; p++) {
      const h = 1e-2;
      network.parameters[p] = before[p]! + h;
      const up = lossAt(network, 0);
      network.parameters[p] = before[p]! - h;
      slopes[p] = (up - lossAt(network, 0)) / (2 * h);
      network.parameters[p] = before[p]!;
    }
    lossAt(network, 1);
    network.backward(5, codes);
    network.step(1e-3, 0);
    let moved = 0;
    for (let p = 0; p < before.length; p++) {
      // The first step of Adam is the learning rate against the sign of the slope; slopes below what differences see are left out.
      if (Math.abs(slopes[p]!) < 1e-3) continue;
      moved++;
      expect(network.parameters[p]! - before[p]!, `parameter ${p}`).toBeCloseTo(-1e-3 * Math.sign(slopes[p]!), 5);
    }
    expect(moved).toBeGreaterThan(60);
  });

  for (const activation of ["relu", "tanh"] as const) {
    test(`${activation}: the kernel and its plain twin have the same bits after ten steps`, () => {
      const [fast, plain] = [
        new Network({ ...shape, activation }, 5),
        new Network({ ...shape, activation }, 5, (b) => new PlainOperations(b)),
      ].map((network) => filled(network, 4)) as [Network, Network];
      for (let step = 0; step < 10; step++) {
        for (const network of [fast, plain]) {
          lossAt(network, 0.2);
          network.backward(5, codes);
          network.step(0.01, 0.001);
        }
        expect(plain.output).toEqual(fast.output);
        expect(plain.parameters).toEqual(fast.parameters);
      }
    });
  }

  test("a whole fit has the same bits on the twin", () => {
    const problem = mixedProblem("binary", 60, 3, true);
    const settings = settingsOf({
      hidden_layers: 1,
      hidden_units: 6,
      learning_rate: 0.01,
      epochs: 3,
      early_stopping_rounds: 0,
      alpha: 0.01,
      ifw: false,
      activation: "tanh",
      batch_size: 16,
    });
    const context = { seed: 5, validation: null };
    const fast = drain(fitMlp(problem, settings, context)).result.parts.parameters;
    expect(drain(fitMlp(problem, settings, context, (bytes) => new PlainOperations(bytes))).result.parts.parameters).toEqual(fast);
  });
});

describe("training", () => {
  test("early stopping keeps the best epoch: its loss is the curve's least, and the model's own", () => {
    const problem = mixedProblem("binary", 300, 2);
    const fresh = mixedProblem("binary", 200, 3);
    const settings = { early_stopping_rounds: 5, epochs: 300, learning_rate: 0.01 };
    const { steps, result } = run(problem, settings, { seed: 1, validation: fresh });
    const curve = steps.map((step) => step.values.validation!);
    const best = curve.indexOf(Math.min(...curve));
    expect(result.facts()).toMatchObject({ best_epoch: best + 1, epochs: best + 6, stopped_early: true });
    expect(lossOf(fresh, result.predict(fresh.features))).toBeCloseTo(curve[best]!, 9);
    expect(mlp.stopsEarly!(settings, problem)).toBe(true);
    expect(mlp.stopsEarly!({ early_stopping_rounds: 0 }, problem)).toBe(false);
  });

  test("the training loss falls, epoch by epoch", () => {
    const { steps } = run(problemOf(sampleColumns("diabetes"), "progression"), { epochs: 50 });
    expect(steps.length).toBe(50);
    expect(steps.at(-1)!.values.training!).toBeLessThan(0.8 * steps[0]!.values.training!);
    expect(steps[0]).toMatchObject({ step: 1, total: 50, measure: "rmse" });
  });

  test("categories are learned through embeddings; an unseen level is a missing one", () => {
    const random = randomStream(1);
    const n = 600;
    const labels = Array.from({ length: n }, () => `level ${random.integer(12)}`);
    const target = Float64Array.from(labels, (label) => (label.length + Number(label.slice(6)) * 3) % 7);
    const problem: Problem = {
      task: "regression",
      rows: n,
      features: [
        categoricalColumn("c", labels),
        numericColumn(
          "noise",
          Float64Array.from({ length: n }, () => normal(random)),
        ),
      ],
      target,
      classes: [],
      weights: null,
    };
    const { result } = run(problem, { epochs: 300, early_stopping_rounds: 0, learning_rate: 0.01 });
    expect(lossOf(problem, result.predict(problem.features))).toBeLessThan(0.3);
    const one = (code: number) =>
      result.predict([{ ...categoricalColumn("c", labels), codes: Int32Array.of(code) }, numericColumn("noise", [0])]);
    expect(one(99)).toEqual(one(-1));
  });

  test("a rate that is too large is told as divergence, or its answer is finite", () => {
    const { result } = run(problemOf(sampleColumns("diabetes"), "progression"), { learning_rate: 1, epochs: 30 });
    const predicted = result.predict(problemOf(sampleColumns("diabetes"), "progression").features);
    expect(predicted.every(Number.isFinite)).toBe(true);
  });

  test("balanced classes raise the probability of the rare one", () => {
    const problem = mixedProblem("binary", 400, 9);
    const rare = { ...problem, target: problem.target.map((y, i) => (i % 5 === 0 ? y : 0)) };
    const mean = (ifw: boolean): number =>
      run(rare, { ifw, epochs: 20 })
        .result.predict(rare.features)
        .reduce((sum, value, i) => sum + (i % 2 === 1 ? value : 0), 0) / 400;
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.15);
  });
});

describeContract(mlp, { misspelt: ["hidden_layer", "hidden_layers"], quick: { epochs: 4 }, rowOrder: null });
