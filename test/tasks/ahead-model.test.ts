import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Link, LinkEvents } from "../../src/tasks/links/link.ts";
import type { HostMessage } from "../../src/tasks/messages.ts";
import { openDaemonProfile } from "../../src/tasks/open-profile.ts";
import type { TaskHandle } from "../../src/tasks/profile.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";

/**
 * An executor that does only what it is told, when it is told: what it is sent arrives late, its answers too, and a recall is a message of its own.
 * The simple reference for `Executor`, `Gate` and a link together.
 */
class SlowExecutor implements Link {
  readonly pid: number;
  /** Sent and not yet arrived. */
  readonly sent: HostMessage[] = [];
  readonly waiting: number[] = [];
  readonly aborted = new Set<number>();
  running: number | null = null;
  passed = 0;
  /** How many tasks were taken back from it. */
  dropped = 0;
  recalls = 0;
  isClosed = false;
  isDead = false;
  isDismissed = false;
  isReady = false;
  /** Counts of recalls on their way to the host. */
  readonly counts: { readonly passed: number; readonly onPassed: (count: number) => void }[] = [];
  /** What it said, on its way to the host. */
  readonly said: unknown[] = [];
  readonly #events: LinkEvents;
  readonly #onBegin: (id: number) => void;

  constructor(pid: number, events: LinkEvents, onBegin: (id: number) => void) {
    this.pid = pid;
    this.#events = events;
    this.#onBegin = onBegin;
  }

  send(frame: { readonly chunks: readonly Uint8Array[] }): void {
    this.sent.push(decodeEnvelope(Buffer.concat(frame.chunks as Uint8Array[]).subarray(8)) as HostMessage);
  }

  end(): void {
    this.isDismissed = true;
  }

  terminate(): void {
    this.isDismissed = true;
  }

  hold(): void {}

  recall(onPassed: (count: number) => void): void {
    this.recalls++;
    this.isClosed = true; // by the other thread, at once
    this.counts.push({ passed: this.passed, onPassed });
  }

  /** The next message arrives. */
  arrive(): void {
    const message = this.sent.shift();
    if (message?.type === "run") this.waiting.push(message.id);
    else if (message?.type === "abort" && this.waiting.includes(message.id)) this.aborted.add(message.id);
    else if (message?.type === "drop") {
      for (const id of this.waiting.splice(this.waiting.length - message.count)) this.aborted.delete(id);
      this.isClosed = false;
      this.dropped += message.count;
      this.said.push({ type: "dropped" });
    }
  }

  /** The next task begins, if it passes the gate. */
  begin(): void {
    const [id] = this.waiting;
    if (this.running !== null || this.isClosed || id === undefined) return;
    this.passed++;
    this.waiting.shift();
    if (this.aborted.delete(id)) {
      this.said.push({ type: "failed", id, error: null });
      return;
    }
    this.running = id;
    this.#onBegin(id);
  }

  /** The running task ends. */
  answer(): void {
    if (this.running === null) return;
    this.said.push({ type: "done", id: this.running, value: this.running });
    this.running = null;
  }

  /** What it said first reaches the host. */
  speak(): void {
    if (this.said.length > 0) this.#events.onMessage(this.said.shift());
  }

  tellCount(): void {
    const count = this.counts.shift();
    count?.onPassed(count.passed);
  }

  ready(): void {
    if (this.isReady) return;
    this.isReady = true;
    this.said.push({ type: "ready" });
  }

  /** What it said before it died still arrives. */
  lastWords(): void {
    while (this.said.length > 0) this.speak();
  }

  die(): void {
    this.isDead = true;
    this.#events.onClose({ exitCode: null, signal: "SIGKILL", stderr: "" });
  }
}

type Kind = "submit" | "cancel" | "ready" | "arrive" | "begin" | "answer" | "speak" | "count" | "work" | "die" | "wait";
interface Step {
  readonly kind: Kind;
  readonly which: number;
}

