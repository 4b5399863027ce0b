import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  collect,
  daemon,
  daemons,
  daemonsSet,
  dismissDaemons,
  everywhere,
  hostUrl,
  info,
  launchLocal,
  localUrl,
  mirai,
  miraiMap,
  status,
  terminateDaemon,
  withDaemons,
} from "../../dist/tasks/index.js";
import { isAlive, until } from "./processes.ts";
import { cuttableWire, daemonProcess, dialIn, listeningProfile } from "./remote-rig.ts";

function socketUrl(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-socket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return `ipc://${join(folder, "yard.sock")}`;
}

describe.each([
  ["tcp", () => "tcp://127.0.0.1:0"],
  ["tcp over IPv6", () => "tcp://[::1]:0"],
  ["tls+tcp", () => "tls+tcp://127.0.0.1:0"],
  ["ws", () => "ws://127.0.0.1:0/yard?x=1"],
  ["wss", () => "wss://localhost:0/yard"],
  ["ipc", socketUrl],
])("daemons that dial in over %s", (_, url) => {
  test("M-56, M-67: the URL has its real port; nobody is connected; a task that waited is served when somebody dials", async () => {
    const set = await listeningProfile({ url: url() });
    const { profile } = set;
    expect(status(profile)).toMatchObject({ connections: 0, url: set.url, daemons: [] });
    expect(set.url).not.toMatch(/:0(?:\/|$)/);
    const early = mirai((n: number) => n * 2, 21, { profile });
    expect(early.state).toBe("queued");
    void dialIn(set);
    expect(await early).toBe(42);
    expect(info(profile)).toMatchObject({ connections: 1, cumulative: 1, completed: 1 });
    expect(status(profile).daemons[0]!.where).toMatch(new RegExp(`:${process.pid}$`));
  });

  test("values of 8 MB travel both ways, several daemons share the work, and a reset ends them", async () => {
    const set = await listeningProfile({ url: url() });
    const { profile } = set;
    const left = [dialIn(set), dialIn(set)];
    await set.connected(2);
    const values = new Float64Array(1_000_000).fill(3);
    const back = await mirai((array: Float64Array) => array.map((x) => x + 1), values, { profile });
    expect([back.length, back[0], back[999_999]]).toEqual([1_000_000, 4, 4]);
    const pids = await miraiMap([1, 2, 3, 4, 5, 6], () => new Promise((resolve) => setTimeout(() => resolve(process.pid), 50)), {
      profile,
    });
    expect(new Set(pids as number[]).size).toBe(2);
    await set.reset();
    expect(await Promise.all(left)).toEqual(["reset", "reset"]);
    for (const pid of pids as number[]) expect(isAlive(pid)).toBe(false);
    expect(daemonsSet(profile)).toBe(false);
  });
});

