import { RunNotFoundError, type Runs } from "../../runs/index.ts";
import { toOwnRun } from "./own-shape.ts";

/** A run that goes on changes all the time: a reader hears of it this often at most. */
const EVERY_MS = 500;

/** Tells one reader which runs changed, began or are gone. It says how a run is now, not what happened: the reader misses no end of it. */
export class RunListWatch {
  readonly #runs: Runs;
  readonly #send: (message: Readonly<Record<string, unknown>>) => void;
  readonly #unwatch: () => void;
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(runs: Runs, send: (message: Readonly<Record<string, unknown>>) => void) {
    this.#runs = runs;
    this.#send = send;
    this.#unwatch = runs.watchers.addForAll((runId) => {
      this.#changed.add(runId);
      this.#timer ??= setTimeout(() => this.#tell(), EVERY_MS);
    });
  }

  close(): void {
    this.#unwatch();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#timer = null;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const runId of changed) this.#send(this.#messageOf(runId));
  }

  #messageOf(runId: string): Readonly<Record<string, unknown>> {
    try {
      return { type: "run", run: runId, record: { ...toOwnRun(this.#runs.get(runId)), last_seq: this.#runs.lastSeq(runId) } };
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
      return { type: "run_removed", run: runId };
    }
  }
}
