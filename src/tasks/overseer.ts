import type { Daemon } from "./daemon.ts";
import type { Task } from "./task.ts";

/** A task that runs for longer than this keeps none waiting behind it. */
const LONG_MS = 5;

/**
 * Sees to it that a short task never waits behind a long one: what a daemon was given ahead is taken back when the running one turns out long. It looks
 * every 5 ms, and only while some daemon has more than one task.
 */
export class Overseer {
  readonly #daemons: () => Iterable<Daemon>;
  readonly #onBack: (tasks: readonly Task[]) => void;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @param onBack gets what was taken back from one daemon, oldest first. */
  constructor(daemons: () => Iterable<Daemon>, onBack: (tasks: readonly Task[]) => void) {
    this.#daemons = daemons;
    this.#onBack = onBack;
  }

  /** A daemon was given more than one task. */
  watch(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#look(), LONG_MS);
    this.#timer.unref();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    for (const daemon of this.#daemons()) {
      if (daemon.given.length < 2) continue;
      if (daemon.runsForMs >= LONG_MS) daemon.recall(this.#onBack);
      this.watch();
    }
  }
}
