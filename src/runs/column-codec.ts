import { TrainyardError } from "../core/errors.ts";

/** How a column of doubles lies on disk. Steps and times are mostly even or nearly so and shrink; values are kept as they are. */
const RAW = 0;
const EVEN = 1;
const DELTAS = 2;

/** A packed column: kind, then its numbers. All sizes are multiples of 8. */
export function packColumn(values: Float64Array): Uint8Array[] {
  const count = values.length;
  if (isEven(values)) {
    const stride = count > 1 ? values[1]! - values[0]! : 0;
    return [bytesOf(Float64Array.of(EVEN, values[0] ?? 0, stride))];
  }
  const deltas = maybeDeltas(values);
  if (deltas !== null) return [bytesOf(Float64Array.of(DELTAS, values[0]!)), bytesOf(deltas)];
  return [bytesOf(Float64Array.of(RAW)), bytesOf(values)];
}

/** Values of any kind, unpacked: 8 bytes each. */
export function rawColumn(values: Float64Array): Uint8Array {
  return bytesOf(values);
}

/** Reads columns in the order in which they were written. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    // Typed views need aligned bytes; a row of the database need not be.
    this.#bytes = (bytes.byteOffset + at) % 8 === 0 ? bytes.subarray(at) : bytes.slice(at);
    this.#at = 0;
  }

  packed(count: number): Float64Array {
    const [kind = RAW] = this.raw(1);
    if (kind === RAW) return this.raw(count);
    if (kind === EVEN) {
      const [first = 0, stride = 0] = this.raw(2);
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) values[i] = first + i * stride;
      return values;
    }
    if (kind !== DELTAS)
      throw new TrainyardError("unavailable", `A stored column has the unknown kind ${kind}; the data folder is damaged.`);
    const values = new Float64Array(count);
    values[0] = this.raw(1)[0]!;
    const deltas = this.words(count - 1);
    for (let i = 1; i < count; i++) values[i] = values[i - 1]! + deltas[i - 1]!;
    return values;
  }

  raw(count: number): Float64Array {
    const view = new Float64Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, count);
    this.#at += count * 8;
    return view;
  }

  /** 32-bit integers, padded to 8 bytes. */
  words(count: number): Int32Array {
    const view = new Int32Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, count);
    this.#at += Math.ceil(count / 2) * 8;
    return view;
  }
}

/** 32-bit integers, padded to a multiple of 8 bytes. */
export function wordColumn(words: Uint32Array): Uint8Array {
  const padded = new Uint32Array(words.length + (words.length % 2));
  padded.set(words);
  return bytesOf(padded);
}

/** Whether `first + i * stride` gives every value exactly. */
function isEven(values: Float64Array): boolean {
  if (values.length < 2) return values.length === 0 || Number.isFinite(values[0]!);
  const first = values[0]!;
  const stride = values[1]! - first;
  for (let i = 0; i < values.length; i++) if (!Object.is(first + i * stride, values[i])) return false;
  return true;
}

/** Differences between neighbours where all are 32-bit integers and give the values back exactly. */
function maybeDeltas(values: Float64Array): Uint32Array | null {
  const deltas = new Int32Array(values.length - 1 + ((values.length - 1) % 2));
  for (let i = 1; i < values.length; i++) {
    const delta = values[i]! - values[i - 1]!;
    if (!Number.isSafeInteger(values[i]!) || !Number.isSafeInteger(values[i - 1]!) || (delta | 0) !== delta || Object.is(values[i], -0))
      return null;
    deltas[i - 1] = delta;
  }
  return new Uint32Array(deltas.buffer);
}

function bytesOf(array: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
