import { ERROR_CODES, type ErrorCode, TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "./bad-frame.ts";
import { BINARY_KINDS, type BinaryKind, DEPTH_LIMIT, EXTENSION, paddingAfter } from "./clone-types.ts";
import { codecFailed, decodeWith } from "./codecs.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SHORT_STRING_BYTES = 24;

/** Stands where an instance is to come. */
const UNFINISHED: object = Object.freeze({});

/** The only classes that a name on the wire can choose. */
const ERROR_CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map([
  ["TypeError", TypeError],
  ["RangeError", RangeError],
  ["SyntaxError", SyntaxError],
  ["ReferenceError", ReferenceError],
  ["EvalError", EvalError],
  ["URIError", URIError],
]);

/**
 * Reads what `CloneWriter` wrote, and plain MessagePack. Any input is safe: it ends in a value or in a `BadFrameError`.
 * No code is made, and none is run but that of registered codecs; the only other classes instantiated are the ones named in this file, and memory taken is at most a small
 * multiple of the bytes received: counts are never believed before their elements arrived.
 */
export class CloneReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #end: number;
  #segmentsEnd: number;
  #segmentsRead = 0;
  #depth = 0;
  readonly #objects: object[] = [];

  /** Reads from `start` to `end` of `bytes`; raw segments lie behind `end`. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // a Buffer's slice() would not copy
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
    this.#segmentsEnd = end;
  }

  get at(): number {
    return this.#at;
  }

  get segmentsRead(): number {
    return this.#segmentsRead;
  }

  /** Where the last segment ended, without padding; the header's end when there was none. */
  get segmentsEnd(): number {
    return this.#segmentsEnd;
  }

  read(): unknown {
    const token = this.#u8();
    if (token < 0x80) return token;
    if (token < 0x90) return this.#readRecord(token & 0x0f);
    if (token < 0xa0) return this.#readArray(token & 0x0f);
    if (token < 0xc0) return this.#readString(token & 0x1f);
    if (token >= 0xe0) return token - 0x100;
    return this.#readTagged(token);
  }

  #readTagged(token: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#readBytes(this.#u8());
      case 0xc5:
        return this.#readBytes(this.#u16());
      case 0xc6:
        return this.#readBytes(this.#u32());
      case 0xc7:
        return this.#readExtension(this.#u8());
      case 0xc8:
        return this.#readExtension(this.#u16());
      case 0xc9:
        return this.#readExtension(this.#u32());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#readExtension(1 << (token - 0xd4));
      case 0xd9:
        return this.#readString(this.#u8());
      case 0xda:
        return this.#readString(this.#u16());
      case 0xdb:
        return this.#readString(this.#u32());
      case 0xdc:
        return this.#readArray(this.#u16());
      case 0xdd:
        return this.#readArray(this.#u32());
      case 0xde:
        return this.#readRecord(this.#u16());
      case 0xdf:
        return this.#readRecord(this.#u32());
      default:
        return this.#readNumber(token);
    }
  }

  #readNumber(token: number): number | bigint {
    switch (token) {
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
        return this.#u8();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcf:
        return narrowed(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return narrowed(this.#view.getBigInt64(this.#take(8)));
      default:
        throw new BadFrameError(`0x${token.toString(16)} at byte ${this.#at - 1} begins no value`);
    }
  }

  #readArray(count: number): unknown[] {
    const array = this.#begun<unknown[]>([]);
    this.#expect(count);
    for (let i = 0; i < count; i++) array.push(this.read());
    this.#depth--;
    return array;
  }

  #readRecord(count: number): object {
    const record = this.#begun<Record<string, unknown>>({});
    this.#expect(2 * count);
    this.#readProperties(record, count);
    this.#depth--;
    return record;
  }

  #readProperties(target: object, count: number): void {
    const record = target as Record<string, unknown>;
    for (let i = 0; i < count; i++) {
      const key = this.#readText("a key");
      const value = this.read();
      if (key === "__proto__") Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
      else record[key] = value;
    }
  }

  #readExtension(length: number): unknown {
    const type = this.#u8();
    const end = this.#at + length;
    if (end > this.#end) throw new BadFrameError(`an extension of ${length} bytes at byte ${this.#at} goes past the header's end`);
    const outerEnd = this.#end;
    this.#end = end;
    const value = this.#readExtensionOf(type, length);
    if (this.#at !== end) throw new BadFrameError(`an extension of type ${type} ends at byte ${this.#at}, not ${end}`);
    this.#end = outerEnd;
    return value;
  }

  #readExtensionOf(type: number, length: number): unknown {
    switch (type) {
      case EXTENSION.REFERENCE:
        return this.#readReference();
      case EXTENSION.UNDEFINED:
        this.#take(length);
        return undefined;
      case EXTENSION.BIGINT:
        return this.#readBigint(length);
      case EXTENSION.DATE:
        return this.#kept(new Date(this.#view.getFloat64(this.#take(8))));
      case EXTENSION.MAP:
        return this.#readMap();
      case EXTENSION.SET:
        return this.#readSet();
      case EXTENSION.ERROR:
        return this.#readError();
      case EXTENSION.REGEXP:
        return this.#readRegExp();
      case EXTENSION.BINARY:
        return this.#readBinary(length);
      case EXTENSION.SEGMENT:
        return this.#readSegment();
      case EXTENSION.CODED:
        return this.#readCoded();
      case EXTENSION.UTF16:
        return this.#readUtf16(length);
      default:
        throw new BadFrameError(`extension type ${type} is unknown`);
    }
  }

  #readReference(): object | null {
    const index = this.#u32();
    const object = this.#objects[index];
    if (object === undefined) throw new BadFrameError(`reference to object ${index}, of ${this.#objects.length}`);
    if (object !== UNFINISHED) return object;
    codecFailed("an instance of a class with a codec refers to itself, or to one that cannot be decoded");
    return null;
  }

  /** Its place is taken before what is in it: whatever refers to it from there finds nothing. */
  #readCoded(): object | null {
    const index = this.#objects.length;
    this.#begun(UNFINISHED);
    const instance = decodeWith(this.#readText("a codec's name"), this.read());
    this.#objects[index] = instance ?? UNFINISHED;
    this.#depth--;
    return instance;
  }

  #readBigint(length: number): bigint {
    const isNegative = this.#u8() === 1;
    const digits = this.#latin(length - 1);
    if (!/^[0-9a-f]+$/.test(digits)) throw new BadFrameError("a bigint has other than hexadecimal digits");
    const magnitude = BigInt(`0x${digits}`);
    return isNegative ? -magnitude : magnitude;
  }

  #readMap(): Map<unknown, unknown> {
    const map = this.#begun(new Map<unknown, unknown>());
    const count = this.#u32();
    this.#expect(2 * count);
    for (let i = 0; i < count; i++) {
      const key = this.read();
      map.set(key, this.read());
    }
    this.#depth--;
    return map;
  }

  #readSet(): Set<unknown> {
    const set = this.#begun(new Set<unknown>());
    const count = this.#u32();
    this.#expect(count);
    for (let i = 0; i < count; i++) set.add(this.read());
    this.#depth--;
    return set;
  }

  #readRegExp(): RegExp {
    const source = this.#readText("a pattern");
    const flags = this.#readText("flags");
    return this.#kept(new RegExp(source, flags));
  }

  #readError(): Error {
    const name = this.#readText("an error's name");
    const message = this.#readText("an error's message");
    const code = this.read();
    const stack = this.read();
    const isOurs = this.read() === true;
    const error = this.#begun(isOurs ? ourError(code, message) : foreignError(name, message, code));
    if (error.name !== name) define(error, "name", name);
    define(error, "stack", typeof stack === "string" ? stack : `${name}: ${message}`);
    const cause = this.read();
    if (cause !== undefined) define(error, "cause", cause);
    this.#readErrorData(error);
    this.#depth--;
    return error;
  }

  #readErrorData(error: Error): void {
    const token = this.#u8();
    if (token >= 0x80 && token < 0x90) this.#readProperties(error, token & 0x0f);
    else if (token === 0xde) this.#readProperties(error, this.#u16());
    else if (token === 0xdf) this.#readProperties(error, this.#u32());
    else throw new BadFrameError("an error's data must be a map");
  }

  #readBinary(length: number): object {
    const kind = this.#kind();
    const bytes = this.#bytes.slice(this.#at, this.#at + length - 1);
    this.#take(length - 1);
    return this.#kept(viewOf(kind, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length));
  }

  #readSegment(): object {
    const kind = this.#kind();
    const start = this.#segmentsEnd + paddingAfter(this.#segmentsEnd);
    const length = this.#u32() * 2 ** 32 + this.#u32();
    const end = start + length;
    if (end > this.#bytes.length) throw new BadFrameError(`a segment of ${length} bytes goes past the end of the envelope`);
    this.#segmentsRead++;
    this.#segmentsEnd = end;
    return this.#kept(segmentView(kind, this.#bytes, start, length));
  }

  #readUtf16(length: number): string {
    const start = this.#take(length);
    let text = "";
    for (let at = start; at + 1 < start + length; at += 2) text += String.fromCharCode(this.#view.getUint16(at));
    return text;
  }

  #readBytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#kept(this.#bytes.slice(start, start + length));
  }

  #readText(what: string): string {
    const value = this.read();
    if (typeof value !== "string") throw new BadFrameError(`${what} must be a string`);
    return value;
  }

  #readString(length: number): string {
    const start = this.#take(length);
    if (length <= SHORT_STRING_BYTES) {
      let text = "";
      let i = start;
      for (; i < start + length; i++) {
        const byte = this.#bytes[i]!;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (i === start + length) return text;
    }
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  #latin(length: number): string {
    const start = this.#take(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  #kind(): BinaryKind {
    const code = this.#u8();
    const kind = BINARY_KINDS[code];
    if (kind === undefined) throw new BadFrameError(`binary kind ${code} is unknown`);
    return kind;
  }

  /** Registers an object that others inside it may refer to, and goes one level down. */
  #begun<T extends object>(object: T): T {
    if (++this.#depth > DEPTH_LIMIT) throw new BadFrameError(`values are nested more than ${DEPTH_LIMIT} levels deep`);
    return this.#kept(object);
  }

  #kept<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  /** Each of `count` values needs a byte at least. */
  #expect(count: number): void {
    if (count > this.#end - this.#at) throw new BadFrameError(`${count} values cannot be in ${this.#end - this.#at} bytes`);
  }

  #u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  #take(count: number): number {
    const start = this.#at;
    if (count < 0 || start + count > this.#end) throw new BadFrameError(`${count} bytes are missing at byte ${start}`);
    this.#at = start + count;
    return start;
  }
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
}

