/**
 * Hands out units in order of priority (lower first, then order of arrival), a few at a time, so that an early fold is finished before
 * a later one starts and the daemons of several jobs are shared fairly. Invariants: at most `limit()` are under way; every promise that
 * `add` returned settles; after `stop` nothing new starts.
 */
export class UnitQueue {
  readonly #limit: () => number;
  readonly #waiting: { readonly priority: number; readonly start: () => void; readonly refuse: (reason: unknown) => void }[] = [];
  #active = 0;
  #stopped: { readonly reason: unknown } | null = null;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  add<Result>(priority: number, run: () => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#stopped !== null) {
        reject(this.#stopped.reason);
        return;
      }
      const start = (): void => {
        this.#active++;
        run()
          .then(resolve, reject)
          .finally(() => {
            this.#active--;
            this.#pump();
          });
      };
      const after = this.#waiting.findIndex((entry) => entry.priority > priority);
      this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, { priority, start, refuse: reject });
      this.#pump();
    });
  }

  /** Rejects everything that has not started with `reason`. */
  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    for (const entry of this.#waiting.splice(0)) entry.refuse(reason);
  }

  #pump(): void {
    while (this.#active < this.#limit()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.start();
    }
  }
}
