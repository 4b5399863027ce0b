import { TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "./bad-frame.ts";
import { encodeEnvelope } from "./envelope.ts";

/** `[u16 0x5459 "TY"][u48 payload bytes]`, big-endian; then the payload. */
const FRAME_HEADER_BYTES = 8;
const MAGIC = 0x5459;
/** Default limit of one frame's payload. */
export const FRAME_LIMIT_BYTES = 2 ** 32 - 1;
/** Smaller payloads are views on the chunk they came in; larger ones have memory of their own, 8-byte aligned. */
const OWN_MEMORY_ABOVE_BYTES = 4096;
/** A payload's memory grows with what arrived: at most this, or `GROWTH` times the bytes received. */
const FIRST_CAPACITY_BYTES = 16 * 2 ** 20;
const GROWTH = 8;
/** What is read where nothing is known of the next bytes; also how much of a payload must be missing for it to be read in place. */
const SCRATCH_BYTES = 65_536;
/** Frames up to this size leave as one chunk. */
const JOIN_BELOW_BYTES = 8192;

export interface EncodedFrame {
  /** To be written one after the other. Views on the caller's large arrays; leave those unchanged until written. */
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

/**
 * A value as one frame of a byte stream.
 * @throws {InvalidArgumentError} when the value cannot be sent; {TrainyardError} `too_large` above the limit. Nothing was written by then.
 */
export function encodeFrame(value: unknown, limitBytes: number = FRAME_LIMIT_BYTES): EncodedFrame {
  const chunks = encodeEnvelope(value, FRAME_HEADER_BYTES);
  const byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const payload = byteLength - FRAME_HEADER_BYTES;
  if (payload > limitBytes) {
    throw new TrainyardError("too_large", `the value needs ${payload} bytes; a frame may have ${limitBytes}`, {
      details: { bytes: payload, limit: limitBytes },
    });
  }
  const head = chunks[0]!;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  view.setUint16(0, MAGIC);
  view.setUint16(2, Math.floor(payload / 2 ** 32));
  view.setUint32(4, payload >>> 0);
  return { chunks: chunks.length > 1 && byteLength <= JOIN_BELOW_BYTES ? [joined(chunks, byteLength)] : chunks, byteLength };
}

/**
 * Cuts a byte stream into the payloads of its frames. Bytes come by `push`, or are read into `space()` and reported by `took()`. Invariants:
 *  1. Bytes are copied at most once, but for the growth of payloads above the first capacity, which copies at most a seventh more; those of a large
 *     payload that are read into `space()` are not copied at all.
 *  2. Memory taken is at most the first capacity or 8 times the bytes received, whatever a length says.
 *  3. After a `BadFrameError` it stays broken: the stream has lost its place.
 */
export class FrameCutter {
  readonly #limitBytes: number;
  readonly #firstCapacityBytes: number;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerFilled = 0;
  #payload: Uint8Array | null = null;
  #length = 0;
  #filled = 0;
  #broken: BadFrameError | null = null;
  #scratch: Uint8Array | null = null;
  /** The space given last is the payload's own. */
  #isInPlace = false;

  /** @param firstCapacityBytes what a length is believed before its bytes come. */
  constructor(limitBytes: number = FRAME_LIMIT_BYTES, firstCapacityBytes: number = FIRST_CAPACITY_BYTES) {
    this.#limitBytes = limitBytes;
    this.#firstCapacityBytes = firstCapacityBytes;
  }

  /** True in the middle of a frame: a stream that ends now was cut off. */
  get isInsideFrame(): boolean {
    return this.#headerFilled > 0;
  }

  /** Where to read the next bytes of the stream; then say with `took` how many came. */
  space(): Uint8Array {
    this.#isInPlace = this.#payload !== null && this.#length - this.#filled >= SCRATCH_BYTES;
    if (this.#isInPlace) {
      this.#payload = this.#withRoom(this.#filled + 1);
      return this.#payload.subarray(this.#filled);
    }
    this.#scratch ??= new Uint8Array(SCRATCH_BYTES);
    return this.#scratch;
  }

  /**
   * As `push`, for `count` bytes that were read into what `space()` gave last. Payloads up to 4 kB are overwritten by the next read.
   * @throws {BadFrameError} as `push`.
   */
  took(count: number, onPayload: (payload: Uint8Array) => void): void {
    if (this.#isInPlace) this.#advance(this.#filled + count, onPayload);
    else if (this.#scratch !== null) this.push(this.#scratch.subarray(0, count), onPayload);
  }

  /**
   * Takes the next bytes of the stream and hands each payload that they complete to `onPayload`. Small payloads are views on `chunk`.
   * @throws {BadFrameError} for bytes that are no frame, or one above the limit.
   */
  push(chunk: Uint8Array, onPayload: (payload: Uint8Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#broken !== null) throw this.#broken;
      if (this.#headerFilled < FRAME_HEADER_BYTES) {
        at = this.#takeHeader(chunk, at);
        if (this.#headerFilled < FRAME_HEADER_BYTES) return;
        this.#filled = 0;
      }
      const wanted = this.#length - this.#filled;
      const end = Math.min(chunk.length, at + wanted);
      if (this.#payload === null && this.#length <= OWN_MEMORY_ABOVE_BYTES && end - at === this.#length) {
        this.#headerFilled = 0;
        onPayload(chunk.subarray(at, end));
      } else this.#fill(chunk.subarray(at, end), onPayload);
      at = end;
    }
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + FRAME_HEADER_BYTES - this.#headerFilled);
    this.#header.set(chunk.subarray(at, end), this.#headerFilled);
    this.#headerFilled += end - at;
    if (this.#headerFilled < FRAME_HEADER_BYTES) return end;
    const view = new DataView(this.#header.buffer);
    if (view.getUint16(0) !== MAGIC) this.#fail(`these bytes begin no frame: ${[...this.#header].map((b) => b.toString(16)).join(" ")}`);
    this.#length = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
    if (this.#length > this.#limitBytes) this.#fail(`a frame of ${this.#length} bytes is above the limit of ${this.#limitBytes}`);
    if (this.#length === 0) this.#fail("a frame has no payload");
    return end;
  }

  #fill(part: Uint8Array, onPayload: (payload: Uint8Array) => void): void {
    const filled = this.#filled + part.length;
    this.#payload = this.#withRoom(filled);
    this.#payload.set(part, this.#filled);
    this.#advance(filled, onPayload);
  }

  #advance(filled: number, onPayload: (payload: Uint8Array) => void): void {
    this.#filled = filled;
    if (filled < this.#length || this.#payload === null) return;
    const payload = this.#payload;
    this.#payload = null;
    this.#headerFilled = 0;
    onPayload(payload);
  }

  #withRoom(filled: number): Uint8Array {
    const now = this.#payload;
    if (now !== null && now.length >= filled) return now;
    const grown = new Uint8Array(Math.min(this.#length, Math.max(this.#firstCapacityBytes, GROWTH * filled)));
    if (now !== null) grown.set(now.subarray(0, this.#filled));
    return grown;
  }

  #fail(message: string): never {
    this.#broken = new BadFrameError(message);
    throw this.#broken;
  }
}

function joined(chunks: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
