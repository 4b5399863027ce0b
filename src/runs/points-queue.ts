import { TrainyardError } from "../core/errors.ts";
import type { RunState } from "./lifecycle.ts";
import type { ParsedPoints } from "./parse-points.ts";

export interface Accepted {
  /** Rows that were stored now. */
  readonly accepted: number;
  /** Rows that had been stored before. */
  readonly duplicates: number;
  /** Number of the run's newest row. */
  readonly lastSeq: number;
  readonly state: RunState;
}

/** Points of one request, on their way to the disk. */
export interface Waiting {
  readonly runId: string;
  readonly points: ParsedPoints;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/** Points that wait for the disk may grow to this; beyond it requests are refused and may be sent again. */
const WAITING_MAX = 10_000;
const GATHER_MAX_MS = 5;

/** Points that wait for the disk. Requests that come together share one commit: it waits for company as long as the last one took, when it had some. */
export class PointsQueue {
  readonly #flush: () => void;
  #waiting: Waiting[] = [];
  #isFlushDue = false;
  #gatherMs = 0;

  /** @param flush is called once after the first `add` since the last `take`. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Settles when the points are on disk. @throws {TrainyardError} `queue_full` (retryable). */
  add(runId: string, points: ParsedPoints): Promise<Accepted> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new TrainyardError("queue_full", `${WAITING_MAX} requests wait for the disk. Try again.`, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ runId, points, resolve, reject });
      if (this.#isFlushDue) return;
      this.#isFlushDue = true;
      if (this.#gatherMs < 1) setImmediate(this.#flush);
      else setTimeout(this.#flush, this.#gatherMs);
    });
  }

  /** Everything that waits, in the order in which it came. */
  take(): readonly Waiting[] {
    this.#isFlushDue = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** A commit of so many requests took so long. */
  took(requests: number, ms: number): void {
    this.#gatherMs = requests > 1 ? Math.min(GATHER_MAX_MS, ms) : 0;
  }
}
