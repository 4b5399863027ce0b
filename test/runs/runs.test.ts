import { describe, expect, test } from "vitest";
import { parseColumns, parseRows } from "../../src/runs/parse-points.ts";
import { rowsOf } from "../../src/runs/point-batch.ts";
import { SeriesQueries } from "../../src/runs/query.ts";
import type { LogEntry } from "../../src/runs/run-log.ts";
import type { Runs } from "../../src/runs/runs.ts";
import { points, RunsRig } from "./rig.ts";

function wholeLog(runs: Runs, runId: string): LogEntry[] {
  const entries: LogEntry[] = [];
  for (;;) {
    const next = runs.read(runId, entries.at(-1)?.seq ?? 0, 1000);
    if (next.length === 0) return entries;
    entries.push(...next);
  }
}

const allRows = (runs: Runs, runId: string) =>
  wholeLog(runs, runId).flatMap((entry) => (entry.kind === "points" ? rowsOf(entry.batch) : []));

function raw(runs: Runs, runId: string, key: string, more = {}) {
  const [answer] = new SeriesQueries(runs).answer(runId, { keys: [key], reduce: "raw", ...more });
  if (answer === undefined || answer.reduce === "roll_up") throw new Error("no points");
  return answer;
}

describe("the log of a run", () => {
  test("L-79: rows are numbered 1, 2, 3 … without gaps, whoever sent them; the state is in the same log", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const answers = await Promise.all([
      runs.append(runId, points({ loss: [3, 2, 1] }, { producer: "a", sequence: 0 })),
      runs.append(runId, points({ acc: [0.5] }, { producer: "b", sequence: 0 })),
    ]);
    runs.finish(runId, "completed", { actor: "reporter" });
    expect(answers).toEqual([
      { accepted: 3, duplicates: 0, lastSeq: 5, state: "running" },
      { accepted: 1, duplicates: 0, lastSeq: 5, state: "running" },
    ]);
    const log = wholeLog(runs, runId);
    expect(log.map(({ kind, seq, rowCount }) => [kind, seq, rowCount])).toEqual([
      ["state", 1, 1],
      ["points", 4, 3],
      ["points", 5, 1],
      ["state", 6, 1],
    ]);
    expect(log.flatMap((entry) => (entry.kind === "state" ? [entry.state] : []))).toEqual([
      { from: "pending", to: "running", cause: "points came", actor: "reporter", reason: null },
      { from: "running", to: "completed", cause: "reported completed", actor: "reporter", reason: null },
    ]);
  });

  test.each([["orderly"], ["killed"]])("what was accepted is there after an end of the server, %s; its numbers go on", async (how) => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    const loss = [1, null, "NaN", "Inf", "-Inf", -0];
    await rig.runs.append(
      runId,
      points({ loss, rare: { rows: [1, 4], values: [7, null] } }, { steps: [5, 4, 3, 2, 1, 0], producer: "p", sequence: 0 }),
    );
    const before = wholeLog(rig.runs, runId);
    rig.restart({ kill: how === "killed" });
    expect(wholeLog(rig.runs, runId)).toEqual(before);
    expect(allRows(rig.runs, runId).map(({ step, values }) => [step, values])).toEqual([
      [5, { loss: 1 }],
      [4, { loss: null, rare: 7 }],
      [3, { loss: Number.NaN }],
      [2, { loss: Number.POSITIVE_INFINITY }],
      [1, { loss: Number.NEGATIVE_INFINITY, rare: null }],
      [0, { loss: -0 }],
    ]);
    const again = await rig.runs.append(runId, points({ loss }, { producer: "p", sequence: 0 }));
    expect(again).toMatchObject({ accepted: 0, duplicates: 6 });
    const next = await rig.runs.append(runId, points({ loss: [2] }, { producer: "p", sequence: 6 }));
    expect(next).toMatchObject({ accepted: 1, lastSeq: before.at(-1)!.seq + 1 });
  });

  test.each([["orderly"], ["killed"]])("series longer than a chunk are whole and in order after an end of the server, %s", async (how) => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    const send = async (from: number, count: number): Promise<void> => {
      const steps = Array.from({ length: count }, (_, i) => from + i);
      await rig.runs.append(runId, points({ loss: steps.map((step) => step * 2), ...(from === 0 ? { once: steps } : {}) }, { steps }));
    };
    for (let from = 0; from < 20_000; from += 1000) await send(from, 1000);
    rig.restart({ kill: how === "killed" });
    await send(20_000, 5000);
    await send(25_000, 10);
    rig.restart({ kill: how === "killed" });
    const { x, y } = raw(rig.runs, runId, "loss");
    expect(x).toEqual(Array.from({ length: 25_010 }, (_, i) => i));
    expect(y).toEqual(x.map((step) => step * 2));
    expect(raw(rig.runs, runId, "once").x).toHaveLength(1000);
    expect(raw(rig.runs, runId, "loss", { from: 4000, to: 4200 }).x).toHaveLength(201);
    expect(rig.runs.open(runId).series.get("loss")).toMatchObject({ count: 25_010, last: 50_018, min: 0, max: 50_018 });
  });

  test("a failed write stores nothing, tells every sender, and leaves the run as it was", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    await runs.append(runId, points({ loss: [1] }, { producer: "p", sequence: 0 }));
    const prepare = runs.store.sql.bind(runs.store);
    let isBroken = true;
    Object.assign(runs.store, {
      sql: (text: string) => {
        if (isBroken && text.startsWith("INSERT OR REPLACE INTO producers")) throw new Error("disk full");
        return prepare(text);
      },
    });
    await expect(runs.append(runId, points({ loss: [2] }, { producer: "p", sequence: 1 }))).rejects.toThrow("disk full");
    isBroken = false;
    expect(allRows(runs, runId)).toHaveLength(1);
    expect(await runs.append(runId, points({ loss: [2] }, { producer: "p", sequence: 1 }))).toMatchObject({ accepted: 1, lastSeq: 3 });
  });
});

