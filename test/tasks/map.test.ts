import { describe, expect, test, vi } from "vitest";
import { collect, daemons, info, isFailure, isTaskError, mirai, miraiMap, status } from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { until } from "./processes.ts";

const double = (n: number) => 2 * n;
const failAt = ({ n, bad }: { n: number; bad: number }) => {
  if (n === bad) throw new RangeError(`no ${n}`);
  return n;
};
const sleep = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));

describe("a map", () => {
  test("M-39, M-40: what is no function, no elements, or has no daemons is refused at once", async () => {
    const profile = await testDaemons(1);
    expect(() => miraiMap([1], "double" as never, { profile })).toThrow(/not a string/);
    expect(() => miraiMap(5 as never, double, { profile })).toThrow(/not number/);
    expect(() => miraiMap([1], double, { profile, chunk: 0 })).toThrow(/chunk/);
    expect(() => miraiMap([1], double, { profile: "nowhere" })).toThrow(expect.objectContaining({ code: "not_found" }));
    expect(() => miraiMap([1], double)).toThrow(/daemons\(4\)/);
  });

  test("M-41, M-50: lists stay lists, names of records stay names, and what is collected is plain", async () => {
    const profile = await testDaemons(2);
    const list = await miraiMap([1, 2, 3], double, { profile }).collect();
    expect(list).toEqual([2, 4, 6]);
    expect(Array.isArray(list)).toBe(true);
    expect(await miraiMap({ a: 1, b: 2 }, double, { profile })).toEqual({ a: 2, b: 4 });
    expect(await miraiMap(new Set([5]), double, { profile })).toEqual([10]);
    expect(await miraiMap([], double, { profile })).toEqual([]);
  });

  test("M-42, M-43, M-44: rows come as records or tuples; dates, maps and typed arrays as themselves", async () => {
    const profile = await testDaemons(1);
    const rows = [
      { a: 1, b: 3 },
      { a: 2, b: 2 },
    ];
    const sum = ({ a, b }: { a: number; b: number }, { constants }: { constants: { c: number } }) => a + b + constants.c;
    expect(await miraiMap(rows, sum, { profile, constants: { c: 3 } })).toEqual([7, 7]);
    expect(
      await miraiMap(
        [
          [1, 2],
          [3, 4],
        ],
        ([x, y]: number[]) => x! * y!,
        { profile },
      ),
    ).toEqual([2, 12]);
    const kinds = [new Date(5), new Map([[1, 2]]), new Float32Array([1])];
    expect(await miraiMap<unknown, unknown>(kinds, (x) => x, { profile })).toEqual(kinds);
  });

  test("M-45, M-47: flat joins; a failure or another type rejects with its place and cancels the rest", async () => {
    const profile = await testDaemons(1);
    expect(await miraiMap([1, 2], (n: number) => [n, -n], { profile }).collect({ flat: true, stop: true })).toEqual([1, -1, 2, -2]);
    const mixed = miraiMap([1, 2], (n: number) => (n === 1 ? 1 : "two"), { profile });
    await expect(mixed.collect({ flat: true })).rejects.toMatchObject({
      details: { index: 1 },
      message: expect.stringContaining("string"),
    });
    const failing = miraiMap(
      [0, 1, 2].map((n) => ({ n, bad: 1 })),
      failAt,
      { profile },
    );
    await expect(failing.collect({ flat: true })).rejects.toMatchObject({ details: { index: 1 } });
  });

  test("M-46: stop rejects at the first failing index with name and cause; the rest is cancelled and the profile free", async () => {
    const profile = await testDaemons(1);
    const elements = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`e${i}`, { n: i, bad: 2 }]));
    const slow = async ({ n, bad }: { n: number; bad: number }) => {
      if (n === bad) throw new RangeError("bad one");
      await new Promise((resolve) => setTimeout(resolve, n < bad ? 1 : 60_000));
      return n;
    };
    const map = miraiMap(elements, slow, { profile });
    await expect(map.collect({ stop: true })).rejects.toMatchObject({
      details: { index: 2, name: "e2" },
      cause: { name: "TaskError", remoteClass: "RangeError" },
    });
    expect(map.handles.slice(4).every((handle) => handle.state === "cancelled")).toBe(true);
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });

  test("M-34: 25 rounds of early stop leave the daemon connected", async () => {
    const profile = await testDaemons(1, { cancelGraceMs: 5000 });
    const { pid } = status(profile).daemons[0]!;
    for (let round = 0; round < 25; round++) {
      const map = miraiMap(
        Array.from({ length: 8 }, (_, n) => ({ n, bad: 1 })),
        failAt,
        { profile },
      );
      await expect(map.collect({ stop: true })).rejects.toMatchObject({ details: { index: 1 } });
    }
    expect(await mirai(() => process.pid, undefined, { profile })).toBe(pid);
  });

  test("M-48: progress is told per element, or counted on one line of standard error", async () => {
    const profile = await testDaemons(1);
    const told: string[] = [];
    await miraiMap([1, 2, 3], double, { profile }).collect({ progress: (done, total) => told.push(`${done}/${total}`) });
    expect(told).toEqual(["1/3", "2/3", "3/3"]);
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const values = await miraiMap([1, 2], double, { profile }).collect({ progress: true });
    const printed = write.mock.calls.map(([text]) => String(text));
    write.mockRestore();
    expect(values).toEqual([2, 4]);
    expect(printed).toEqual(["\r1 / 2", "\r2 / 2\n"]);
  });

  test("M-49, M-115: each element is a promise; the map's is all, or the first rejection while the rest runs on", async () => {
    const profile = await testDaemons(2);
    const map = miraiMap(
      [0, 1, 2].map((n) => ({ n, bad: 1 })),
      failAt,
      { profile },
    );
    const seen = await Promise.all(
      map.handles.map((handle) =>
        handle.then(
          (n) => `ok ${n}`,
          (error) => `failed ${isTaskError(error) ? error.remoteClass : ""}`,
        ),
      ),
    );
    expect(seen).toEqual(["ok 0", "failed RangeError", "ok 2"]);
    await expect(map).rejects.toMatchObject({ remoteClass: "RangeError" });
    expect((await map.settled()).map((handle) => handle.state)).toEqual(["done", "failed", "done"]);
  });

  test("M-51: daemons cannot be set in a task of a map", async () => {
    const profile = await testDaemons(1);
    const module = new URL("./jobs.mjs", import.meta.url);
    const [failure] = (await miraiMap([1], { module, export: "setDaemons" }, { profile }).collect()) as unknown[];
    expect(failure).toMatchObject({ name: "TaskError", message: expect.stringContaining("task of a map") });
    expect(await mirai({ module, export: "setDaemons" }, 1, { profile })).toBe("set");
  });

  test("failures stay in their places, and only they are run again", async () => {
    const profile = await testDaemons(1);
    const flaky = (n: number, { cache }: { cache: Map<string, unknown> }) => {
      const runs = ((cache.get("runs") as number) ?? 0) + 1;
      cache.set("runs", runs);
      if (runs <= 3 && n % 2 === 1) throw new Error("not yet");
      return `${n} in run ${runs}`;
    };
    const map = miraiMap({ a: 0, b: 1, c: 2 }, flaky, { profile, chunk: 1 });
    const first = (await map.collect()) as Record<string, unknown>;
    expect(Object.values(first).map(isFailure)).toEqual([false, true, false]);
    expect(await map.rerun()).toEqual({ a: "0 in run 1", b: "1 in run 4", c: "2 in run 3" });
  });

  test("elements come as they complete", async () => {
    const profile = await testDaemons(2);
    const order: number[] = [];
    for await (const { index, value } of miraiMap([300, 1, 2], sleep, { profile })) order.push(index, value as number);
    expect(order).toEqual([1, 1, 2, 2, 0, 300]);
  });

  test("an async iterable is mapped as it comes; its fault is the map's", async () => {
    const profile = await testDaemons(2);
    async function* numbers(upTo: number, fails = false) {
      for (let i = 0; i < upTo; i++) yield i;
      if (fails) throw new Error("source broke");
    }
    expect(await miraiMap(numbers(2500), double, { profile })).toEqual(Array.from({ length: 2500 }, (_, i) => 2 * i));
    await expect(miraiMap(numbers(3, true), double, { profile })).rejects.toThrow("source broke");
    const seen: unknown[] = [];
    for await (const { value } of miraiMap(numbers(4), double, { profile })) seen.push(value);
    expect(seen.toSorted()).toEqual([0, 2, 4, 6]);
  });
});

