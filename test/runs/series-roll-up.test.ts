import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { SeriesQueries } from "../../src/runs/query.ts";
import { type Bucket, gridExponent } from "../../src/runs/roll-up.ts";
import type { Runs } from "../../src/runs/runs.ts";
import { points, RunsRig } from "./rig.ts";

interface Point {
  readonly x: number;
  readonly value: number;
}

/** Buckets by looking at every point, in the order in which they came. */
function bruteForce(all: readonly Point[], from: number, to: number, bucketsMax: number): Partial<Bucket>[] {
  const width = 2 ** gridExponent(from, to, bucketsMax);
  const groups = new Map<number, Point[]>();
  for (const point of all) {
    const index = Math.floor(point.x / width);
    if ((index + 1) * width <= from || index * width > to) continue;
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [point]);
    else group.push(point);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([index, group]) => {
      const byX = group.map((point, i) => ({ ...point, i })).sort((a, b) => a.x - b.x || a.i - b.i);
      const finite = byX.filter(({ value }) => Number.isFinite(value));
      const firstX = byX[0]!.x;
      const min = Math.min(...finite.map(({ value }) => value));
      const max = Math.max(...finite.map(({ value }) => value));
      return {
        from: index * width,
        firstX,
        first: byX[0]!.value,
        lastX: byX.at(-1)!.x,
        last: byX.at(-1)!.value,
        min: finite.length === 0 ? Number.NaN : min,
        max: finite.length === 0 ? Number.NaN : max,
        mean: finite.length === 0 ? Number.NaN : finite.reduce((sum, { value }) => sum + value, 0) / finite.length,
        count: group.length,
        nonFinite: group.length - finite.length,
      };
    });
}

function buckets(runs: Runs, runId: string, query: object): readonly Bucket[] {
  const [answer] = new SeriesQueries(runs).answer(runId, { keys: ["v"], ...query });
  if (answer?.reduce !== "roll_up") throw new Error("no buckets");
  return answer.buckets;
}

function expectSame(found: readonly Bucket[], wanted: readonly Partial<Bucket>[]): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((bucket, i) => {
    const { mean, ...rest } = wanted[i]!;
    expect(bucket).toMatchObject(rest);
    if (Number.isNaN(mean)) expect(bucket.mean).toBeNaN();
    else expect(Math.abs(bucket.mean - mean!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(mean!)));
  });
}

describe.each([1, 2, 3, 4])("roll-ups that are stored with each chunk, seed %d", (seed) => {
  test("say the same as a look at every point: any order of steps, NaN, nulls, repeats, windows, rewinds and restarts", async () => {
    const random = randomStream(seed);
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    let kept: { step: number; time: number; value: number }[] = [];
    let superseded: typeof kept = [];
    const send = async (count: number): Promise<void> => {
      const start = random.integer(30_000) - 3000;
      const steps = Array.from({ length: count }, (_, i) => (seed % 2 === 0 ? start + i : random.integer(20_000)));
      const times = steps.map((_, i) => 1_000_000 + i * 3 + random.integer(1000));
      const values = steps.map((): unknown => {
        const kind = random.integer(40);
        return kind === 0 ? "NaN" : kind === 1 ? null : kind === 2 ? "-Inf" : random.integer(2000) - 1000;
      });
      await rig.runs.append(runId, points({ v: values }, { steps, times }));
      values.forEach((value, i) => {
        if (value !== null)
          kept.push({
            step: steps[i]!,
            time: times[i]!,
            value: value === "NaN" ? Number.NaN : value === "-Inf" ? -Infinity : (value as number),
          });
      });
    };
    const check = (): void => {
      const zero = rig.runs.get(runId).startedAt!;
      const whole = [...kept, ...superseded];
      for (const [x, at] of [
        ["step", ({ step }: Point & { step: number }) => step],
        ["relative_time", ({ time }: { time: number }) => time - zero],
      ] as const) {
        const all = kept.map((point) => ({ x: at(point as never), value: point.value }));
        const xs = all.map((point) => point.x);
        const [from, to] = [Math.min(...xs), Math.max(...xs)];
        for (const maxPoints of [2, 50, 10_000])
          expectSame(buckets(rig.runs, runId, { x, maxPoints }), bruteForce(all, from, to, maxPoints));
        const low = from + random.integer(Math.max(1, Math.floor(to - from)));
        const high = low + random.integer(3000);
        expectSame(buckets(rig.runs, runId, { x, maxPoints: 100, from: low, to: high }), bruteForce(all, low, high, 100));
      }
      if (superseded.length === 0) return;
      const count = buckets(rig.runs, runId, { maxPoints: 100, withSuperseded: true }).reduce((sum, bucket) => sum + bucket.count, 0);
      expect(count).toBe(whole.length);
    };
    for (let turn = 0; turn < 6; turn++) {
      for (let i = 0; i < 3; i++) await send(1 + random.integer(3000));
      if (turn === 3) {
        const fromStep = 5000;
        rig.runs.resume(runId, fromStep, "reporter");
        superseded = [...superseded, ...kept.filter(({ step }) => step >= fromStep)];
        kept = kept.filter(({ step }) => step < fromStep);
      }
      if (random.integer(3) === 0) rig.restart({ kill: random.integer(2) === 0 });
      check();
    }
  });
});