describe("numbers of producers", () => {
  test("L-41: repeats in any order and cut are harmless", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const send = (sequence: number, ...loss: number[]) => runs.append(runId, points({ loss }, { steps: loss, producer: "p", sequence }));
    expect((await send(4, 4, 5)).accepted).toBe(2);
    expect((await send(0, 0, 1)).accepted).toBe(2);
    expect(await send(1, 1, 2, 3, 4)).toMatchObject({ accepted: 2, duplicates: 2 });
    expect(await send(0, 0, 1, 2, 3, 4, 5, 6)).toMatchObject({ accepted: 1, duplicates: 6 });
    const both = await Promise.all([send(7, 7), send(7, 7)]);
    expect(both.map(({ accepted }) => accepted)).toEqual([1, 0]);
    expect(
      allRows(runs, runId)
        .map(({ step }) => step)
        .toSorted(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("equal numbers of two producers are two rows, and a row without a producer is always new", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    for (const producer of ["a", "b"]) await runs.append(runId, points({ loss: [1] }, { producer, sequence: 0 }));
    for (let i = 0; i < 2; i++) await runs.append(runId, points({ loss: [1] }));
    expect(allRows(runs, runId)).toHaveLength(4);
  });
});

describe("order and rewinds", () => {
  test("L-18: old and equal steps are stored, and shown by step", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    await runs.append(runId, points({ loss: [10, 20] }, { steps: [10, 20] }));
    await runs.append(runId, points({ loss: [5, 11] }, { steps: [5, 10] }));
    expect(raw(runs, runId, "loss")).toMatchObject({ x: [5, 10, 10, 20], y: [5, 10, 11, 20] });
  });

  test("a rewind takes later steps off the curve, keeps them in the log, and survives a restart", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    await rig.runs.append(runId, points({ loss: [0, 1, 2, 3, 4] }));
    expect(new SeriesQueries(rig.runs).answer(runId, {})).toHaveLength(1);
    rig.runs.finish(runId, "failed", { actor: "reporter", reason: "out of memory" });
    expect(rig.runs.resume(runId, 2, "reporter")).toMatchObject({ state: "running", finishedAt: null, reason: null });
    await rig.runs.append(runId, points({ loss: [20, 30] }, { steps: [2, 3] }));
    for (let i = 0; i < 2; i++) {
      expect(raw(rig.runs, runId, "loss")).toMatchObject({ x: [0, 1, 2, 3], y: [0, 1, 20, 30] });
      expect(raw(rig.runs, runId, "loss", { withSuperseded: true }).y).toEqual([0, 1, 2, 20, 3, 30, 4]);
      rig.restart({ kill: true });
    }
    expect(allRows(rig.runs, runId)).toHaveLength(7);
  });
});

