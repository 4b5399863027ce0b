import { describe, expect, test } from "vitest";
import { exponential, logarithm, logOnePlus } from "../../src/engine/algorithms/light-gbm/exponential.ts";
import { KERNEL_BASE64 } from "../../src/engine/algorithms/light-gbm/kernel.generated.ts";
import { createKernel } from "../../src/engine/algorithms/light-gbm/kernel.ts";
import { toSettings } from "../../src/engine/algorithms/light-gbm/settings.ts";
import { createTwin } from "../../src/engine/algorithms/light-gbm/twin.ts";
import { fitModel, mixedProblem } from "./light-gbm-rig.ts";

describe("the kernel and its plain twin grow the same trees, bit for bit", () => {
  const cases = [
    { title: "regression", task: "regression", set: {} },
    { title: "binary", task: "binary", set: {} },
    { title: "multiclass", task: "multiclass", set: { max_leaves: 7 } },
    { title: "penalties and a depth limit", task: "binary", set: { lambda_l1: 0.5, lambda_l2: 2, max_depth: 3, min_gain_to_split: 0.1 } },
    { title: "bagging and feature fraction", task: "regression", set: { subsample: 0.6, subsample_freq: 2, feature_fraction: 0.5 } },
    { title: "few bins, free categories", task: "multiclass", set: { max_bin: 16, cat_smooth: 0, cat_l2: 0, max_cat_threshold: 3 } },
    { title: "leaves of one row", task: "regression", set: { min_data_in_leaf: 1, max_leaves: 60 } },
  ] as const;
  for (const { title, task, set } of cases) {
    for (const isWeighted of [false, true]) {
      test(`${title}${isWeighted ? ", weighted" : ""}`, () => {
        const problem = mixedProblem(task, 400, 11, isWeighted);
        const validation = mixedProblem(task, 150, 12, isWeighted);
        const hyperparameters = { nrounds: 8, min_data_in_leaf: 5, ...set };
        const kernel = fitModel(problem, hyperparameters, { validation });
        const twin = fitModel(problem, hyperparameters, { validation, core: createTwin });
        expect(kernel.steps).toEqual(twin.steps);
        expect(kernel.model.state()).toEqual(twin.model.state());
        expect(kernel.model.facts().leaves).toBeGreaterThan(24);
      });
    }
  }
});

test("histogram slots that run out change nothing but time", () => {
  const problem = mixedProblem("regression", 400, 5);
  const scarce = fitModel(problem, { nrounds: 5, min_data_in_leaf: 3 }, { core: (layout) => createKernel({ ...layout, slots: 2 }) });
  const plenty = fitModel(problem, { nrounds: 5, min_data_in_leaf: 3 });
  expect(scarce.model.state()).toEqual(plenty.model.state());
});

describe("the kernel's memory", () => {
  const edges = Float64Array.from([0]);
  const features = Array.from({ length: 50 }, (_, column) => ({ kind: "numeric" as const, column, edges, bins: 3 }));
  const layout = {
    task: "binary",
    validationRows: 0,
    features,
    outputs: 1,
    isWeighted: true,
    isValidationWeighted: false,
    slots: 2,
  } as const;

  test("what does not fit is refused before anything is laid out", () => {
    const settings = toSettings({});
    for (const rows of [40_000_000, 90_000_000, 2_000_000_000]) {
      expect(() => createKernel({ ...layout, rows, settings })).toThrow(`${rows} rows × 50 features do not fit`);
    }
    expect(() => createKernel({ ...layout, rows: 1000, settings })).not.toThrow();
  });

  test("the module is small enough to be compiled at once in a page", () => {
    expect((KERNEL_BASE64.length * 3) / 4).toBeLessThan(32_768);
  });
});

describe("exp and ln", () => {
  test("are within a few units in the last place of the host's", () => {
    for (let x = -707; x <= 0; x += 0.0937) {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
      const e = Math.exp(x / 20);
      expect(Math.abs(logOnePlus(e) / Math.log1p(e) - 1)).toBeLessThan(1e-15);
      expect(Math.abs(logarithm(1 / e) - Math.log(1 / e))).toBeLessThan(1e-14);
    }
  });

  test("have their limits", () => {
    expect(exponential(0)).toBe(1);
    expect(exponential(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(logOnePlus(0)).toBe(0);
    expect(logarithm(1)).toBe(0);
  });
});
