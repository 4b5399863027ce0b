import { ColumnReader, packColumn, rawColumn, wordColumn } from "./column-codec.ts";

/** Points of one series, oldest first, as columns of equal length. */
export interface SeriesColumns {
  /** Position of the row in the run's log. */
  readonly seqs: Float64Array;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Positions whose value is null; ascending. */
  readonly nulls: readonly number[];
}

/** A growing end of a series. Memory: 32 bytes a point, doubled when full. */
export class SeriesTail {
  count = 0;
  #seqs = new Float64Array(8);
  #steps = new Float64Array(8);
  #times = new Float64Array(8);
  #values = new Float64Array(8);
  #nulls: number[] = [];

  add(seq: number, step: number, time: number, value: number, isNull: boolean): void {
    if (this.count === this.#values.length) this.#grow();
    const at = this.count++;
    this.#seqs[at] = seq;
    this.#steps[at] = step;
    this.#times[at] = time;
    this.#values[at] = value;
    if (isNull) this.#nulls.push(at);
  }

  /** Views; valid until the next `add` or `clear`. */
  columns(): SeriesColumns {
    return {
      seqs: this.#seqs.subarray(0, this.count),
      steps: this.#steps.subarray(0, this.count),
      times: this.#times.subarray(0, this.count),
      values: this.#values.subarray(0, this.count),
      nulls: this.#nulls,
    };
  }

  /** Takes over what a chunk held. */
  fill({ seqs, steps, times, values, nulls }: SeriesColumns): void {
    const isNull = new Set(nulls);
    for (let i = 0; i < values.length; i++) this.add(seqs[i]!, steps[i]!, times[i]!, values[i]!, isNull.has(i));
  }

  clear(): void {
    this.count = 0;
    this.#nulls = [];
  }

  #grow(): void {
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(column.length * 2);
      next.set(column);
      return next;
    };
    this.#seqs = grown(this.#seqs);
    this.#steps = grown(this.#steps);
    this.#times = grown(this.#times);
    this.#values = grown(this.#values);
  }
}

/** A chunk of a series on disk: `[f64 count][f64 nulls][seqs][steps][times][nulls][values]`. */
export function encodeChunk({ seqs, steps, times, values, nulls }: SeriesColumns): Buffer {
  const head = rawColumn(Float64Array.of(values.length, nulls.length));
  const parts = [
    head,
    ...packColumn(seqs),
    ...packColumn(steps),
    ...packColumn(times),
    wordColumn(Uint32Array.from(nulls)),
    rawColumn(values),
  ];
  return Buffer.concat(parts);
}

export function decodeChunk(bytes: Uint8Array): SeriesColumns {
  const reader = new ColumnReader(bytes);
  const [count = 0, nullCount = 0] = reader.raw(2);
  const seqs = reader.packed(count);
  const steps = reader.packed(count);
  const times = reader.packed(count);
  const nulls = Array.from(reader.words(nullCount));
  return { seqs, steps, times, nulls, values: reader.raw(count) };
}