describe("roll-ups", () => {
  test("of absolute time are those since the start, moved", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    await rig.runs.append(runId, points({ v: [1, 2, 3] }, { times: [1_000_000, 1_000_500, 1_002_000] }));
    const [relative] = new SeriesQueries(rig.runs).answer(runId, { x: "relative_time", reduce: "last", from: 0, to: 600 });
    const [absolute] = new SeriesQueries(rig.runs).answer(runId, { x: "time", reduce: "last", from: 1_000_000, to: 1_000_600 });
    expect(relative).toMatchObject({ x: [0, 500], y: [1, 2] });
    expect(absolute).toMatchObject({ x: [1_000_000, 1_000_500], y: [1, 2] });
  });

  test("chunks from before there were any are read instead", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    for (let from = 0; from < 20_000; from += 5000) {
      const steps = Array.from({ length: 5000 }, (_, i) => from + i);
      await rig.runs.append(runId, points({ v: steps }, { steps }));
    }
    const before = buckets(rig.runs, runId, { maxPoints: 100 });
    expect(rig.runs.store.sql("DELETE FROM roll_ups WHERE chunk <> 1").run().changes).toBeGreaterThan(0);
    expect(buckets(rig.runs, runId, { maxPoints: 100 })).toEqual(before);
  });

  test("a million points give 2,000 buckets without one of them being read", async () => {
    const rig = new RunsRig();
    const { runId } = rig.runs.create("r", {});
    for (let from = 0; from < 100_000; from += 10_000) {
      const steps = Array.from({ length: 10_000 }, (_, i) => from + i);
      await rig.runs.append(runId, points({ v: steps }, { steps }));
    }
    rig.restart();
    const read: string[] = [];
    const prepare = rig.runs.store.sql.bind(rig.runs.store);
    Object.assign(rig.runs.store, {
      sql: (text: string) => {
        if (text.includes("FROM chunks")) read.push(text);
        return prepare(text);
      },
    });
    rig.runs.open(runId);
    read.length = 0;
    // As many points a bucket as a million have in 2,000.
    expect(buckets(rig.runs, runId, { maxPoints: 200 }).reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
    expect(read).toEqual([]);
  });

  test("L-31: a removed run leaves none behind", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    await runs.append(runId, points({ v: Array.from({ length: 9000 }, (_, i) => i) }));
    await runs.append(runId, points({ v: [1] }));
    expect(runs.store.sql("SELECT COUNT(*) AS n FROM roll_ups").get()?.n).toBe(2);
    runs.remove(runId);
    expect(runs.store.sql("SELECT COUNT(*) AS n FROM roll_ups").get()?.n).toBe(0);
  });
});
