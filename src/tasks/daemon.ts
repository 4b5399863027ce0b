import type { EncodedFrame } from "../wire/frames.ts";
import { passedBeyond } from "./links/gate.ts";
import type { Limits, Link, LinkEnd, Transport } from "./links/link.ts";
import type { DaemonStatus, ExitReason } from "./profile.ts";
import type { Task } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/** A daemon asked to leave that has not left by then is killed. */
const LEAVE_MS = 1000;
/** A daemon that is not ready by then is killed. */
const START_LIMIT_MS = 30_000;

export type DaemonState = DaemonStatus["state"];

export interface DaemonEvents {
  /** After each change of state. */
  onState(daemon: Daemon, before: DaemonState): void;
  /** Throwing refuses the daemon. */
  onMessage(daemon: Daemon, message: unknown): void;
  /** Once; its process is gone. */
  onClose(daemon: Daemon, end: LinkEnd): void;
}

/**
 * One executor as the dispatcher sees it. States: starting, then idle and busy in turns, then stopping until the process is gone.
 * Invariants: it has tasks exactly while busy, or stopping in the middle of one; the first of them runs, and it answers them in order;
 * at most one timer runs, and it belongs to the state.
 */
export class Daemon {
  readonly id: string;
  readonly startedAt = Date.now();
  /** Tasks for this daemon and no other: they go before those of the profile's queue. */
  readonly inbox = new TaskQueue<Task>();
  tasksDone = 0;
  isSpare = false;
  isReady = false;
  #readyAt = 0;
  /** Why the dispatcher wanted it gone; null while it does not. */
  exitReason: ExitReason | null = null;
  #state: DaemonState = "starting";
  /** Given and not answered. Held until then also when the task was cancelled. */
  readonly #given: Task[] = [];
  readonly #supplied = new Set<number>();
  readonly #link: Link;
  readonly #transport: Transport;
  readonly #events: DaemonEvents;
  #runningSince = 0;
  #answers = 0;
  /** Between a recall and the executor's word that it knows what was taken. */
  #isRecalled = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(id: string, transport: Transport, events: DaemonEvents) {
    this.id = id;
    this.#transport = transport;
    this.#events = events;
    this.#link = transport.open({
      onMessage: (message) => events.onMessage(this, message),
      onClose: (end) => {
        this.#after(null);
        events.onClose(this, end);
      },
    });
    this.#after(START_LIMIT_MS, () => this.#kill("lost"));
  }

  get state(): DaemonState {
    return this.#state;
  }

  /** Since it got ready: how long it takes to start depends on the machine. */
  get ageMs(): number {
    return this.isReady ? Date.now() - this.#readyAt : 0;
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  /** Its own limits; null when the profile's count. */
  get limits(): Limits | null {
    const { limits } = this.#link;
    return limits?.areOwn === true ? limits : null;
  }

  get status(): DaemonStatus {
    const { where = null } = this.#link;
    return { id: this.id, pid: this.pid, where, state: this.#state, tasksDone: this.tasksDone, startedAt: this.startedAt };
  }

  /** The running one. */
  get task(): Task | null {
    return this.#given[0] ?? null;
  }

  get given(): readonly Task[] {
    return this.#given;
  }

  hold(isHeld: boolean): void {
    this.#link.hold(isHeld);
  }

  send(frame: EncodedFrame): void {
    this.#link.send(frame);
  }

  /** To idle; `onIdle` is called when it stays so for `idleMs` (0: never). */
  rest(idleMs: number, onIdle: () => void): void {
    if (!this.isReady) this.#readyAt = Date.now();
    this.isReady = true;
    this.#become("idle");
    this.#after(idleMs === 0 ? null : idleMs, onIdle);
  }

  /** Sends a task, and before it what it needs and this daemon lacks. It runs once those given before are answered. */
  give(task: Task): void {
    for (const { key, frame } of task.needs) {
      if (this.#supplied.has(key)) continue;
      this.#supplied.add(key);
      this.#link.send(frame);
    }
    task.daemon = this;
    if (task.frame !== null) this.#link.send(task.frame);
    if (this.#given.push(task) > 1) {
      task.given();
      return;
    }
    this.#after(null);
    this.#become("busy");
    this.#begin(task);
  }

  /** The running task was answered: the next one runs. @returns how long it ran, in ms. */
  answered(): number {
    const task = this.#given.shift();
    if (task !== undefined) task.daemon = null;
    this.#answers++;
    const ran = performance.now() - this.#runningSince;
    this.#after(null);
    const next = this.task;
    if (next !== null) this.#begin(next);
    return ran;
  }

  /** How long the running one has run, in ms. */
  get runsForMs(): number {
    return performance.now() - this.#runningSince;
  }

  /** Takes back what it was given and has not begun, where its link can do that. `onBack` gets those tasks, oldest first. */
  recall(onBack: (tasks: readonly Task[]) => void): void {
    if (this.#given.length < 2 || this.#isRecalled || this.#state !== "busy") return;
    this.#isRecalled = this.#link.recall !== undefined;
    this.#link.recall?.((passed) => {
      if (this.#state === "stopping") return;
      const begun = Math.max(1, passedBeyond(passed, this.#answers));
      const back = this.#given.splice(begun);
      for (const task of back) task.daemon = null;
      this.#link.send(this.#transport.pack({ type: "drop", count: back.length }));
      onBack(back);
    });
  }

  /** It knows what was taken back, and begins tasks again. */
  reopened(): void {
    this.#isRecalled = false;
  }

  /** Takes what it was given away from it: it is gone. */
  takeBack(): Task[] {
    for (const task of this.#given) task.daemon = null;
    return this.#given.splice(0);
  }

  forget(key: number): void {
    if (this.#supplied.delete(key) && this.#state !== "stopping") this.#link.send(this.#transport.pack({ type: "forget", key }));
  }

  /** Asks a task that it was given to stop; when it runs and is still at it after `graceMs`, the process is killed. */
  abort(task: Task, graceMs: number): void {
    if (this.#state !== "busy") return;
    this.#link.send(this.#transport.pack({ type: "abort", id: task.id }));
    if (task === this.task) this.#after(graceMs, () => this.#kill("cancelled"));
  }

  /** Asks an idle daemon to go; one that is starting or busy is killed. */
  dismiss(reason: ExitReason): void {
    if (this.#state !== "idle") {
      this.#kill(reason);
      return;
    }
    this.exitReason ??= reason;
    this.#become("stopping");
    this.#link.end(reason);
    this.#after(LEAVE_MS, () => this.#kill(reason));
  }

  #begin(task: Task): void {
    this.#runningSince = performance.now();
    // Cancelled while it waited here: its answer comes at once, unless it has begun already and does not listen.
    if (task.isSettled && !task.isDisowned) this.#after(LEAVE_MS, () => this.#kill("cancelled"));
    else task.start(this.id);
  }

  #kill(reason: ExitReason): void {
    if (reason !== "lost") this.exitReason ??= reason;
    this.#after(null);
    this.#link.terminate();
    this.#become("stopping");
  }

  #become(state: DaemonState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#events.onState(this, before);
  }

  #after(delayMs: number | null, action: () => void = () => {}): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = delayMs === null ? null : setTimeout(action, delayMs);
    this.#timer?.unref();
  }
}
