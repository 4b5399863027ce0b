import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openProfile } from "../../src/tasks/open-profile.ts";
import type { TaskHandle } from "../../src/tasks/profile.ts";
import { type FakeLink, fakeLinks } from "./fake-links.ts";
import { isAlive, until } from "./processes.ts";

describe("a host that is killed", () => {
  async function killedHost(autoExit: string, state = "running"): Promise<{ file: string; daemonPid: number }> {
    const folder = mkdtempSync(join(tmpdir(), "trainyard-survival-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "result.txt");
    const host = spawn(process.execPath, [new URL("./mirai-host.mjs", import.meta.url).pathname, autoExit, file, state], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: host.stdout });
    const daemonPid = await new Promise<number>((resolve) => lines.once("line", (line) => resolve(Number(line))));
    host.kill("SIGKILL");
    return { file, daemonPid };
  }

  test("M-78: autoExit kill: its daemon is gone at once, the task not finished", async () => {
    const { file, daemonPid } = await killedHost("kill");
    await until("the daemon is gone", () => !isAlive(daemonPid));
    expect(existsSync(file)).toBe(false);
  });

  test("M-79: autoExit finish: its daemon finishes the task, then leaves", async () => {
    const { file, daemonPid } = await killedHost("finish");
    await until("the daemon is gone", () => !isAlive(daemonPid));
    expect(readFileSync(file, "utf8")).toBe("finished");
  });

  test.each(["kill", "finish"])("M-78, M-79: autoExit %s: what was given ahead never runs; the daemon leaves", async (autoExit) => {
    const { file, daemonPid } = await killedHost(autoExit, "running, with others behind it");
    await until("the daemon is gone", () => !isAlive(daemonPid));
    expect(readFileSync(file, "utf8")).toBe("short,".repeat(30) + (autoExit === "finish" ? "finished" : ""));
  });

  describe.each(["kill", "finish"])("M-78, M-79: autoExit %s", (autoExit) => {
    test.each(["starting", "idle", "receiving", "sending"])("its daemon leaves when it is %s", async (state) => {
      const { daemonPid } = await killedHost(autoExit, state);
      await until("the daemon is gone", () => !isAlive(daemonPid));
    });
  });
});

/** What may happen to a profile, in any order. `which` picks among what is there. */
type Step = { readonly kind: "submit" | "cancel" | "ready" | "answer" | "die" | "resize" | "wait"; readonly which: number };

interface Observed {
  readonly handle: TaskHandle<unknown>;
  readonly retries: number;
  settled: number;
  outcome: string;
}

describe("any sequence of events", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const step = fc.record<Step>({
    kind: fc.constantFrom("submit", "submit", "submit", "cancel", "ready", "ready", "answer", "answer", "answer", "die", "resize", "wait"),
    which: fc.nat(1000),
  });

  test("each task settles once, runs at most once and one more for each retry, in order of submission; nothing is left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.boolean(), fc.constantFrom(0, 1), async (steps, warmSpare, retries) => {
        const { links, openLink } = fakeLinks();
        const profile = openProfile({ daemons: 2, name: "p", warmSpare, cancelGraceMs: 50 }, openLink);
        const tasks = new Map<number, Observed>();
        const began: number[] = [];
        const dead = new Set<FakeLink>();
        const answered = new Set<string>();
        const place = (link: FakeLink): { id: number } | null => {
          const run = link.received.filter((message) => message.type === "run").at(-1);
          return run === undefined || answered.has(`${link.pid} ${run.id}`) ? null : run;
        };
        const alive = () => links.filter((link) => !dead.has(link));
        const die = (link: FakeLink): void => {
          dead.add(link);
          link.die();
        };
        const play = ({ kind, which }: Step): void => {
          const some = alive();
          const link = some[which % Math.max(1, some.length)];
          if (kind === "submit") {
            const order = tasks.size; // it may start before submit() returns its id
            const handle = profile.submit({ module: "file:///work.mjs", export: "work" }, which, {
              retries,
              onStart: () => began.push(order),
            });
            const observed: Observed = { handle, retries, settled: 0, outcome: "" };
            tasks.set(handle.id, observed);
            const note = (outcome: string) => {
              observed.settled++;
              observed.outcome = outcome;
            };
            handle.result.then(
              () => note("done"),
              (error: { code: string }) => note(error.code),
            );
          } else if (kind === "cancel") [...tasks.values()][which % Math.max(1, tasks.size)]?.handle.cancel();
          else if (kind === "resize") profile.resize(1 + (which % 3));
          else if (link === undefined) return;
          else if (kind === "ready") link.ready();
          else if (kind === "die") die(link);
          else if (kind === "answer") {
            const run = place(link);
            if (run === null || link.wasTerminated) return;
            answered.add(`${link.pid} ${run.id}`);
            if (which % 5 === 0) link.say({ type: "failed", id: run.id, error: new Error("thrown") });
            else link.done(which);
          }
        };
        for (const each of steps) {
          play(each);
          if (each.kind === "wait") await vi.advanceTimersByTimeAsync(each.which % 200);
          for (const link of alive()) if (link.wasTerminated || link.hasEnded) die(link);
          await vi.advanceTimersByTimeAsync(1);
        }
        let isClosed = false;
        void profile.close().then(() => {
          isClosed = true;
        });
        for (const link of alive()) die(link);
        await vi.advanceTimersByTimeAsync(10_000);
        for (const link of alive()) die(link);
        await vi.advanceTimersByTimeAsync(10);

        expect(isClosed).toBe(true);
        expect(profile.status()).toEqual({ daemons: [], queued: 0, running: 0 });
        for (const [id, { settled, outcome, handle }] of tasks) {
          const runs = links.reduce(
            (sum, link) => sum + link.received.filter((message) => message.type === "run" && message.id === id).length,
            0,
          );
          expect(settled).toBe(1);
          expect(["done", "failed", "cancelled"]).toContain(handle.state);
          expect(runs).toBeLessThanOrEqual(1 + retries);
          if (outcome === "done" || outcome === "task_failed") expect(runs).toBeGreaterThanOrEqual(1);
        }
        // onStart comes once for each, so this is the order in which they first left the queue.
        expect(began).toEqual([...began].sort((a, b) => a - b));
        expect(new Set(began).size).toBe(began.length);
      }),
      { numRuns: 150 },
    );
  });
});
