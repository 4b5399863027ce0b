import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { messageOf } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { CLOSE_CODES } from "../../wire/live/close-codes.ts";
import { FrameCutter } from "../../wire/live/codec.ts";
import type { SessionEvent } from "../events.ts";
import { KIND_COLORS } from "../results/kind-colors.ts";
import type { Services } from "../services.ts";
import type { TokenGate, Verdict } from "../token-gate.ts";
import { VERSION } from "../version.ts";
import type { InboundBudget, InboundLink } from "./inbound-budget.ts";
import type { Caller, MethodReply } from "./method.ts";
import { callMethod } from "./methods.ts";
import { Outbox } from "./outbox.ts";
import { toWireError, WireError } from "./wire-error.ts";

export interface ConnectionOptions {
  readonly gate: TokenGate;
  /** Shared by all links. */
  readonly inbound: InboundBudget;
  /** Time to authenticate. */
  readonly authDeadlineMs: number;
  readonly log: (line: string) => void;
}

/** Before it has authenticated, a client may send this much. */
const STRANGER_LIMIT_BYTES = 65_536;
const AUTH_FAILURES_MAX = 3;
/** Received but not yet answered: above the first the socket is not read, below the second it is again. */
const INBOX_FULL_BYTES = 8 * 1024 * 1024;
const INBOX_LOW_BYTES = 2 * 1024 * 1024;
/** Time to say goodbye to a link that is ended by force. */
const FAREWELL_MS = 200;
/** A result this large travels as payload instead of in the header. */
const INLINE_RESULT_MAX = 900_000;

type Incoming =
  | { readonly header: unknown; readonly payload: Uint8Array | null; readonly bytes: number }
  | { readonly fault: string; readonly bytes: 0 };

/**
 * One WebSocket. Requests are answered one at a time, in the order they came; events may go out between two answers.
 * States: a stranger until `auth` succeeds; then attached to a session or not.
 */
export class LiveConnection implements Caller, InboundLink {
  readonly connectionId: string = newId("conn");
  sessionId: string | null = null;
  readonly #socket: WebSocket;
  readonly #address: string;
  readonly #services: Services;
  readonly #options: ConnectionOptions;
  readonly #outbox: Outbox;
  readonly #cutter = new FrameCutter();
  readonly #deadline: NodeJS.Timeout;
  #inbox: Incoming[] = [];
  #inboxBytes = 0;
  #isBusy = false;
  #isAuthenticated = false;
  #failures = 0;
  #receivedBytes = 0;
  /** Bytes of a message that is not complete; a packet's worth of them may belong to the one before. */
  #arrivingBytes = 0;