function ourError(code: unknown, message: string): Error {
  if (!ERROR_CODES.some((known) => known === code)) throw new BadFrameError(`error code ${JSON.stringify(code)} is unknown`);
  return new TrainyardError(code as ErrorCode, message);
}

function foreignError(name: string, message: string, code: unknown): Error {
  const error = name === "AggregateError" ? new AggregateError([], message) : new (ERROR_CLASSES.get(name) ?? Error)(message);
  if (typeof code === "string" || typeof code === "number") Object.assign(error, { code });
  return error;
}

/** A view where the segment lies; a copy where the envelope itself begins at an odd place, and for an ArrayBuffer, which cannot be a view. */
function segmentView(kind: BinaryKind, bytes: Uint8Array, start: number, length: number): object {
  const offset = bytes.byteOffset + start;
  if (kind !== "ArrayBuffer" && paddingAfter(offset) === 0) return viewOf(kind, bytes.buffer as ArrayBuffer, offset, length);
  const copy = bytes.slice(start, start + length);
  return viewOf(kind, copy.buffer as ArrayBuffer, copy.byteOffset, length);
}

function viewOf(kind: BinaryKind, buffer: ArrayBuffer, offset: number, length: number): object {
  switch (kind) {
    case "ArrayBuffer":
      return offset === 0 && length === buffer.byteLength ? buffer : buffer.slice(offset, offset + length);
    case "Int8Array":
      return new Int8Array(buffer, offset, length);
    case "Uint8Array":
      return new Uint8Array(buffer, offset, length);
    case "Uint8ClampedArray":
      return new Uint8ClampedArray(buffer, offset, length);
    case "Int16Array":
      return new Int16Array(buffer, offset, elements(length, 2));
    case "Uint16Array":
      return new Uint16Array(buffer, offset, elements(length, 2));
    case "Int32Array":
      return new Int32Array(buffer, offset, elements(length, 4));
    case "Uint32Array":
      return new Uint32Array(buffer, offset, elements(length, 4));
    case "Float32Array":
      return new Float32Array(buffer, offset, elements(length, 4));
    case "Float64Array":
      return new Float64Array(buffer, offset, elements(length, 8));
    case "BigInt64Array":
      return new BigInt64Array(buffer, offset, elements(length, 8));
    case "BigUint64Array":
      return new BigUint64Array(buffer, offset, elements(length, 8));
    case "DataView":
      return new DataView(buffer, offset, length);
  }
}

function elements(byteLength: number, width: number): number {
  if (byteLength % width !== 0) throw new BadFrameError(`${byteLength} bytes are no whole number of ${width}-byte elements`);
  return byteLength / width;
}
