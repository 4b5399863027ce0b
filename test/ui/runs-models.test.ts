import { describe, expect, test } from "vitest";
import type { RunInfo } from "../../src/client/index.ts";
import { timeStep, xLabels, xTicks } from "../../src/ui/chart/live/x-axis.ts";
import { limitText, parallelAxis, passes, shareOf } from "../../src/ui/chart/parallel-model.ts";
import { EMPTY_LIST, readSearch, reduceRunList } from "../../src/ui/store/runs-list.ts";
import { difference, readCompared, settingNames, usualMetrics } from "../../src/ui/view/runs/compare-runs-model.ts";
import { groupKeys, lookFrom, matchingKeys, PLAIN_LOOK, type RunLook, toLook, writeLook } from "../../src/ui/view/runs/run-look.ts";
import { flatConfig, progressOf, runStateWord, totalSteps } from "../../src/ui/view/runs/run-words.ts";
import { readAddress, toQuery, writeAddress } from "../../src/ui/view/runs/runs-query.ts";
import { keysInSight } from "../../src/ui/view/runs/wide-runs.ts";

function run(id: string, more: Partial<RunInfo> = {}): RunInfo {
  return {
    id,
    name: id,
    state: "running",
    reason: null,
    exit_code: null,
    created_at: 0,
    started_at: 0,
    finished_at: null,
    ...more,
  };
}

describe("the list of runs", () => {
  const reply = (ids: readonly string[], cursor: string | null = null) => ({
    runs: ids.map((id) => run(id)),
    next_cursor: cursor,
    total: 10,
  });
  const read = reduceRunList(EMPTY_LIST, { type: "read", reply: reply(["c", "b", "a"], "next") });
  const ids = (list: typeof read) => list.rows?.map(({ id }) => id);

  test("a run that changes stays where it is and keeps its figures; one that is new waits outside", () => {
    const facts = { count: 1, last: 2, last_step: 1, min: 2, max: 2 };
    const withFigures = reduceRunList(EMPTY_LIST, {
      type: "read",
      reply: { runs: [run("a"), run("b", { metrics: { loss: facts } })], next_cursor: null },
    });
    const changed = reduceRunList(withFigures, { type: "run", record: run("b", { state: "failed" }) });
    expect(ids(changed)).toEqual(["a", "b"]);
    expect(changed.rows?.[1]).toMatchObject({ state: "failed", metrics: { loss: facts } });
    expect([...changed.dated]).toEqual(["b"]);
    const grown = reduceRunList(reduceRunList(changed, { type: "run", record: run("z") }), { type: "run", record: run("z") });
    expect(ids(grown)).toEqual(["a", "b"]);
    expect([...grown.fresh]).toEqual(["z"]);
  });

  test("more rows come after the others, none twice; a deleted one goes and is not counted", () => {
    const more = reduceRunList(read, { type: "more", reply: reply(["a", "older"]) });
    expect(ids(more)).toEqual(["c", "b", "a", "older"]);
    expect(more.cursor).toBeNull();
    const less = reduceRunList(more, { type: "removed", run: "b" });
    expect(ids(less)).toEqual(["c", "a", "older"]);
    expect(less.total).toBe(9);
    expect(reduceRunList(less, { type: "removed", run: "unknown" }).total).toBe(9);
  });

  test("figures read again replace rows in place", () => {
    const renewed = reduceRunList(read, { type: "renewed", reply: { runs: [run("a", { state: "stale" }), run("x")], next_cursor: null } });
    expect(ids(renewed)).toEqual(["c", "b", "a"]);
    expect(renewed.rows?.[2]?.state).toBe("stale");
  });

  test("a search is words, a state, a tag and conditions", () => {
    expect(readSearch(" resnet  state:failed tag:paper lr>=0.1 optimizer.name=adam big ")).toEqual({
      search: "resnet big",
      state: ["failed"],
      tag: "paper",
      config: ["lr>=0.1", "optimizer.name=adam"],
    });
    expect(readSearch("state:unknown")).toEqual({ search: "state:unknown" });
    expect(readSearch("a= =b")).toEqual({ search: "a= =b" });
  });

  test("U-6: the address says what is shown, and back; sorting by a figure names its series", () => {
    const address = { search: "tag:a b", filter: "failed", key: "val/loss", sort: "min", order: "asc" } as const;
    expect(readAddress(writeAddress(address).slice("/runs".length))).toEqual(address);
    expect(writeAddress(readAddress(""))).toBe("/runs");
    expect(readAddress("?show=nonsense&sort=nonsense")).toMatchObject({ filter: "all", sort: "created", order: "desc" });
    expect(toQuery(address, "val/loss", 50)).toEqual({
      search: "b",
      tag: "a",
      state: ["failed", "crashed"],
      metrics: ["val/loss"],
      sort: "min:val/loss",
      order: "asc",
      limit: 50,
      total: true,
    });
    expect(toQuery({ ...address, search: "" }, "", 50)).not.toHaveProperty("sort");
  });
});

