import { writeSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import { type EncodedFrame, FRAME_LIMIT_BYTES, FrameCutter } from "../../wire/frames.ts";

/** Frames that are sent in one turn and are smaller than this leave as one write. */
const JOIN_BELOW_BYTES = 65_536;
/** What a length from a process of our own is believed. The system gives such memory only when it is written to. */
const FIRST_CAPACITY_BYTES = 256 * 2 ** 20;

/** Node's own options, which its types lack: memory to read into, in place of a new buffer for each read. */
interface ReadOptions extends SocketConstructorOpts {
  readonly handle?: unknown;
  readonly onread: {
    readonly buffer: () => Uint8Array;
    readonly callback: (count: number) => boolean;
  };
}

export interface PipeEvents {
  /** A view that the next read may overwrite: decode it now. Throwing ends in `onFault`. */
  onPayload(payload: Uint8Array): void;
  /** What came makes no sense, or `onPayload` threw. Nothing more is read. */
  onFault(cause: unknown): void;
}

/**
 * One end of a pipe that carries frames both ways. What comes is read in place: a large payload is written to its own memory by the system.
 * Invariants: what is sent leaves in order; after a fault nothing is handed on.
 */
export class FramePipe {
  readonly socket: Socket;
  readonly #events: PipeEvents;
  readonly #cutter = new FrameCutter(FRAME_LIMIT_BYTES, FIRST_CAPACITY_BYTES);
  /** The descriptor that may be written to at once; null where all goes through the socket. */
  readonly #fd: number | null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isBroken = false;

  /** @param from the descriptor of an inherited pipe, or the stream that Node made for a child's. */
  constructor(from: number | Socket, events: PipeEvents) {
    this.#events = events;
    this.#fd = typeof from === "number" && process.platform !== "win32" ? from : null;
    const onread = { buffer: () => this.#cutter.space(), callback: (count: number) => this.#took(count) };
    this.socket = typeof from === "number" ? new Socket({ fd: from, onread } as ReadOptions) : this.#over(from, onread);
  }

  /** Sends now what the system takes at once; the rest waits in the socket, by reference. */
  sendNow({ chunks }: EncodedFrame): void {
    this.#leave();
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) {
      const written = this.#written(first);
      if (written < first.length) this.socket.write(written === 0 ? first : first.subarray(written));
      return;
    }
    this.#write(chunks);
  }

  /** Sends at the end of this turn, with everything else that is sent until then. */
  send({ chunks, byteLength }: EncodedFrame): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flush);
    for (const chunk of chunks) this.#waiting.push(chunk);
    this.#waitingBytes += byteLength;
    if (this.#waitingBytes >= JOIN_BELOW_BYTES) this.#leave();
  }

  end(): void {
    this.#leave();
    this.socket.end();
  }

  readonly #flush = (): void => this.#leave();

  #leave(): void {
    const chunks = this.#waiting;
    if (chunks.length === 0) return;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (!this.socket.writable) return;
    if (chunks.length === 1) this.socket.write(chunks[0]!);
    else if (bytes <= 2 * JOIN_BELOW_BYTES) this.socket.write(Buffer.concat(chunks, bytes));
    else this.#write(chunks);
  }

  #write(chunks: readonly Uint8Array[]): void {
    this.socket.cork();
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.uncork();
  }

  /** How much of a chunk the system took. A full pipe, or one that the other side closed, takes nothing: the socket finds out why. */
  #written(chunk: Uint8Array): number {
    if (this.#fd === null || this.socket.writableLength > 0 || !this.socket.writable) return 0;
    try {
      return writeSync(this.#fd, chunk);
    } catch {
      return 0;
    }
  }

  #took(count: number): boolean {
    if (this.#isBroken) return false;
    try {
      this.#cutter.took(count, (payload) => this.#events.onPayload(payload));
      return true;
    } catch (cause) {
      this.#isBroken = true;
      this.#events.onFault(cause);
      return false;
    }
  }

  /** The stream of a child's pipe reads into buffers of its own; a socket over the same handle reads into ours. Where there is no such handle, the stream. */
  #over(stream: Socket, onread: ReadOptions["onread"]): Socket {
    const inner = stream as unknown as { _handle: { readonly useUserBuffer?: unknown } | null };
    const handle = inner._handle;
    if (typeof handle?.useUserBuffer === "function") {
      inner._handle = null;
      stream.destroy();
      return new Socket({ handle, onread } as ReadOptions as SocketConstructorOpts);
    }
    return stream.on("data", (chunk: Buffer) => this.#pushed(chunk));
  }

  #pushed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#isBroken; ) {
      const space = this.#cutter.space();
      const count = Math.min(space.length, chunk.length - at);
      space.set(chunk.subarray(at, at + count));
      this.#took(count);
      at += count;
    }
  }
}
