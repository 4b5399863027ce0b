import { encodeFrame } from "../wire/frames.ts";
import type { Link, LinkEnd, OpenLink } from "./links/link.ts";
import type { DaemonStatus } from "./profile.ts";
import type { Task } from "./task.ts";

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
 * Invariants: it has a task exactly while busy, or stopping in the middle of one; at most one timer runs, and it belongs to the state.
 */
export class Daemon {
  readonly id: string;
  readonly startedAt = Date.now();
  /** Held until its executor answered or died, also when the task was cancelled. */
  task: Task | null = null;
  tasksDone = 0;
  isSpare = false;
  isReady = false;
  /** The dispatcher wanted it gone. */
  isDismissed = false;
  #state: DaemonState = "starting";
  readonly #events: DaemonEvents;
  readonly #link: Link;
  #timer: NodeJS.Timeout | null = null;

  constructor(id: string, openLink: OpenLink, events: DaemonEvents) {
    this.id = id;
    this.#events = events;
    this.#link = openLink({
      onMessage: (message) => events.onMessage(this, message),
      onClose: (end) => {
        this.#after(null);
        events.onClose(this, end);
      },
    });
    this.#after(START_LIMIT_MS, () => this.#kill());
  }

  get state(): DaemonState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  get status(): DaemonStatus {
    return { id: this.id, pid: this.pid, state: this.#state, tasksDone: this.tasksDone, startedAt: this.startedAt };
  }

  hold(isHeld: boolean): void {
    this.#link.hold(isHeld);
  }

  /** To idle; `onIdle` is called when it stays so for `idleMs` (0: never). */
  rest(idleMs: number, onIdle: () => void): void {
    this.isReady = true;
    this.task = null;
    this.#become("idle");
    this.#after(idleMs === 0 ? null : idleMs, onIdle);
  }

  run(task: Task): void {
    this.#after(null);
    this.task = task;
    this.#become("busy");
    if (task.frame !== null) this.#link.send(task.frame);
  }

  /** Asks the running task to stop; kills the process when it is still at it after `graceMs`. */
  abort(graceMs: number): void {
    if (this.#state !== "busy" || this.task === null) return;
    this.#link.send(encodeFrame({ type: "abort", id: this.task.id }));
    this.#after(graceMs, () => this.#kill());
  }

  /** Asks an idle daemon to go; one that is starting or busy is killed. */
  dismiss(): void {
    this.isDismissed = true;
    if (this.#state !== "idle") {
      this.#kill();
      return;
    }
    this.#become("stopping");
    this.#link.end();
    this.#after(LEAVE_MS, () => this.#kill());
  }

  #kill(): void {
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
