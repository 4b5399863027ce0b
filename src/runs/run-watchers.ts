import type { RaisedAlert } from "./run-writer.ts";

/** Who wants to know when something happened to a run. Listeners must not throw. */
export class RunWatchers {
  readonly #ofRun = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<(runId: string) => void>();
  readonly #ofAlerts = new Set<(alert: RaisedAlert) => void>();

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

  /** Calls `listener` with each alert once it is stored, until the returned function is called. */
  addForAlerts(listener: (alert: RaisedAlert) => void): () => void {
    this.#ofAlerts.add(listener);
    return () => this.#ofAlerts.delete(listener);
  }

  tell(alerts: readonly RaisedAlert[]): void {
    for (const alert of alerts) for (const listener of [...this.#ofAlerts]) listener(alert);
  }

  notify(runIds: Iterable<string>): void {
    for (const runId of runIds) {
      for (const listener of [...(this.#ofRun.get(runId) ?? [])]) listener();
      for (const listener of [...this.#ofAll]) listener(runId);
    }
  }
}
