/** Who wants to know when something happened to a run. Listeners must not throw. */
export class RunWatchers {
  readonly #ofRun = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<(runId: string) => void>();

  /** Calls `listener` for one run, until the returned function is called. */
  add(runId: string, listener: () => void): () => void {
    const listeners = this.#ofRun.get(runId) ?? new Set();
    this.#ofRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofRun.get(runId) === listeners) this.#ofRun.delete(runId);
    };
  }

  /** Calls `listener` for every run, new and removed ones too, until the returned function is called. */
  addForAll(listener: (runId: string) => void): () => void {
    this.#ofAll.add(listener);
    return () => this.#ofAll.delete(listener);
  }

  notify(runIds: Iterable<string>): void {
    for (const runId of runIds) {
      for (const listener of [...(this.#ofRun.get(runId) ?? [])]) listener();
      for (const listener of [...this.#ofAll]) listener(runId);
    }
  }
}