interface Seen {
  readonly handle: TaskHandle<unknown>;
  settled: number;
  outcome: string;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const step = fc.record<Step>({
  kind: fc.constantFrom<Kind>(
    ...(["submit", "submit", "submit", "ready", "arrive", "arrive", "begin", "answer", "speak", "count"] as const),
    ...(["work", "work", "work", "work", "cancel", "wait", "wait", "die"] as const),
  ),
  which: fc.nat(1000),
});

test("M-12, M-27, M-68: given ahead, taken back, cancelled and lost in any order: each task settles once, runs at most once and one more for each retry", async () => {
  let recalls = 0;
  let takenBack = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 150 }),
      fc.constantFrom(1, 2),
      fc.constantFrom(0, 1),
      async (steps, daemons, retries) => {
        const links: SlowExecutor[] = [];
        const begun: number[] = [];
        const lostRunning = new Set<number>();
        const open = (events: LinkEvents): Link => {
          const link = new SlowExecutor(1000 + links.length, events, (id) => begun.push(id));
          links.push(link);
          return link;
        };
        const profile = openDaemonProfile({ daemons, name: "p", prefetch: 8, cancelGraceMs: 50 }, open);
        const tasks = new Map<number, Seen>();
        const alive = () => links.filter((link) => !link.isDead);
        const die = (link: SlowExecutor): void => {
          link.lastWords();
          // The first one that was not answered: the host cannot know whether it had begun. Those after it had not.
          const sent = link.sent.find((message) => message.type === "run");
          const first = link.running ?? link.waiting[0] ?? (sent?.type === "run" ? sent.id : null);
          if (first !== null) lostRunning.add(first);
          link.die();
          recalls += link.recalls;
          takenBack += link.dropped;
        };
        /** Everything that can go on does, `rounds` times; what the executor says may take longer. */
        const work = (link: SlowExecutor, rounds: number, isHeard = true): void => {
          for (let i = 0; i < rounds && !link.isDead; i++) {
            link.ready();
            while (link.sent.length > 0) link.arrive();
            if (isHeard) link.tellCount();
            if (isHeard) link.speak();
            link.begin();
            link.answer();
            if (isHeard) link.speak();
          }
        };
        const play = ({ kind, which }: Step): void => {
          const some = alive();
          const link = some[which % Math.max(1, some.length)];
          if (kind === "submit") {
            for (let i = 0; i <= which % 12; i++) {
              const handle = profile.submit({ module: "file:///work.mjs", export: "work" }, i, { retries });
              const seen: Seen = { handle, settled: 0, outcome: "" };
              tasks.set(handle.id, seen);
              const settle = (outcome: string): void => {
                seen.settled++;
                seen.outcome = outcome;
              };
              handle.result.then(
                (value) => settle(value === handle.id ? "done" : `answered by ${String(value)}`),
                (error: { code: string }) => settle(error.code),
              );
            }
          } else if (kind === "cancel") {
            const queued = [...tasks.values()].filter(({ handle }) => handle.state === "queued" || handle.state === "running");
            queued[which % Math.max(1, queued.length)]?.handle.cancel();
          } else if (link === undefined) return;
          else if (kind === "ready") link.ready();
          else if (kind === "arrive") link.arrive();
          else if (kind === "begin") link.begin();
          else if (kind === "answer") link.answer();
          else if (kind === "speak") link.speak();
          else if (kind === "count") link.tellCount();
          else if (kind === "work") work(link, which % 6, which % 4 !== 0);
          else if (kind === "die" && which % 4 === 0) die(link);
        };
        const bury = (): void => {
          for (const link of alive()) if (link.isDismissed) die(link);
        };
        for (const each of steps) {
          play(each);
          // Short rests let batches grow; longer ones make what runs look long.
          if (each.kind === "wait") await vi.advanceTimersByTimeAsync(each.which % 3 === 0 ? 6 : 1);
          bury();
          await vi.advanceTimersByTimeAsync(0);
        }
        // Left alone, everything ends: nothing waits for ever behind a gate, or for an answer that nobody owes.
        for (let i = 0; i < 400 && [...tasks.values()].some(({ settled }) => settled === 0); i++) {
          for (const link of alive()) work(link, 4);
          bury();
          await vi.advanceTimersByTimeAsync(40);
        }
        for (const [id, { settled, outcome }] of tasks) {
          const runs = begun.filter((each) => each === id).length;
          expect(settled).toBe(1);
          expect(["done", "cancelled", "daemon_lost"]).toContain(outcome);
          expect(runs).toBeLessThanOrEqual(1 + retries);
          if (outcome === "done") expect(runs).toBeGreaterThanOrEqual(1);
          if (outcome === "daemon_lost") expect(lostRunning.has(id)).toBe(true);
        }
        if (daemons === 1 && retries === 0) expect(begun).toEqual([...begun].sort((a, b) => a - b));
        const closed = profile.close();
        bury();
        await vi.advanceTimersByTimeAsync(5000);
        for (const link of alive()) die(link);
        await vi.advanceTimersByTimeAsync(100);
        await closed;
        expect(profile.status()).toEqual({ daemons: [], queued: 0, running: 0 });
      },
    ),
    { numRuns: 300, seed: 12 },
  );
  // The sequences do reach what they are for.
  expect(recalls).toBeGreaterThan(50);
  expect(takenBack).toBeGreaterThan(50);
}, 120_000);
