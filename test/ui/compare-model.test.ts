import { describe, expect, test } from "vitest";
import type { TrainReportSlice } from "../../src/client/index.ts";
import { parseRoute, paths } from "../../src/ui/app/router.ts";
import { type Difference, importanceRows, type Metric, settingsOf, shortNames, verdict } from "../../src/ui/view/compare/compare-model.ts";

const report = (config: object, change: Partial<TrainReportSlice> = {}): TrainReportSlice =>
  ({ rows: 10, features: ["a", "b"], config, importance: null, ...change }) as unknown as TrainReportSlice;

const metric = (name: string): Metric => ({ name, maximize: true, summaries: [], differences: [] });
const difference = (change: Partial<Difference>): Difference => ({
  folds: 5,
  mean: 0.02,
  sd: 0.1,
  low: 0,
  high: 0.1,
  p: 0.01,
  p_adjusted: 0.01,
  ...change,
});

describe("compared jobs", () => {
  test("names tell them apart, by table and number only where that is needed", () => {
    const job = (algorithm: string, data_name = "t"): { algorithm: string; data_name: string } => ({ algorithm, data_name });
    expect(shortNames([job("CART"), job("GLMNET")])).toEqual(["CART", "GLMNET"]);
    expect(shortNames([job("CART"), job("CART"), job("CART")])).toEqual(["CART", "CART (2)", "CART (3)"]);
    expect(shortNames([job("CART"), job("CART", "u")])).toEqual(["CART on t", "CART on u"]);
  });

  test("settings are compared by path, those that differ first; what only one has differs", () => {
    const found = settingsOf([
      report({ algorithm: "CART", target: "y", hyperparameters: { cp: { candidates: [0.1, 0.2] } }, weights: null }),
      report({ algorithm: "CART", target: "y", hyperparameters: { cp: 0.1, maxdepth: 3 }, weights: null }),
    ]);
    expect(found.filter((setting) => setting.differs)).toEqual([
      { path: "hyperparameters.cp", values: ["tuned: 0.1, 0.2", "0.1"], differs: true },
      { path: "hyperparameters.maxdepth", values: ["–", "3"], differs: true },
    ]);
    expect(found.slice(2).map((setting) => setting.path)).toEqual(["rows", "features", "algorithm", "target"]);
  });

  test("a large p never says that there is no difference; better depends on the metric", () => {
    const say = (name: string, change: Partial<Difference>, pairs = 1): string =>
      verdict(metric(name), difference(change), "B", "A", pairs);
    expect(say("auc", { p_adjusted: 0.4 })).toBe("These 5 folds do not show that B and A differ in AUC (p 0.400).");
    expect(say("auc", {})).toBe("B is better than A in AUC by 0.0200 (p 0.010).");
    expect(say("log_loss", { p_adjusted: 0.0001 }, 3)).toBe(
      "B is worse than A in Log-loss by 0.0200 (p < 0.001, corrected for 3 comparisons).",
    );
    expect(say("rmse", { mean: -3 })).toContain("B is better than A in RMSE by 3.00");
  });

  test("importance is a share of each job's largest; a variable that a job lacks is told apart from zero", () => {
    const importance = (entries: Record<string, number>) => ({
      measure: "gain",
      variables: Object.entries(entries).map(([variable, mean]) => ({ variable, mean, folds: [mean] })),
    });
    expect(
      importanceRows([report({}, { importance: importance({ a: 4, b: 1 }) }), report({}, { importance: importance({ b: 10, a: 0 }) })]),
    ).toEqual([
      { variable: "b", shares: [0.25, 1] },
      { variable: "a", shares: [1, 0] },
    ]);
    expect(importanceRows([report({}), report({}, { importance: importance({ a: 1 }) })])).toEqual([{ variable: "a", shares: [null, 1] }]);
  });

  test("the address holds at most eight different jobs, the baseline first", () => {
    const path = paths.compare(["b", "a"]);
    expect(parseRoute("/compare", path.slice(path.indexOf("?")))).toEqual({ view: "compare", jobIds: ["b", "a"] });
    expect(parseRoute("/compare", "")).toEqual({ view: "compare", jobIds: [] });
    const many = Array.from({ length: 12 }, (_, i) => `j${i % 10}`);
    expect(parseRoute("/compare", `?jobs=${many.join(",")}`)).toEqual({ view: "compare", jobIds: many.slice(0, 8) });
  });
});
