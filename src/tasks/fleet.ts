import { TrainyardError } from "../core/errors.ts";
import type { EncodedFrame } from "../wire/frames.ts";
import { Daemon, type DaemonState } from "./daemon.ts";
import type { LinkEnd, Transport } from "./links/link.ts";
import { startPauseMs } from "./placement.ts";
import type { DaemonExit } from "./profile.ts";

/** A daemon that dies sooner than this without having done anything counts as a failed start. */
const YOUNG_MS = 1000;
/** How many exits of daemons are remembered. */
const EXITS_KEPT = 100;

export interface FleetOptions {
  readonly name: string;
  readonly idleMs: number;
  readonly wallMs: number;
  readonly maxTasks: number;
  /** The first message to the k-th daemon, from 1; null when there is nothing to say. */
  readonly greeting: (k: number) => EncodedFrame | null;
}

export interface FleetEvents {
  onMessage(daemon: Daemon, message: unknown): void;
  /** Its process is gone; the fleet no longer has it. */
  onLost(daemon: Daemon, end: LinkEnd): void;
  /** A daemon in a slot left because it was idle for too long. */
  onIdledOut(): void;
  /** There may be something to do. */
  onChange(): void;
}

/**
 * The daemons of one dispatcher: in every slot, and the spare. It starts them, lets them rest and leave, and counts them; what they work on is the
 * dispatcher's business. Invariants: `counts` tell the daemons in slots by state; `idle` lists those of them that rest.
 */
export class Fleet {
  readonly counts = { starting: 0, idle: 0, busy: 0, stopping: 0 };
  readonly exits: DaemonExit[] = [];
  /** Daemons that ever got ready. */
  cumulative = 0;
  /** Failed starts in a row. */
  failedStarts = 0;
  readonly #options: FleetOptions;
  readonly #transport: Transport;
  readonly #events: FleetEvents;
  readonly #daemons = new Set<Daemon>();
  /** The last to become idle is the first to work: its caches are warm, and the others may stop. */
  readonly #idle: Daemon[] = [];
  #spare: Daemon | null = null;
  #daemonsMade = 0;
  #pause: NodeJS.Timeout | null = null;
  #hasStartedThisTurn = false;
  #isHeld = false;
  #isClosed = false;

  constructor(options: FleetOptions, transport: Transport, events: FleetEvents) {
    this.#options = options;
    this.#transport = transport;
    this.#events = events;
  }

  get size(): number {
    return this.#daemons.size;
  }

  get spare(): Daemon | null {
    return this.#spare;
  }

  get mayStart(): boolean {
    return this.#pause === null && !this.#hasStartedThisTurn && !this.#isClosed && this.#transport.mayOpen !== false;
  }

  [Symbol.iterator](): IterableIterator<Daemon> {
    return this.#daemons.values();
  }

