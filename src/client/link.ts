import { encodeFrame, FrameCutter } from "../wire/live/codec.ts";
import { type ClosedWhy, type LinkEvent, type LinkState, nextLinkState, timerOf } from "./link-state.ts";

/** What the link needs of a WebSocket: the browser's own, or the `ws` package's in Node. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Time and chance, replaceable in tests. */
export interface LinkClock {
  now(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  random(): number;
}

export const REAL_CLOCK: LinkClock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
};

export interface LinkHooks {
  /** A whole frame arrived. */
  onFrame(header: Readonly<Record<string, unknown>>, payload: Uint8Array | null): void;
  onState(state: LinkState): void;
  /** The socket is open and the server is ready: authenticate and join; reject with a `Refusal` when waiting cannot help. */
  welcome(): Promise<void>;
  /** The link doubts itself: send something that the server answers. */
  probe(): void;
  /** The socket is gone; `state` has already changed. */
  onLost(reason: string): void;
}

/** Rejects `welcome` for good. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly why: Exclude<ClosedWhy, "asked">;
  constructor(why: Exclude<ClosedWhy, "asked">, message: string) {
    super(message);
    this.why = why;
  }
}

/**
 * One connection to the server at a time, reopened for as long as it takes. Invariants: at most one socket; exactly the one
 * timer of the current state; a socket that has been given up can no longer reach the hooks.
 */
export class Link {
  readonly #url: string;
  readonly #WebSocket: WebSocketConstructor;
  readonly #hooks: LinkHooks;
  readonly #clock: LinkClock;
  #state: LinkState = { at: "idle" };
  #socket: WebSocketLike | null = null;
  #timer: unknown = null;
  #heardAt = 0;

  constructor(url: string, webSocket: WebSocketConstructor, hooks: LinkHooks, clock: LinkClock = REAL_CLOCK) {
    this.#url = url;
    this.#WebSocket = webSocket;
    this.#hooks = hooks;
    this.#clock = clock;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Epoch ms of the last bytes from the server; 0 before the first. */
  get heardAt(): number {
    return this.#heardAt;
  }

  start(): void {
    this.#apply({ type: "start" });
  }

  /** Skips what is left of the delay before the next attempt. */
  tryNow(): void {
    this.#apply({ type: "try_now" });
  }

  /** The machine or the tab woke up: find out now whether the link still works. */
  wake(): void {
    this.#apply({ type: "woke" });
  }

  close(): void {
    this.#apply({ type: "close" });
  }

  /** Whether bytes can be sent now; the handshake may while the state is still `connecting`. */
  get isOpen(): boolean {
    return this.#socket !== null && this.#socket.readyState === 1;
  }

  /** Bytes that the socket has taken but not sent. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** @returns false when there is no open socket; nothing was sent then. */
  send(header: Readonly<Record<string, unknown>>, payload?: Uint8Array): boolean {
    if (!this.isOpen) return false;
    this.#socket!.send(encodeFrame(header, payload) as Uint8Array<ArrayBuffer>);
    return true;
  }

  #apply(event: LinkEvent): void {
    const before = this.#state;
    const after = nextLinkState(before, event, this.#clock.now(), () => this.#clock.random());
    if (after === before) return;
    this.#state = after;
    this.#restartTimer();
    const hadSocket = this.#socket !== null;
    if (after.at === "waiting" || after.at === "closed") this.#dropSocket();
    if (after.at === "connecting") this.#openSocket();
    this.#hooks.onState(after);
    if (hadSocket && (after.at === "waiting" || after.at === "closed")) this.#hooks.onLost(after.reason || "the link was closed");
    if (after.at === "suspect") this.#hooks.probe();
  }

  #restartTimer(delayMs: number | null = timerOf(this.#state)): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = delayMs === null ? null : this.#clock.setTimeout(() => this.#onTimer(), delayMs);
  }

  #onTimer(): void {
    this.#timer = null;
    if (this.#state.at !== "live") {
      this.#apply({ type: "timer" });
      return;
    }
    // Messages only note the time; the timer looks back, so a busy link does not restart a timer per message.
    const quietMs = this.#clock.now() - Math.max(this.#heardAt, this.#state.since);
    const left = (timerOf(this.#state) ?? 0) - quietMs;
    if (left > 0) this.#restartTimer(left);
    else this.#apply({ type: "silent" });
  }

  #openSocket(): void {
    this.#dropSocket();
    let socket: WebSocketLike;
    try {
      socket = new this.#WebSocket(this.#url);
    } catch (error) {
      this.#apply({ type: "lost", reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    socket.binaryType = "arraybuffer";
    const cutter = new FrameCutter();
    let greeted = false;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onmessage = (event: { data: unknown }): void => {
      if (!isCurrent()) return;
      this.#heardAt = this.#clock.now();
      this.#apply({ type: "heard" });
      // A long replay during the handshake is progress, not silence.
      if (this.#state.at === "connecting") this.#restartTimer();
      try {
        cutter.push(toBytes(event.data));
        for (let frame = cutter.next(); frame !== null && isCurrent(); frame = cutter.next()) {
          const header = frame.header as Readonly<Record<string, unknown>>;
          if (!greeted && header.event === "ready") {
            greeted = true;
            this.#greet(socket);
          }
          this.#hooks.onFrame(header, frame.payload);
        }
      } catch (error) {
        if (isCurrent()) this.#apply({ type: "lost", reason: `the server sent bytes that are no frame (${String(error)})` });
      }
    };
    socket.onclose = (event: { code?: number; reason?: string }): void => {
      if (!isCurrent()) return;
      if (!greeted && event.code === 1000) this.#apply({ type: "refused", why: "origin", reason: event.reason ?? "" });
      else this.#apply({ type: "lost", reason: event.reason || `the connection closed (${event.code ?? "no code"})` });
    };
    // The close event always follows. Only Node says here what a browser never tells: that the upgrade itself was refused.
    socket.onerror = (event: { message?: string }): void => {
      if (isCurrent() && /\b40[13]\b/.test(event.message ?? ""))
        this.#apply({ type: "refused", why: "origin", reason: event.message ?? "" });
    };
    this.#socket = socket;
  }

  #greet(socket: WebSocketLike): void {
    this.#hooks.welcome().then(
      () => {
        if (this.#socket === socket) this.#apply({ type: "welcomed" });
      },
      (error: unknown) => {
        if (this.#socket !== socket) return;
        if (error instanceof Refusal) this.#apply({ type: "refused", why: error.why, reason: error.message });
        else this.#apply({ type: "lost", reason: error instanceof Error ? error.message : String(error) });
      },
    );
  }

  #dropSocket(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onopen = null;
    try {
      socket.close(1000);
    } catch {
      // A socket that never opened may refuse; it is gone either way.
    }
  }
}

function toBytes(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error("a text message");
}
