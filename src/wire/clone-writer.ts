import { ERROR_CODES, InvalidArgumentError } from "../core/errors.ts";
import { BINARY_KINDS, type BinaryKind, DEPTH_LIMIT, EXTENSION, SEGMENT_ABOVE_BYTES } from "./clone-types.ts";
import { type Codec, codecFor, encodeWith } from "./codecs.ts";

const FIRST_CAPACITY = 16_384;
/** Longer strings are encoded apart, so that the worst case of three bytes per unit is not reserved for them. */
const RESERVED_STRING_UNITS = 65_536;
const KNOWN_CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);
/** Carried by the error record itself. */
const ERROR_RECORD_KEYS: ReadonlySet<string> = new Set(["name", "message", "code", "stack", "cause"]);

const encoder = new TextEncoder();
/** One buffer kept between calls; null while a writer has it (a getter of a value may start another). */
let spare: Uint8Array<ArrayBuffer> | null = null;

/**
 * Writes one value as MessagePack with the extensions of `clone-types.ts`; large binary values are set aside as segments, uncopied.
 *
 * Kept: null, undefined, booleans, numbers (also -0 and NaN), bigints, strings (also lone surrogates), arrays (holes become undefined),
 * plain objects, Map, Set, Date, RegExp, errors, ArrayBuffer, typed arrays, DataView, shared references and cycles. Instances of classes with a codec become what it makes of them; of
 * others, plain objects of their own enumerable properties. Functions, symbols, promises, weak collections and shared memory are refused.
 * Cost: one pass, O(size); binary values above 4 kB cost nothing here.
 */
export class CloneWriter {
  /** Set aside in order; the caller sends them after the header. They are views on the caller's memory. */
  readonly segments: Uint8Array[] = [];
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at: number;
  #depth = 0;
  readonly #indexOf = new Map<object, number>();

  /** @param room bytes left free at the start, for the caller's own header. */
  constructor(room: number) {
    this.#bytes = spare ?? new Uint8Array(FIRST_CAPACITY);
    spare = null;
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = room;
  }

  /** Room and everything written, in memory of its own, followed by `padding(length)` zero bytes. The writer is used up. */
  finish(padding: (length: number) => number): Uint8Array<ArrayBuffer> {
    const length = this.#at;
    const padded = length + padding(length);
    const bytes = new Uint8Array(padded);
    bytes.set(this.#bytes.subarray(0, length));
    this.release();
    return bytes;
  }

  /** Gives the scratch buffer back; call it when writing failed. */
  release(): void {
    if (this.#bytes.length <= 4 * FIRST_CAPACITY) spare = this.#bytes;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#writeString(value);
        return;
      case "number":
        this.#writeNumber(value);
        return;
      case "boolean":
        this.#byte(value ? 0xc3 : 0xc2);
        return;
      case "undefined":
        this.#fixedExtension(EXTENSION.UNDEFINED);
        return;
      case "bigint":
        this.#writeBigint(value);
        return;
      case "object":
        if (value === null) this.#byte(0xc0);
        else this.#writeObject(value);
        return;
      default:
        throw unsendable(typeof value);
    }
  }

  #writeObject(value: object): void {
    const index = this.#indexOf.get(value);
    if (index !== undefined) {
      this.#writeReference(index);
      return;
    }
    this.#indexOf.set(value, this.#indexOf.size);
    if (++this.#depth > DEPTH_LIMIT) {
      throw new InvalidArgumentError(`a value nested more than ${DEPTH_LIMIT} levels deep cannot be sent; flatten it`);
    }
    if (isPlain(value)) this.#writeRecord(value);
    else {
      const codec = codecFor(value);
      if (codec !== null) this.#writeCoded(value, codec);
      else if (Array.isArray(value)) this.#writeArray(value);
      else this.#writeClassed(value);
    }
    this.#depth--;
  }

