import { isEnded, type RunMessage, type RunStateName, type StreamColumns, toValue } from "../../client/index.ts";
import { type RunRewind, RunSeries } from "./runs-series.ts";

export interface RunLine {
  readonly seq: number;
  readonly at: number;
  readonly level: string;
  readonly message: string;
}

export interface RunAlert {
  readonly seq: number;
  readonly at: number;
  readonly rule: string;
  readonly key: string | null;
  readonly message: string;
  readonly step: number | null;
}

export interface RunChange {
  readonly at: number;
  readonly from: RunStateName;
  readonly to: RunStateName;
  readonly cause: string;
  readonly reason: string | null;
}

/** Lines that are kept; the newest count. */
const LINES_MAX = 5_000;
const START = 256;

/**
 * What the page knows of one run's log: its points as columns, its lines, alerts and changes of state. Messages go in; views read.
 *
 * Invariants: rows are in the order of their numbers and each is there once, whatever is sent twice; `seq` is the number up to which
 * the log is known; `version` grows with everything that is not a point, `pointsVersion` with new points.
 */
export class RunLog {
  readonly run: string;
  seq = 0;
  /** Number of the log's end when it was last joined; the log is complete once `seq` has reached it. */
  target = 0;
  /** Null before the first message. */
  state: RunStateName | "deleted" | null = null;
  reason: string | null = null;
  lines: readonly RunLine[] = [];
  alerts: readonly RunAlert[] = [];
  changes: readonly RunChange[] = [];
  /** Rows that came thinned, of how many, and the last of them here. */
  thinned = { rows: 0, of: 0, untilRow: -1 };
  readonly series = new Map<string, RunSeries>();
  readonly rewinds: RunRewind[] = [];
  version = 0;
  /** Points held, over all series. */
  valueCount = 0;
  #isStale = false;
  #length = 0;
  #seqs = new Float64Array(START);
  #steps = new Float64Array(START);
  #times = new Float64Array(START);
  readonly #listeners = new Set<() => void>();

  constructor(run: string) {
    this.run = run;
  }

  /** Rows known. */
  get length(): number {
    return this.#length;
  }

  get isComplete(): boolean {
    return this.state !== null && this.seq >= this.target;
  }

  get hasEnded(): boolean {
    return this.state !== null && isEnded(this.state);
  }

  seqAt(row: number): number {
    return this.#seqs[row]!;
  }

  stepAt(row: number): number {
    return this.#steps[row]!;
  }

  timeAt(row: number): number {
    return this.#times[row]!;
  }

  get lastStep(): number | null {
    return this.#length === 0 ? null : this.#steps[this.#length - 1]!;
  }

  get lastTime(): number | null {
    return this.#length === 0 ? null : this.#times[this.#length - 1]!;
  }

  /** Asks for the log from its beginning. What is here stays until the first message of the new subscription. */
  restart(): void {
    this.seq = 0;
    this.#isStale = true;
  }

  /** Hears of everything but points. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(message: RunMessage): void {
    const keysBefore = this.series.size;
    const isNews = this.#take(message);
    if (!isNews && this.series.size === keysBefore) return;
    this.version++;
    for (const listener of this.#listeners) listener();
  }

  /** @returns whether something else than points has changed. */
  #take(message: RunMessage): boolean {
    switch (message.type) {
      case "snapshot":
        // A log that is shorter than what is known is another log: the server lost it, or has another data folder.
        if (this.#isStale || message.seq < this.seq) this.#forget();
        this.target = message.seq;
        this.state = message.state;
        return true;
      case "points":
        return this.#takePoints(message, message.seq - message.steps.length + 1, message.seq);
      case "thinned":
        return this.#takeThinned(message);
      case "end":
        if (this.state === message.state && this.reason === message.reason) return false;
        this.state = message.state;
        this.reason = message.reason;
        return true;
      default:
        if (message.seq <= this.seq) return false;
        this.seq = message.seq;
        return this.#takeEvent(message);
    }
  }