  constructor(socket: WebSocket, raw: Socket, services: Services, options: ConnectionOptions) {
    this.#socket = socket;
    this.#address = raw.remoteAddress ?? "";
    this.#services = services;
    this.#options = options;
    this.#outbox = new Outbox(socket);
    this.#deadline = setTimeout(() => this.#close("notAuthenticated", "no auth in time"), options.authDeadlineMs);
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
    // Before the WebSocket's own listener, which may find the end of a message in these bytes.
    raw.prependListener("data", (data: Buffer) => this.#onBytes(data.length));
    this.notify("ready", { v: 1, server: "rtemislive", rtemis_version: null, kind_colors: KIND_COLORS, trainyard_version: VERSION });
    options.log(`${this.connectionId} opened`);
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  authenticate(token: unknown): Verdict {
    const verdict = this.#options.gate.check(this.#address, token);
    if (verdict.opens) {
      this.#failures = 0;
      this.#isAuthenticated = true;
      clearTimeout(this.#deadline);
    } else {
      this.#failures = verdict.retryAfterSeconds === null ? this.#failures + 1 : AUTH_FAILURES_MAX;
      this.#options.log(`${this.connectionId} sent a wrong token (${this.#failures} of ${AUTH_FAILURES_MAX})`);
    }
    return verdict;
  }

  deliver(event: SessionEvent): void {
    // The session is gone: whoever was attached to it no longer is (D-12).
    if (event.event === "session.deleted") this.sessionId = null;
    try {
      this.#outbox.event(event);
    } catch (error) {
      this.#options.log(`${this.connectionId}: event ${event.seq} could not be sent: ${messageOf(error)}`);
    }
  }

  notify(event: string, data: unknown): void {
    this.#outbox.notify(event, data);
  }

  /** Sends an event that is of no use later; a reader that is behind does not get it. */
  beat(event: string, data: unknown): void {
    this.#outbox.notifyWhenIdle(event, data);
  }

  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  /** Ends the link because the server stops. */
  goAway(): void {
    this.#close("goingAway", "the server stops");
  }

  /** Ends it without waiting for the other side. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** The server holds too many unanswered bytes, most of them from here. */
  overflow(): void {
    this.#options.log(`${this.connectionId}: closed, because the links together sent more than the server holds`);
    this.#close("tooSlow", "the server holds too much that has arrived; send less at once");
    this.#letGo();
    // What the socket itself holds of a message goes with it.
    setTimeout(() => this.#socket.terminate(), FAREWELL_MS).unref();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#arrivingBytes = 0;
    if (!this.isOpen) return;
    if (!isBinary) {
      this.#close("notBinary", "binary messages only");
      return;
    }
    this.#cutter.push(data);
    this.#cut();
    if (this.#inboxBytes > INBOX_FULL_BYTES) this.#socket.pause();
    this.#countHeld();
    void this.#work();
  }

  #cut(): void {
    try {
      for (let frame = this.#cutter.next(); frame !== null; frame = this.#cutter.next()) {
        const bytes = (frame.payload?.length ?? 0) + 1000;
        this.#inbox.push({ ...frame, bytes });
        this.#inboxBytes += bytes;
      }
    } catch (error) {
      this.#inbox.push({ fault: messageOf(error), bytes: 0 });
    }
  }

  #countHeld(): void {
    if (this.isOpen) this.#options.inbound.set(this, this.#arrivingBytes + this.#cutter.bufferedBytes + this.#inboxBytes);
  }

  #letGo(): void {
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#arrivingBytes = 0;
    this.#cutter.clear();
    this.#options.inbound.set(this, 0);
  }

  /** Bytes are counted before messages are put together. The whole of a stranger's traffic is small. */
  #onBytes(bytes: number): void {
    this.#arrivingBytes += bytes;
    if (this.#isAuthenticated) {
      this.#countHeld();
      return;
    }
    this.#receivedBytes += bytes;
    if (this.#receivedBytes > STRANGER_LIMIT_BYTES) {
      this.#close("tooBig", "authenticate before sending data");
      this.#socket.terminate();
    }
  }

  /** Answers what is in the inbox. Runs without a wait as long as methods answer at once. */
  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (!this.isOpen) break;
      if ("fault" in next) this.#answer(null, new WireError("malformed_frame", next.fault));
      else {
        const { id, outcome } = this.#start(next.header, next.payload);
        this.#answer(id, outcome instanceof Promise ? await outcome.catch((error: unknown) => ({ error })) : outcome);
      }
      this.#inboxBytes = Math.max(0, this.#inboxBytes - next.bytes);
      this.#countHeld();
      if (this.#socket.isPaused && this.#inboxBytes < INBOX_LOW_BYTES) this.#socket.resume();
      if (this.#failures >= AUTH_FAILURES_MAX) {
        this.#close("notAuthenticated", "three wrong tokens");
        break;
      }
      if (this.#isAuthenticated) await this.drained();
    }
    this.#isBusy = false;
  }

  #start(header: unknown, payload: Uint8Array | null): { readonly id: unknown; readonly outcome: Outcome | Promise<Outcome> } {
    const isObject = typeof header === "object" && header !== null && !Array.isArray(header);
    const { id = null, method, params } = isObject ? (header as Record<string, unknown>) : {};
    if (typeof method !== "string") {
      return { id, outcome: new WireError("malformed_frame", 'The header has no "method" string.') };
    }
    try {
      return { id, outcome: callMethod({ method, params, payload }, this, this.#services) };
    } catch (error) {
      return { id, outcome: { error } };
    }
  }

  #answer(id: unknown, outcome: Outcome): void {
    if (outcome instanceof WireError) {
      this.#refuse(id, outcome);
    } else if ("error" in outcome) {
      const { error } = outcome;
      const wire = toWireError(error);
      if (wire.code === "internal_error") this.#options.log(`request failed: ${error instanceof Error ? error.stack : String(error)}`);
      this.#refuse(id, wire);
    } else {
      this.#accept(id, outcome);
    }
  }

  #accept(id: unknown, { result, payload }: MethodReply): void {
    try {
      if (payload !== undefined) {
        this.#outbox.reply({ v: 1, id, ok: true, result, payload: { format: payload.format } }, payload.bytes);
        return;
      }
      const json = JSON.stringify(result ?? null);
      // A header holds at most 1 MiB. A larger result is not lost: it follows as JSON.
      if (json.length <= INLINE_RESULT_MAX && Buffer.byteLength(json) <= INLINE_RESULT_MAX)
        this.#outbox.reply({ v: 1, id, ok: true, result }, null);
      else this.#outbox.reply({ v: 1, id, ok: true, result: null, payload: { format: "json" } }, Buffer.from(json));
    } catch (error) {
      this.#refuse(id, new WireError("internal_error", `The answer cannot be sent: ${messageOf(error)}.`));
    }
  }

  #refuse(id: unknown, { code, message, details }: WireError): void {
    const text = message.length > 10_000 ? `${message.slice(0, 10_000)}…` : message;
    const error = { code, message: text, ...(details === null ? {} : { details }) };
    try {
      this.#outbox.reply({ v: 1, id, ok: false, error }, null);
    } catch {
      // The details, or the id that is to be echoed, do not fit a header.
      this.#outbox.reply({ v: 1, id: typeof id === "string" ? id.slice(0, 1000) : null, ok: false, error: { code, message: text } }, null);
    }
  }

  #onClose(): void {
    clearTimeout(this.#deadline);
    this.#outbox.closed();
    this.#letGo();
    this.#options.log(`${this.connectionId} closed`);
    const { sessionId } = this;
    if (sessionId === null) return;
    this.sessionId = null;
    try {
      this.#services.connectionLeft(sessionId, this);
    } catch (error) {
      this.#options.log(`${this.connectionId}: its departure could not be stored: ${messageOf(error)}`);
    }
  }

  #close(why: keyof typeof CLOSE_CODES, reason: string): void {
    this.#socket.close(CLOSE_CODES[why].code, reason);
  }
}

type Outcome = MethodReply | WireError | { readonly error: unknown };