describe("a profile of daemons that dial in", () => {
  test("M-94: what ran everywhere runs on those that join later, before anything else", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const ran = everywhere(
      (start: number) => {
        (globalThis as { start?: number }).start = start;
      },
      7,
      { profile },
    );
    const waiting = mirai(() => (globalThis as { start?: number }).start, undefined, { profile });
    expect(waiting.state).toBe("queued");
    void dialIn(set);
    await ran;
    expect(await waiting).toBe(7);
    void dialIn(set);
    await set.connected(2);
    const both = await Promise.all(
      status(profile).daemons.map(({ id }) => mirai(() => (globalThis as { start?: number }).start, undefined, { profile, daemon: id })),
    );
    expect(both).toEqual([7, 7]);
  });

  test("M-96: a seed gives the numbers that local daemons give", async () => {
    const draw = (_: number, task: { random: { normal(): number } }): number => task.random.normal();
    const set = await listeningProfile({ seed: 42 });
    void dialIn(set);
    void dialIn(set);
    const remote = await miraiMap([1, 2, 3], draw, { profile: set.profile });
    const local = await withDaemons({ n: 1, seed: 42 }, () => miraiMap([1, 2, 3], draw));
    expect(remote).toEqual(local);
  });

  test("M-28: a busy loop is cancelled; its executor is replaced, its daemon stays", async () => {
    const set = await listeningProfile({ cancelGraceMs: 50 });
    const { profile } = set;
    const left = dialIn(set);
    const busy = mirai(
      (_: undefined, task: { note(value: unknown): void }) => {
        task.note("in");
        for (;;);
      },
      undefined,
      { profile },
    );
    await busy.notes().next();
    expect(busy.cancel()).toBe(true);
    expect(await collect(busy)).toMatchObject({ errorValue: 20 });
    expect(await mirai(() => "again", undefined, { profile })).toBe("again");
    expect(info(profile)).toMatchObject({ connections: 1 });
    expect(await Promise.race([left, "still there"])).toBe("still there");
  });

  test("M-86: a task that exits its process fails with status and last words; the daemon serves on", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    void dialIn(set);
    const failure = await collect(
      mirai(
        () => {
          process.stderr.write("so long\n");
          process.exit(3);
        },
        undefined,
        { profile },
      ),
    );
    expect(failure).toMatchObject({ errorValue: 19, details: { exitCode: 3, stderr: "so long" } });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });

  test("tasks in tasks need no second daemon", async () => {
    const set = await listeningProfile();
    void dialIn(set);
    const total = mirai(
      async (n: number, task: { run(f: (x: number) => number, x: number): Promise<number> }) => (await task.run((x) => x * x, n)) + 1,
      3,
      { profile: set.profile },
    );
    expect(await total).toBe(10);
  });

  test("terminateDaemon fails its task with 7, and the daemon goes on with another executor", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    void dialIn(set);
    await set.connected(1);
    const never = mirai(() => new Promise(() => {}), undefined, { profile });
    await until("it runs", () => never.state === "running");
    terminateDaemon(status(profile).daemons[0]!.id, profile);
    expect(await collect(never)).toMatchObject({ errorValue: 7 });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });

  test("M-85: what tasks print is handed to the host that asks for it", async () => {
    const printed: string[] = [];
    const set = await listeningProfile({ output: (text, from) => printed.push(`${from}: ${text}`) });
    void dialIn(set);
    await mirai(() => console.log("hello"), undefined, { profile: set.profile });
    await until("it was printed", () => printed.length > 0);
    expect(printed.join("")).toBe("stdout: hello\n");
  });

  test("M-82, M-84: a daemon cleans up after tasks unless it was told not to", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const leave = (): void => {
      (globalThis as { left?: number }).left = 1;
    };
    const look = (): boolean => "left" in globalThis;
    void dialIn(set);
    await mirai(leave, undefined, { profile });
    expect(await mirai(look, undefined, { profile })).toBe(false);

    const keeping = await listeningProfile();
    void dialIn(keeping, { cleanup: false });
    await mirai(leave, undefined, { profile: keeping.profile });
    expect(await mirai(look, undefined, { profile: keeping.profile })).toBe(true);
  });

  test("tasks do not see the join token", async () => {
    const set = await listeningProfile();
    daemonProcess(set);
    expect(await mirai(() => process.env.TRAINYARD_TOKEN ?? "none", undefined, { profile: set.profile })).toBe("none");
  });

  test("launchLocal and options for local daemons are refused with a remedy", async () => {
    const set = await listeningProfile();
    expect(() => launchLocal(1, set.profile)).toThrow(/launchRemote/);
    for (const [options, message] of [
      [{ thread: true }, /thread does not go with url/],
      [{ dispatcher: false }, /dispatcher: false does not go/],
      [{ n: 2 }, /add remote/],
      [{ autoExit: "finish" }, /--auto-exit finish/],
      [{ heartbeatMs: 0 }, /heartbeatMs must be/],
    ] as const) {
      expect(() => daemons({ url: "tcp://127.0.0.1:0", profile: "unset", ...options })).toThrow(message);
    }
    expect(() => daemons(1, { profile: "unset", tls: { cert: "", key: "" } })).toThrow(/needs a url/);
    expect(daemonsSet("unset")).toBe(false);
  });
});

