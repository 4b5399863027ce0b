import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { heldBytes } from "../support/held-bytes.ts";
import { firstDaemon, firstNote, isAlive, job, openTestProfile, until } from "./processes.ts";

const killed = { code: "daemon_lost", retryable: true, details: { signal: "SIGKILL", exitCode: null } };

describe("kill -9 of a daemon", () => {
  test("while it starts: another takes its place", async () => {
    const profile = openTestProfile();
    const { pid, state } = firstDaemon(profile);
    expect(state).toBe("starting");
    process.kill(pid, "SIGKILL");
    expect(await profile.submit(job("pid"), 0).result).not.toBe(pid);
  });

  test("while it is idle", async () => {
    const profile = openTestProfile();
    const pid = await profile.submit<number>(job("pid"), 0).result;
    process.kill(pid, "SIGKILL");
    await until("it is replaced", () => profile.status().daemons.some((daemon) => daemon.pid !== pid && daemon.state === "idle"));
    expect(await profile.submit(job("pid"), 0).result).not.toBe(pid);
  });

  test("while it receives 80 MB", async () => {
    const profile = openTestProfile();
    const pid = await profile.submit<number>(job("pid"), 0).result;
    const handle = profile.submit(job("echo"), new Float64Array(10_000_000));
    process.kill(pid, "SIGKILL");
    await expect(handle.result).rejects.toMatchObject({ ...killed, details: { ...killed.details, pid } });
    expect(await profile.submit(job("pid"), 0).result).not.toBe(pid);
  });

  test("while it runs; with a retry the task still ends well", async () => {
    const profile = openTestProfile();
    const { noted, onNote } = firstNote();
    const handle = profile.submit(job("spin"), {}, { onNote });
    process.kill((await noted) as number, "SIGKILL");
    await expect(handle.result).rejects.toMatchObject(killed);
    const again = firstNote();
    const retried = profile.submit<number>(job("spin"), { ms: 400 }, { onNote: again.onNote, retries: 1 });
    const first = (await again.noted) as number;
    process.kill(first, "SIGKILL");
    expect(await retried.result).not.toBe(first);
  });

  test("while it sends 200 MB", async () => {
    const profile = openTestProfile();
    const { noted, onNote } = firstNote();
    const handle = profile.submit(job("largeAfterNote"), { bytes: 200_000_000 }, { onNote });
    process.kill((await noted) as number, "SIGKILL");
    await expect(handle.result).rejects.toMatchObject(killed);
    expect(await profile.submit(job("echo"), 1).result).toBe(1);
  });
});

describe("a task that ends its own process", () => {
  test("is reported with exit status and the last lines of standard error", async () => {
    const profile = openTestProfile();
    const error = (await profile.submit(job("complainAndDie"), { lines: 2000 }).result.catch((reason: unknown) => reason)) as {
      code: string;
      details: { exitCode: number; stderr: string };
    };
    expect(error.code).toBe("daemon_lost");
    expect(error.details.exitCode).toBe(7);
    expect(error.details.stderr.split("\n").at(-1)).toMatch(/^line 1999 x+$/);
    expect(error.details.stderr.split("\n")[0]).toMatch(/^line \d+ x+$/);
    expect(error.details.stderr.length).toBeLessThanOrEqual(8192);
  });

  test("also when a grandchild holds its pipes open", async () => {
    const profile = openTestProfile();
    const start = performance.now();
    await expect(profile.submit(job("leaveGrandchild"), { ms: 60_000 }).result).rejects.toMatchObject({
      code: "daemon_lost",
      details: { exitCode: 3 },
    });
    expect(performance.now() - start).toBeLessThan(50_000);
  });

  test("an error left behind kills its daemon, is seen in what it hits, and the next task runs", async () => {
    const profile = openTestProfile();
    await profile.submit(job("crashLater"), { ms: 20 }).result;
    const hit = profile.submit(job("sleep"), { ms: 5000 });
    await expect(hit.result).rejects.toMatchObject({
      code: "daemon_lost",
      details: { exitCode: 1, stderr: expect.stringContaining("left behind") },
    });
    const pid = await profile.submit<number>(job("crashLater"), { ms: 1 }).result;
    await until("the idle daemon crashed and was replaced", () =>
      profile.status().daemons.some((daemon) => daemon.pid !== pid && daemon.state === "idle"),
    );
    expect(await profile.submit(job("echo"), 2).result).toBe(2);
  });
});

