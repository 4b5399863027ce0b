import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { firstDaemon, firstNote, isAlive, job, openTestProfile, until } from "./processes.ts";

function scratchFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-tasks-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "log.txt");
}

describe("values", () => {
  test("arguments and results of many kinds arrive as they were", async () => {
    const profile = openTestProfile();
    const value = {
      map: new Map([[1, new Set(["a"])]]),
      at: new Date(5),
      big: 2n ** 70n,
      nan: Number.NaN,
      nothing: undefined,
      bytes: new Uint8Array([1, 2]),
    };
    expect(await profile.submit(job("echo"), value).result).toStrictEqual(value);
    expect(await profile.submit<number>(job("add"), { a: 1, b: 2 }).result).toBe(3);
    expect(await profile.submit(job("echo"), undefined).result).toBeUndefined();
  });

  test("80 MB of doubles there and back are equal, and are computed on in the daemon", async () => {
    const profile = openTestProfile();
    const values = Float64Array.from({ length: 10_000_000 }, (_, i) => i / 3);
    const back = await profile.submit<{ total: number; values: Float64Array }>(job("sum"), { values }).result;
    expect(Buffer.from(back.values.buffer, back.values.byteOffset, back.values.byteLength).equals(Buffer.from(values.buffer))).toBe(true);
    expect(back.total).toBe(values.reduce((a, b) => a + b));
  });

  test("the host's event loop turns while 80 MB travel", async () => {
    const profile = openTestProfile();
    await profile.submit(job("echo"), 0).result;
    const values = new Float64Array(10_000_000);
    let turns = 0;
    let isBack = false;
    const turn = (): void => {
      turns++;
      if (!isBack) setImmediate(turn);
    };
    setImmediate(turn);
    await profile.submit(job("echo"), values).result;
    isBack = true;
    // Written and read in one piece it would turn a handful of times.
    expect(turns).toBeGreaterThan(100);
  });

  test("notes arrive in order and before the result, with their arrays", async () => {
    const profile = openTestProfile();
    const seen: unknown[] = [];
    const result = await profile.submit(job("notes"), { count: 500 }, { onNote: (note) => seen.push(note) }).result;
    expect(result).toBe(500);
    expect(seen.map((note) => (note as { i: number }).i)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect((seen[490] as { block: Float64Array }).block).toStrictEqual(new Float64Array(1000).fill(490));
  });
});

describe("order", () => {
  test("one daemon runs tasks strictly in the order of submission", async () => {
    const file = scratchFile();
    const profile = openTestProfile();
    await Promise.all(Array.from({ length: 100 }, (_, i) => profile.submit(job("append"), { file, text: i }).result));
    expect(readFileSync(file, "utf8").trim().split("\n").map(Number)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test("a long task holds up nobody but its own daemon", async () => {
    const profile = openTestProfile({ daemons: 2 });
    await Promise.all([1, 2].map((i) => profile.submit(job("sleep"), { ms: i }).result));
    const long = profile.submit(job("sleep"), { ms: 100_000 });
    await Promise.all([100, 100, 100].map((ms) => profile.submit(job("sleep"), { ms }).result));
    expect(long.state).toBe("running");
    expect(profile.status()).toMatchObject({ queued: 0, running: 1 });
  });
});

describe("failures", () => {
  test("an error keeps name, message, code, remote stack and cause", async () => {
    const profile = openTestProfile();
    await expect(profile.submit(job("fail"), 0).result).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringContaining("no such column"),
      details: { name: "RangeError", code: "E_COLUMN", export: "fail" },
      cause: { name: "RangeError", code: "E_COLUMN", stack: expect.stringContaining("jobs.mjs"), cause: { message: "deeper" } },
    });
    await expect(profile.submit(job("throwString"), 0).result).rejects.toMatchObject({ code: "task_failed", cause: "just text" });
    await expect(profile.submit(job("failOddly"), 0).result).rejects.toMatchObject({
      code: "task_failed",
      cause: { message: "has a function on it" },
    });
  });

  test("one of our own errors keeps its code and details", async () => {
    const profile = openTestProfile();
    await expect(profile.submit(job("failAsOurs"), 0).result).rejects.toMatchObject({
      code: "bad_input",
      name: "BadInputError",
      details: { row: 3 },
    });
  });

  test("a result that cannot be sent, a missing function or module fail their own task only", async () => {
    const profile = openTestProfile();
    const { pid } = firstDaemon(profile);
    await expect(profile.submit(job("unsendable"), 0).result).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringContaining("callback"),
    });
    await expect(profile.submit(job("absent"), 0).result).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringContaining('"absent"'),
    });
    await expect(profile.submit(job("notAFunction"), 0).result).rejects.toMatchObject({ code: "task_failed" });
    await expect(profile.submit({ module: "file:///nowhere/at/all.mjs", export: "x" }, 0).result).rejects.toMatchObject({
      code: "task_failed",
    });
    expect(await profile.submit(job("pid"), 0).result).toBe(pid);
  });
});