  get slots(): Daemon[] {
    return [...this.#daemons].filter((daemon) => !daemon.isSpare);
  }

  /** @throws {TrainyardError} `not_found`. */
  find(id: string): Daemon {
    for (const daemon of this.#daemons) if (daemon.id === id && daemon.state !== "stopping") return daemon;
    const there = this.slots.map((daemon) => daemon.id).join(", ");
    throw new TrainyardError("not_found", `profile "${this.#options.name}" has no daemon "${id}"; it has: ${there || "none"}`);
  }

  /** One in a turn of the event loop: starting a process takes milliseconds of it. */
  start(asSpare: boolean): Daemon {
    this.#hasStartedThisTurn = true;
    setImmediate(() => {
      this.#hasStartedThisTurn = false;
      this.#events.onChange();
    });
    const k = ++this.#daemonsMade;
    const daemon = new Daemon(`${this.#options.name}-${k}`, this.#transport, {
      onState: (from, before) => this.#changed(from, before),
      onMessage: (from, message) => this.#events.onMessage(from, message),
      onClose: (from, end) => this.#lost(from, end),
    });
    this.#daemons.add(daemon);
    daemon.hold(this.#isHeld);
    const greeting = this.#options.greeting(k);
    if (greeting !== null) daemon.send(greeting);
    daemon.isSpare = asSpare;
    if (asSpare) this.#spare = daemon;
    else this.counts.starting++;
    return daemon;
  }

  promoteSpare(): void {
    const daemon = this.#spare;
    if (daemon === null) return;
    this.#spare = null;
    daemon.isSpare = false;
    this.counts[daemon.state]++;
    if (daemon.state === "idle") this.rest(daemon);
  }

  retireSpare(): void {
    const daemon = this.#spare;
    this.#spare = null;
    daemon?.dismiss("surplus");
  }

  /** One that has nothing to do goes. */
  retire(): void {
    const idle = this.#idle.pop() ?? this.slots.find((daemon) => daemon.state === "starting");
    idle?.dismiss(this.#isClosed ? "closed" : "surplus");
  }

  takeIdle(): Daemon | null {
    return this.#idle.pop() ?? null;
  }

  /** Takes one out of those that rest, to give it something. */
  wake(daemon: Daemon): void {
    const place = this.#idle.indexOf(daemon);
    if (place >= 0) this.#idle.splice(place, 1);
  }

  /**
   * A daemon has nothing to do: it leaves when its time has come, else it rests. One that is old before its first task serves that one all the same,
   * or a wall limit shorter than its preparations would keep the queue waiting for ever.
   * @returns whether it can be given something.
   */
  rest(daemon: Daemon): boolean {
    const { wallMs } = daemon.limits ?? this.#options;
    if (!daemon.isReady) this.cumulative++;
    const ageMs = ageOf(daemon);
    daemon.rest(this.#restMs(daemon, ageMs), () => this.#overslept(daemon));
    const reason = this.tasksLeft(daemon) <= 0 ? "tasks" : wallMs > 0 && ageMs >= wallMs && daemon.tasksDone > 0 ? "wall" : null;
    if (reason !== null) daemon.dismiss(reason);
    else if (!daemon.isSpare) this.#idle.push(daemon);
    return reason === null;
  }

  /** How many more tasks it takes. */
  tasksLeft(daemon: Daemon): number {
    const { maxTasks } = daemon.limits ?? this.#options;
    return maxTasks === 0 ? Number.POSITIVE_INFINITY : maxTasks - daemon.tasksDone - (daemon.limits?.tasksBefore ?? 0);
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#transport.hold?.(isHeld);
    for (const daemon of this.#daemons) daemon.hold(isHeld);
    if (isHeld) this.#pause?.ref();
    else this.#pause?.unref();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
  }

  hasFailedToStart(daemon: Daemon): boolean {
    if (this.#isClosed || daemon.exitReason !== null || daemon.tasksDone > 0) return false;
    return !daemon.isReady || Date.now() - daemon.startedAt < YOUNG_MS;
  }

  /** Nothing is started for a while. */
  pause(): void {
    this.failedStarts++;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#events.onChange();
    }, startPauseMs(this.failedStarts));
    if (!this.#isHeld) this.#pause.unref();
  }

  #restMs(daemon: Daemon, ageMs: number): number {
    const { wallMs, idleMs } = daemon.limits ?? this.#options;
    if (wallMs === 0) return idleMs;
    const left = Math.max(1, wallMs - ageMs);
    return idleMs === 0 ? left : Math.min(idleMs, left);
  }

  #overslept(daemon: Daemon): void {
    if (daemon.isSpare) return;
    const { wallMs } = daemon.limits ?? this.#options;
    const isOld = wallMs > 0 && ageOf(daemon) >= wallMs;
    if (!isOld) this.#events.onIdledOut();
    this.wake(daemon);
    daemon.dismiss(isOld ? "wall" : "idle");
  }

  #changed(daemon: Daemon, before: DaemonState): void {
    if (daemon.isSpare) return;
    this.counts[before]--;
    this.counts[daemon.state]++;
  }

  #lost(daemon: Daemon, end: LinkEnd): void {
    this.#daemons.delete(daemon);
    if (daemon.limits !== null) daemon.limits.tasksBefore += daemon.tasksDone;
    if (daemon === this.#spare) this.#spare = null;
    if (!daemon.isSpare) this.counts[daemon.state]--;
    this.wake(daemon);
    const reason = daemon.exitReason ?? "lost";
    this.exits.push({ daemon: daemon.id, reason, exitCode: end.exitCode, signal: end.signal });
    if (this.exits.length > EXITS_KEPT) this.exits.shift();
    this.#events.onLost(daemon, end);
    this.#events.onChange();
  }
}

/** A daemon that dialled in is as old as its link; another one, as its process. */
function ageOf(daemon: Daemon): number {
  return daemon.limits === null ? daemon.ageMs : Date.now() - daemon.limits.since;
}
