import type { OpenRun, OpenSeries } from "./open-run.ts";
import { RollUp } from "./roll-up.ts";
import type { RunStore } from "./run-store.ts";
import { visitPoints } from "./series-reader.ts";

interface Kept {
  readonly rollUp: RollUp;
  /** Last row of the log that is in it. */
  seq: number;
  readonly rewinds: number;
}

const BYTES_MAX = 64 * 1024 * 1024;
const BYTES_PER_BUCKET = 96;

/** Roll-ups of series that somebody looked at, kept up to date from the log; those looked at longest ago go first. */
export class RollUpCache {
  readonly #store: RunStore;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(store: RunStore) {
    this.#store = store;
  }

  /** The roll-up of a series as of now. First time: O(points); later: O(new points). */
  get(open: OpenRun, series: OpenSeries, x: "step" | "time" | "relative_time", zero: number): RollUp {
    const name = JSON.stringify([open.runId, series.key, x, zero]);
    let kept = this.#kept.get(name);
    if (kept !== undefined) {
      this.#kept.delete(name);
      this.#bytes -= bytesOf(kept);
    }
    // A rewind takes points away; a roll-up cannot.
    if (kept === undefined || kept.rewinds !== open.rewinds.length) kept = { rollUp: new RollUp(), seq: 0, rewinds: open.rewinds.length };
    const { rollUp } = kept;
    if (kept.seq < open.lastSeq) {
      visitPoints(this.#store, open, series, { afterSeq: kept.seq }, (_seq, step, time, value, isNull) => {
        if (!isNull) rollUp.add(x === "step" ? step : time - zero, value);
      });
      kept.seq = open.lastSeq;
    }
    this.#kept.set(name, kept);
    this.#bytes += bytesOf(kept);
    this.#evict();
    return rollUp;
  }

  #evict(): void {
    for (const [name, kept] of this.#kept) {
      if (this.#bytes <= BYTES_MAX || this.#kept.size === 1) return;
      this.#kept.delete(name);
      this.#bytes -= bytesOf(kept);
    }
  }
}

function bytesOf({ rollUp }: Kept): number {
  return rollUp.bucketCount * BYTES_PER_BUCKET + 500;
}
