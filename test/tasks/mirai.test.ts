import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  callMirai,
  cancelAll,
  collect,
  daemons,
  info,
  isFailure,
  isMirai,
  isTaskError,
  mirai,
  type Note,
  onDaemon,
  race,
  room,
  status,
  terminateDaemon,
  tryMirai,
  UNRESOLVED,
  unresolved,
} from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { isAlive, until } from "./processes.ts";

const jobs = new URL("./jobs.mjs", import.meta.url);
const sleep = (ms: number, task: { signal: AbortSignal }) =>
  new Promise<number>((resolve, reject) => {
    setTimeout(() => resolve(process.pid), ms);
    task.signal.addEventListener("abort", () => reject(task.signal.reason));
  });
const spin = (ms: number, task: { note(value: unknown): void }) => {
  task.note("spinning");
  const end = performance.now() + ms;
  while (performance.now() < end);
  return process.pid;
};

function scratchFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-mirai-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "log.txt");
}

async function firstNote(handle: { notes(): AsyncIterable<Note> }): Promise<Note> {
  for await (const note of handle.notes()) return note;
  throw new Error("there was no note");
}

describe("submission", () => {
  test("M-1: without a task, or with an unsendable argument or unnamed globals, it throws at once and submits nothing", async () => {
    const profile = await testDaemons(1);
    expect(() => mirai(undefined as never, 0, { profile })).toThrow(/no task/);
    expect(() => mirai((x: unknown) => x, { f: () => 1 } as unknown, { profile })).toThrow(/at \.args\.f/);
    expect(() => mirai(() => 1, undefined, { profile, globals: [1] as never })).toThrow(/globals must be a record/); // M-2, M-3
    expect(() => mirai(() => 1, undefined, { profile, timeoutMs: 0 })).toThrow(/timeoutMs/);
    expect(info(profile)).toMatchObject({ awaiting: 0, executing: 0, completed: 0 });
  });

  test("M-4, M-5, M-19: it returns unresolved at once; ids increase over profiles; reading never waits", async () => {
    const [a, b] = [await testDaemons(1), await testDaemons(1)];
    const handles = [a, b, a].map((profile) => mirai(sleep, 20, { profile }));
    expect(handles.map((handle) => handle.data)).toEqual([UNRESOLVED, UNRESOLVED, UNRESOLVED]);
    expect(handles[1]!.id).toBeGreaterThan(handles[0]!.id);
    expect(handles[2]!.id).toBeGreaterThan(handles[1]!.id);
    expect(isMirai(handles[0])).toBe(true);
    expect(unresolved(handles[0]!.data)).toBe(true);
    await Promise.all(handles);
    expect(handles[0]!.data).toBe(status(a).daemons[0]!.pid);
  });

  test("M-6: a task is a function or a module reference", async () => {
    const profile = await testDaemons(1);
    expect(await mirai(({ a, b }: { a: number; b: number }) => a + b, { a: 1, b: 2 }, { profile })).toBe(3);
    expect(await mirai({ module: jobs, export: "add" }, { a: 1, b: 2 }, { profile })).toBe(3);
    expect(await mirai(async () => process.getBuiltinModule("node:path").basename("/x/y"), undefined, { profile })).toBe("y");
  });

  test("M-7, M-8, M-9: globals are there during the task only; a parameter of the same name is seen first", async () => {
    const profile = await testDaemons(1);
    const task = ({ x }: { x: number }) => {
      (globalThis as Record<string, unknown>).y = 7;
      return [x, (globalThis as Record<string, unknown>).x, (globalThis as Record<string, unknown>)[".hidden"]];
    };
    expect(await mirai(task, { x: 1 }, { profile, globals: { x: 2, ".hidden": 3 } })).toEqual([1, 2, 3]);
    const after = () => ["x", "y", ".hidden"].map((name) => name in globalThis);
    expect(await mirai(after, undefined, { profile })).toEqual([false, false, false]);
    // A global that was there before comes back as it was.
    expect(await mirai(() => String(fetch), undefined, { profile, globals: { fetch: "mine" } })).toBe("mine");
    expect(await mirai(() => typeof fetch, undefined, { profile })).toBe("function");
  });

  test("M-10: a name that only its own source hides fails the task, not the profile", async () => {
    const profile = await testDaemons(1);
    // biome-ignore lint/security/noGlobalEval: the check cannot look into it
    const handle = mirai(() => eval("notThere + 1"), undefined, { profile });
    await expect(handle).rejects.toMatchObject({ name: "TaskError", remoteClass: "ReferenceError" });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });

  test("M-11: a dropped handle's task runs", async () => {
    const profile = await testDaemons(1);
    const file = scratchFile();
    const write = async (path: string) => process.getBuiltinModule("node:fs").appendFileSync(path, "x");
    for (let i = 0; i < 5; i++) mirai(write, file, { profile });
    await mirai(() => 0, undefined, { profile });
    expect(readFileSync(file, "utf8")).toBe("xxxxx");
  });

  test("M-12: one daemon runs tasks strictly in the order of submission, also when several are given at a time", async () => {
    for (const prefetch of [1, 16]) {
      const profile = await testDaemons(1, { prefetch });
      const seen = mirai(() => Object.assign(globalThis, { seen: [] }) && null, undefined, { profile });
      await seen;
      const order = await collect(
        Array.from({ length: 200 }, (_, i) =>
          mirai(
            (n: number, { cache }: { cache: Map<string, unknown> }) => {
              const list = (cache.get("seen") ?? []) as number[];
              cache.set("seen", list);
              list.push(n);
              return n === 199 ? list : null;
            },
            i,
            { profile },
          ),
        ),
      );
      expect(order[199]).toEqual(Array.from({ length: 200 }, (_, i) => i));
    }
  });

  test("M-17: without daemons a task gets a process of its own, and leaves no profile and no process", async () => {
    const [pid, again] = await Promise.all([mirai(() => process.pid), mirai(() => process.pid)]);
    expect(pid).not.toBe(process.pid);
    expect(again).not.toBe(pid);
    expect(onDaemon()).toBe(false);
    const { onDaemon: marked } = { onDaemon: () => Symbol.for("trainyard.daemon") in globalThis };
    expect(await mirai(marked)).toBe(true);
    expect(info()).toBeNull();
    await until("both processes are gone", () => !isAlive(pid) && !isAlive(again));
  });

  test("M-18: a profile that does not exist is an error, not a process", () => {
    expect(() => mirai(() => 1, undefined, { profile: "nowhere" })).toThrow(/profile "nowhere" has no daemons.*daemons\(4/);
  });
});

describe("collecting", () => {
  test("M-20: callMirai gives the very handle back, resolved", async () => {
    const profile = await testDaemons(1);
    const handle = mirai(() => 5, undefined, { profile });
    const [same] = await callMirai(handle);
    expect(same).toBe(handle);
    expect(same.data).toBe(5);
  });

  test("M-21, M-22, M-23: lists and records keep order, length and names; failures are values; unresolved while any is", async () => {
    const profile = await testDaemons(2);
    const ok = () => mirai((n: number) => n, 1, { profile });
    const bad = () =>
      mirai(
        () => {
          throw new RangeError("no");
        },
        undefined,
        { profile },
      );
    const list = [ok(), bad(), ok()] as const;
    expect(unresolved(list)).toBe(true);
    const values = await collect(list);
    expect(values.map(isFailure)).toEqual([false, true, false]);
    expect(unresolved(list)).toBe(false);
    const record = await collect({ one: ok(), two: bad() });
    expect(Object.keys(record)).toEqual(["one", "two"]);
    expect(isTaskError(record.two)).toBe(true);
    expect(await collect(list)).toEqual(values);
    expect(await list[1].settled()).toMatchObject({ ok: false, error: { name: "TaskError" } });
  });

  test("M-24: race gives the first in list order that has settled, and drains a list", async () => {
    const profile = await testDaemons(2);
    expect(await race([])).toBe(-1);
    const slow = mirai(sleep, 5000, { profile });
    const quick = mirai(sleep, 1, { profile });
    expect(await race([slow, quick])).toBe(1);
    expect(await race([slow, quick])).toBe(1);
    slow.cancel();
    expect(await race([slow, quick])).toBe(0);
    const left = [mirai(() => 1, undefined, { profile }), mirai(() => 2, undefined, { profile })];
    while (left.length > 0) left.splice(await race(left), 1);
  });

  test("M-113: an error that is returned is a value", async () => {
    const profile = await testDaemons(1);
    const value = await mirai(() => new TypeError("just data"), undefined, { profile });
    expect(value).toBeInstanceOf(Error);
    expect(isFailure(value)).toBe(false);
  });

  test("M-110, M-111: a task's error has class, message, own fields, cause, and a stack of the task's own frames", async () => {
    const profile = await testDaemons(1);
    const failing = () => {
      function deep() {
        throw Object.assign(new RangeError("no such column", { cause: new Error("deeper") }), { code: "E_COLUMN", column: 3 });
      }
      deep();
    };
    const failure = await mirai(failing, undefined, { profile }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      name: "TaskError",
      code: "task_failed",
      errorValue: null,
      remoteClass: "RangeError",
      message: expect.stringContaining("no such column"),
      cause: { name: "RangeError", code: "E_COLUMN", column: 3, cause: { message: "deeper" } },
      remoteStack: expect.stringMatching(/at deep \(mirai:failing/),
    });
    expect((failure as { remoteStack: string }).remoteStack).not.toMatch(/executor|node:internal/);
    // A task cannot pass off an error of its own as a lost daemon or a cancel.
    const lying = mirai(
      () => {
        throw Object.assign(new Error("x"), { code: "cancelled", retryable: false, details: {} });
      },
      undefined,
      { profile },
    );
    expect(await lying.settled()).toMatchObject({ ok: false, error: { name: "TaskError", errorValue: null } });
  });

  test("M-114: one promise, the same before and after; nobody listening ends nothing", async () => {
    const profile = await testDaemons(1);
    const handle = mirai(
      () => {
        throw new Error("unheard");
      },
      undefined,
      { profile },
    );
    await handle.settled();
    await expect(handle).rejects.toThrow("unheard");
    await expect(handle.promise).rejects.toBe(handle.data);
    const fine = mirai(() => 2, undefined, { profile });
    expect(fine.promise).toBe(fine.promise);
    expect([await fine, await fine]).toEqual([2, 2]);
    mirai(
      () => {
        throw new Error("nobody looks");
      },
      undefined,
      { profile },
    );
    await mirai(() => 1, undefined, { profile });
  });
});

describe("cancelling", () => {
  test("M-27, M-32: a queued task never runs; 20; again is false and changes nothing", async () => {
    const profile = await testDaemons(1);
    const file = scratchFile();
    const long = mirai(sleep, 200, { profile });
    const queued = mirai({ module: jobs, export: "append" }, { file, text: "ran" }, { profile });
    expect(queued.cancel()).toBe(true);
    expect(queued.data).toMatchObject({
      errorValue: 20,
      name: "TaskCancelled",
      message: expect.stringMatching(/^20 \| Operation canceled/),
    });
    expect(queued.state).toBe("cancelled");
    expect(queued.cancel()).toBe(false);
    await long;
    await mirai(() => 0, undefined, { profile });
    expect(existsSync(file)).toBe(false);
    expect(long.cancel()).toBe(false);
  });

  test("M-28, M-30: a polite task stops at its signal and its daemon stays", async () => {
    const profile = await testDaemons(1, { cancelGraceMs: 5000 });
    const { pid } = status(profile).daemons[0]!;
    const handle = mirai(sleep, 60_000, { profile });
    await until("it runs", () => handle.state === "running");
    expect(handle.cancel()).toBe(true);
    expect(handle.data).toMatchObject({ errorValue: 20 });
    expect(await mirai(() => process.pid, undefined, { profile })).toBe(pid);
  });

  test("M-29, M-31: a busy loop is ended with its daemon, and the slot works again", async () => {
    const profile = await testDaemons(1, { cancelGraceMs: 20, warmSpare: true });
    const handle = mirai(spin, 1e9, { profile });
    await firstNote(handle);
    const start = performance.now();
    expect(handle.cancel()).toBe(true);
    expect(handle.isResolved).toBe(true);
    await mirai(() => 0, undefined, { profile });
    // It spins for a million seconds.
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  test("M-33: cancelling a list gives one boolean each, the last first", async () => {
    const profile = await testDaemons(1);
    const handles = Array.from({ length: 10 }, () => mirai(sleep, 10_000, { profile }));
    expect(cancelAll(handles)).toEqual(handles.map(() => true));
    expect(cancelAll(handles)).toEqual(handles.map(() => false));
    expect((await collect(handles)).every(isFailure)).toBe(true);
  });

  test("an abort signal cancels, and its reason is the cause", async () => {
    const profile = await testDaemons(1);
    const abort = new AbortController();
    const handle = mirai(sleep, 10_000, { profile, signal: abort.signal });
    abort.abort(new Error("user left"));
    await expect(handle).rejects.toMatchObject({ errorValue: 20, cause: { message: "user left" } });
    await expect(mirai(() => 1, undefined, { profile, signal: abort.signal })).rejects.toMatchObject({ errorValue: 20 });
  });

  test("M-35, M-36, M-104: without dispatcher cancelling only settles the handle; the task runs on", async () => {
    const profile = await testDaemons(1, { dispatcher: false });
    const file = scratchFile();
    const running = mirai(sleep, 150, { profile });
    const dealt = mirai({ module: jobs, export: "append" }, { file, text: "ran" }, { profile });
    expect([running.cancel(), dealt.cancel()]).toEqual([false, false]);
    expect([running.data, dealt.data]).toMatchObject([{ errorValue: 20 }, { errorValue: 20 }]);
    await mirai(() => 0, undefined, { profile });
    expect(readFileSync(file, "utf8")).toBe("ran\n");
    expect(info(profile)).toEqual({ connections: 1, cumulative: null, awaiting: null, executing: null, completed: null });
  });
});

describe("timeouts", () => {
  test("M-36, M-37: 5; the whole time includes the queue; the daemon is free again", async () => {
    const profile = await testDaemons(1, { cancelGraceMs: 0 });
    const blocker = mirai(sleep, 60_000, { profile, runTimeoutMs: 150 });
    const queued = mirai(() => 1, undefined, { profile, timeoutMs: 30 });
    await expect(queued).rejects.toMatchObject({ errorValue: 5, name: "TaskTimeout", message: expect.stringMatching(/^5 \| Timed out/) });
    await expect(blocker).rejects.toMatchObject({ errorValue: 5, message: expect.stringContaining("ran for longer than 150 ms") });
    expect(await mirai(() => 2, undefined, { profile })).toBe(2);
  });

  test("queue and run are timed apart", async () => {
    const profile = await testDaemons(1);
    const blocker = mirai(sleep, 300, { profile, queueTimeoutMs: 250 });
    const impatient = mirai(sleep, 1, { profile, queueTimeoutMs: 40 });
    const patient = mirai(sleep, 1, { profile, runTimeoutMs: 250 });
    await expect(impatient).rejects.toMatchObject({ errorValue: 5, message: expect.stringContaining("queued for longer than 40 ms") });
    expect(isFailure(await collect(blocker))).toBe(false);
    expect(isFailure(await collect(patient))).toBe(false);
  });
});

describe("lost daemons", () => {
  test("M-68, M-86: the running task is 19 and told how its daemon ended; queued ones are not touched", async () => {
    const profile = await testDaemons(1);
    const dying = mirai(
      () => {
        process.stderr.write("last words\n");
        process.exit(3);
      },
      undefined,
      { profile },
    );
    const queued = Array.from({ length: 10 }, (_, i) => mirai((n: number) => n, i, { profile }));
    await expect(dying).rejects.toMatchObject({
      name: "DaemonLost",
      errorValue: 19,
      message: expect.stringMatching(/^19 \| Connection reset/),
      details: { exitCode: 3, stderr: expect.stringContaining("last words") },
    });
    expect(await collect(queued)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("M-68: tasks that were given but had not begun run elsewhere, each once", async () => {
    const profile = await testDaemons(1, { prefetch: 32 });
    const file = scratchFile();
    const work = async ({ path, i }: { path: string; i: number }) => {
      process.getBuiltinModule("node:fs").appendFileSync(path, `${i}\n`);
      if (i % 50 === 49) process.kill(process.pid, "SIGKILL");
      return i;
    };
    const values = await collect(Array.from({ length: 300 }, (_, i) => mirai(work, { path: file, i }, { profile })));
    expect(values.filter(isFailure)).toHaveLength(6);
    const ran = readFileSync(file, "utf8").trim().split("\n").map(Number);
    expect(ran).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  test("M-68: without dispatcher everything that was dealt to it is 19", async () => {
    const profile = await testDaemons(2, { dispatcher: false });
    const handles = [
      mirai(() => process.kill(process.pid, "SIGKILL"), undefined, { profile }),
      mirai(() => 1, undefined, { profile }),
      mirai(() => 2, undefined, { profile }),
      mirai(() => 3, undefined, { profile }),
    ];
    const values = await collect(handles);
    expect(values.map((value) => (isFailure(value) ? value.errorValue : value))).toEqual([19, 1, 19, 3]);
  });

  test("a task that is to be retried runs again", async () => {
    const profile = await testDaemons(1, { retry: 1 });
    const file = scratchFile();
    const once = async (path: string) => {
      const fs = process.getBuiltinModule("node:fs");
      fs.appendFileSync(path, "x");
      if (fs.readFileSync(path, "utf8") === "x") process.exit(1);
      return "well";
    };
    expect(await mirai(once, file, { profile })).toBe("well");
  });

  test("terminating a daemon makes its task 7", async () => {
    const profile = await testDaemons(1);
    const handle = mirai(sleep, 60_000, { profile });
    await until("it runs", () => handle.state === "running");
    terminateDaemon(status(profile).daemons[0]!.id, profile);
    await expect(handle).rejects.toMatchObject({ errorValue: 7, name: "ObjectClosed" });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
    expect(status(profile).exits.map((exit) => exit.reason)).toEqual(["terminated"]);
  });

  test("M-57: resetting makes 19 of what has not settled", async () => {
    const profile = await testDaemons(1);
    const handles = [mirai(sleep, 60_000, { profile }), mirai(() => 1, undefined, { profile })];
    await daemons(0, { profile });
    expect((await collect(handles)).map((value) => (value as { errorValue: number }).errorValue)).toEqual([19, 19]);
  });
});

describe("notes", () => {
  test("progress, logs and values come in order, and end with the task", async () => {
    const profile = await testDaemons(1);
    const task = async (
      n: number,
      { progress, log, note }: { progress(f: number, m?: string): void; log(m: string): void; note(v: unknown): void },
    ) => {
      for (let i = 1; i <= n; i++) progress(i / n, `step ${i}`);
      log("done with steps");
      note({ partial: new Float64Array([1, 2]) });
      return n;
    };
    const called: string[] = [];
    const handle = mirai(task, 2, { profile, onNote: (note) => called.push(note.kind) });
    const seen: Note[] = [];
    for await (const note of handle.notes()) seen.push(note);
    expect(seen).toEqual([
      { kind: "progress", fraction: 0.5, message: "step 1" },
      { kind: "progress", fraction: 1, message: "step 2" },
      { kind: "log", message: "done with steps" },
      { kind: "note", value: { partial: new Float64Array([1, 2]) } },
    ]);
    expect(called).toEqual(["progress", "progress", "log", "note"]);
    expect(handle.data).toBe(2);
    const late: Note[] = [];
    for await (const note of handle.notes()) late.push(note);
    expect(late).toEqual(seen);
  });
});

describe("memory of the queue", () => {
  test("M-13, M-14, M-16, M-38, M-72, M-73: full refuses quickly, uses no stream, and has room again", async () => {
    const profile = await testDaemons(1, { memoryLimitMb: 1, seed: 1, cancelGraceMs: 0 });
    const draw = (_: unknown, { random }: { random: { uniform(): number } }) => random.uniform();
    const block = () => new Uint8Array(800_000);
    const blocker = mirai(sleep, 60_000, { profile });
    await until("it runs", () => blocker.state === "running");
    const queued = [mirai(draw, block(), { profile }), mirai(draw, block(), { profile })];
    expect(status(profile).memory).toMatchObject({ usedMb: expect.closeTo(1.6, 2), capacityMb: 1 });
    const start = performance.now();
    for (let i = 0; i < 100; i++) expect(tryMirai(draw, null, { profile })).toBeNull();
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(() => mirai(draw, null, { profile })).toThrow(expect.objectContaining({ code: "queue_full", retryable: true }));
    let hasRoom = false;
    const waited = room(profile).then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    queued[1]!.cancel();
    expect(status(profile).memory.usedMb).toBeCloseTo(0.8, 2);
    blocker.cancel();
    await waited;
    const last = mirai(draw, null, { profile });
    await queued[0];
    expect(status(profile).memory).toMatchObject({ usedMb: 0, peakMb: expect.closeTo(1.6, 2) });
    // Streams: the blocker had the seed's own, the two queued the next two; refusals took none.
    const alone = await testDaemons(1, { seed: 1 });
    const expected = await collect([0, 1, 2, 3].map(() => mirai(draw, null, { profile: alone })));
    expect(await last).toBe(expected[3]);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("M-15, M-71: a limit of %d is none", async (memoryLimitMb) => {
    const profile = await testDaemons(1, { memoryLimitMb });
    expect(status(profile).memory.capacityMb).toBeNull();
    const handles = Array.from({ length: 3 }, () => tryMirai((x: unknown) => x, new Uint8Array(2_000_000), { profile }));
    expect(handles.every((handle) => handle !== null)).toBe(true);
    await Promise.all(handles);
  });
});

test("M-69, M-74: 10,000 trivial tasks on 4 daemons with a status between every two: the sum is right, every task is accounted for", async () => {
  const profile = await testDaemons(4);
  let submitted = 0;
  const handles = Array.from({ length: 10_000 }, (_, i) => {
    const handle = mirai((n: number) => n, i, { profile });
    submitted++;
    const { awaiting, executing, completed } = info(profile)!;
    if (awaiting! + executing! + completed! !== submitted) throw new Error(`${awaiting} + ${executing} + ${completed} is not ${submitted}`);
    return handle;
  });
  const values = await Promise.all(handles);
  expect(values.reduce((a, b) => a + b)).toBe((10_000 * 9_999) / 2);
  expect(info(profile)).toMatchObject({ awaiting: 0, executing: 0, completed: 10_000 });
});
