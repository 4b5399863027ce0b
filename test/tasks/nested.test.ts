import { describe, expect, test } from "vitest";
import { collect, isFailure, type MiraiContext, makeCluster, mirai, status } from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { until } from "./processes.ts";

describe("tasks that submit tasks", () => {
  test("one daemon, a task that waits for three others: no deadlock", async () => {
    const profile = await testDaemons(1);
    const parent = async (n: number, { run }: MiraiContext) => {
      const square = (x: number) => x * x;
      const parts = await Promise.all(Array.from({ length: n }, (_, i) => run(square, i)));
      return parts.reduce((a, b) => a + b, 0);
    };
    expect(await mirai(parent, 4, { profile })).toBe(14);
    await until("the extra daemon left", () => status(profile).daemons.length === 1);
  });

  test("many parents on two daemons: processes stay few, and every parent ends", async () => {
    const profile = await testDaemons(2);
    const parent = async (n: number, { run }: MiraiContext) => (await run((x: number) => x + 1, n)) * 2;
    const handles = Array.from({ length: 30 }, (_, i) => mirai(parent, i, { profile }));
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, status(profile).daemons.length);
    }, 5);
    expect(await collect(handles)).toEqual(Array.from({ length: 30 }, (_, i) => 2 * (i + 1)));
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(4);
  });

  test("a failing child is the parent's to catch; four deep is allowed, five is refused", async () => {
    const profile = await testDaemons(1);
    const catching = async (_: unknown, { run }: MiraiContext) => {
      try {
        return await run(() => {
          throw new RangeError("child");
        }, 0);
      } catch (error) {
        return (error as { cause: Error }).cause.message;
      }
    };
    expect(await mirai(catching, 0, { profile })).toBe("child");
    const dive = { module: new URL("./jobs.mjs", import.meta.url), export: "dive" };
    expect(await mirai(dive, 4, { profile })).toBe("bottom");
    const failure = await collect(mirai(dive, 5, { profile }));
    expect(isFailure(failure)).toBe(true);
    expect(String((failure as Error).message)).toMatch(/4 tasks deep/);
  });

  test("cancelling a parent cancels its children", async () => {
    const profile = await testDaemons(1, { cancelGraceMs: 50 });
    const parent = async (_: unknown, { run }: MiraiContext) => {
      return run(() => new Promise(() => {}), 0);
    };
    const handle = mirai(parent, 0, { profile });
    await until("the child runs", () => status(profile).daemons.filter((daemon) => daemon.state === "busy").length === 2);
    expect(handle.cancel()).toBe(true);
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
    await until("nothing is busy", () => status(profile).daemons.every((daemon) => daemon.state === "idle"));
  });
});

