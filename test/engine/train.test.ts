import { describe, expect, test } from "vitest";
import { TrainyardError } from "../../src/core/errors.ts";
import { decodeModel } from "../../src/engine/model/model-file.ts";
import { predictTable } from "../../src/engine/model/predict.ts";
import type { Table } from "../../src/engine/table.ts";
import { prepareTraining } from "../../src/engine/train/prepare.ts";
import type { NodeReport, TrainReport } from "../../src/engine/train/progress.ts";
import { runTraining } from "../../src/engine/train/run-training.ts";
import { shapeOf } from "../../src/engine/train/shape.ts";
import { summarisePredictions } from "../../src/engine/train/summarise.ts";
import { train, trainingRequest } from "../../src/engine/train/train.ts";
import type { TrainingHost, TrainingOutcome } from "../../src/engine/train/training-host.ts";
import { runUnit, type Unit, type UnitResult } from "../../src/engine/train/unit.ts";
import { validateTrainConfig } from "../../src/engine/train/validate.ts";
import { sampleTable } from "../support/tables.ts";

const kFold = (n: number) => ({ type: "KFold", n_resamples: n });

function configFor(table: Table, params: Record<string, unknown>) {
  return validateTrainConfig({ seed: 11, ...params }, shapeOf(table));
}

function runSync(unit: Unit, prepared: ReturnType<typeof prepareTraining>): UnitResult {
  const steps = runUnit(unit, prepared, { fingerprint: null, now: () => 0 });
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}

/** A host whose units finish in an order of the test's choosing, `daemons` at a time. */
function scriptedHost(
  table: Table,
  config: ReturnType<typeof configFor>,
  options: { daemons: number; before?: (unit: Unit) => Promise<void> },
) {
  const prepared = prepareTraining(config, table);
  const host: TrainingHost = {
    daemons: () => options.daemons,
    now: () => 0,
    summarise: async (input) => summarisePredictions(input),
    runUnit: async (unit, hooks) => {
      hooks.onStart();
      await options.before?.(unit);
      hooks.signal.throwIfAborted();
      return runSync(unit, prepared);
    },
  };
  return { host, request: trainingRequest(prepared, []) };
}

const comparable = (outcome: TrainingOutcome): string =>
  JSON.stringify([{ ...outcome.result, seconds: 0 }, [...outcome.model], outcome.predictions], (key, value) =>
    key === "seconds" ? 0 : ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value,
  );

