import { TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "../wire/bad-frame.ts";
import { Backlog } from "./backlog.ts";
import type { Daemon } from "./daemon.ts";
import type { DispatcherOptions, Tally } from "./dispatcher-options.ts";
import { Fleet } from "./fleet.ts";
import type { LinkEnd, Transport } from "./links/link.ts";
import { toExecutorMessage } from "./messages.ts";
import { Overseer } from "./overseer.ts";
import { type Move, nextMove, type Yard } from "./placement.ts";
import type { DaemonExit, ExitReason, ProfileStatus } from "./profile.ts";
import { Setups } from "./setups.ts";
import { Slots } from "./slots.ts";
import { daemonLost, type Task, taskFailure } from "./task.ts";
import { Waiters } from "./waiters.ts";

/** So many failed starts in a row, and queued tasks are told why. */
const FAILED_STARTS_LIMIT = 3;
/** Daemons that left for one of these reasons are not replaced when `respawn` is off. */
const NOT_REPLACED: ReadonlySet<ExitReason> = new Set(["idle", "wall", "tasks", "terminated", "lost"]);

/**
 * Moves tasks from a bounded queue to idle daemons, oldest first. `nextMove` decides, `#act` acts. Invariants:
 *  1. A task is in exactly one place: queued, given to one daemon, or settled. It leaves the queue only when a daemon is idle.
 *  2. A daemon runs at most one task at a time; its slot is free when its executor answered or its process is gone, not before.
 *  3. Every task settles once, also when its daemon dies, cannot be started, or the dispatcher closes.
 *  4. Enqueue, dequeue, cancel and each decision are O(1) in the number of tasks.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #backlog: Backlog;
  readonly #slots: Slots;
  readonly #setups = new Setups();
  readonly #overseer = new Overseer(
    () => this.#fleet,
    (tasks) => this.#takenBack(tasks),
  );
  readonly #fleet: Fleet;
  #outstanding = 0;
  #completed = 0;
  #isPumping = false;
  #closed: { readonly promise: Promise<void>; resolve: () => void } | null = null;
  readonly #onRoom = new Waiters();
  readonly #onChange = new Waiters();
  /** Why no daemon can be started; null while that is not known. */
  startFailure: TrainyardError | null = null;

  constructor(options: DispatcherOptions, transport: Transport) {
    this.#options = options;
    this.#backlog = new Backlog(options);
    this.#slots = new Slots(options.daemons, options.lazy);
    this.#fleet = new Fleet(options, transport, {
      onMessage: (daemon, message) => this.#receive(daemon, message),
      onLost: (daemon, end) => this.#lost(daemon, end),
      onIdledOut: () => {
        this.#slots.floor = 0;
      },
      onChange: () => this.#pump(),
    });
    this.#pump();
  }

  get status(): ProfileStatus {
    const daemons = this.#fleet.slots.map((daemon) => daemon.status);
    return { daemons, queued: this.#backlog.length, running: this.#fleet.counts.busy };
  }

  get tally(): Tally {
    const { counts, cumulative, slots } = this.#fleet;
    const executing = slots.filter((daemon) => daemon.task !== null && !daemon.task.isSettled).length;
    const { usedBytes, peakBytes } = this.#backlog;
    const [connections, awaiting] = [counts.idle + counts.busy, this.#outstanding - executing];
    return { connections, cumulative, awaiting, executing, completed: this.#completed, usedBytes, peakBytes };
  }

  get exits(): readonly DaemonExit[] {
    return this.#fleet.exits;
  }

  get wanted(): number {
    return this.#slots.wanted;
  }

  /** Whether the queue takes another task. */
  get hasRoom(): boolean {
    return this.#backlog.hasRoom;
  }

  /** Resolves when the queue takes another task, or the dispatcher closes. */
  room(): Promise<void> {
    if (this.hasRoom || this.#closed !== null) return Promise.resolve();
    return this.#onRoom.wait();
  }

  /** Resolves when a daemon has joined or left. */
  whenChanged(): Promise<void> {
    if (this.#closed !== null) return Promise.resolve();
    const changed = this.#onChange.wait();
    this.#hold();
    return changed;
  }

  /** @throws {TrainyardError} `closed`, or `queue_full`; nothing was enqueued. */
  assertOpen(): void {
    if (this.#closed !== null) throw new TrainyardError("closed", `profile "${this.#options.name}" is closed`);
    this.#backlog.assertRoom();
  }

  submit(task: Task): void {
    this.#added();
    this.#backlog.put(task);
    this.#pump();
  }

  /**
   * To one daemon and no other; it goes before the queue.
   * @throws {TrainyardError} `not_found` when no daemon has that id. Nothing was enqueued.
   */
  submitTo(daemonId: string, task: Task): void {
    const daemon = this.#fleet.find(daemonId);
    this.#added();
    this.#deliver(daemon, task);
  }

  /** Gives each daemon a task of `makeTask`, also those that join later. @returns one for each of at least `least` slots, joined or not. */
  setUp(makeTask: () => Task, least: number): Task[] {
    const { spare, slots } = this.#fleet;
    const daemons = slots.filter((daemon) => daemon.state !== "stopping");
    const count = Math.max(1, least, this.#slots.floor, daemons.length);
    const tasks = Array.from({ length: count }, makeTask);
    for (const _ of tasks) this.#added();
    for (const [daemon, task] of this.#setups.add(tasks, daemons, makeTask)) this.#deliver(daemon, task);
    if (spare !== null && spare.state !== "stopping") {
      this.#added();
      this.#deliver(spare, makeTask());
    }
    this.#slots.need(count);
    this.#pump();
    return tasks;
  }

  /** True when the task was queued or running. Its handle rejects at once; a running one's slot follows within the grace. */
  cancel(task: Task): boolean {
    if (task.isSettled) return false;
    const isClosing = this.#closed !== null;
    const why = isClosing ? `: profile "${this.#options.name}" closed` : "";
    if (this.#options.dealt && !isClosing) task.isDisowned = true;
    else this.#unqueue(task);
    this.#settled(task.abandon(why, isClosing ? { isReset: true } : {}));
    if (task.isDisowned) return false;
    task.daemon?.abort(task, this.#options.cancelGraceMs);
    return true;
  }

  /** A task began, or no longer has, to wait for tasks that it submitted: a slot is lent to them. */
  setWaiting(isWaiting: boolean): void {
    this.#slots.setWaiting(isWaiting);
    this.#pump();
  }

  resize(daemons: number): void {
    this.#slots.resize(daemons);
    this.#pump();
  }

  /** More daemons, at once. */
  launch(count: number): void {
    const { starting, idle, busy } = this.#fleet.counts;
    this.#slots.launch(count, starting + idle + busy);
    this.#pump();
  }

  /** A place where a daemon could run is gone; `leave` closes the links of those that were there. Nothing is decided in between. */
  vacate(leave: () => void): void {
    const wasPumping = this.#isPumping;
    this.#isPumping = true;
    this.#slots.loseOne();
    leave();
    this.#isPumping = wasPumping;
    this.#pump();
    this.#announceChange();
  }

  /** Ends a daemon, whatever it does; the task that it runs fails with `closed`. */
  terminate(daemonId: string): void {
    const daemon = this.#fleet.find(daemonId);
    const { task } = daemon;
    if (task !== null) {
      const message = `task "${task.label}" ran on daemon ${daemonId}, which was terminated`;
      this.#settled(task.fail(new TrainyardError("closed", message, { details: { task: task.id, daemon: daemonId } })));
    }
    this.#fleet.wake(daemon);
    daemon.dismiss("terminated");
  }

  /** Daemons give up what they keep for this key. */
  forget(key: number): void {
    for (const daemon of this.#fleet) daemon.forget(key);
  }

  close(): Promise<void> {
    if (this.#closed !== null) return this.#closed.promise;
    let resolve = (): void => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#closed = { promise, resolve };
    this.#slots.close();
    this.#fleet.close();
    this.#overseer.close();
    for (let task = this.#backlog.any; task !== null; task = this.#backlog.any) this.#drop(task);
    for (const task of this.#setups.release()) this.#drop(task);
    for (const daemon of this.#fleet) {
      for (let task = daemon.inbox.head; task !== null; task = daemon.inbox.head) this.#drop(task);
      for (const task of [...daemon.given]) this.cancel(task);
    }
    this.#hold();
    this.#pump();
    this.#onRoom.release();
    this.#announceChange();
    if (this.#fleet.size === 0) resolve();
    return promise;
  }

  get #yard(): Yard {
    const { counts, mayStart, spare } = this.#fleet;
    const isOpen = this.#closed === null;
    return {
      starting: counts.starting,
      idle: counts.idle,
      busy: counts.busy,
      stopping: counts.stopping,
      queued: this.#setups.isHolding ? 0 : this.#backlog.assignable(this.#slots.wanted),
      wanted: isOpen ? this.#slots.most : 0,
      floor: this.#slots.floor,
      mayStart,
      wantsSpare: this.#options.warmSpare && isOpen,
      hasSpare: spare !== null,
    };
  }

  #pump(): void {
    if (this.#isPumping) return; // called from a callback of the loop below, which looks again anyway
    this.#isPumping = true;
    for (let move = nextMove(this.#yard); move !== null; move = nextMove(this.#yard)) this.#act(move);
    this.#isPumping = false;
    if (!this.#onRoom.isEmpty && this.hasRoom) this.#onRoom.release();
  }

  /** The only place where a task leaves the queue for a daemon, and where daemons are started and retired. */
  #act(move: Move): void {
    switch (move) {
      case "assign":
        this.#assign();
        break;
      case "retire":
        this.#fleet.retire();
        break;
      case "start":
        this.#start(false);
        break;
      case "start_spare":
        this.#start(true);
        break;
      case "promote_spare":
        this.#fleet.promoteSpare();
        break;
      case "retire_spare":
        this.#fleet.retireSpare();
        break;
    }
  }

  #assign(): void {
    const daemon = this.#fleet.takeIdle();
    const first = this.#backlog.next(this.#slots.wanted);
    if (daemon === null || first === null) return;
    this.#fleet.failedStarts = 0;
    this.#give(daemon, first);
    const { batch } = first;
    if (batch === null) return;
    const left = this.#fleet.tasksLeft(daemon);
    const size = Math.min(batch.size(this.#backlog.lengthAt(first.depth) + 1, Math.max(1, this.#slots.wanted)), left);
    for (let i = 1; i < size; i++) {
      const next = this.#backlog.nextLike(first);
      if (next === null) return;
      daemon.give(next);
      this.#overseer.watch();
    }
  }

  /** They stand in their old order again, before all others. */
  #takenBack(tasks: readonly Task[]): void {
    for (const task of tasks.toReversed()) if (!task.isSettled || task.isDisowned) this.#backlog.putBack(task);
    this.#pump();
  }

  #give(daemon: Daemon, task: Task): void {
    this.#backlog.began(task.depth);
    daemon.give(task);
  }

  #start(asSpare: boolean): void {
    const daemon = this.#fleet.start(asSpare);
    for (const task of this.#setups.forNewcomer(asSpare)) {
      if (!task.isOwed) this.#added();
      this.#deliver(daemon, task);
    }
  }

  /** A daemon has answered all that it was given. What is for it alone comes first. */
  #free(daemon: Daemon): void {
    if (!this.#fleet.rest(daemon)) return;
    const task = daemon.inbox.head;
    if (task === null) return;
    this.#fleet.wake(daemon);
    this.#unqueue(task);
    this.#give(daemon, task);
  }

  #deliver(daemon: Daemon, task: Task): void {
    daemon.inbox.enqueue(task);
    task.home = daemon.inbox;
    if (daemon.state !== "idle") return;
    this.#fleet.wake(daemon);
    this.#unqueue(task);
    this.#give(daemon, task);
  }

  #unqueue(task: Task): void {
    const { home } = task;
    if (home === null) return;
    if (this.#backlog.has(home)) {
      this.#backlog.remove(task);
      return;
    }
    home.remove(task);
    task.home = null;
  }

  /** Settles a queued task at the close. */
  #drop(task: Task): void {
    this.#unqueue(task);
    this.cancel(task);
  }

  #receive(daemon: Daemon, raw: unknown): void {
    const message = toExecutorMessage(raw);
    if (message.type === "dropped") {
      daemon.reopened();
      return;
    }
    if (message.type === "ready") {
      if (daemon.state !== "starting") return;
      this.#free(daemon);
      this.#pump();
      this.#announceChange();
      return;
    }
    const { task } = daemon;
    if (task === null || task.id !== message.id)
      throw new BadFrameError(`${message.type} came for task ${message.id}, which does not run there`);
    if (message.type === "note") task.note(message.value, message.kind);
    else if (message.type === "submit") this.#options.onSubmit(daemon, task, message);
    else {
      task.hasThrown = message.type === "failed";
      this.#settled(message.type === "done" ? task.finish(message.value) : task.fail(taskFailure(task, message.error)));
      this.#answered(daemon, task);
    }
  }

  #answered(daemon: Daemon, task: Task): void {
    const ranMs = daemon.answered();
    task.batch?.observe(ranMs);
    if (!task.isSetup) daemon.tasksDone++;
    if (daemon.task !== null) return;
    this.#backlog.ended(task.depth);
    if (daemon.state === "busy") this.#free(daemon);
    this.#pump();
  }

  #lost(daemon: Daemon, end: LinkEnd): void {
    const { respawn, dealt } = this.#options;
    const reason = daemon.exitReason ?? "lost";
    if (!respawn && !daemon.isSpare && NOT_REPLACED.has(reason)) this.#slots.loseOne();
    const [running, ...waiting] = daemon.takeBack();
    // Backwards, so that they stand in their old order again. They have not begun: an executor begins none before the last answer has left it.
    for (const task of waiting.reverse()) {
      if (task.isSettled && !task.isDisowned) continue;
      if (end.isCut === true) this.#taskLost(task, daemon, end);
      else this.#backlog.putBack(task);
    }
    if (running !== undefined) this.#backlog.ended(running.depth);
    if (running !== undefined && !running.isSettled) this.#taskLost(running, daemon, end);
    else if (running === undefined && end.isCut !== true && this.#fleet.hasFailedToStart(daemon)) this.#startFailed(daemon, end);
    for (let task = daemon.inbox.head; task !== null; task = daemon.inbox.head) {
      this.#unqueue(task);
      this.#fail(task, daemon, end);
    }
    if (dealt && reason === "lost")
      for (let task = this.#backlog.any; task !== null; task = this.#backlog.any) this.#fail(task, daemon, end);
    if (this.#closed !== null && this.#fleet.size === 0) this.#closed.resolve();
    this.#announceChange();
  }

  #taskLost(task: Task, daemon: Daemon, end: LinkEnd): void {
    if (task.retriesLeft > 0 && this.#closed === null && !task.isSetup) {
      task.retriesLeft--;
      this.#backlog.putBack(task);
      return;
    }
    this.#fail(task, daemon, end);
  }

  #fail(task: Task, daemon: Daemon, end: LinkEnd): void {
    this.#unqueue(task);
    this.#settled(task.fail(daemonLost(`the daemon that ran task "${task.label}" was lost`, daemon, end)));
  }

  #startFailed(daemon: Daemon, end: LinkEnd): void {
    this.#fleet.pause();
    const { failedStarts, counts } = this.#fleet;
    if (failedStarts < FAILED_STARTS_LIMIT || counts.idle + counts.busy > 0) return;
    const error = daemonLost(`profile "${this.#options.name}" could not start a daemon, ${failedStarts} times in a row`, daemon, end);
    this.startFailure = error;
    for (let task = this.#backlog.any; task !== null; task = this.#backlog.any) {
      this.#unqueue(task);
      this.#settled(task.fail(error));
    }
  }

  #added(): void {
    if (++this.#outstanding === 1) this.#hold();
  }

  #settled(hasSettled: boolean): void {
    if (!hasSettled) return;
    this.#completed++;
    if (--this.#outstanding > 0) return;
    this.#slots.rest();
    this.#hold();
  }

  /** Tasks that are not settled, a close that is not done and whoever waits for a daemon keep the host's process alive; idle daemons do not. */
  #hold(): void {
    this.#fleet.hold(this.#outstanding > 0 || this.#closed !== null || !this.#onChange.isEmpty);
  }

  #announceChange(): void {
    if (this.#onChange.isEmpty) return;
    this.#onChange.release();
    this.#hold();
  }
}
