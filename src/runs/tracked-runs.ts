import { AlertWatch } from "./alerts.ts";
import { hasEnded } from "./lifecycle.ts";
import { OpenRun } from "./open-run.ts";
import { RunNotFoundError } from "./run-ended-error.ts";
import { maybeRecord, type RunRecord } from "./run-record.ts";
import type { RunStore } from "./run-store.ts";

/** A run that lies in memory. */
export interface Tracked {
  record: RunRecord;
  readonly open: OpenRun;
  readonly alerts: AlertWatch;
  lastPointsAt: number;
}

/** Runs that stay in memory. Above it, those used longest ago are put to rest; each can be opened again. */
const TRACKED_MAX = 256;

/** The runs in memory. Those that go on stay there; what is only in memory is never let go of. */
export class TrackedRuns {
  readonly #store: RunStore;
  readonly #now: () => number;
  readonly #byId = new Map<string, Tracked>();

  constructor(store: RunStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Opens the run when it is not in memory. @throws {RunNotFoundError} */
  get(runId: string): Tracked {
    let tracked = this.#byId.get(runId);
    if (tracked === undefined) {
      const record = maybeRecord(this.#store, runId);
      if (record === null) throw new RunNotFoundError(runId);
      const alerts = new AlertWatch(record.about.alerts ?? []);
      tracked = { record, open: OpenRun.load(this.#store, record.run, runId), alerts, lastPointsAt: this.#now() };
      if (this.#byId.size >= TRACKED_MAX) this.#rest();
    } else this.#byId.delete(runId);
    // Last in the map: used last.
    this.#byId.set(runId, tracked);
    return tracked;
  }

  peek(runId: string): Tracked | undefined {
    return this.#byId.get(runId);
  }

  /** Forgets what is in memory of a run. What is on disk is read again on next use. */
  drop(runId: string): void {
    this.#byId.delete(runId);
  }

  [Symbol.iterator](): IterableIterator<[string, Tracked]> {
    return this.#byId[Symbol.iterator]();
  }

  /** Lets go of runs that were used longest ago and have nothing that is only in memory. */
  #rest(): void {
    for (const [runId, { record }] of this.#byId) {
      if (this.#byId.size < TRACKED_MAX) return;
      if (hasEnded(record.state) || record.state === "pending") this.#byId.delete(runId);
    }
  }
}