test("constants travel once to each daemon, not with each element, and are given up at the end", async () => {
  const profile = await testDaemons(2);
  const constants = { table: new Float64Array(500_000).fill(2) };
  const times = (n: number, { constants }: { constants: { table: Float64Array } }) => n * constants.table[n]!;
  const map = miraiMap(
    Array.from({ length: 500 }, (_, i) => i),
    times,
    { profile, constants },
  );
  // 500 copies of 4 MB would be 2 GB queued.
  expect(status(profile).memory.usedMb).toBeLessThan(1);
  expect(await map).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i));
});

test("chunks: small elements travel together, large ones are spread, and each is a task of its own", async () => {
  const profile = await testDaemons(2);
  const values = await miraiMap(
    Array.from({ length: 20_000 }, (_, i) => i),
    double,
    { profile },
  );
  expect((values as number[]).every((value, i) => value === 2 * i)).toBe(true);
  expect(info(profile)).toMatchObject({ completed: 20_000, awaiting: 0, executing: 0 });
  const pids = (await miraiMap(
    Array.from({ length: 8 }, () => 200),
    async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return process.pid;
    },
    { profile },
  )) as number[];
  const shares = [...new Set(pids)].map((pid) => pids.filter((other) => other === pid).length);
  expect(shares).toHaveLength(2);
  expect(Math.max(...shares)).toBeLessThanOrEqual(5);
});

test("cancelling a map in the middle of its chunks settles each element once and leaves the daemons", async () => {
  const profile = await testDaemons(2, { cancelGraceMs: 5000 });
  const pids = status(profile).daemons.map((daemon) => daemon.pid);
  const map = miraiMap(
    Array.from({ length: 5000 }, (_, i) => i),
    double,
    { profile },
  );
  await map.handles[500];
  const before = map.resolved;
  expect(map.cancel().filter(Boolean)).toHaveLength(5000 - before);
  const values = await collect(map.handles);
  expect(values.every((value, i) => value === 2 * i || (isFailure(value) && value.errorValue === 20))).toBe(true);
  await until("both are free", () => status(profile).daemons.every((daemon) => daemon.state === "idle"));
  expect(status(profile).daemons.map((daemon) => daemon.pid)).toEqual(pids);
  await daemons(0, { profile });
});