describe("a daemon that speaks nonsense", () => {
  test("bytes that are no frame: the task is told so and the daemon replaced", async () => {
    const profile = openTestProfile();
    const { pid } = firstDaemon(profile);
    await expect(profile.submit(job("garbage"), 0).result).rejects.toMatchObject({ code: "daemon_lost", cause: { code: "bad_frame" } });
    expect(await profile.submit(job("pid"), 0).result).not.toBe(pid);
  });

  test("an answer for a task of somebody else settles nothing", async () => {
    const profile = openTestProfile();
    await expect(profile.submit(job("lie"), 0).result).rejects.toMatchObject({ code: "daemon_lost", cause: { code: "bad_frame" } });
  });

  test("30 MB on standard error and standard output neither block nor stay", async () => {
    const profile = openTestProfile();
    await profile.submit(job("echo"), 0).result;
    const before = heldBytes();
    expect(await profile.submit(job("flood"), { bytes: 30_000_000 }).result).toBe("done");
    expect(heldBytes() - before).toBeLessThan(10e6);
  });

  test("node arguments that node refuses: the task is told what node said", async () => {
    const profile = openTestProfile({ nodeArguments: ["--no-such-flag-at-all"] });
    await expect(profile.submit(job("echo"), 0).result).rejects.toMatchObject({
      code: "daemon_lost",
      message: expect.stringContaining("3 times in a row"),
      details: { exitCode: 9, stderr: expect.stringContaining("no-such-flag") },
    });
  });
});

test.each([
  [10_000, 3],
  [2000, 0],
])(
  "%i tasks on daemons that die after every 50, %i retries: each settles once, and runs again only where that was asked for",
  async (count, retries) => {
    const folder = mkdtempSync(join(tmpdir(), "trainyard-death-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "ran.txt");
    const profile = openTestProfile({ daemons: 2, warmSpare: true });
    const ended = new Uint32Array(count);
    const handles = Array.from(ended, (_, i) => profile.submit<number>(job("dieEvery"), { i, every: 50, file }, { retries }));
    const outcomes = await Promise.allSettled(handles.map((handle, i) => handle.result.finally(() => ended[i]!++)));
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    const ran = new Uint32Array(ended.length);
    for (const line of readFileSync(file, "utf8").trim().split("\n")) ran[Number(line)]!++;
    const runs = ran.reduce((sum, times) => sum + times, 0);
    expect(ended.every((times) => times === 1)).toBe(true);
    expect(outcomes.every((outcome, i) => outcome.status === "rejected" || outcome.value === i)).toBe(true);
    expect(lost.every(({ reason }) => reason.code === "daemon_lost")).toBe(true);
    expect(Math.min(...ran)).toBe(1);
    // Every 51st run is a death. Those, and no others, are lost or run again.
    const deaths = retries === 0 ? lost.length : runs - ended.length;
    if (retries === 0) expect(runs).toBe(ended.length);
    else expect(lost.length).toBe(0);
    expect(deaths).toBeGreaterThan(count / 51 - 5);
    expect(deaths).toBeLessThan(count / 50 + 5);
    expect(profile.status().queued).toBe(0);
  },
  240_000,
);

describe("the host", () => {
  /** Starts host.mjs; resolves with the pid of its daemon. */
  async function startHost(mode: string): Promise<{ host: ChildProcess; daemonPid: number }> {
    const host = spawn(process.execPath, [new URL("./host.mjs", import.meta.url).pathname, mode], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void host.kill("SIGKILL"));
    const lines = createInterface({ input: host.stdout! });
    const daemonPid = await new Promise<number>((resolve) => lines.once("line", (line) => resolve(Number(line))));
    expect(daemonPid).toBeGreaterThan(0);
    return { host, daemonPid };
  }

  test.each(["spin", "spin-first", "idle", "starting"])(
    "killed with -9 while a daemon is in state %s: the daemon ends by itself",
    async (mode) => {
      const { host, daemonPid } = await startHost(mode);
      host.kill("SIGKILL");
      await until("the daemon is gone", () => !isAlive(daemonPid), 30_000);
    },
  );

  test.each(["close", "close-busy", "forget"])("ends by itself after %s, and leaves no process", async (mode) => {
    const { host, daemonPid } = await startHost(mode);
    const exitCode = await new Promise((resolve) => host.once("exit", resolve));
    expect(exitCode).toBe(0);
    await until("the daemon is gone", () => !isAlive(daemonPid), 2000);
  });

  test("Ctrl-C reaches the host alone: a daemon ignores it", async () => {
    const profile = openTestProfile();
    const { noted, onNote } = firstNote();
    const handle = profile.submit(job("spin"), { ms: 300 }, { onNote });
    process.kill((await noted) as number, "SIGINT");
    expect(await handle.result).toBe(await noted);
  });
});
