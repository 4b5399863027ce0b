import { TrainyardError } from "../../core/errors.ts";
import { PROTOCOL_VERSION } from "./messages.ts";

/**
 * Frames of the live protocol, both ways: `[u32 header bytes, big-endian][header, UTF-8 JSON][payload]`. The payload is there
 * only when `header.payload` is an object; its length is `header.payload.bytes`. Runs anywhere.
 */
export const HEADER_LIMIT_BYTES = 1_048_576;
export const FRAME_LIMIT_BYTES = 268_435_456;
/** Clients keep each WebSocket message at or below this and spread a larger frame over several. */
export const MESSAGE_LIMIT_BYTES = 1_048_576;

const PREFIX_BYTES = 4;

export interface Frame {
  /** The parsed header: a JSON object or array. Everything inside is still unknown. */
  readonly header: unknown;
  /** Starts at a multiple of 8 in its buffer, so typed arrays can view it. Null when the header announces none. */
  readonly payload: Uint8Array<ArrayBuffer> | null;
}

/** Thrown by the codec for bytes that are not a frame, or for a frame that may not be written. */
export class BadFrameError extends TrainyardError {
  override readonly name = "BadFrameError";
  constructor(message: string) {
    super("bad_frame", message);
  }
}

/**
 * One whole frame. A missing `v` is written as 1, a given one is kept. With a payload the header gains
 * `payload: {format, bytes}`; `format` is the header's own when it names one, else `arrow-ipc`.
 * @throws {BadFrameError} when the header is no object, the payload no bytes, or a limit is exceeded.
 */
export function encodeFrame(header: object, payload: Uint8Array | null = null): Uint8Array<ArrayBuffer> {
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new BadFrameError("a frame's header must be an object");
  }
  if (payload !== null && !(payload instanceof Uint8Array)) throw new BadFrameError("a frame's payload must be bytes");
  const json = new TextEncoder().encode(JSON.stringify(completeHeader(header as Record<string, unknown>, payload)));
  if (json.length > HEADER_LIMIT_BYTES) {
    throw new BadFrameError(`the header has ${json.length} bytes; the limit is ${HEADER_LIMIT_BYTES}`);
  }
  const total = PREFIX_BYTES + json.length + (payload?.length ?? 0);
  if (total > FRAME_LIMIT_BYTES) throw new BadFrameError(`the frame has ${total} bytes; the limit is ${FRAME_LIMIT_BYTES}`);
  const frame = new Uint8Array(total);
  new DataView(frame.buffer).setUint32(0, json.length);
  frame.set(json, PREFIX_BYTES);
  if (payload !== null) frame.set(payload, PREFIX_BYTES + json.length);
  return frame;
}

function completeHeader(header: Record<string, unknown>, payload: Uint8Array | null): Record<string, unknown> {
  const { v = PROTOCOL_VERSION, payload: announced, ...rest } = header;
  if (payload === null) return { v, ...rest };
  const format = isObject(announced) && typeof announced.format === "string" ? announced.format : "arrow-ipc";
  return { v, ...rest, payload: { format, bytes: payload.length } };
}

/**
 * Reads one frame at the start of `bytes`, or returns null when more bytes are needed. `consumed` is the whole frame's length.
 * @throws {BadFrameError} when the bytes can never become a frame.
 */
export function decodeFrame(bytes: Uint8Array): { readonly frame: Frame; readonly consumed: number } | null {
  const cutter = new FrameCutter();
  cutter.push(bytes);
  const frame = cutter.next();
  return frame === null ? null : { frame, consumed: bytes.length - cutter.bufferedBytes };
}

/**
 * Cuts frames out of a stream of bytes, whatever its pieces. A piece is copied at most once. States: waiting for a header
 * (`#header` is null) or waiting for its payload. After a fault everything buffered is dropped and cutting starts anew.
 */
export class FrameCutter {
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #header: { readonly value: unknown; readonly payloadBytes: number | null } | null = null;

