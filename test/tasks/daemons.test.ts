import { describe, expect, onTestFinished, test } from "vitest";
import {
  collect,
  daemons,
  daemonsSet,
  everywhere,
  info,
  isFailure,
  launchLocal,
  mirai,
  miraiMap,
  nextStream,
  requireDaemons,
  status,
  streamOfSeed,
  takeNextStream,
  withDaemons,
  withProfile,
} from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { until } from "./processes.ts";

const pid = () => process.pid;
const pids = (profile: string) => status(profile).daemons.map((daemon) => daemon.pid);
const sleep = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(process.pid), ms));

describe("setting daemons", () => {
  test("M-52, M-54, M-100, M-101: set is true, reset false; connections are as many as asked for", async () => {
    const profile = "m52";
    expect(status(profile)).toMatchObject({ connections: 0, daemons: [] });
    expect(info(profile)).toBeNull();
    expect(() => requireDaemons(profile)).toThrow(/profile "m52".*await daemons\(4, \{ profile: "m52" \}\)/);
    expect((await daemons(2, { profile })).isSet).toBe(true);
    expect(status(profile).connections).toBe(2);
    expect([daemonsSet(profile), requireDaemons(profile)]).toEqual([true, true]);
    expect((await daemons(0, { profile })).isSet).toBe(false);
    expect((await daemons(0, { profile })).isSet).toBe(false);
    expect(daemonsSet(profile)).toBe(false);
  });

  test.each([
    [{ n: -1 }, /n must be/],
    [{ n: 1.5 }, /n must be/],
    [{ n: "4" }, /n must be a number/],
    [{}, /needs a number/],
    [{ n: 1, dispatcher: 1 }, /dispatcher must be a boolean/],
    [{ n: 1, idletime: 5 }, /no option "idletime".*Did you mean "idleMs"/],
    [{ n: 1, autoExit: "never" }, /autoExit must be/],
    [{ n: 1, seed: 0.5 }, /seed/],
    [{ n: 1, wallMs: -1 }, /wallMs/],
    [{ n: 1, thread: true, cleanup: true }, /threads share/],
  ])("M-53, M-58: refuses %j at once and changes nothing", (options, message) => {
    expect(() => daemons({ ...options, profile: "m53" } as never)).toThrow(message);
    expect(daemonsSet("m53")).toBe(false);
  });

  test("M-55: setting again replaces the daemons", async () => {
    const profile = await testDaemons(1);
    const before = pids(profile);
    const lost = mirai(sleep, 60_000, { profile });
    await daemons(1, { profile });
    expect(pids(profile)).not.toEqual(before);
    expect(await collect(lost)).toMatchObject({ errorValue: 19 });
    expect(await mirai(pid, undefined, { profile })).toBe(pids(profile)[0]);
  });

  test("M-60: withDaemons gives the value and resets, also after an error; M-102: the profile is current inside, across await", async () => {
    let name = "";
    const value = await withDaemons(1, async () => {
      await Promise.resolve();
      const handle = mirai(pid);
      name = handle.profile;
      return handle;
    });
    expect(value).not.toBe(process.pid);
    expect(daemonsSet(name)).toBe(false);
    await expect(withDaemons({ n: 1, profile: "m60" }, () => Promise.reject(new Error("inside")))).rejects.toThrow("inside");
    expect(daemonsSet("m60")).toBe(false);
  });

  test("M-102, M-103: withProfile sets the current profile and an explicit one wins; profiles share no daemon", async () => {
    const [a, b] = [await testDaemons(1), await testDaemons(1)];
    const [inA, inB] = await withProfile(a, () => Promise.all([mirai(pid), mirai(pid, undefined, { profile: b })]));
    expect([inA, inB]).toEqual([...pids(a), ...pids(b)]);
    expect(inA).not.toBe(inB);
    expect(() => withProfile("nowhere", () => 1)).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("await using resets at the end of the block", async () => {
    {
      await using set = await daemons(1, { profile: "using" });
      expect(daemonsSet(set.profile)).toBe(true);
    }
    expect(daemonsSet("using")).toBe(false);
  });

  test("M-61, M-62, M-63: lost daemons are replaced, or not where that is off; launching adds", async () => {
    const respawning = await testDaemons(1);
    process.kill(pids(respawning)[0]!, "SIGKILL");
    await until("it is replaced", () => info(respawning)!.cumulative === 2 && info(respawning)!.connections === 1);
    const profile = await testDaemons(2, { respawn: false });
    process.kill(pids(profile)[0]!, "SIGKILL");
    await until("it is gone", () => status(profile).daemons.length === 1);
    expect(status(profile).exits).toMatchObject([{ reason: "lost", signal: "SIGKILL" }]);
    launchLocal(1, profile);
    await until("another joined", () => info(profile)!.connections === 2);
    expect(info(profile)!.cumulative).toBe(3);
    expect(() => launchLocal(1, "nowhere")).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("daemons that cannot be started: the failure tells why, and no profile is left", async () => {
    await expect(daemons(1, { profile: "m59", nodeArguments: ["--no-such-flag-at-all"] })).rejects.toMatchObject({
      code: "daemon_lost",
      details: { stderr: expect.stringContaining("no-such-flag") },
    });
    expect(daemonsSet("m59")).toBe(false);
  });

  test("M-66: a long task holds up only its own daemon; M-67: tasks wait for daemons that are starting", async () => {
    const set = daemons(2, { profile: "m67" });
    onTestFinished(async () => void (await daemons(0, { profile: "m67" })));
    const early = mirai(pid, undefined, { profile: "m67" });
    expect(status("m67").connections).toBe(0);
    await set;
    await early;
    const long = mirai(sleep, 1500, { profile: "m67" });
    await collect([30, 30, 30].map((ms) => mirai(sleep, ms, { profile: "m67" })));
    expect(long.isResolved).toBe(false);
    await long;
  });
});

describe("limits", () => {
  test("M-75: after maxTasks a daemon leaves; its last result is not lost; the next task waits for another", async () => {
    const profile = await testDaemons(1, { maxTasks: 2 });
    const seen = await collect(Array.from({ length: 5 }, () => mirai(pid, undefined, { profile })));
    expect([seen[0] === seen[1], seen[1] === seen[2], seen[2] === seen[3], seen[3] === seen[4]]).toEqual([true, false, true, false]);
    await until("both exits are told", () => status(profile).exits.length === 2);
    expect(status(profile).exits.map((exit) => exit.reason)).toEqual(["tasks", "tasks"]);
  });

  test("M-76: idle daemons leave, and come back on demand", async () => {
    const profile = await testDaemons(1, { idleMs: 60 });
    await until("it left", () => status(profile).daemons.length === 0);
    expect(status(profile).exits).toMatchObject([{ reason: "idle", exitCode: 0 }]);
    expect(typeof (await mirai(pid, undefined, { profile }))).toBe("number");
  });

  test("M-77: the wall limit never interrupts a task", async () => {
    const profile = await testDaemons(1, { wallMs: 80 });
    const [first] = pids(profile);
    const second = await mirai(sleep, 300, { profile });
    await until("an old one left", () => status(profile).exits.some((exit) => exit.reason === "wall"));
    expect(typeof second).toBe("number");
    const next = await mirai(pid, undefined, { profile });
    expect(next).not.toBe(first);
  });
});

test("M-77: a wall limit shorter than what runs everywhere keeps nothing waiting for ever", async () => {
  const profile = await testDaemons(1, { wallMs: 1 });
  everywhere(
    (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    },
    20,
    { profile },
  );
  for (let i = 0; i < 3; i++) expect(await mirai((n: number) => n, i, { profile })).toBe(i);
});

describe("what tasks leave behind", () => {
  const leave = () => {
    Object.assign(globalThis, { left: 1 });
    process.env.LEFT = "x";
    delete process.env.PATH;
    process.chdir("/");
    process.on("SIGUSR2", () => {});
    return process.pid;
  };
  const look = () => [
    "left" in globalThis,
    process.env.LEFT ?? null,
    typeof process.env.PATH,
    process.cwd() === "/",
    process.listenerCount("SIGUSR2"),
  ];

  test("M-82, M-83: globals, environment, folder and listeners are put back", async () => {
    const profile = await testDaemons(1);
    await mirai(leave, undefined, { profile });
    expect(await mirai(look, undefined, { profile })).toEqual([false, null, "string", false, 0]);
  });

  test("M-84: with cleanup off they stay", async () => {
    const profile = await testDaemons(1, { cleanup: false });
    await mirai(leave, undefined, { profile });
    expect(await mirai(look, undefined, { profile })).toEqual([true, "x", "undefined", true, 1]);
  });

  test("M-85: output is discarded, or given to a listener", async () => {
    const printed: string[] = [];
    const profile = await testDaemons(1, { output: (text, from) => printed.push(`${from}: ${text.trim()}`) });
    await mirai(
      () => {
        console.log("to out");
        console.error("to err");
      },
      undefined,
      { profile },
    );
    await until("both came", () => printed.length === 2);
    expect(printed.toSorted()).toEqual(["stderr: to err", "stdout: to out"]);
  });

  test("M-87: a module that cannot be loaded fails its task and not its daemon", async () => {
    const profile = await testDaemons(1);
    await expect(mirai({ module: "file:///nowhere.mjs", export: "x" }, 0, { profile })).rejects.toMatchObject({ name: "TaskError" });
    expect(await mirai(pid, undefined, { profile })).toBe(pids(profile)[0]);
  });
});

describe("everywhere", () => {
  const setUp = (value: number) => {
    Object.assign(globalThis, { shared: value });
    return process.pid;
  };
  const read = () => [process.pid, (globalThis as { shared?: number }).shared ?? null] as const;

  test("M-88, M-89, M-92, M-93: once on every daemon; its effects survive cleaning up; again is allowed; no daemons is an error", async () => {
    expect(() => everywhere(setUp, 1, { profile: "nowhere" })).toThrow(expect.objectContaining({ code: "not_found" }));
    const profile = await testDaemons(2);
    const map = everywhere(setUp, 1, { profile });
    expect(map).toHaveLength(2);
    expect(((await map) as number[]).toSorted()).toEqual((pids(profile) as number[]).toSorted());
    await everywhere(setUp, 2, { profile });
    for (let i = 0; i < 4; i++) expect((await mirai(read, undefined, { profile }))[1]).toBe(2);
  });

  test("M-90: what is submitted later never runs on a daemon before it, also when that is busy", async () => {
    const profile = await testDaemons(2);
    const busy = mirai(sleep, 200, { profile });
    everywhere(setUp, 3, { profile });
    const seen = await collect(Array.from({ length: 20 }, () => mirai(read, undefined, { profile })));
    expect(seen.every((row) => !isFailure(row) && row[1] === 3)).toBe(true);
    await busy;
  });

  test("M-94: daemons that join later, replacements too, get it before anything else", async () => {
    const profile = await testDaemons(1);
    await everywhere(setUp, 4, { profile });
    process.kill(pids(profile)[0]!, "SIGKILL");
    launchLocal(1, profile);
    await until("both joined", () => info(profile)!.connections === 2);
    const seen = await collect(
      Array.from({ length: 10 }, () =>
        mirai(
          async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            return [process.pid, (globalThis as { shared?: number }).shared] as const;
          },
          undefined,
          { profile },
        ),
      ),
    );
    const rows = seen as (readonly [number, number])[];
    expect(rows.every((row) => row[1] === 4)).toBe(true);
    expect(new Set(rows.map((row) => row[0])).size).toBe(2);
  });

  test("M-91: with more than are there, the queue waits until enough have joined", async () => {
    const profile = await testDaemons(1);
    const map = everywhere(setUp, 5, { profile, least: 2 });
    expect(map).toHaveLength(2);
    const later = mirai(read, undefined, { profile });
    await map.handles[0];
    expect(later.state).toBe("queued");
    launchLocal(1, profile);
    expect((await later)[1]).toBe(5);
    await map;
  });

  test("names that it puts there may be used by shipped functions", async () => {
    const profile = await testDaemons(1);
    const use = new Function("return table[1] * 10") as () => number;
    expect(() => mirai(use, undefined, { profile })).toThrow(/"table"/);
    await everywhere(() => 0, undefined, { profile, globals: { table: [1, 2] } });
    expect(await mirai(use, undefined, { profile })).toBe(20);
  });

  test("M-95: it does not change the streams of later tasks", async () => {
    const draw = (_: unknown, { random }: { random: { uniform(): number } }) => random.uniform();
    const [a, b] = [await testDaemons(1, { seed: 3 }), await testDaemons(1, { seed: 3 })];
    await everywhere(draw, null, { profile: a });
    expect(await mirai(draw, null, { profile: a })).toBe(await mirai(draw, null, { profile: b }));
  });
});

describe("random numbers", () => {
  const normal = (_: number, { random }: { random: { normal(): number } }) => random.normal();

  test.each([
    ["1 daemon", { n: 1 }],
    ["3 daemons", { n: 3 }],
    ["2 without dispatcher", { n: 2, dispatcher: false }],
    ["a synchronous profile", { n: 1, sync: true }],
    ["2 threads", { n: 2, thread: true }],
    ["many given at a time", { n: 2, prefetch: 16 }],
  ])("M-96: seed 42 gives R's numbers with %s", async (_, { n, ...options }) => {
    const profile = await testDaemons(n, { ...options, seed: 42 });
    const values = (await miraiMap([1, 2, 3], normal, { profile })) as number[];
    expect(values.map((value) => value.toFixed(15))).toEqual(["-0.939077078649287", "1.119328457391871", "-0.208480914114898"]);
  });

  test("M-97: without a stream per task, the k-th daemon starts on the k-th stream after the seed's", async () => {
    const { openDaemonProfile } = await import("../../dist/tasks/open-profile.js");
    await using profile = openDaemonProfile({ name: "m97", daemons: 4, stream: streamOfSeed(42) });
    const source = "(_, { random }) => new Promise((resolve) => setTimeout(() => resolve(random.state), 100))";
    await until("all are there", () => profile.status().daemons.filter((daemon) => daemon.state === "idle").length === 4);
    const tasks = profile.status().daemons.map((daemon) => profile.run({ source, label: "state" }, 0, { daemon: daemon.id }));
    let expected = streamOfSeed(42);
    for (const task of tasks) {
      expected = nextStream(expected);
      expect(await task.result).toEqual(expected);
    }
  });

  test("M-70: without a seed all draws differ; takeNextStream takes a task's place", async () => {
    const profile = await testDaemons(3);
    const values = (await miraiMap(
      Array.from({ length: 1000 }, (_, i) => i),
      normal,
      { profile },
    )) as number[];
    expect(new Set(values).size).toBe(1000);
    expect(takeNextStream(profile)).toBeNull();
    const seeded = await testDaemons(1, { seed: 42 });
    expect(takeNextStream(seeded)).toEqual(streamOfSeed(42));
    expect((await mirai(normal, 0, { profile: seeded })).toFixed(12)).toBe("1.119328457392");
  });
});

describe("a synchronous profile", () => {
  test("M-64: resolved on return, in this process, failures are values, globals last and never leak, everywhere works", async () => {
    const profile = await testDaemons(1, { sync: true });
    const handle = mirai(pid, undefined, { profile });
    expect(handle.data).toBe(process.pid);
    expect(
      mirai(
        () => {
          throw new Error("no");
        },
        undefined,
        { profile },
      ).data,
    ).toMatchObject({ name: "TaskError" });
    mirai(
      () => {
        Object.assign(globalThis, { kept: 1 });
      },
      undefined,
      { profile },
    );
    expect(mirai(() => (globalThis as { kept?: number }).kept, undefined, { profile }).data).toBe(1);
    expect("kept" in globalThis).toBe(false);
    everywhere(
      () => {
        Object.assign(globalThis, { everywhere: 2 });
      },
      undefined,
      { profile },
    );
    expect(mirai(() => (globalThis as { everywhere?: number }).everywhere, undefined, { profile }).data).toBe(2);
    expect(await mirai(async (n: number) => n, undefined as never, { profile })).toBeUndefined();
    expect(info(profile)).toMatchObject({ connections: 0 });
    expect(() => launchLocal(1, profile)).toThrow(/synchronous/); // M-63
    expect(() => mirai((x: unknown) => x, { f: () => 1 } as unknown, { profile })).toThrow(/at \.f/);
  });

  test("M-65: after it, an asynchronous one of the same name works, and the other way round", async () => {
    const profile = await testDaemons(1, { sync: true });
    expect(mirai(pid, undefined, { profile }).data).toBe(process.pid);
    await daemons(1, { profile });
    expect(await mirai(pid, undefined, { profile })).not.toBe(process.pid);
    await daemons({ sync: true, profile });
    expect(mirai(pid, undefined, { profile }).data).toBe(process.pid);
  });
});
