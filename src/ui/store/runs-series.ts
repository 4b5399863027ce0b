import { SeriesBuffer } from "../chart/live/series-buffer.ts";

/** What lies on the x axis: the step, the time (epoch ms), the time since the start (ms), or `key:<series>`. */
export type RunX = "step" | "time" | "relative" | `key:${string}`;

/** From this row on, earlier points with a step from `fromStep` on are told anew. */
export interface RunRewind {
  readonly row: number;
  readonly fromStep: number;
}

/** The rows that series belong to. */
export interface RunRows {
  stepAt(row: number): number;
  timeAt(row: number): number;
  readonly rewinds: readonly RunRewind[];
  readonly series: ReadonlyMap<string, RunSeries>;
}

/** The points of a series against one x: those that count, and those that a later branch has told anew. */
export interface Projection {
  readonly now: SeriesBuffer;
  readonly before: SeriesBuffer;
}

interface Held extends Projection {
  /** Points taken in. */
  read: number;
  /** A point came whose x lies before the last: all must be put in order. */
  isDisordered: boolean;
}

const START = 64;
/** Points out of order are put in order this often at most. */
const ORDER_MS = 500;

/** One series of a run: row and value of each point, in order of arrival, and its projections on the axes that are shown. */
export class RunSeries {
  readonly key: string;
  readonly #log: RunRows;
  readonly #projections = new Map<RunX, Held>();
  #rows = new Uint32Array(START);
  #values = new Float64Array(START);
  #length = 0;
  #orderTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(log: RunRows, key: string) {
    this.#log = log;
    this.key = key;
  }

  get length(): number {
    return this.#length;
  }

  rowAt(index: number): number {
    return this.#rows[index]!;
  }

  valueAt(index: number): number {
    return this.#values[index]!;
  }

  get lastValue(): number | null {
    return this.#length === 0 ? null : this.#values[this.#length - 1]!;
  }

  append(row: number, value: number): void {
    if (this.#length === this.#rows.length) {
      const rows = new Uint32Array(this.#length * 2);
      rows.set(this.#rows);
      const values = new Float64Array(this.#length * 2);
      values.set(this.#values);
      this.#rows = rows;
      this.#values = values;
    }
    this.#rows[this.#length] = row;
    this.#values[this.#length] = value;
    this.#length++;
  }

  /** Brings the projections up to date with the points that came. */
  flush(): void {
    for (const [x, held] of this.#projections) this.#extend(x, held);
  }

  rewind(): void {
    for (const [x, held] of this.#projections) this.#order(x, held);
  }

  clear(): void {
    this.#length = 0;
    for (const held of this.#projections.values()) {
      held.read = 0;
      held.now.replaceAll([], []);
      held.before.replaceAll([], []);
    }
  }

  /** The points against x; the same buffers each time, growing with the run. Only the axes asked for last are kept up to date. */
  project(x: RunX): Projection {
    let held = this.#projections.get(x);
    if (held === undefined) {
      held = { now: new SeriesBuffer({ ties: true }), before: new SeriesBuffer({ ties: true }), read: 0, isDisordered: false };
      const oldest = this.#projections.keys().next().value;
      if (this.#projections.size >= 2 && oldest !== undefined) this.#projections.delete(oldest);
      this.#projections.set(x, held);
      this.#order(x, held);
    }
    return held;
  }

  #extend(x: RunX, held: Held): void {
    if (held.isDisordered) {
      this.#orderLater();
      return;
    }
    const [xs, ys]: [number[], number[]] = [[], []];
    let last = held.now.length === 0 ? -Infinity : held.now.xAt(held.now.length - 1);
    const xOf = this.#xOf(x);
    for (let i = held.read; i < this.#length; i++) {
      const at = xOf(this.#rows[i]!);
      if (Number.isNaN(at)) continue;
      if (at < last) {
        held.isDisordered = true;
        this.#orderLater();
        return;
      }
      last = at;
      xs.push(at);
      ys.push(this.#values[i]!);
    }
    held.read = this.#length;
    held.now.appendMany(xs, ys);
  }

  #orderLater(): void {
    this.#orderTimer ??= setTimeout(() => {
      this.#orderTimer = null;
      for (const [x, held] of this.#projections) if (held.isDisordered) this.#order(x, held);
    }, ORDER_MS);
  }

  /** Puts all points in order of x, and those that a rewind took off the curve apart. */
  #order(x: RunX, held: Held): void {
    const { rewinds } = this.#log;
    const xOf = this.#xOf(x);
    const now: number[] = [];
    const before: number[] = [];
    const xs = new Float64Array(this.#length);
    for (let i = 0; i < this.#length; i++) {
      const row = this.#rows[i]!;
      xs[i] = xOf(row);
      if (Number.isNaN(xs[i]!)) continue;
      const isOld = rewinds.some((rewind) => row < rewind.row && this.#log.stepAt(row) >= rewind.fromStep);
      (isOld ? before : now).push(i);
    }
    for (const [indices, buffer] of [
      [now, held.now],
      [before, held.before],
    ] as const) {
      indices.sort((a, b) => xs[a]! - xs[b]! || a - b);
      buffer.replaceAll(
        indices.map((i) => xs[i]!),
        indices.map((i) => this.#values[i]!),
      );
    }
    held.read = this.#length;
    held.isDisordered = false;
  }

  /** x of a row; NaN where there is none. Another series gives its last finite value at or before the row. */
  #xOf(x: RunX): (row: number) => number {
    const log = this.#log;
    if (x === "step") return (row) => log.stepAt(row);
    if (x === "time") return (row) => log.timeAt(row);
    if (x === "relative") return (row) => log.timeAt(row) - log.timeAt(0);
    const other = log.series.get(x.slice(4));
    if (other === undefined) return () => Number.NaN;
    return (row) => {
      let at = other.indexBefore(row);
      while (at >= 0 && !Number.isFinite(other.valueAt(at))) at--;
      return at < 0 ? Number.NaN : other.valueAt(at);
    };
  }

  /** The last point at or before a row; −1 when there is none. */
  indexBefore(row: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows[middle]! <= row) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
