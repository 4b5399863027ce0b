/**
 * What the clone codec adds to plain MessagePack: extension types of the application range, and the codes of binary values.
 *
 * Arrays, string-keyed objects, strings, numbers, booleans and null are ordinary MessagePack. Every object that can be shared or form
 * a cycle has an index, counted from 0 in the order in which objects begin; REFERENCE names one that came before.
 */
export const EXTENSION = {
  /** u32: index of an object that began earlier. */
  REFERENCE: 1,
  /** One zero byte. */
  UNDEFINED: 2,
  /** Sign byte (0 or 1), then the magnitude as hexadecimal digits in ASCII. */
  BIGINT: 3,
  /** f64: epoch milliseconds, NaN for an invalid date. */
  DATE: 4,
  /** u32 count, then key, value, key, value … */
  MAP: 5,
  /** u32 count, then the members. */
  SET: 6,
  /** Values in sequence: name, message, code or null, stack or null, whether it is a TrainyardError, cause, other own properties as a map. */
  ERROR: 7,
  /** Source string, flags string. */
  REGEXP: 8,
  /** Binary kind u8, then the bytes. */
  BINARY: 9,
  /** Binary kind u8, then u64 byte length; the bytes are the next raw segment. */
  SEGMENT: 10,
  /** A string that is not valid Unicode, as UTF-16 code units, big-endian. */
  UTF16: 11,
  /** Name of a codec, then what it made of an instance of its class. */
  CODED: 12,
} as const;

/** Binary values above this many bytes travel as raw segments. */
export const SEGMENT_ABOVE_BYTES = 4096;
/** Segments begin at multiples of this. */
export const SEGMENT_ALIGNMENT = 8;
/** Deeper nesting is refused in both directions, so that no input can exhaust the stack. */
export const DEPTH_LIMIT = 1000;

/** Position is the code on the wire. Every typed array knows its name whatever realm it comes from. */
export const BINARY_KINDS = [
  "ArrayBuffer",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "DataView",
] as const;
export type BinaryKind = (typeof BINARY_KINDS)[number];

/** Bytes from `at` to the next segment boundary. */
export function paddingAfter(at: number): number {
  return -at & (SEGMENT_ALIGNMENT - 1);
}