describe("how charts are looked at", () => {
  test("a look survives the address, with commas and slashes in names", () => {
    const look: RunLook = {
      x: "key:a,b/c",
      xLog: true,
      yLog: true,
      smooth: 32,
      filter: "train/*, loss",
      pins: ["a,b", "val/loss"],
      open: { train: true, "grad,x": false },
    };
    const query = new URLSearchParams("tab=log");
    writeLook(query, look);
    expect(lookFrom(new URLSearchParams(query.toString()))).toEqual(look);
    writeLook(query, PLAIN_LOOK);
    expect(query.toString()).toBe("tab=log");
  });

  test("what was kept by another version, or by hand, becomes plain where it does not fit", () => {
    expect(toLook({ x: 3, smooth: -1, filter: null, pins: ["a", 1], open: { a: "yes", b: true } })).toEqual({
      ...PLAIN_LOOK,
      pins: ["a"],
      open: { b: true },
    });
    expect(toLook(null)).toEqual(PLAIN_LOOK);
  });

  test("keys are grouped by what stands before the first slash: pinned first, system last, numbers in order", () => {
    const groups = groupKeys(["sys/cpu", "loss", "train/a10", "train/a2", "val/x/y"], ["val/x/y", "gone"]);
    expect(groups.map(({ title, keys }) => [title, keys])).toEqual([
      ["Pinned", ["val/x/y"]],
      ["Metrics", ["loss"]],
      ["train", ["train/a2", "train/a10"]],
      ["val", ["val/x/y"]],
      ["System", ["sys/cpu"]],
    ]);
  });

  test("a filter is alternatives of words; a pattern stands for the whole name; signs mean themselves", () => {
    const keys = ["train/loss", "val/loss", "val/acc(1)", "lr"];
    expect(matchingKeys(keys, "")).toEqual(keys);
    expect(matchingKeys(keys, "VAL loss, lr")).toEqual(["val/loss", "lr"]);
    expect(matchingKeys(keys, "val/*")).toEqual(["val/loss", "val/acc(1)"]);
    expect(matchingKeys(keys, "acc(1)")).toEqual(["val/acc(1)"]);
  });

  test("of a run with thousands of series only open groups are followed, and what is chosen as x", () => {
    const keys = [...Array.from({ length: 500 }, (_, i) => `grad/${i}`), "loss", "lr"];
    expect(keysInSight(keys, PLAIN_LOOK)).toEqual(["loss", "lr"]);
    expect(keysInSight(keys, { ...PLAIN_LOOK, open: { grad: true } })).toHaveLength(200);
    expect(keysInSight(keys, { ...PLAIN_LOOK, filter: "grad/7*" })).not.toContain("loss");
    expect(keysInSight(keys, { ...PLAIN_LOOK, x: "key:grad/3" })[0]).toBe("grad/3");
  });

  test("ticks of time are whole seconds, minutes and hours; a span below a second has round parts of it", () => {
    expect(timeStep(60_000, 6)).toBe(10_000);
    expect(timeStep(3_600_000, 5)).toBe(900_000);
    expect(timeStep(40, 4)).toBe(10);
    expect(xTicks("duration", 0, 60_000, 6, false)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    expect(xLabels("duration", [0, 60_000, 5_400_000], false)).toEqual(["0 s", "1 min", "1 h 30 min"]);
    expect(xTicks("number", 1, 1000, 4, true)).toEqual([1, 10, 100, 1000]);
  });
});

describe("what is said of a run", () => {
  test("every state has its word: silence is not failure, and a stop is none", () => {
    expect(runStateWord("stale").text).toBe("No news");
    expect(runStateWord("stopped").tone).toBe("plain");
    expect(runStateWord("failed").tone).toBe("bad");
  });

  test("an end is known only from the configuration; the time left is told from 3 % on", () => {
    expect(totalSteps({ max_steps: 100 })).toBe(100);
    expect(totalSteps({ epochs: 3, steps_per_epoch: 20 })).toBe(60);
    expect(totalSteps({ steps: "many", epochs: 0 })).toBeNull();
    expect(progressOf(25, 100, 10)).toEqual({ share: 0.25, left: 30 });
    expect(progressOf(2, 100, 10)).toEqual({ share: 0.02, left: null });
    expect(progressOf(5, null, 10)).toEqual({ share: null, left: null });
    expect(progressOf(120, 100, 10).share).toBe(1);
  });

  test("nested settings are paths; lists and empty objects stay whole", () => {
    expect([...flatConfig({ a: { b: { c: 1 } }, list: [1, 2], none: {} })]).toEqual([
      ["a.b.c", 1],
      ["list", [1, 2]],
      ["none", {}],
    ]);
  });
});

describe("runs side by side", () => {
  const facts = (last: number) => ({ count: 1, last, last_step: 1, min: last, max: last });
  const runs = [
    { run: run("a", { config: { lr: 0.1, seed: 1, only: true } }), figures: new Map([["loss", facts(1)]]) },
    {
      run: run("b", { config: { lr: 0.2, seed: 1 } }),
      figures: new Map([
        ["loss", facts(2)],
        ["acc", facts(3)],
      ]),
    },
  ];

  test("only settings that differ are shown, one that is missing among them; all on demand", () => {
    expect(settingNames(runs, false)).toEqual(["lr", "only"]);
    expect(settingNames(runs, true)).toEqual(["lr", "seed", "only"]);
    expect(usualMetrics(runs, 5)).toEqual(["loss", "acc"]);
  });

  test("the baseline is the first run, or the one that the address names", () => {
    expect(readCompared(new URLSearchParams("runs=a,b,a"))).toEqual({ ids: ["a", "b"], baseline: "a" });
    expect(readCompared(new URLSearchParams("runs=a,b&base=b")).baseline).toBe("b");
    expect(readCompared(new URLSearchParams("runs=a,b&base=gone")).baseline).toBe("a");
    expect(readCompared(new URLSearchParams(""))).toEqual({ ids: [], baseline: null });
  });

  test("there is no difference to what is missing or not finite", () => {
    expect(difference(3, 1)).toBe(2);
    expect(difference("NaN", 1)).toBeNull();
    expect(difference(1, undefined)).toBeNull();
  });

  test("an axis of numbers has its ends, one of texts its levels; a limit keeps who passes, and nobody without a value", () => {
    const lr = parallelAxis("lr", [0.1, 0.2, null]);
    expect([lr.kind, lr.low, lr.high, shareOf(lr, 0.15)]).toEqual(["number", 0.1, 0.2, expect.closeTo(0.5, 9)]);
    const name = parallelAxis("name", ["sgd", 3, "adam"]);
    expect([name.kind, name.levels]).toEqual(["level", ["3", "adam", "sgd"]]);
    const items = [
      { id: "a", label: "a", values: [0.1, "sgd"] },
      { id: "b", label: "b", values: [0.2, "adam"] },
      { id: "c", label: "c", values: [null, "3"] },
    ];
    const kept = (limits: ReadonlyMap<string, readonly [number, number]>) =>
      items.filter((item) => passes(item, [lr, name], limits)).map(({ id }) => id);
    expect(kept(new Map())).toEqual(["a", "b", "c"]);
    expect(kept(new Map([["lr", [0, 1]]]))).toEqual(["a", "b"]);
    expect(kept(new Map([["lr", [0.5, 1]]]))).toEqual(["b"]);
    expect(limitText(name, [0.4, 1])).toBe("name: adam, sgd");
    expect(shareOf(parallelAxis("same", [1, 1]), 1)).toBe(0.5);
  });
});