  /** Bytes held for frames that are not complete. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#buffered += bytes.length;
  }

  /** The next complete frame, or null. @throws {BadFrameError} for malformed input; nothing is buffered afterwards. */
  next(): Frame | null {
    try {
      this.#header ??= this.#readHeader();
    } catch (error) {
      this.clear();
      throw error;
    }
    if (this.#header === null) return null;
    const { value, payloadBytes } = this.#header;
    if (this.#buffered < (payloadBytes ?? 0)) return null;
    this.#header = null;
    return { header: value, payload: payloadBytes === null ? null : alignedCopy(this.#take(payloadBytes)) };
  }

  clear(): void {
    this.#pieces = [];
    this.#buffered = 0;
    this.#header = null;
  }

  #readHeader(): { value: unknown; payloadBytes: number | null } | null {
    if (this.#buffered < PREFIX_BYTES) return null;
    const prefix = this.#peek(PREFIX_BYTES);
    const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getInt32(0);
    if (length < 0) throw new BadFrameError(`the header length is negative (${length})`);
    if (length > HEADER_LIMIT_BYTES)
      throw new BadFrameError(`the header length ${length} is above the limit of ${HEADER_LIMIT_BYTES} bytes`);
    if (this.#buffered < PREFIX_BYTES + length) return null;
    const value = parseHeader(this.#take(PREFIX_BYTES + length).subarray(PREFIX_BYTES));
    return { value, payloadBytes: payloadLength(value, PREFIX_BYTES + length) };
  }

  /** The first `length` bytes, left in place; they are made one piece first. */
  #peek(length: number): Uint8Array {
    const first = this.#pieces[0]!;
    if (first.length >= length) return first.subarray(0, length);
    const joined = joinPieces(this.#pieces, length);
    this.#pieces = [joined.head, ...joined.rest];
    return joined.head;
  }

  #take(length: number): Uint8Array {
    this.#buffered -= length;
    const first = this.#pieces[0];
    if (first === undefined) return new Uint8Array(0);
    if (first.length > length) {
      this.#pieces[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) {
      this.#pieces.shift();
      return first;
    }
    const { head, rest } = joinPieces(this.#pieces, length);
    this.#pieces = rest;
    return head;
  }
}

/** The first `length` bytes of `pieces` as one, and what is left. */
function joinPieces(pieces: readonly Uint8Array[], length: number): { head: Uint8Array; rest: Uint8Array[] } {
  const head = new Uint8Array(length);
  let filled = 0;
  let index = 0;
  for (; filled < length; index++) {
    const piece = pieces[index]!;
    const part = piece.subarray(0, length - filled);
    head.set(part, filled);
    filled += part.length;
    if (part.length < piece.length) return { head, rest: [piece.subarray(part.length), ...pieces.slice(index + 1)] };
  }
  return { head, rest: pieces.slice(index) };
}

function parseHeader(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new BadFrameError("the header could not be parsed as UTF-8 JSON");
  }
  if (value === null || typeof value !== "object") throw new BadFrameError("the header must be a JSON object");
  return value;
}

/** How many payload bytes the header announces; null for none. Numeric strings are accepted, as version 1 does. */
function payloadLength(header: unknown, headerBytes: number): number | null {
  const announced = isObject(header) ? header.payload : null;
  if (announced === undefined || announced === null) return null;
  if (!isObject(announced)) throw new BadFrameError("header.payload must be an object");
  const { bytes } = announced;
  const numeric = typeof bytes === "number" || (typeof bytes === "string" && bytes.trim() !== "");
  const length = numeric ? Number(bytes) : Number.NaN;
  if (!Number.isInteger(length) || length < 0 || length > 0x7fff_ffff) {
    throw new BadFrameError("header.payload.bytes must be a whole number of bytes, zero or more");
  }
  if (headerBytes + length > FRAME_LIMIT_BYTES) {
    throw new BadFrameError(`the frame would have ${headerBytes + length} bytes; the limit is ${FRAME_LIMIT_BYTES}`);
  }
  return length;
}

function alignedCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isOwn = bytes.buffer instanceof ArrayBuffer && bytes.byteOffset % 8 === 0;
  return isOwn ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
