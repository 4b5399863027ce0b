/** A number of one event of TensorBoard's. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

export interface ScalarEvent {
  readonly step: number;
  /** Epoch ms. */
  readonly time: number;
  readonly scalars: readonly Scalar[];
  /** Values that are none: images, histograms, texts. */
  readonly others: number;
}

type Field = { readonly number: number } & (
  | { readonly wire: 0; readonly value: bigint }
  | { readonly wire: 1; readonly bytes: DataView }
  | { readonly wire: 2; readonly bytes: Uint8Array }
  | { readonly wire: 5; readonly bytes: DataView }
);

/** Types of a tensor that are numbers: float, double, int32, int64. */
const TENSOR = { float: 1, double: 2, int32: 3, int64: 9 } as const;
const decoder = new TextDecoder();

/**
 * Reads an `Event` message: `wall_time` 1 double, `step` 2 int64, `summary` 5 with values `{tag 1, simple_value 2 float, tensor 8}`. A tensor counts when it holds one number.
 * @throws {RangeError} for bytes that are no message.
 */
export function readEvent(bytes: Uint8Array): ScalarEvent {
  let [step, time] = [0, 0];
  let others = 0;
  const scalars: Scalar[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.wire === 1) time = field.bytes.getFloat64(0, true) * 1000;
    else if (field.number === 2 && field.wire === 0) step = Number(BigInt.asIntN(64, field.value));
    else if (field.number === 5 && field.wire === 2) {
      for (const value of fieldsOf(field.bytes)) {
        if (value.number !== 1 || value.wire !== 2) continue;
        const scalar = maybeScalar(value.bytes);
        if (scalar === null) others++;
        else scalars.push(scalar);
      }
    }
  }
  return { step, time, scalars, others };
}

function maybeScalar(bytes: Uint8Array): Scalar | null {
  let tag = "";
  let number: number | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.wire === 2) tag = decoder.decode(field.bytes);
    else if (field.number === 2 && field.wire === 5) number = field.bytes.getFloat32(0, true);
    else if (field.number === 8 && field.wire === 2) number = maybeTensorNumber(field.bytes);
  }
  return number === null ? null : { tag, value: number };
}

/** The number in a tensor that holds exactly one; null for every other. */
function maybeTensorNumber(bytes: Uint8Array): number | null {
  let type = 0;
  const numbers: number[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && field.wire === 0) type = Number(field.value);
    else if (field.number === 4 && field.wire === 2) numbers.push(...contentOf(field.bytes, type));
    else if (field.number === 5 && field.wire === 5) numbers.push(field.bytes.getFloat32(0, true));
    else if (field.number === 5 && field.wire === 2) numbers.push(...contentOf(field.bytes, TENSOR.float));
    else if (field.number === 6 && field.wire === 1) numbers.push(field.bytes.getFloat64(0, true));
    else if (field.number === 6 && field.wire === 2) numbers.push(...contentOf(field.bytes, TENSOR.double));
    else if ((field.number === 7 || field.number === 10) && field.wire === 0) numbers.push(Number(BigInt.asIntN(64, field.value)));
    else if ((field.number === 7 || field.number === 10) && field.wire === 2) {
      let at = 0;
      while (at < field.bytes.length) {
        const { value, next } = varintAt(field.bytes, at);
        numbers.push(Number(BigInt.asIntN(64, value)));
        at = next;
      }
    }
  }
  return numbers.length === 1 ? numbers[0]! : null;
}

/** Little-endian numbers of a type; of one that is none, nothing. */
function contentOf(bytes: Uint8Array, type: number): number[] {
  const size = type === TENSOR.double || type === TENSOR.int64 ? 8 : 4;
  const view = viewOf(bytes);
  // Two are enough to know that it is not one.
  const count = Math.min(2, Math.floor(bytes.length / size));
  return Array.from({ length: count }, (_, i) => {
    if (type === TENSOR.double) return [view.getFloat64(i * 8, true)];
    if (type === TENSOR.int64) return [Number(view.getBigInt64(i * 8, true))];
    if (type === TENSOR.float) return [view.getFloat32(i * 4, true)];
    return type === TENSOR.int32 ? [view.getInt32(i * 4, true)] : [];
  }).flat();
}

/** Fields of a protobuf message, in order. Source: the encoding guide of Protocol Buffers. @throws {RangeError} */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    const { value: key, next } = varintAt(bytes, at);
    at = next;
    const number = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (wire === 0) {
      const { value, next: after } = varintAt(bytes, at);
      at = after;
      yield { number, wire, value };
    } else if (wire === 2) {
      const { value: length, next: from } = varintAt(bytes, at);
      at = from + Number(length);
      if (at > bytes.length) throw new RangeError("a field is longer than its message");
      yield { number, wire, bytes: bytes.subarray(from, at) };
    } else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4;
      if (at + size > bytes.length) throw new RangeError("a field is longer than its message");
      yield { number, wire, bytes: new DataView(view.buffer, view.byteOffset + at, size) };
      at += size;
    } else throw new RangeError(`unknown wire type ${wire}`);
  }
}

function varintAt(bytes: Uint8Array, from: number): { readonly value: bigint; readonly next: number } {
  let value = 0n;
  for (let at = from, shift = 0n; shift < 70n; at++, shift += 7n) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: at + 1 };
  }
  throw new RangeError("a number has no end");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
