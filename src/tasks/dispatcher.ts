import { TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "../wire/bad-frame.ts";
import { Daemon, type DaemonState } from "./daemon.ts";
import type { LinkEnd, OpenLink } from "./links/link.ts";
import { toExecutorMessage } from "./messages.ts";
import { type Move, nextMove, startPauseMs, type Yard } from "./placement.ts";
import type { ProfileStatus } from "./profile.ts";
import { daemonLost, type Task, taskFailure } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/** So many failed starts in a row, and queued tasks are told why. */
const FAILED_STARTS_LIMIT = 3;
/** A daemon that dies sooner than this without having done anything counts as a failed start. */
const YOUNG_MS = 1000;

export interface DispatcherOptions {
  readonly name: string;
  readonly daemons: number;
  readonly lazy: boolean;
  readonly queueLimit: number;
  readonly cancelGraceMs: number;
  readonly warmSpare: boolean;
  readonly idleMs: number;
}

/**
 * Moves tasks from a bounded queue to idle daemons, oldest first. `nextMove` decides, `#act` acts. Invariants:
 *  1. A task is in exactly one place: queued, running on one daemon, or settled. It leaves the queue only when a daemon is idle.
 *  2. A daemon runs at most one task at a time; its slot is free when its executor answered or its process is gone, not before.
 *  3. Every task settles once, also when its daemon dies, cannot be started, or the dispatcher closes.
 *  4. Enqueue, dequeue, cancel and each decision are O(1) in the number of tasks.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #openLink: OpenLink;
  readonly #queue = new TaskQueue<Task>();
  /** In every slot, and the spare. */
  readonly #daemons = new Set<Daemon>();
  /** The last to become idle is the first to work: its caches are warm, and the others may stop. */
  readonly #idle: Daemon[] = [];
  #spare: Daemon | null = null;
  readonly #counts = { starting: 0, idle: 0, busy: 0, stopping: 0 };
  #wanted: number;
  #floor: number;
  #outstanding = 0;
  #daemonsMade = 0;
  #failedStarts = 0;
  #pause: NodeJS.Timeout | null = null;
  #hasStartedThisTurn = false;
  #isPumping = false;
  #closed: { readonly promise: Promise<void>; resolve: () => void } | null = null;

  constructor(options: DispatcherOptions, openLink: OpenLink) {
    this.#options = options;
    this.#openLink = openLink;
    this.#wanted = options.daemons;
    this.#floor = options.lazy ? 0 : options.daemons;
    this.#pump();
  }

  get status(): ProfileStatus {
    const daemons = [...this.#daemons].filter((daemon) => !daemon.isSpare).map((daemon) => daemon.status);
    return { daemons, queued: this.#queue.length, running: this.#counts.busy };
  }

  /** @throws {TrainyardError} `closed`, or `queue_full`; nothing was enqueued. */
  assertOpen(): void {
    const { name, queueLimit } = this.#options;
    if (this.#closed !== null) throw new TrainyardError("closed", `profile "${name}" is closed`);
    if (this.#queue.length < queueLimit) return;
    throw new TrainyardError("queue_full", `profile "${name}" already has ${queueLimit} queued tasks; wait for one or raise queueLimit`, {
      retryable: true,
      details: { limit: queueLimit },
    });
  }

  submit(task: Task): void {
    this.#queue.enqueue(task);
    if (++this.#outstanding === 1) this.#hold();
    this.#pump();
  }

  /** True when the task was queued or running. Its handle rejects at once; a running one's slot follows within the grace. */
  cancel(task: Task): boolean {
    const wasQueued = task.state === "queued";
    if (task.isSettled) return false;
    if (wasQueued) this.#queue.remove(task);
    this.#settled(task.abandon(this.#closed === null ? "" : `: profile "${this.#options.name}" closed`));
    if (!wasQueued) for (const daemon of this.#daemons) if (daemon.task === task) daemon.abort(this.#options.cancelGraceMs);
    return true;
  }

  resize(daemons: number): void {
    if (this.#floor > 0) this.#floor = daemons;
    this.#wanted = daemons;
    this.#pump();
  }

  close(): Promise<void> {
    if (this.#closed !== null) return this.#closed.promise;
    let resolve = (): void => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#closed = { promise, resolve };
    this.#wanted = 0;
    this.#floor = 0;
    this.#setPause(null);
    for (let task = this.#queue.head; task !== null; task = this.#queue.head) this.cancel(task);
    for (const daemon of this.#daemons) if (daemon.task !== null) this.cancel(daemon.task);
    this.#hold();
    this.#pump();
    if (this.#daemons.size === 0) resolve();
    return promise;
  }

  get #yard(): Yard {
    return {
      starting: this.#counts.starting,
      idle: this.#counts.idle,
      busy: this.#counts.busy,
      stopping: this.#counts.stopping,
      queued: this.#queue.length,
      wanted: this.#wanted,
      floor: this.#floor,
      mayStart: this.#pause === null && !this.#hasStartedThisTurn && this.#closed === null,
      wantsSpare: this.#options.warmSpare && this.#closed === null,
      hasSpare: this.#spare !== null,
    };
  }

  #pump(): void {
    if (this.#isPumping) return; // called from a callback of the loop below, which looks again anyway
    this.#isPumping = true;
    for (let move = nextMove(this.#yard); move !== null; move = nextMove(this.#yard)) this.#act(move);
    this.#isPumping = false;
  }

  /** The only place where a task leaves the queue for a daemon, and where daemons are started and retired. */
  #act(move: Move): void {
    switch (move) {
      case "assign":
        this.#assign();
        break;
      case "retire":
        this.#retire();
        break;
      case "start":
        this.#start(false);
        break;
      case "start_spare":
        this.#start(true);
        break;
      case "promote_spare":
        this.#promoteSpare();
        break;
      case "retire_spare":
        this.#retireSpare();
        break;
    }
  }

  #assign(): void {
    const daemon = this.#idle.pop();
    const task = this.#queue.dequeue();
    if (daemon === undefined || task === null) return;
    this.#failedStarts = 0;
    daemon.run(task);
    task.start(daemon.id);
  }

  #retire(): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.dismiss();
      return;
    }
    for (const daemon of this.#daemons) {
      if (daemon.state !== "starting" || daemon.isSpare) continue;
      daemon.dismiss();
      return;
    }
  }

  /** One in a turn of the event loop: starting a process takes milliseconds of it. */
  #start(asSpare: boolean): void {
    this.#hasStartedThisTurn = true;
    setImmediate(() => {
      this.#hasStartedThisTurn = false;
      this.#pump();
    });
    const daemon = new Daemon(`${this.#options.name}-${++this.#daemonsMade}`, this.#openLink, {
      onState: (from, before) => this.#changed(from, before),
      onMessage: (from, message) => this.#receive(from, message),
      onClose: (from, end) => this.#lost(from, end),
    });
    this.#daemons.add(daemon);
    daemon.hold(this.#isHeld);
    daemon.isSpare = asSpare;
    if (asSpare) this.#spare = daemon;
    else this.#counts.starting++;
  }

  #promoteSpare(): void {
    const daemon = this.#spare;
    if (daemon === null) return;
    this.#spare = null;
    daemon.isSpare = false;
    this.#counts[daemon.state]++;
    if (daemon.state === "idle") this.#rest(daemon);
  }

  #retireSpare(): void {
    const daemon = this.#spare;
    this.#spare = null;
    daemon?.dismiss();
  }

  #changed(daemon: Daemon, before: DaemonState): void {
    if (daemon.isSpare) return;
    this.#counts[before]--;
    this.#counts[daemon.state]++;
  }

  #rest(daemon: Daemon): void {
    daemon.rest(this.#options.idleMs, () => this.#idledOut(daemon));
    if (!daemon.isSpare) this.#idle.push(daemon);
  }

  #idledOut(daemon: Daemon): void {
    if (daemon.isSpare) return;
    this.#floor = 0;
    this.#idle.splice(this.#idle.indexOf(daemon), 1);
    daemon.dismiss();
  }

  #receive(daemon: Daemon, raw: unknown): void {
    const message = toExecutorMessage(raw);
    if (message.type === "ready") {
      if (daemon.state !== "starting") return;
      this.#rest(daemon);
      this.#pump();
      return;
    }
    const { task } = daemon;
    if (task === null || task.id !== message.id)
      throw new BadFrameError(`${message.type} came for task ${message.id}, which does not run there`);
    if (message.type === "note") {
      task.note(message.value);
      return;
    }
    this.#settled(message.type === "done" ? task.finish(message.value) : task.fail(taskFailure(task, message.error)));
    daemon.tasksDone++;
    if (daemon.state === "busy") this.#rest(daemon);
    this.#pump();
  }

  #lost(daemon: Daemon, end: LinkEnd): void {
    this.#daemons.delete(daemon);
    if (daemon === this.#spare) this.#spare = null;
    if (!daemon.isSpare) this.#counts[daemon.state]--;
    const place = this.#idle.indexOf(daemon);
    if (place >= 0) this.#idle.splice(place, 1);
    const { task } = daemon;
    if (task !== null && !task.isSettled) this.#taskLost(task, daemon, end);
    else if (this.#hasFailedToStart(daemon)) this.#startFailed(daemon, end);
    if (this.#closed !== null && this.#daemons.size === 0) this.#closed.resolve();
    this.#pump();
  }

  #taskLost(task: Task, daemon: Daemon, end: LinkEnd): void {
    if (task.retriesLeft > 0 && this.#closed === null) {
      task.requeue();
      this.#queue.putBack(task);
      return;
    }
    this.#settled(task.fail(daemonLost(`the daemon that ran task "${task.reference.export}" was lost`, daemon, end)));
  }

  #hasFailedToStart(daemon: Daemon): boolean {
    if (this.#closed !== null || daemon.isDismissed || daemon.tasksDone > 0 || daemon.task !== null) return false;
    return !daemon.isReady || Date.now() - daemon.startedAt < YOUNG_MS;
  }

  #startFailed(daemon: Daemon, end: LinkEnd): void {
    this.#failedStarts++;
    this.#setPause(startPauseMs(this.#failedStarts));
    if (this.#failedStarts < FAILED_STARTS_LIMIT || this.#counts.idle + this.#counts.busy > 0) return;
    const what = `profile "${this.#options.name}" could not start a daemon, ${this.#failedStarts} times in a row`;
    const error = daemonLost(what, daemon, end);
    for (let task = this.#queue.dequeue(); task !== null; task = this.#queue.dequeue()) this.#settled(task.fail(error));
  }

  #setPause(delayMs: number | null): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
    if (delayMs === null || this.#closed !== null) return;
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#pump();
    }, delayMs);
    this.#hold();
  }

  #settled(hasSettled: boolean): void {
    if (hasSettled && --this.#outstanding === 0) this.#hold();
  }

  /** Tasks that are not settled, and a close that is not done, keep the host's process alive; idle daemons do not. */
  get #isHeld(): boolean {
    return this.#outstanding > 0 || this.#closed !== null;
  }

  #hold(): void {
    for (const daemon of this.#daemons) daemon.hold(this.#isHeld);
    if (this.#isHeld) this.#pause?.ref();
    else this.#pause?.unref();
  }
}
