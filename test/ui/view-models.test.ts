import { describe, expect, test } from "vitest";
import type { ColumnProfile, DataProfile, ProgressNode } from "../../src/client/index.ts";
import { toCsv } from "../../src/ui/view/arrow-rows.ts";
import { foldRows, settledNodes, workCounts } from "../../src/ui/view/job/grid-model.ts";
import { openByDefault, stepTree } from "../../src/ui/view/job/tree-nodes.ts";
import {
  draftOfConfig,
  guessedTask,
  NEW_DRAFT,
  roleOf,
  targetOf,
  taskOf,
  toTrainParams,
  twoClasses,
  withRole,
} from "../../src/ui/view/new/draft.ts";

function column(name: string, change: Partial<ColumnProfile> = {}): ColumnProfile {
  return {
    name,
    type: "double",
    rows: 10,
    n_missing: 0,
    n_unique: 9,
    numeric: null,
    levels: null,
    n_other: 0,
    checks: [],
    suggested_role: "feature",
    ...change,
  };
}

const classes = (name: string, ...labels: string[]): ColumnProfile =>
  column(name, {
    type: "factor",
    n_unique: labels.length,
    levels: labels.map((label, i) => ({ label, count: 9 - i })),
    suggested_role: "target",
  });

const profile = (columns: readonly ColumnProfile[], change: Partial<DataProfile> = {}): DataProfile => ({
  data_handle: "data-1",
  name: "t",
  rows: 10,
  cols: columns.length,
  fingerprint: "f",
  columns,
  suggested_target: null,
  suggested_task: null,
  warnings: [],
  ...change,
});

const HEART = profile([column("id", { suggested_role: "skip" }), column("age"), column("bp"), classes("sick", "yes", "no")], {
  suggested_target: "sick",
  suggested_task: "classification",
});

describe("a set-up", () => {
  test("starts as the profile proposes, and says everything explicitly", () => {
    expect(toTrainParams(NEW_DRAFT, HEART, "CART")).toEqual({
      data_handle: "data-1",
      algorithm: "CART",
      hyperparameters: {},
      target: "sick",
      features: ["age", "bp"],
      task: "classification",
      outer_resampling_config: { type: "KFold", n_resamples: 5 },
    });
  });

  test("without a proposal the last column is the target", () => {
    expect(targetOf(NEW_DRAFT, profile([column("a"), column("b")]))).toBe("b");
    expect(targetOf({ ...NEW_DRAFT, target: "gone" }, HEART)).toBe("sick");
  });

  test("another target asks for its own task; numbers with two values are classes", () => {
    const draft = withRole(NEW_DRAFT, HEART, "age", "target");
    expect([targetOf(draft, HEART), taskOf(draft, HEART)]).toEqual(["age", "regression"]);
    expect(roleOf(draft, HEART, HEART.columns[3]!)).toBe("feature");
    expect(guessedTask(column("x", { type: "integer", n_unique: 2 }))).toBe("classification");
    expect(guessedTask(column("x", { type: "character", n_unique: 9 }))).toBe("classification");
  });

  test("a role that only one column has leaves its former holder a feature", () => {
    const first = withRole(NEW_DRAFT, HEART, "age", "weights");
    const second = withRole(first, HEART, "bp", "weights");
    expect(HEART.columns.map((c) => roleOf(second, HEART, c))).toEqual(["skip", "feature", "weights", "target"]);
    const third = withRole(second, HEART, "bp", "group");
    expect(toTrainParams(third, HEART, "CART")).toMatchObject({ features: ["age"], outer_resampling_config: { id_strat: "bp" } });
    expect(toTrainParams(third, HEART, "CART")).not.toHaveProperty("weights");
  });

  test("a target that is skipped hands the role on, so that there is always one", () => {
    const draft = withRole(NEW_DRAFT, HEART, "sick", "skip");
    expect(targetOf(draft, HEART)).toBe("bp");
  });

  test("two classes come in the engine's order and only for two-class targets", () => {
    expect(twoClasses(NEW_DRAFT, HEART)).toEqual(["no", "yes"]);
    expect(twoClasses(NEW_DRAFT, profile([column("a"), classes("t", "x", "y", "z")]))).toBeNull();
    const zeroOne = column("t", {
      type: "integer",
      n_unique: 2,
      numeric: { min: 0, max: 1, mean: 0, sd: 0, q25: 0, median: 0, q75: 0, n_infinite: 0, edges: [], counts: [] },
    });
    expect(twoClasses(NEW_DRAFT, profile([column("a"), zeroOne]))).toEqual(["0", "1"]);
    expect(toTrainParams({ ...NEW_DRAFT, positiveClass: "no" }, HEART, "CART")).toMatchObject({ positive_class: "no" });
  });

  test("the tuner is sent only with something to tune, and holds what its search needs", () => {
    const tuned = { ...NEW_DRAFT, hyperparameters: { CART: { maxdepth: { candidates: [3, 5] } } } };
    expect(toTrainParams(tuned, HEART, "GLMNET")).not.toHaveProperty("tuner_config");
    expect(toTrainParams(tuned, HEART, "CART")).toMatchObject({
      tuner_config: { type: "GridSearch", config: { resampler_config: { type: "KFold", n_resamples: 5 }, search_type: "exhaustive" } },
    });
    const random = { ...tuned, tuner: { ...tuned.tuner, search: "randomized" as const, share: 0.25, metric: "auc" } };
    expect(toTrainParams(random, HEART, "CART").tuner_config).toMatchObject({
      config: { search_type: "randomized", randomize_p: 0.25, metric: "auc" },
    });
  });

  test("resamplers are sent with their own fields only", () => {
    const outer = (type: "StratSub" | "LOOCV" | "none") =>
      toTrainParams({ ...NEW_DRAFT, outer: { type, folds: 7, trainShare: 0.6, group: null } }, HEART, "CART").outer_resampling_config;
    expect(outer("StratSub")).toEqual({ type: "StratSub", n_resamples: 7, train_p: 0.6 });
    expect(outer("LOOCV")).toEqual({ type: "LOOCV" });
    expect(outer("none")).toBeUndefined();
  });

  test("the set-up of an earlier job comes back from its record", () => {
    const draft = {
      ...withRole(NEW_DRAFT, HEART, "bp", "skip"),
      algorithm: "CART",
      task: "classification" as const,
      target: "sick",
      hyperparameters: { CART: { maxdepth: { candidates: [3, 5] } } },
      seed: 7,
      question: "Who is sick?",
    };
    const params = toTrainParams(draft, HEART, "CART");
    expect(toTrainParams(draftOfConfig(params as unknown as Record<string, unknown>, HEART), HEART, "CART")).toEqual(params);
  });
});