  #takeEvent(message: Extract<RunMessage, { type: "state" | "log" | "rewind" | "alert" }>): boolean {
    switch (message.type) {
      case "state": {
        const { at, from, to, cause, reason } = message;
        this.changes = [...this.changes, { at, from, to, cause, reason }];
        this.state = to;
        this.reason = reason;
        return true;
      }
      case "log": {
        const { seq, at, level, message: text } = message;
        const kept = this.lines.length >= LINES_MAX * 1.2 ? this.lines.slice(-LINES_MAX) : this.lines;
        this.lines = [...kept, { seq, at, level: level.toLowerCase(), message: text }];
        return true;
      }
      case "alert": {
        const { seq, at, rule, key, message: text, step } = message;
        this.alerts = [...this.alerts, { seq, at, rule, key, message: text, step }];
        return true;
      }
      case "rewind":
        if (message.from_step !== null) this.#rewind(message.from_step);
        return true;
    }
  }

  #rewind(fromStep: number): void {
    this.rewinds.push({ row: this.#length, fromStep });
    for (const series of this.series.values()) series.rewind();
  }

  #takePoints(columns: StreamColumns, firstSeq: number, seq: number): boolean {
    const wasComplete = this.isComplete;
    const skip = Math.max(0, this.seq - firstSeq + 1);
    this.#append(columns, skip, (row) => firstSeq + row);
    if (seq > this.seq) this.seq = seq;
    return wasComplete !== this.isComplete;
  }

  /** Of a thinned stretch the rows have no numbers of their own: it is taken whole, or, when it is known, not at all. */
  #takeThinned(message: Extract<RunMessage, { type: "thinned" }>): boolean {
    if (message.seq <= this.seq) return false;
    for (const part of message.parts) this.#append(part, 0, () => message.from_seq);
    this.seq = message.seq;
    this.thinned = { rows: this.thinned.rows + message.rows, of: this.thinned.of + message.of, untilRow: this.#length - 1 };
    return true;
  }

  #append({ steps, times, values }: StreamColumns, skip: number, seqOf: (row: number) => number): void {
    const first = this.#length - skip;
    for (let row = skip; row < steps.length; row++) {
      this.#grow();
      this.#seqs[this.#length] = seqOf(row);
      this.#steps[this.#length] = steps[row]!;
      this.#times[this.#length] = times[row]!;
      this.#length++;
    }
    for (const [key, column] of Object.entries(values)) {
      const series = this.#seriesOf(key);
      const isDense = Array.isArray(column);
      const { rows, values: sparse } = isDense ? { rows: null, values: column } : (column as Exclude<typeof column, readonly unknown[]>);
      for (let i = 0; i < sparse.length; i++) {
        const row = rows === null ? i : rows[i]!;
        const value = sparse[i];
        // Null is a value that was not there.
        if (row < skip || value === null) continue;
        series.append(first + row, toValue(value));
        this.valueCount++;
      }
    }
    // After all columns: one may be the x of another.
    for (const key of Object.keys(values)) this.series.get(key)?.flush();
  }

  #seriesOf(key: string): RunSeries {
    let series = this.series.get(key);
    if (series === undefined) {
      series = new RunSeries(this, key);
      this.series.set(key, series);
    }
    return series;
  }

  #grow(): void {
    if (this.#length < this.#seqs.length) return;
    for (const name of ["seqs", "steps", "times"] as const) this.#setColumn(name, this.#length * 2);
  }

  #setColumn(name: "seqs" | "steps" | "times", capacity: number): void {
    const larger = new Float64Array(capacity);
    if (name === "seqs") {
      larger.set(this.#seqs);
      this.#seqs = larger;
    } else if (name === "steps") {
      larger.set(this.#steps);
      this.#steps = larger;
    } else {
      larger.set(this.#times);
      this.#times = larger;
    }
  }

  #forget(): void {
    this.seq = 0;
    this.valueCount = 0;
    this.#isStale = false;
    this.#length = 0;
    this.lines = [];
    this.alerts = [];
    this.changes = [];
    this.thinned = { rows: 0, of: 0, untilRow: -1 };
    this.rewinds.length = 0;
    for (const series of this.series.values()) series.clear();
  }
}