describe("URLs", () => {
  test.each([
    ["tcp:/127.0.0.1:1", /is no URL for daemons/],
    ["tpc://127.0.0.1:1", /tcp/],
    ["tcp://127.0.0.1:1/path", /has none/],
    ["tcp://user@127.0.0.1:1", /may not have a user/],
    ["tcp://127.0.0.1:99999", /no proper host and port/],
    ["ipc://relative", /whole path/],
    [`ipc:///${"x".repeat(200)}`, /103 bytes/],
    ["tcp://192.0.2.1:0", /tls\+tcp/],
  ])("M-53: %s is refused, and no profile is left", (url, message) => {
    expect(() => daemons({ url, profile: "never" })).toThrow(message);
    expect(daemonsSet("never")).toBe(false);
  });

  test("an address that cannot be had leaves no profile behind", async () => {
    const taken = createServer();
    await once(taken.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(daemons({ url: `tcp://127.0.0.1:${port}`, profile: "taken" })).rejects.toMatchObject({ code: "unavailable" });
    expect(daemonsSet("taken")).toBe(false);
  });

  test("a socket file that a killed host left behind is taken over; one in use is not, and no other file ever", async () => {
    const url = socketUrl();
    const program = `const { createServer } = require("node:net"); createServer().listen(${JSON.stringify(url.slice(6))}, () => console.log("up"));`;
    const killed = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(killed.stdout, "data");
    await expect(daemons({ url, profile: "second" })).rejects.toMatchObject({ code: "unavailable" });
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(existsSync(url.slice(6))).toBe(true);
    const set = await listeningProfile({ url });
    void dialIn(set);
    expect(await mirai(() => 1, undefined, { profile: set.profile })).toBe(1);

    const file = socketUrl();
    writeFileSync(file.slice(6), "mine");
    await expect(daemons({ url: file, profile: "third" })).rejects.toMatchObject({ code: "unavailable" });
    expect(existsSync(file.slice(6))).toBe(true);
  });

  test("M-105: hostUrl is named by network interface, with TLS where asked; localUrl is of this machine", () => {
    for (const [name, url] of Object.entries(hostUrl({ tls: true, port: 5555 }))) {
      expect(name).not.toBe("");
      expect(url).toMatch(/^tls\+tcp:\/\/(?:[\d.]+|\[[\da-f:]+\]):5555$/);
    }
    expect(Object.values(hostUrl()).every((url) => url.startsWith("tcp://"))).toBe(true);
    expect(localUrl({ tcp: true, port: 7 })).toBe("tcp://127.0.0.1:7");
    expect(localUrl()).toMatch(/^ipc:\/\//);
    expect(localUrl()).not.toBe(localUrl());
  });
});

describe("a daemon", () => {
  test("M-81: that finds nobody raises at once; one that retries waits for the host", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trainyard-late-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const url = `ipc://${join(folder, "late.sock")}`;
    const first = await listeningProfile();
    await expect(daemon(url, { token: first.token })).rejects.toMatchObject({ code: "unavailable", retryable: true });

    const set = await listeningProfile({ url });
    expect(set.url).toBe(url);
    const left = dialIn(set, { retryMs: 60_000 });
    await set.connected(1);
    await set.reset();
    expect(await left).toBe("reset");
  });

  test("M-80: autoExit persist survives a reset, serves the next host at the URL, and ends when it is dismissed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trainyard-persist-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const set = await listeningProfile({ url: `ipc://${join(folder, "yard.sock")}` });
    const left = dialIn(set, { autoExit: "persist" });
    await set.connected(1);
    await set.reset();
    expect(await Promise.race([left, "persists"])).toBe("persists");
    const again = await listeningProfile({ url: set.url, joinToken: set.token });
    await again.connected(1);
    expect(await mirai(() => "served", undefined, { profile: again.profile })).toBe("served");
    await dismissDaemons(again.profile);
    expect(await left).toBe("leave");
  });

  test("M-75: leaves after maxTasks, its last result not lost; further tasks wait for another one", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const left = dialIn(set, { maxTasks: 2 });
    const handles = [1, 2, 3].map((n) => mirai((x: number) => x, n, { profile }));
    expect(await left).toBe("tasks");
    expect(await Promise.all(handles.slice(0, 2))).toEqual([1, 2]);
    expect(handles[2]!.state).toBe("queued");
    await until("its seat is gone", () => info(profile)?.connections === 0);
    expect(status(profile).exits.at(-1)).toMatchObject({ reason: "tasks" });
    void dialIn(set);
    expect(await handles[2]).toBe(3);
  });

  test("M-75: counts tasks of executors that were replaced", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const left = dialIn(set, { maxTasks: 2 });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
    await collect(mirai(() => process.exit(1), undefined, { profile }));
    expect(await mirai(() => 2, undefined, { profile })).toBe(2);
    expect(await left).toBe("tasks");
  });

  test("M-76, M-77: leaves when it was idle for long enough, or is old enough", async () => {
    const set = await listeningProfile();
    expect(await dialIn(set, { idleMs: 50 })).toBe("idle");
    const old = dialIn(set, { wallMs: 50 });
    expect(await old).toBe("wall");
    await until("no seat is left", () => info(set.profile)?.connections === 0);
  });

  test("M-87: refuses options that it does not have, and tokens that are none, before it dials", async () => {
    await expect(daemon("tcp://127.0.0.1:1", { token: "nonsense" })).rejects.toThrow(/join token is damaged/);
    await expect(daemon("tcp://127.0.0.1:1", { idelMs: 5 } as never)).rejects.toThrow(/idleMs/);
    await expect(daemon("tcp://127.0.0.1:1")).rejects.toThrow(/TRAINYARD_TOKEN/);
  });
});

