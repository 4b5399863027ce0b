import type { Duplex } from "node:stream";
import { TrainyardError } from "../../core/errors.ts";
import { BadFrameError } from "../../wire/bad-frame.ts";

/** `[u8 kind][u24 executor][u32 bytes]`, big-endian; then the payload. */
const HEADER_BYTES = 8;
const KIND = { CONTROL: 1, DATA: 2, STDOUT: 3, STDERR: 4 } as const;
/** What is longer leaves in pieces, so that control messages get between. */
const PIECE_BYTES = 2 ** 20;
const TEXT_LIMIT_BYTES = 2 ** 16;
/** Characters, of at most three bytes each. */
const TEXT_PIECE = 16_384;
/** Unwritten bytes from which on a sender that can wait should. */
const FULL_BYTES = 4 * 2 ** 20;

const NOTHING = Buffer.alloc(0);

export interface ChannelEvents {
  /** A control message: JSON, not yet validated. Throwing breaks the channel. */
  onControl(message: unknown): void;
  /** A piece of the frame stream of one executor, as it comes: cut anywhere. Throwing breaks the channel. */
  onData(executor: number, bytes: Uint8Array): void;
  onOutput(executor: number, from: "stdout" | "stderr", text: string): void;
  /** Once. `cause` is null when the other end left in an orderly way. */
  onClose(cause: Error | null): void;
}

export interface ChannelOptions {
  /** A sign of life is sent so often. */
  readonly heartbeatMs: number;
  /** After so long without anything from the other end it counts as gone. */
  readonly patienceMs: number;
}

/**
 * Messages of several executors over one authenticated stream. Invariants:
 *  1. `onClose` comes once and last, whatever happens: end, error, garbage, silence.
 *  2. Memory taken for what comes is at most 64 kB: data is handed on in the pieces in which it arrives.
 */
export class Channel {
  readonly #stream: Duplex;
  readonly #events: ChannelEvents;
  readonly #options: ChannelOptions;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #left = 0;
  #text: Buffer[] = [];
  #heardAt = performance.now();
  #isCorked = false;
  #isClosed = false;
  readonly #beat: NodeJS.Timeout;

  constructor(stream: Duplex, events: ChannelEvents, options: ChannelOptions) {
    this.#stream = stream;
    this.#events = events;
    this.#options = options;
    stream.on("error", (error) => this.close(error));
    stream.on("end", () => this.close(this.#headerFilled === 0 ? null : new BadFrameError("the link ended in the middle of a message")));
    stream.on("close", () => this.close(null));
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#beat = setInterval(() => this.#heartbeat(), options.heartbeatMs);
    this.#beat.unref();
  }

  get isFull(): boolean {
    return this.#stream.writableLength > FULL_BYTES;
  }

  /** Calls back when the stream wants more. */
  onDrain(callback: () => void): void {
    this.#stream.once("drain", callback);
  }

  control(message: Readonly<Record<string, unknown>>): void {
    this.#send(KIND.CONTROL, 0, Buffer.from(JSON.stringify(message)));
  }

  data(executor: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.#send(KIND.DATA, executor, bytes.subarray(at, at + PIECE_BYTES));
  }

  output(executor: number, from: "stdout" | "stderr", text: string): void {
    const kind = from === "stdout" ? KIND.STDOUT : KIND.STDERR;
    for (let at = 0; at < text.length; at += TEXT_PIECE) this.#send(kind, executor, Buffer.from(text.slice(at, at + TEXT_PIECE)));
  }

  /** What was sent leaves first; then the link ends. */
  end(): void {
    if (this.#isClosed) return;
    this.#uncork();
    this.#stream.end();
    const { patienceMs } = this.#options;
    setTimeout(() => this.close(null), Math.min(patienceMs, 1000)).unref();
  }

  close(cause: Error | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#beat);
    this.#stream.on("error", () => {}); // late ones
    this.#stream.destroy();
    this.#events.onClose(cause);
  }

  #send(kind: number, executor: number, payload: Uint8Array): void {
    if (this.#isClosed || !this.#stream.writable) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(executor, 0);
    header[0] = kind;
    header.writeUInt32BE(payload.length, 4);
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(this.#uncork);
    }
    this.#stream.write(header);
    if (payload.length > 0) this.#stream.write(payload);
  }

  readonly #uncork = (): void => {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#stream.uncork();
  };

  #take(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      for (let at = 0; at < chunk.length && !this.#isClosed; ) at = this.#takePart(chunk, at);
    } catch (error) {
      this.close(error instanceof Error ? error : new BadFrameError(String(error)));
    }
  }

  #takePart(chunk: Buffer, at: number): number {
    if (this.#headerFilled < HEADER_BYTES) {
      const end = Math.min(chunk.length, at + HEADER_BYTES - this.#headerFilled);
      chunk.copy(this.#header, this.#headerFilled, at, end);
      this.#headerFilled += end - at;
      if (this.#headerFilled < HEADER_BYTES) return end;
      this.#begin();
      if (this.#left === 0) this.#finish(NOTHING);
      return end;
    }
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    const bytes = chunk.subarray(at, end);
    if (this.#left === 0) this.#finish(bytes);
    else if (this.#header[0] === KIND.DATA) this.#events.onData(this.#executor, bytes);
    else this.#text.push(Buffer.from(bytes));
    return end;
  }

  #begin(): void {
    const kind = this.#header[0]!;
    this.#left = this.#header.readUInt32BE(4);
    const limit = kind === KIND.DATA ? PIECE_BYTES : TEXT_LIMIT_BYTES;
    if (kind < KIND.CONTROL || kind > KIND.STDERR) throw new BadFrameError(`a message of kind ${kind} is unknown`);
    if (this.#left > limit) throw new BadFrameError(`a message of ${this.#left} bytes is above the limit of ${limit}`);
  }

  get #executor(): number {
    return this.#header.readUInt32BE(0) & 0xffffff;
  }

  /** The last bytes of a message have come. */
  #finish(bytes: Buffer): void {
    this.#headerFilled = 0;
    const kind = this.#header[0]!;
    if (kind === KIND.DATA) {
      if (bytes.length > 0) this.#events.onData(this.#executor, bytes);
      return;
    }
    const whole = this.#text.length === 0 ? bytes : Buffer.concat([...this.#text.splice(0), bytes]);
    if (kind !== KIND.CONTROL) this.#events.onOutput(this.#executor, kind === KIND.STDOUT ? "stdout" : "stderr", whole.toString());
    else if (whole.length > 0) this.#events.onControl(parsed(whole)); // an empty one is a sign of life
  }

  #heartbeat(): void {
    if (this.#stream.writableLength === 0) this.#send(KIND.CONTROL, 0, Buffer.alloc(0));
    if (!this.#isSilent) return;
    // This process may itself have been busy for long: what came meanwhile is read before anybody is given up.
    setImmediate(() => setImmediate(() => this.#isSilent && this.close(this.#silence())));
  }

  get #isSilent(): boolean {
    return performance.now() - this.#heardAt > this.#options.patienceMs;
  }

  #silence(): TrainyardError {
    return new TrainyardError("unavailable", `nothing was heard from the other end for ${this.#options.patienceMs} ms`, {
      retryable: true,
    });
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new BadFrameError("a control message is no JSON", { cause });
  }
}