describe("training", () => {
  test("tunes inside each fold, tests on held-out rows, and keeps a model of all rows that predicts the same when read back", async () => {
    const wine = sampleTable("wine");
    const config = configFor(wine, {
      algorithm: "GLMNET",
      hyperparameters: { alpha: { candidates: [0, 1] }, nfolds: 4 },
      outer_resampling_config: kFold(3),
    });
    const reports: TrainReport[] = [];
    const { result, predictions, model } = await train(config, wine, { report: (report) => reports.push(report) });

    expect(result).toMatchObject({ task: "multiclass", rows: 178, target: "cultivar", classes: ["class_0", "class_1", "class_2"] });
    expect(result.folds.map((fold) => fold.n_test).reduce((a, b) => a + b)).toBe(178);
    expect(result.folds.every((fold) => fold.tuning?.cells.length === 2)).toBe(true);
    expect(result.metrics.test?.balanced_accuracy?.mean).toBeGreaterThan(0.93);
    expect(result.metrics.baseline?.balanced_accuracy?.mean).toBeCloseTo(1 / 3, 1);
    expect(result.metrics.test?.accuracy?.interval?.[0]).toBeLessThan(result.metrics.test?.accuracy?.mean ?? 0);
    expect(predictions.rows).toBe(178);

    // As a Node Buffer in the middle of a larger one, which is how files arrive.
    const saved = decodeModel(Buffer.concat([Buffer.alloc(3), model]).subarray(3));
    expect(saved.header).toMatchObject({ algorithm: "GLMNET", target: "cultivar", rows: 178 });
    const { table, warnings } = predictTable(saved, wine);
    expect(warnings).toEqual([]);
    const actual = wine.columns.at(-1)!;
    const predicted = table.columns[0]!;
    if (actual.kind !== "categorical" || predicted.kind !== "categorical") throw new Error("classification predicts categories");
    const right = [...predicted.codes].filter((code, row) => predicted.levels[code] === actual.levels[actual.codes[row]!]).length;
    expect(right / 178).toBeGreaterThan(0.97);
    expectWholeTree(reports);
    const said = reports.map((report) => (report.type === "node" ? report.message : ""));
    expect(said).toEqual(expect.arrayContaining(["Outer resamples 3/3", "Tuning 2/2", "Fold 1/3"]));
    expect(said.filter((message) => /^(.+) \1\b/.test(message))).toEqual([]);
    const ended = reports.filter((report) => report.type === "node" && report.kind === "outer_fold" && report.status === "done");
    expect(ended.map((report) => report.type === "node" && report.metric)).toEqual(
      result.folds.map((fold) => fold.metrics.test?.balanced_accuracy),
    );
  });

  test("gives the same bits whatever the number of units at once and the order in which they finish", async () => {
    const iris = sampleTable("iris");
    const config = configFor(iris, {
      algorithm: "CART",
      hyperparameters: { maxdepth: { candidates: [1, 2, 4] } },
      outer_resampling_config: kFold(4),
    });
    const alone = await train(config, iris);
    const backwards: (() => void)[] = [];
    const { host, request } = scriptedHost(iris, config, {
      daemons: 5,
      before: () =>
        new Promise((resolve) => {
          backwards.push(resolve);
          if (backwards.length % 3 === 0) for (const release of backwards.splice(0).reverse()) release();
          else setTimeout(() => backwards.pop()?.(), 1);
        }),
    });
    const together = await runTraining(request, host, () => {}, new AbortController().signal);
    expect(comparable(together)).toBe(comparable(alone));
  });

  test("a different seed gives other folds", async () => {
    const iris = sampleTable("iris");
    const params = { algorithm: "CART", outer_resampling_config: kFold(4) };
    const first = await train(configFor(iris, params), iris);
    const second = await train(configFor(iris, { ...params, seed: 12 }), iris);
    expect(second.predictions.columns[0]).not.toEqual(first.predictions.columns[0]);
  });

  test("finds nothing where there is nothing: a shuffled target scores like a guess", async () => {
    const cancer = sampleTable("breast_cancer");
    const target = cancer.columns.at(-1)!;
    if (target.kind !== "categorical") throw new Error("the diagnosis is a category");
    const shuffled = target.codes.map((_, row, codes) => codes[(row * 337 + 101) % codes.length]!);
    const noise: Table = { ...cancer, columns: [...cancer.columns.slice(0, -1), { ...target, codes: shuffled }] };
    const config = configFor(noise, { algorithm: "CART", outer_resampling_config: kFold(5) });
    const { result } = await train(config, noise);
    expect(result.metrics.test?.auc?.mean).toBeGreaterThan(0.4);
    expect(result.metrics.test?.auc?.mean).toBeLessThan(0.6);
  });

  test("a fold that fails is reported and left out; the rest stands", async () => {
    const iris = sampleTable("iris");
    const config = configFor(iris, { algorithm: "CART", outer_resampling_config: kFold(3) });
    const { host, request } = scriptedHost(iris, config, {
      daemons: 2,
      before: async (unit) => {
        if (unit.fold === 2) throw new TrainyardError("daemon_lost", "daemon 2 was killed by SIGKILL");
      },
    });
    const reports: TrainReport[] = [];
    const { result } = await runTraining(request, host, (report) => reports.push(report), new AbortController().signal);
    expect(result.folds.map((fold) => fold.error)).toEqual([null, "daemon 2 was killed by SIGKILL", null]);
    expect(result.metrics.test?.accuracy?.folds[1]).toBe(null);
    expect(result.warnings.join()).toContain("Fold_2 failed");
    expect(reports).toContainEqual(expect.objectContaining({ type: "text", level: "error", message: expect.stringContaining("SIGKILL") }));
  });

  test("when every fold fails for one cause, the job fails with that cause", async () => {
    const iris = sampleTable("iris");
    const config = configFor(iris, { algorithm: "CART", outer_resampling_config: kFold(3) });
    const { host, request } = scriptedHost(iris, config, {
      daemons: 2,
      before: async (unit) => {
        if (unit.fold > 0) throw new TrainyardError("task_failed", "no memory");
      },
    });
    await expect(runTraining(request, host, () => {}, new AbortController().signal)).rejects.toThrow("no memory");
  });

  test("cancelling rejects with `cancelled`, starts nothing more and closes the tree as aborted", async () => {
    const iris = sampleTable("iris");
    const config = configFor(iris, { algorithm: "CART", outer_resampling_config: kFold(10) });
    const abort = new AbortController();
    let started = 0;
    const { host, request } = scriptedHost(iris, config, {
      daemons: 1,
      before: async () => {
        if (++started === 3) abort.abort();
      },
    });
    const reports: TrainReport[] = [];
    await expect(runTraining(request, host, (report) => reports.push(report), abort.signal)).rejects.toMatchObject({ code: "cancelled" });
    expect(started).toBeLessThanOrEqual(4);
    expect(reports.at(-1)).toMatchObject({ node_id: "n1", status: "aborted" });
  });

  test("early stopping watches its own share of the training rows, never the held-out ones", () => {
    const cancer = sampleTable("breast_cancer");
    const stops = (patience: number) => {
      const hyperparameters = { early_stopping_rounds: patience, nrounds: 300 };
      const config = configFor(cancer, { algorithm: "LightGBM", hyperparameters, outer_resampling_config: kFold(3) });
      const prepared = prepareTraining(config, cancer);
      const fitted = (test: Int32Array): UnitResult => {
        const [first, ...others] = prepared.outer;
        const outer = [{ label: first?.label ?? "", train: first?.train ?? test, test }, ...others];
        return runSync({ kind: "fit", fold: 1, candidate: hyperparameters }, { ...prepared, outer });
      };
      const held = prepared.outer[0]?.test ?? new Int32Array();
      return [fitted(held), fitted(held.subarray(0, 20))].map((result) => (result.kind === "fit" ? result.facts.rounds : null));
    };
    const [rounds, roundsWithOtherTestRows] = stops(10);
    expect(rounds).toBeLessThan(300);
    expect(roundsWithOtherTestRows).toBe(rounds);
    expect(stops(0)).toEqual([300, 300]);
  });

  test("positive class, weights and rows without a target are honoured", async () => {
    const cancer = sampleTable("breast_cancer");
    const diagnosis = cancer.columns.at(-1)!;
    if (diagnosis.kind !== "categorical") throw new Error("the diagnosis is a category");
    const holes: Table = {
      ...cancer,
      columns: [...cancer.columns.slice(0, -1), { ...diagnosis, codes: diagnosis.codes.map((code, row) => (row < 9 ? -1 : code)) }],
    };
    const config = configFor(holes, {
      algorithm: "GLMNET",
      hyperparameters: { nfolds: 4 },
      positive_class: diagnosis.levels[0],
      outer_resampling_config: kFold(3),
    });
    const { result } = await train(config, holes);
    expect(result).toMatchObject({
      rows: 560,
      rows_missing_target: 9,
      positive_class: diagnosis.levels[0],
      classes: [diagnosis.levels[1], diagnosis.levels[0]],
    });
    expect(result.metrics.test?.auc?.mean).toBeGreaterThan(0.97);
  });
});

/** Every node has a parent that appeared before it, starts once and ends once; the job's fraction never goes back and ends at 1. */
function expectWholeTree(reports: readonly TrainReport[]): void {
  const nodes = reports.filter((report): report is NodeReport => report.type === "node");
  const state = new Map<string, string>();
  let fraction = 0;
  for (const node of nodes) {
    if (node.parent_id !== null) expect(state.has(node.parent_id)).toBe(true);
    expect(state.has(node.node_id)).toBe(node.status !== "start");
    expect(["done", "error", "aborted"]).not.toContain(state.get(node.node_id));
    state.set(node.node_id, node.status);
    if (node.fraction !== undefined) {
      expect(node.fraction).toBeGreaterThanOrEqual(fraction);
      fraction = node.fraction;
    }
  }
  expect([...state.values()].every((status) => status === "done")).toBe(true);
  expect(fraction).toBe(1);
}