describe("thread daemons", () => {
  const pid = () => process.pid;

  test("run in this process, apart from it; end also in a busy loop; errors keep class, code and cause", async () => {
    const profile = await testDaemons(2, { thread: true, cancelGraceMs: 10 });
    expect(await mirai(pid, undefined, { profile })).toBe(process.pid);
    await mirai(() => Object.assign(globalThis, { fromThread: 1 }) && null, undefined, { profile });
    expect("fromThread" in globalThis).toBe(false);
    const busy = mirai(
      () => {
        for (;;);
      },
      undefined,
      { profile },
    );
    await until("it runs", () => busy.state === "running");
    busy.cancel();
    const failing = () => {
      throw Object.assign(new RangeError("no", { cause: new Error("deeper") }), { code: "E_X", field: 1 });
    };
    await expect(mirai(failing, undefined, { profile })).rejects.toMatchObject({
      name: "TaskError",
      cause: { name: "RangeError", code: "E_X", field: 1, cause: { message: "deeper" } },
    });
    await expect(mirai(() => process.exit(4), undefined, { profile })).rejects.toMatchObject({ errorValue: 19, details: { exitCode: 4 } });
    await expect(mirai(() => () => 1, undefined, { profile })).rejects.toMatchObject({ name: "TaskError" });
    expect(() => mirai((x: unknown) => x, { f: () => 1 } as unknown, { profile })).toThrow(/cannot be sent to a thread/);
    expect(await mirai(pid, undefined, { profile })).toBe(process.pid);
  });

  test("buffers that are named are moved there and back, others are copied", async () => {
    const profile = await testDaemons(1, { thread: true });
    const values = new Float64Array(1_000_000).fill(3);
    const { buffer } = values;
    const back = mirai(
      (array: Float64Array, { transfer }: { transfer<T>(value: T, buffers: ArrayBuffer[]): T }) => {
        array[0] = 7;
        return transfer(array, [array.buffer as ArrayBuffer]);
      },
      values,
      { profile, transfer: [buffer] },
    );
    expect(buffer.byteLength).toBe(0);
    expect((await back).subarray(0, 2)).toEqual(new Float64Array([7, 3]));
    const kept = new Float64Array([1, 2]);
    expect(await mirai((array: Float64Array) => array.map((x) => 2 * x), kept, { profile })).toEqual(new Float64Array([2, 4]));
    expect(kept).toEqual(new Float64Array([1, 2]));
  });

  test("what they print is heard, and in what a lost one leaves", async () => {
    const printed: string[] = [];
    const profile = await testDaemons(1, { thread: true, output: (text, from) => printed.push(`${from}: ${text.trim()}`) });
    const handle = mirai(
      () => {
        console.log("to out");
        console.error("last words");
        setTimeout(() => {
          throw new Error("left behind");
        });
        return new Promise(() => {});
      },
      undefined,
      { profile },
    );
    await expect(handle).rejects.toMatchObject({ errorValue: 19, details: { stderr: "last words" } });
    expect(printed).toEqual(["stdout: to out", "stderr: last words"]);
  });

  test("nested tasks and notes work as in processes", async () => {
    const profile = await testDaemons(1, { thread: true });
    const parent = async (n: number, { run }: MiraiContext) => (await run((x: number) => x + 1, n)) * 2;
    expect(await mirai(parent, 5, { profile })).toBe(12);
  });
});

describe("M-117: a cluster", () => {
  test("nodes keep what they are left with; static shares are fixed; balanced ones complete with more tasks than nodes", async () => {
    await using cluster = await makeCluster(2);
    expect(cluster.nodes).toHaveLength(2);
    await cluster.call((value: number) => {
      Object.assign(globalThis, { node: value });
    }, 5);
    expect(await cluster.call(() => (globalThis as { node?: number }).node)).toEqual([5, 5]);
    const where = (_: number) => process.pid;
    const pids = await cluster.apply([0, 1, 2, 3, 4], where);
    expect([pids[0] === pids[2], pids[2] === pids[4], pids[1] === pids[3], pids[0] === pids[1]]).toEqual([true, true, true, false]);
    expect(await cluster.applyBalanced([1, 2, 3, 4, 5, 6, 7], (n: number) => n * n)).toEqual([1, 4, 9, 16, 25, 36, 49]);
    expect(() => cluster.callOn(2, where, 0)).toThrow(/nodes 0 to 1/);
  });

  test("seeded ones repeat from cluster to cluster; after stop nothing goes; a dead node's call is 19", async () => {
    const draw = (_: number, { random }: { random: { uniform(): number } }) => random.uniform();
    const runs: number[][] = [];
    for (let i = 0; i < 2; i++) {
      const cluster = await makeCluster(2, { seed: 9 });
      runs.push(await cluster.apply([1, 2, 3], draw));
      await cluster.stop();
      await expect(cluster.apply([1], draw)).rejects.toMatchObject({ code: "closed", message: "the cluster is no longer active" });
    }
    expect(runs[0]).toEqual(runs[1]);
    await using cluster = await makeCluster(1);
    await expect(cluster.callOn(0, () => process.exit(1))).rejects.toMatchObject({ errorValue: 19 });
  });
});