describe("leases and restarts", () => {
  test("L-7: a silent run is stale after its lease, with an alert, and goes on with the next point", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    await rig.runs.append(runId, points({ loss: [1] }));
    rig.pass(44_000);
    expect(rig.runs.get(runId).state).toBe("running");
    rig.pass(2000);
    expect(rig.runs.get(runId).state).toBe("stale");
    expect(wholeLog(rig.runs, runId).at(-1)).toMatchObject({ kind: "alert", alert: { rule: "lost_lease" } });
    rig.pass(10 * 86_400_000);
    expect(rig.runs.get(runId).state).toBe("stale");
    await rig.runs.append(runId, points({ loss: [1] }));
    expect(rig.runs.get(runId).state).toBe("running");
  });

  test("a beat keeps a run alive", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    rig.runs.beat(runId);
    for (let i = 0; i < 10; i++) {
      rig.pass(15_000);
      expect(rig.runs.beat(runId).state).toBe("running");
    }
  });

  test("L-6: after a restart a run with a live reporter goes on, another has crashed after the lease time", async () => {
    const rig = new RunsRig();
    const [live, dead, waiting] = [rig.runs.create("live", {}), rig.runs.create("dead", {}), rig.runs.create("waiting", {})];
    for (const { runId } of [live, dead]) await rig.runs.append(runId, points({ loss: [1] }));
    rig.restart({ kill: true });
    rig.pass(30_000);
    rig.runs.beat(live.runId);
    rig.pass(20_000);
    expect([live, dead, waiting].map(({ runId }) => rig.runs.get(runId).state)).toEqual(["running", "crashed", "pending"]);
    expect(rig.runs.get(dead.runId).finishedAt).toBe(rig.now);
    expect((await rig.runs.append(dead.runId, points({ loss: [2] }))).state).toBe("running");
  });

  test("L-4: created, started and finished are three times", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    expect(rig.runs.get(runId)).toMatchObject({ state: "pending", createdAt: 1_000_000, startedAt: null, finishedAt: null });
    rig.pass(1000);
    await rig.runs.append(runId, points({ loss: [1] }));
    rig.pass(1000);
    rig.runs.finish(runId, "completed", { actor: "reporter" });
    expect(rig.runs.get(runId)).toMatchObject({ createdAt: 1_000_000, startedAt: 1_001_000, finishedAt: 1_002_000 });
  });

  test("L-9, L-39: points after the end are refused and stored nowhere; those sent before it are in", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const before = runs.append(runId, points({ loss: [1] }));
    runs.finish(runId, "stopped", { actor: "user" });
    expect((await before).accepted).toBe(1);
    await expect(runs.append(runId, points({ loss: [2] }))).rejects.toMatchObject({ code: "refused", state: "stopped" });
    expect(() => runs.addLine(runId, { level: "INFO", message: "late" })).toThrow(/stopped/);
    expect(allRows(runs, runId)).toHaveLength(1);
  });

  test("L-28: the same request key gives the same run", () => {
    const { runs } = new RunsRig();
    const first = runs.create("r", {}, { requestKey: "k" });
    expect(runs.create("r", {}, { requestKey: "k" }).runId).toBe(first.runId);
    expect(runs.create("r", {}, { requestKey: "l" }).runId).not.toBe(first.runId);
  });

  test("L-31: a removed run leaves nothing behind", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    await runs.append(runId, points({ loss: Array.from({ length: 9000 }, (_, i) => i) }, { producer: "p", sequence: 0 }));
    runs.finish(runId, "completed", { actor: "reporter" });
    let calls = 0;
    runs.watch(runId, () => calls++);
    runs.remove(runId);
    expect(calls).toBe(1);
    for (const table of ["runs", "entries", "producers", "series", "chunks"]) {
      expect(runs.store.sql(`SELECT COUNT(*) AS n FROM ${table}`).get()?.n, table).toBe(0);
    }
    expect(() => runs.read(runId, 0, 10)).toThrow("Run not found");
  });
});

describe("what is refused", () => {
  test.each([
    [{}, /steps/],
    [{ steps: [1], values: {} }, /Row 0 has no value/],
    [{ steps: [1, 2], values: { loss: [1] } }, /loss has 1 entries for 2 rows/],
    [{ steps: [1], values: { loss: ["many"] } }, /values\.loss\[0\] must be a number/],
    [{ steps: [null], values: { loss: [1] } }, /steps\[0\] must be a finite number/],
    [{ steps: [1], times: [1, 2], values: { loss: [1] } }, /times has 2/],
    [{ steps: [1, 2], values: { a: { rows: [1, 0], values: [1, 2] } } }, /ascending/],
    [{ steps: [1, 2], values: { a: { rows: [1], values: [1] } } }, /Row 0 has no value/],
    [{ steps: [1], values: { "": [1] } }, /A key must have/],
    [{ steps: [1], values: { a: [1] }, producer: "p" }, /sequence/],
    [{ steps: Array(10_001).fill(0), values: { a: [] } }, /10001 rows/],
  ])("columns: %j", (body, message) => expect(() => parseColumns(body, 0)).toThrow(message));

  test.each([
    ["", /no rows/],
    ["{", /Line 1 is not JSON/],
    ['{"step":1,"values":{"a":1}}\n[1]', /Line 2 must be an object/],
    ['{"values":{"a":1}}', /line 1: step/],
    ['{"step":1}', /Line 1 has no values/],
  ])("rows: %j", (text, message) => expect(() => parseRows(text, { producer: null, sequence: null }, 0)).toThrow(message));

  test("rows and columns that say the same are the same", () => {
    const text = '{"step":1,"values":{"a":1}}\n{"step":2,"time":7,"values":{"a":null,"b":"NaN"}}\n';
    const { batch } = parseRows(text, { producer: null, sequence: null }, 9);
    const columns = parseColumns({ steps: [1, 2], times: [9, 7], values: { a: [1, null], b: { rows: [1], values: ["NaN"] } } }, 0);
    expect(rowsOf(batch)).toEqual(rowsOf(columns.batch));
  });

  test("more than 100,000 series a run are refused, and the run stays as it was", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const many = (from: number, count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, [1]]));
    await runs.append(runId, points(many(0, 100_000)));
    await expect(runs.append(runId, points(many(99_999, 2)))).rejects.toMatchObject({ code: "too_large" });
    expect((await runs.append(runId, points(many(0, 3)))).accepted).toBe(1);
  });
});