  #writeCoded(value: object, codec: Codec): void {
    const data = encodeWith(codec, value);
    this.#extension(EXTENSION.CODED, () => {
      this.#writeString(codec.name);
      this.write(data);
    });
  }

  #writeArray(value: readonly unknown[]): void {
    this.#count(value.length, 0x90, 0xdc);
    for (let i = 0; i < value.length; i++) this.write(value[i]);
  }

  #writeRecord(value: object, skipped?: ReadonlySet<string>): void {
    const record = value as Readonly<Record<string, unknown>>;
    let keys = Object.keys(record);
    if (skipped !== undefined) keys = keys.filter((key) => !skipped.has(key));
    this.#count(keys.length, 0x80, 0xde);
    for (const key of keys) {
      this.#writeString(key);
      this.write(record[key]);
    }
  }

  #writeClassed(value: object): void {
    if (ArrayBuffer.isView(value)) this.#writeBinary(kindOf(value), new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else if (value instanceof ArrayBuffer) this.#writeBinary("ArrayBuffer", new Uint8Array(value));
    else if (value instanceof Map) this.#writeMap(value);
    else if (value instanceof Set) this.#writeSet(value);
    else if (value instanceof Date) this.#writeDate(value);
    else if (isError(value)) this.#writeError(value);
    else if (value instanceof RegExp) this.#writeRegExp(value);
    else if (isRefused(value)) throw unsendable(value.constructor.name);
    else this.#writeRecord(value);
  }

  #writeMap(value: ReadonlyMap<unknown, unknown>): void {
    this.#extension(EXTENSION.MAP, () => {
      this.#u32(value.size);
      for (const [key, member] of value) {
        this.write(key);
        this.write(member);
      }
    });
  }

  #writeSet(value: ReadonlySet<unknown>): void {
    this.#extension(EXTENSION.SET, () => {
      this.#u32(value.size);
      for (const member of value) this.write(member);
    });
  }

  #writeDate(value: Date): void {
    this.#reserve(10);
    this.#bytes[this.#at] = 0xd7;
    this.#bytes[this.#at + 1] = EXTENSION.DATE;
    this.#view.setFloat64(this.#at + 2, value.getTime());
    this.#at += 10;
  }

  #writeRegExp(value: RegExp): void {
    this.#extension(EXTENSION.REGEXP, () => {
      this.#writeString(value.source);
      this.#writeString(value.flags);
    });
  }

  /** name, message, code, stack come first, so that the reader can make the error before it reads a cause that may lead back to it. */
  #writeError(value: Error & { code?: unknown; retryable?: unknown; details?: unknown }): void {
    const code = value.code;
    const isOurs = KNOWN_CODES.has(code) && typeof value.retryable === "boolean" && typeof value.details === "object";
    this.#extension(EXTENSION.ERROR, () => {
      this.#writeString(String(value.name));
      this.#writeString(String(value.message));
      this.write(typeof code === "string" || typeof code === "number" ? code : null);
      this.write(typeof value.stack === "string" ? value.stack : null);
      this.write(isOurs);
      this.write(value.cause);
      this.#writeErrorData(value);
    });
  }

  #writeErrorData(value: Error): void {
    if (!(value instanceof AggregateError)) {
      this.#writeRecord(value, ERROR_RECORD_KEYS);
      return;
    }
    const data: Record<string, unknown> = { errors: value.errors };
    for (const [key, member] of Object.entries(value)) if (!ERROR_RECORD_KEYS.has(key)) data[key] = member;
    this.#writeRecord(data);
  }

  #writeBinary(kind: BinaryKind, bytes: Uint8Array): void {
    const code = BINARY_KINDS.indexOf(kind);
    if (bytes.length <= SEGMENT_ABOVE_BYTES) {
      this.#extension(EXTENSION.BINARY, () => {
        this.#byte(code);
        this.#reserve(bytes.length);
        this.#bytes.set(bytes, this.#at);
        this.#at += bytes.length;
      });
      return;
    }
    this.segments.push(bytes);
    this.#extension(EXTENSION.SEGMENT, () => {
      this.#byte(code);
      this.#u32(Math.floor(bytes.length / 2 ** 32));
      this.#u32(bytes.length >>> 0);
    });
  }

  #writeBigint(value: bigint): void {
    const digits = (value < 0n ? -value : value).toString(16);
    this.#extension(EXTENSION.BIGINT, () => {
      this.#byte(value < 0n ? 1 : 0);
      this.#reserve(digits.length);
      encoder.encodeInto(digits, this.#bytes.subarray(this.#at));
      this.#at += digits.length;
    });
  }

  #writeReference(index: number): void {
    this.#reserve(2);
    this.#bytes[this.#at++] = 0xd6;
    this.#bytes[this.#at++] = EXTENSION.REFERENCE;
    this.#u32(index);
  }

  #writeNumber(value: number): void {
    this.#reserve(9);
    if (value === (value | 0) && !Object.is(value, -0)) {
      if (value >= 0 && value < 0x80) this.#bytes[this.#at++] = value;
      else if (value < 0 && value >= -32) this.#bytes[this.#at++] = value & 0xff;
      else {
        this.#bytes[this.#at] = 0xd2;
        this.#view.setInt32(this.#at + 1, value);
        this.#at += 5;
      }
      return;
    }
    this.#bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #writeString(value: string): void {
    if (value.length < 32 && this.#writeShortAscii(value)) return;
    if (value.length > RESERVED_STRING_UNITS) {
      this.#writeEncoded(value, encoder.encode(value));
      return;
    }
    const most = value.length * 3;
    this.#reserve(most + 5);
    const start = this.#at;
    const head = most < 0x100 ? 2 : most < 0x10000 ? 3 : 5;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start + head));
    if (written !== value.length && hasLoneSurrogate(value)) {
      this.#writeUtf16(value);
      return;
    }
    this.#stringHead(head, written);
    this.#at = start + head + written;
  }

  #writeEncoded(value: string, utf8: Uint8Array): void {
    if (utf8.length !== value.length && hasLoneSurrogate(value)) {
      this.#writeUtf16(value);
      return;
    }
    this.#reserve(utf8.length + 5);
    this.#stringHead(5, utf8.length);
    this.#bytes.set(utf8, this.#at + 5);
    this.#at += 5 + utf8.length;
  }

  #stringHead(head: number, length: number): void {
    this.#bytes[this.#at] = head === 2 ? 0xd9 : head === 3 ? 0xda : 0xdb;
    if (head === 2) this.#bytes[this.#at + 1] = length;
    else if (head === 3) this.#view.setUint16(this.#at + 1, length);
    else this.#view.setUint32(this.#at + 1, length);
  }

  #writeShortAscii(value: string): boolean {
    this.#reserve(32);
    const start = this.#at + 1;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return false;
      this.#bytes[start + i] = unit;
    }
    this.#bytes[this.#at] = 0xa0 | value.length;
    this.#at = start + value.length;
    return true;
  }

  #writeUtf16(value: string): void {
    this.#extension(EXTENSION.UTF16, () => {
      this.#reserve(value.length * 2);
      for (let i = 0; i < value.length; i++) this.#view.setUint16(this.#at + 2 * i, value.charCodeAt(i));
      this.#at += value.length * 2;
    });
  }

  /** An extension of four length bytes, filled in once its content is known. */
  #extension(type: number, content: () => void): void {
    this.#reserve(6);
    const start = this.#at;
    this.#bytes[start] = 0xc9;
    this.#bytes[start + 5] = type;
    this.#at += 6;
    content();
    this.#view.setUint32(start + 1, this.#at - start - 6);
  }

  #fixedExtension(type: number): void {
    this.#reserve(3);
    this.#bytes[this.#at++] = 0xd4;
    this.#bytes[this.#at++] = type;
    this.#bytes[this.#at++] = 0;
  }

  /** `wide` is the token of the 16-bit count; the next one is that of the 32-bit count. */
  #count(count: number, short: number, wide: number): void {
    this.#reserve(5);
    if (count < 16) this.#bytes[this.#at++] = short | count;
    else if (count < 0x10000) {
      this.#bytes[this.#at] = wide;
      this.#view.setUint16(this.#at + 1, count);
      this.#at += 3;
    } else {
      this.#bytes[this.#at++] = wide + 1;
      this.#u32(count);
    }
  }

  #u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

function isRefused(value: object): boolean {
  return (
    value instanceof Promise ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof WeakRef ||
    (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer)
  );
}

function kindOf(view: ArrayBufferView): BinaryKind {
  const name = (view as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  const kind = BINARY_KINDS.find((candidate) => candidate === name);
  if (kind === undefined) throw unsendable(String(name));
  return kind;
}

function hasLoneSurrogate(value: string): boolean {
  return /\p{Surrogate}/u.test(value);
}

function unsendable(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`a ${what} cannot be sent; send plain data instead`);
}