describe("cancelling", () => {
  test("a busy loop: the handle at once, the slot within the grace and a start", async () => {
    const profile = openTestProfile({ cancelGraceMs: 100 });
    const { noted, onNote } = firstNote();
    const handle = profile.submit(job("spin"), {}, { onNote });
    const spinning = (await noted) as number;
    expect(handle.cancel()).toBe(true);
    const nextTurn = new Promise((resolve) => setImmediate(resolve, "too late"));
    expect(await Promise.race([handle.result.catch((error: { code: string }) => error.code), nextTurn])).toBe("cancelled");
    const next = await profile.submit<number>(job("pid"), 0).result;
    expect(next).not.toBe(spinning);
    expect(isAlive(spinning)).toBe(false);
  });

  test("a polite task stops by its signal and its daemon stays", async () => {
    const file = scratchFile();
    const profile = openTestProfile({ cancelGraceMs: 5000 });
    const { noted, onNote } = firstNote();
    const handle = profile.submit(job("politeLoop"), { file }, { onNote });
    await noted;
    const { pid } = firstDaemon(profile);
    handle.cancel();
    expect(handle.state).toBe("cancelled");
    expect(await profile.submit(job("pid"), 0).result).toBe(pid);
    expect(readFileSync(file, "utf8")).toBe("cancelled");
  });

  test("a warm spare takes over, and nothing is left when the profile closes", async () => {
    const profile = openTestProfile({ cancelGraceMs: 0, warmSpare: true });
    const pids = new Set<number>();
    for (let round = 0; round < 3; round++) {
      const { noted, onNote } = firstNote();
      const handle = profile.submit(job("spin"), {}, { onNote });
      pids.add((await noted) as number);
      handle.cancel();
    }
    pids.add(await profile.submit<number>(job("pid"), 0).result);
    expect(pids.size).toBe(4);
    await profile.close();
    for (const pid of pids) expect(isAlive(pid)).toBe(false);
  });

  test("a hundred rounds of start and cancel leave the profile sound", async () => {
    const profile = openTestProfile({ daemons: 2, cancelGraceMs: 2000 });
    for (let round = 0; round < 100; round++) {
      const handles = Array.from({ length: 5 }, () => profile.submit(job("sleep"), { ms: 1 }));
      if (round % 2 === 0) await handles[0]!.result;
      for (const handle of handles) handle.cancel();
      await Promise.allSettled(handles.map((handle) => handle.result));
    }
    expect(await profile.submit(job("echo"), "sound").result).toBe("sound");
    await until("both are idle", () => profile.status().running === 0);
  });
});

test("a daemon keeps a cache between tasks, and idle ones leave and return", async () => {
  const profile = openTestProfile({ lazy: true, idleMs: 100 });
  expect(profile.status().daemons).toEqual([]);
  for (let i = 0; i < 3; i++) expect(await profile.submit(job("dieEvery"), { i, every: 3 }).result).toBe(i);
  const { pid } = firstDaemon(profile);
  await until("the idle daemon has left", () => profile.status().daemons.length === 0);
  expect(isAlive(pid)).toBe(false);
  expect(await profile.submit(job("dieEvery"), { i: 9, every: 1 }).result).toBe(9);
});