describe("trainyard daemon", () => {
  test("runs tasks, and ends with status 0 and a sentence when the host is done", async () => {
    const set = await listeningProfile();
    const child = daemonProcess(set, ["--count", "2"]);
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await set.connected(2);
    expect(await mirai(() => process.ppid, undefined, { profile: set.profile })).toBe(child.pid);
    const exited = once(child, "close");
    await set.reset();
    expect(await exited).toEqual([0, null]);
    expect(said).toBe("trainyard daemon: the host is done\n".repeat(2));
  });

  test("a wrong token ends it with status 2 and says so", async () => {
    const set = await listeningProfile();
    const other = await listeningProfile();
    const child = daemonProcess({ url: set.url, token: other.token }, ["--retry", "60"]);
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    expect(await once(child, "close")).toEqual([2, null]);
    expect(said).toMatch(/does not take this join token/);
    expect(info(set.profile)).toMatchObject({ connections: 0, cumulative: 0 });
  });

  test("M-68: killed with -9 in the middle of a task: the task fails with 19, nothing is left, the others go on", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const child = daemonProcess(set);
    const lost = mirai(
      (_: undefined, task: { note(value: unknown): void }) => {
        task.note(process.pid);
        for (;;);
      },
      undefined,
      { profile },
    );
    const queued = mirai(() => "next", undefined, { profile });
    const { value } = await lost.notes().next();
    const executor = (value as { value: number }).value;
    child.kill("SIGKILL");
    expect(await collect(lost)).toMatchObject({ errorValue: 19 });
    await until("its executor is gone", () => !isAlive(executor));
    expect(queued.state).toBe("queued");
    void dialIn(set);
    expect(await queued).toBe("next");
  });

  test("a task that may be retried runs again on another daemon", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const child = daemonProcess(set);
    let runs = 0;
    const twice = mirai(
      async (_: undefined, task: { note(value: unknown): void }) => {
        task.note("in");
        await new Promise((resolve) => setTimeout(resolve, 300));
        return process.ppid;
      },
      undefined,
      {
        profile,
        retries: 1,
        onNote: () => {
          if (++runs === 1) child.kill("SIGKILL");
        },
      },
    );
    await until("it runs", () => runs === 1);
    void dialIn(set);
    expect(await twice).toBe(process.pid);
    expect(runs).toBe(2);
  });

  test("--auto-exit finish: the task that runs when the host dies is finished; kill: it is not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "trainyard-finish-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const mode of ["finish", "kill"] as const) {
      const set = await listeningProfile();
      const wire = await cuttableWire(set.url);
      const child = daemonProcess({ url: wire.url, token: set.token }, ["--auto-exit", mode]);
      const file = join(folder, mode);
      const handle = mirai(
        async (path: string, task: { note(value: unknown): void }) => {
          task.note("in");
          await new Promise((resolve) => setTimeout(resolve, 2000));
          process.getBuiltinModule("node:fs").writeFileSync(path, "finished");
        },
        file,
        { profile: set.profile },
      );
      await handle.notes().next();
      const exited = once(child, "exit");
      wire.cut();
      expect(await collect(handle)).toMatchObject({ errorValue: 19 });
      await exited;
      expect(existsSync(file)).toBe(mode === "finish");
    }
  });
});