function nodes(...list: (Partial<ProgressNode> & { node_id: string; kind: string })[]): ReadonlyMap<string, ProgressNode> {
  return new Map(
    list.map((node) => [
      node.node_id,
      { parent_id: null, label: null, status: "start", started_at: 1_000, ended_at: null, ...node } as ProgressNode,
    ]),
  );
}

describe("the grid of folds", () => {
  test("announced folds wait, begun ones run, and the final model comes last", () => {
    const rows = foldRows(
      nodes(
        { node_id: "pb1", kind: "outer_resampling", total: 3 },
        { node_id: "n9", kind: "train_alg", fold: 0 },
        { node_id: "n2", kind: "outer_fold", fold: 2 },
        { node_id: "n1", kind: "outer_fold", fold: 1, status: "done", ended_at: 3_500, metric: 0.9 },
      ),
    );
    expect(rows.map((row) => [row.fold, row.state, row.metric, row.seconds])).toEqual([
      [1, "done", 0.9, 2.5],
      [2, "running", null, null],
      [3, "queued", null, null],
      [0, "running", null, null],
    ]);
    expect(workCounts(rows)).toEqual({ done: 1, total: 4 });
  });

  test("every fold has every candidate, named by whoever has begun it", () => {
    const rows = foldRows(
      nodes(
        { node_id: "pb1", kind: "outer_resampling", total: 2 },
        { node_id: "n1", kind: "outer_fold", fold: 1 },
        { node_id: "pb2", kind: "tune", fold: 1, total: 3 },
        { node_id: "n2", kind: "grid_cell", fold: 1, cell: 1, label: "depth 3", status: "done", ended_at: 2_000, metric: 0.7 },
        { node_id: "n3", kind: "grid_cell", fold: 1, cell: 2, label: "depth 5", status: "error", ended_at: 2_000 },
      ),
    );
    expect(rows[0]!.cells.map((cell) => cell.state)).toEqual(["done", "error", "queued"]);
    expect(rows[1]!.cells.map((cell) => [cell.label, cell.state])).toEqual([
      ["depth 3", "queued"],
      ["depth 5", "queued"],
      ["Candidate 3", "queued"],
    ]);
  });

  test("when a job is over nothing in it runs any more", () => {
    const settled = settledNodes(
      nodes({ node_id: "a", kind: "outer_fold", fold: 1 }, { node_id: "b", kind: "outer_fold", fold: 2, status: "done", ended_at: 2_000 }),
      5_000,
    );
    expect([...settled.values()].map((node) => [node.status, node.ended_at])).toEqual([
      ["aborted", 5_000],
      ["done", 2_000],
    ]);
  });
});

test("the tree of steps keeps the order of appearance, and a child without its parent is not lost", () => {
  const roots = stepTree(
    nodes(
      { node_id: "n1", kind: "train" },
      { node_id: "n3", kind: "outer_fold", parent_id: "n1", label: "2/2" },
      { node_id: "n2", kind: "outer_fold", parent_id: "n1", label: "1/2", status: "done" },
      { node_id: "n8", kind: "predict", parent_id: "n7" },
      { node_id: "n4", kind: "train_alg", parent_id: "n3", label: "CART" },
    ),
  );
  expect(roots.map((step) => [step.text, step.children.map((child) => child.text)])).toEqual([
    ["Job", ["Fold 2/2", "Fold 1/2"]],
    ["Predictions", []],
  ]);
  expect([...openByDefault(roots)].sort()).toEqual(["n1", "n2", "n3", "n4", "n8"]);
});

test("CSV quotes what needs it, and no cell becomes a formula", () => {
  const csv = toCsv(
    ["a", "b,c"],
    [
      ["x", 1.5],
      ['say "hi"', null],
      ["=1+1", -2],
      ["-3.5", true],
      ["@x", 0],
    ],
  );
  expect(csv.split("\r\n")).toEqual(['a,"b,c"', "x,1.5", '"say ""hi""",', "'=1+1,-2", "-3.5,true", "'@x,0", ""]);
});
