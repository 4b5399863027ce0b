import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openProfile } from "../../src/tasks/open-profile.ts";
import type { ComputeProfile, ProfileOptions } from "../../src/tasks/profile.ts";
import { type FakeLink, fakeLinks } from "./fake-links.ts";

const task = { module: "file:///work.mjs", export: "work" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function rig(options: Partial<ProfileOptions> = {}): { profile: ComputeProfile; links: FakeLink[]; settle: () => Promise<void> } {
  const { links, openLink } = fakeLinks();
  const profile = openProfile({ daemons: 1, name: "p", ...options }, openLink);
  return { profile, links, settle: async () => void (await vi.advanceTimersByTimeAsync(1)) };
}

const states = (profile: ComputeProfile) => profile.status().daemons.map((daemon) => daemon.state);

describe("queue", () => {
  test("oldest first; a task leaves the queue only when a daemon is idle", async () => {
    const { profile, links } = rig();
    const handles = ["a", "b", "c"].map((name) => profile.submit<string>(task, name));
    expect(profile.status()).toMatchObject({ queued: 3, running: 0 });
    links[0]!.ready();
    expect(handles.map((handle) => handle.state)).toEqual(["running", "queued", "queued"]);
    for (const name of ["a", "b", "c"]) {
      expect(links[0]!.task.args).toBe(name);
      links[0]!.done(`${name} done`);
    }
    expect(await Promise.all(handles.map((handle) => handle.result))).toEqual(["a done", "b done", "c done"]);
  });

  test("a full queue refuses the newest task and enqueues nothing", () => {
    const { profile } = rig({ queueLimit: 2 });
    profile.submit(task, 1);
    profile.submit(task, 2);
    expect(() => profile.submit(task, 3)).toThrow(expect.objectContaining({ code: "queue_full", retryable: true, details: { limit: 2 } }));
    expect(profile.status().queued).toBe(2);
  });

  test("a cancelled queued task is never sent", async () => {
    const { profile, links } = rig();
    const [first, second, third] = [1, 2, 3].map((n) => profile.submit(task, n));
    expect(second!.cancel()).toBe(true);
    expect(second!.cancel()).toBe(false);
    await expect(second!.result).rejects.toMatchObject({ code: "cancelled" });
    links[0]!.ready();
    links[0]!.done(0);
    expect(links[0]!.task.args).toBe(3);
    links[0]!.done(0);
    expect([first, second, third].map((handle) => handle!.state)).toEqual(["done", "cancelled", "done"]);
    expect(first!.cancel()).toBe(false);
  });

  test("ids increase over all profiles", () => {
    const a = rig().profile.submit(task, 0);
    const b = rig().profile.submit(task, 0);
    expect(b.id).toBeGreaterThan(a.id);
  });

  test("onStart comes once, notes in order, all before the result; a throwing callback harms nobody", async () => {
    const seen: unknown[] = [];
    const { profile, links } = rig();
    const thrown: unknown[] = [];
    const micro = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((callback) => {
      try {
        callback();
      } catch (error) {
        thrown.push(error);
      }
    });
    const handle = profile.submit(task, 0, {
      retries: 1,
      onStart: (id) => seen.push(id),
      onNote: (note) => {
        seen.push(note);
        throw new Error("in a callback");
      },
    });
    void handle.result.then((value) => seen.push(value));
    links[0]!.ready();
    links[0]!.note(1);
    links[0]!.die();
    await vi.advanceTimersByTimeAsync(0);
    links[1]!.ready();
    links[1]!.note(2);
    links[1]!.done("result");
    await handle.result;
    micro.mockRestore();
    expect(seen).toEqual(["p-1", 1, 2, "result"]);
    expect(thrown).toHaveLength(2);
  });

  test.each([
    [{ daemons: 0 }, /daemons must be/],
    [{ daemons: 1.5 }, /daemons must be/],
    [{ cancelGraceMs: -1 }, /cancelGraceMs/],
    [{ queueLimit: 0 }, /queueLimit/],
  ])("refuses %j", (options, message) => {
    expect(() => rig(options)).toThrow(message);
  });

  test("refuses what is no module reference and what cannot be sent, in the caller", () => {
    const { profile } = rig();
    expect(() => profile.submit({ module: "fs", export: "rm" }, 0)).toThrow(/file URL/);
    expect(() => profile.submit(task, { callback: () => 1 })).toThrow(/at \.args\.callback/);
    expect(() => profile.submit(task, 0, { retries: -1 })).toThrow(/retries/);
    expect(profile.status().queued).toBe(0);
  });
});

describe("cancelling a running task", () => {
  test("rejects at once, asks the executor, and frees the slot when it answers", async () => {
    const { profile, links } = rig();
    const running = profile.submit(task, "a");
    const next = profile.submit(task, "b");
    links[0]!.ready();
    expect(running.cancel()).toBe(true);
    await expect(running.result).rejects.toMatchObject({ code: "cancelled" });
    expect(links[0]!.received.at(-1)).toEqual({ type: "abort", id: running.id });
    expect(next.state).toBe("queued");
    links[0]!.say({ type: "failed", id: running.id, error: new Error("aborted") });
    expect(next.state).toBe("running");
    await vi.advanceTimersByTimeAsync(1000);
    expect(links[0]!.wasTerminated).toBe(false);
  });

  test("kills after the grace; the slot is busy until the process is gone, then a new daemon takes it", async () => {
    const { profile, links, settle } = rig({ cancelGraceMs: 200 });
    profile.submit(task, "a").cancel();
    const stuck = profile.submit(task, "b");
    const next = profile.submit(task, "c");
    links[0]!.ready();
    stuck.cancel();
    await vi.advanceTimersByTimeAsync(199);
    expect(links[0]!.wasTerminated).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(links[0]!.wasTerminated).toBe(true);
    expect(states(profile)).toEqual(["stopping"]);
    expect(links).toHaveLength(1);
    links[0]!.die();
    await settle();
    links[1]!.ready();
    expect(next.state).toBe("running");
  });

  test("an abort signal cancels, its reason is the cause; one that aborted before submits nothing", async () => {
    const { profile, links } = rig();
    const abort = new AbortController();
    const handle = profile.submit(task, 0, { signal: abort.signal });
    links[0]!.ready();
    abort.abort(new Error("user left"));
    await expect(handle.result).rejects.toMatchObject({ code: "cancelled", cause: { message: "user left" } });
    const late = profile.submit(task, 0, { signal: abort.signal });
    expect(late.state).toBe("cancelled");
    expect(profile.status().queued).toBe(0);
  });
});

describe("lost daemons", () => {
  test("the task is rejected with how the process ended, and the daemon replaced", async () => {
    const { profile, links, settle } = rig();
    const handle = profile.submit(task, 0);
    links[0]!.ready();
    links[0]!.die({ exitCode: 7, signal: null, stderr: "first\nout of memory\n" });
    await expect(handle.result).rejects.toMatchObject({
      code: "daemon_lost",
      message: expect.stringMatching(/status 7.*out of memory/),
      details: { exitCode: 7, signal: null, stderr: "first\nout of memory", pid: 1000, daemon: "p-1" },
    });
    await settle();
    expect(links).toHaveLength(2);
  });

  test("a retried task keeps its place before younger ones, and gives up when its retries are used", async () => {
    const { profile, links, settle } = rig();
    const old = profile.submit(task, "old", { retries: 1 });
    profile.submit(task, "young");
    links[0]!.ready();
    links[0]!.die();
    expect(old.state).toBe("queued");
    await settle();
    links[1]!.ready();
    expect(links[1]!.task.args).toBe("old");
    links[1]!.die();
    await expect(old.result).rejects.toMatchObject({ code: "daemon_lost" });
    await settle();
    links[2]!.ready();
    expect(links[2]!.task.args).toBe("young");
  });

  test("an idle one that dies is replaced; a message for another task refuses the daemon", async () => {
    const { links, settle } = rig();
    links[0]!.ready();
    await vi.advanceTimersByTimeAsync(2000);
    links[0]!.die();
    await settle();
    links[1]!.ready();
    expect(() => links[1]!.say({ type: "done", id: 12, value: 0 })).toThrow(/does not run there/);
    expect(() => links[1]!.say({ type: "exec" })).toThrow(expect.objectContaining({ code: "bad_frame" }));
  });

  test("a crash loop pauses longer each time, and tells queued tasks why after three failed starts", async () => {
    const { profile, links } = rig();
    const handle = profile.submit(task, 0);
    const reason = { exitCode: 9, signal: null, stderr: "bad option: --nonsense" };
    links[0]!.die(reason);
    await vi.advanceTimersByTimeAsync(99);
    expect(links).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    links[1]!.die(reason);
    await vi.advanceTimersByTimeAsync(199);
    expect(links).toHaveLength(2);
    expect(handle.state).toBe("queued");
    await vi.advanceTimersByTimeAsync(1);
    links[2]!.die(reason);
    await expect(handle.result).rejects.toMatchObject({
      code: "daemon_lost",
      message: expect.stringContaining("--nonsense"),
      details: { exitCode: 9 },
    });
    await vi.advanceTimersByTimeAsync(10_000);
    const later = profile.submit(task, 1);
    links[3]!.ready();
    expect(later.state).toBe("running");
  });

  test("a daemon that dies young and idle again and again does not spin", async () => {
    const { links } = rig();
    for (let i = 0; i < 4; i++) {
      links.at(-1)!.ready();
      links.at(-1)!.die();
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(links.length).toBeLessThanOrEqual(2);
  });

  test("one that never gets ready is killed after 30 s", async () => {
    const { links } = rig();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(links[0]!.wasTerminated).toBe(true);
  });
});

describe("how many daemons", () => {
  test("eager: all at once, one in a turn of the event loop; lazy: as many as there are tasks", async () => {
    const eager = rig({ daemons: 3 });
    expect(eager.links).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10);
    expect(eager.links).toHaveLength(3);
    const lazy = rig({ daemons: 3, lazy: true });
    await vi.advanceTimersByTimeAsync(10);
    expect(lazy.links).toHaveLength(0);
    lazy.profile.submit(task, 0);
    lazy.profile.submit(task, 0);
    await vi.advanceTimersByTimeAsync(10);
    expect(lazy.links).toHaveLength(2);
  });

  test("idle daemons leave after idleMs and come back on demand", async () => {
    const { profile, links } = rig({ daemons: 2, idleMs: 1000 });
    await vi.advanceTimersByTimeAsync(10);
    for (const link of links) link.ready();
    await vi.advanceTimersByTimeAsync(999);
    expect(links.some((link) => link.hasEnded)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(links.every((link) => link.hasEnded)).toBe(true);
    for (const link of links) link.die({ exitCode: 0, signal: null });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(2);
    profile.submit(task, 0);
    expect(links).toHaveLength(3);
  });

  test("resize up starts, resize down lets busy ones finish", async () => {
    const { profile, links, settle } = rig({ daemons: 1 });
    profile.resize(3);
    await vi.advanceTimersByTimeAsync(10);
    for (const link of links) link.ready();
    const handles = [0, 1, 2, 3].map((n) => profile.submit(task, n));
    profile.resize(1);
    await settle();
    expect(links.some((link) => link.hasEnded || link.wasTerminated)).toBe(false);
    for (const link of links) link.done(0);
    expect(links.filter((link) => link.hasEnded)).toHaveLength(2);
    expect(handles.map((handle) => handle.state)).toEqual(["done", "done", "done", "running"]);
    expect(() => profile.resize(0)).toThrow(/daemons/);
  });

  test("a warm spare takes the slot of a dead daemon at once, and another spare is started", async () => {
    const { profile, links } = rig({ warmSpare: true });
    links[0]!.ready();
    await vi.advanceTimersByTimeAsync(10);
    expect(links).toHaveLength(2);
    links[1]!.ready();
    expect(profile.status().daemons).toHaveLength(1);
    const first = profile.submit(task, "a");
    const second = profile.submit(task, "b");
    links[0]!.die();
    expect(links[1]!.task.args).toBe("b");
    expect([first.state, second.state]).toEqual(["failed", "running"]);
    await vi.advanceTimersByTimeAsync(10);
    expect(links).toHaveLength(3);
  });
});

describe("close", () => {
  test("cancels what is queued and running, refuses more, and resolves when the last process is gone", async () => {
    const { profile, links, settle } = rig({ daemons: 2, warmSpare: true });
    links[0]!.ready();
    await vi.advanceTimersByTimeAsync(10);
    links[1]!.ready();
    await vi.advanceTimersByTimeAsync(10);
    const handles = [0, 1, 2, 3].map((n) => profile.submit(task, n));
    let isClosed = false;
    void profile.close().then(() => {
      isClosed = true;
    });
    void profile.close();
    expect(handles.map((handle) => handle.state)).toEqual(["cancelled", "cancelled", "cancelled", "cancelled"]);
    await expect(handles[3]!.result).rejects.toMatchObject({ code: "cancelled", message: expect.stringContaining("closed") });
    expect(() => profile.submit(task, 0)).toThrow(expect.objectContaining({ code: "closed" }));
    links[0]!.say({ type: "failed", id: links[0]!.task.id, error: null });
    expect(links[0]!.hasEnded).toBe(true);
    await vi.advanceTimersByTimeAsync(1500);
    expect(links.map((link) => link.wasTerminated)).toEqual([true, true, true]);
    for (const link of links) {
      expect(isClosed).toBe(false);
      link.die();
      await settle();
    }
    expect(isClosed).toBe(true);
    expect(links).toHaveLength(3);
  });

  test("only unsettled tasks and a close keep the host alive", async () => {
    const { profile, links } = rig();
    expect(links[0]!.isHeld).toBe(false);
    const handle = profile.submit(task, 0);
    expect(links[0]!.isHeld).toBe(true);
    handle.cancel();
    expect(links[0]!.isHeld).toBe(false);
    void profile.close();
    expect(links[0]!.isHeld).toBe(true);
  });
});
