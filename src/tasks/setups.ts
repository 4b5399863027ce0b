import type { Daemon } from "./daemon.ts";
import type { Task } from "./task.ts";

/** Code that every daemon runs before it runs anything submitted later. */
export interface Setup {
  /** A task that nobody holds, for a daemon that joins later. */
  readonly replay: () => Task;
  /** Handles that still wait for a daemon to join. */
  readonly owed: Task[];
}

/**
 * What `everywhere` left: daemons that are there get it at once, daemons that join get all of it in order. While handles wait for daemons that have
 * not joined, nothing else is given out.
 */
export class Setups {
  readonly #setups: Setup[] = [];
  #owed = 0;

  get isHolding(): boolean {
    return this.#owed > 0;
  }

  /** @returns for each daemon the task to run. */
  add(tasks: readonly Task[], daemons: readonly Daemon[], replay: () => Task): readonly (readonly [Daemon, Task])[] {
    const pairs = daemons.map((daemon, i) => [daemon, tasks[i]!] as const);
    const owed = tasks.slice(daemons.length);
    this.#setups.push({ replay, owed });
    this.#owed += owed.length;
    return pairs;
  }

  /** The tasks that a new daemon begins with; a spare takes none that is owed. */
  forNewcomer(asSpare: boolean): Task[] {
    return this.#setups.map(({ owed, replay }) => {
      const task = asSpare ? undefined : owed.shift();
      if (task === undefined) return replay();
      this.#owed--;
      task.isOwed = true;
      return task;
    });
  }

  /** The tasks that no daemon has got yet; after this none is owed. */
  release(): Task[] {
    this.#owed = 0;
    return this.#setups.flatMap(({ owed }) => owed.splice(0));
  }
}
