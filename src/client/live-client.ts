import { TrainyardError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { ReplyHeader, SessionSnapshot, WireErrorCode } from "../wire/live/messages.ts";
import { PendingCalls } from "../wire/pending-calls.ts";
import {
  type CallOptions,
  type ClientListener,
  type LiveClientOptions,
  type Reply,
  refusalMessage,
  type SessionChange,
  type TableReply,
} from "./client-types.ts";
import { startDeadline } from "./deadline.ts";
import { CallTimeoutError, LinkLostError, RemoteError } from "./errors.ts";
import { EventOrder, type OrderedEvents } from "./event-order.ts";
import { Link, type LinkClock, REAL_CLOCK, Refusal, type WebSocketConstructor } from "./link.ts";
import type { LinkState } from "./link-state.ts";
import type { JsonSlices, MethodName, Methods, TablePointer, TableSlice, UploadedHandle } from "./methods.ts";
import { type UploadOptions, uploadInChunks } from "./upload.ts";

interface Sent {
  readonly method: string;
  /** Runs before anything that arrived after the reply is looked at. */
  readonly onReply: ((result: unknown) => void) | null;
  readonly stopDeadline: () => void;
}

interface WaitingCall {
  readonly method: string;
  readonly go: () => void;
  readonly fail: (reason: string) => void;
}

/** Calls that may wait for the link; one more is refused. */
const WAITING_LIMIT = 20;
const WAITING_MS = 60_000;

/**
 * Typed calls and ordered events over one link that repairs itself. Invariants:
 *  1. Every call settles: with its answer, a RemoteError, a CallTimeoutError or a LinkLostError.
 *  2. Events of a session are delivered in order and once, also over reconnects.
 *  3. After a reconnect the session is joined again before anything else is sent.
 */
export class LiveClient {
  readonly #options: LiveClientOptions;
  readonly #clock: LinkClock;
  readonly #link: Link;
  readonly #listeners = new Set<ClientListener>();
  readonly #pending = new PendingCalls<string, Reply<unknown>, Sent>();
  #waiting: WaitingCall[] = [];
  #session: SessionSnapshot | null = null;
  #order: EventOrder | null = null;
  #fillingGap = false;
  #token: string;
  #lastId = 0;

  constructor(options: LiveClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
    this.#token = options.token;
    const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    const webSocket = options.webSocket ?? own;
    if (webSocket === undefined) throw new TrainyardError("invalid_argument", "this platform has no WebSocket; pass one as `webSocket`");
    this.#link = new Link(
      options.url,
      webSocket,
      {
        onFrame: (header, payload) => this.#onFrame(header, payload),
        onState: (state) => this.#onState(state),
        welcome: () => this.#welcome(),
        probe: () => this.#probe(),
        onLost: (reason) => this.#onLost(reason),
      },
      this.#clock,
    );
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** The session as it was when joined. */
  get session(): SessionSnapshot | null {
    return this.#session;
  }

  /** Number of the last event of the session that was delivered. */
  get seq(): number {
    return this.#order?.last ?? 0;
  }

  get heardAt(): number {
    return this.#link.heardAt;
  }

  /** @returns a function that removes the listener. */
  listen(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens the link and keeps it open. Resolves when the server has let us in; rejects when it refuses for good, or on `close`. */
  async connect(): Promise<void> {
    this.#link.start();
    if (this.#link.state.at === "live") return;
    await new Promise<void>((resolve, reject) => {
      const stop = this.listen({
        state: (state) => {
          if (state.at === "live") resolve();
          else if (state.at === "closed") reject(new TrainyardError("refused", refusalMessage(state)));
          else return;
          stop();
        },
      });
    });
  }

  /** Tries another token after a refusal. */
  reconnectWith(token: string): Promise<void> {
    this.#token = token;
    return this.connect();
  }

  tryNow(): void {
    this.#link.tryNow();
  }

  wake(): void {
    this.#link.wake();
  }

  /** Ends the link. Calls in flight reject. The session lives on. Closing twice is fine. */
  close(): void {
    this.#link.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Calls a method that answers in JSON. While the link is down the call waits, up to 60 s, at most 20 of them. */
  async call<M extends MethodName>(method: M, params: Methods[M]["params"], options: CallOptions = {}): Promise<Methods[M]["result"]> {
    return (await this.callRaw(method, params, options)).result as Methods[M]["result"];
  }

  /** As `call`, for any method, with the payload of the reply. */
  callRaw(method: string, params: unknown, options: CallOptions = {}): Promise<Reply<unknown>> {
    if (this.#link.state.at === "live" || this.#link.state.at === "suspect") return this.#send(method, params, options);
    return this.#whenLive(method).then(() => this.#send(method, params, options));
  }

  /** Joins a session by id or name. Only what happens from now on is delivered; ask `job.list` and `job.history` for the rest. */
  async joinSession(which: { readonly session_id: string } | { readonly name: string }): Promise<SessionSnapshot> {
    await this.leaveSession();
    return this.#attach("session.join", { ...which, since: -1 }, "joined");
  }

  async createSession(name?: string): Promise<SessionSnapshot> {
    await this.leaveSession();
    // The key makes a repetition after a lost link find the session that was made the first time.
    return this.#attach("session.create", { ...(name === undefined ? {} : { name }), request_key: newId("conn") }, "created");
  }

  async leaveSession(): Promise<void> {
    if (this.#session === null) return;
    await this.callRaw("session.detach", {});
    this.#setSession(null, "left");
  }

  async deleteSession(): Promise<void> {
    await this.callRaw("session.delete", {});
    this.#setSession(null, "left");
  }

  upload(source: Blob | Uint8Array, options: UploadOptions): Promise<UploadedHandle> {
    return uploadInChunks(this, source, options);
  }

  /** A JSON slice of a finished job. */
  async jobResult<S extends keyof JsonSlices>(jobId: string, slice: S): Promise<JsonSlices[S]> {
    return (await this.callRaw("job.result", { job_id: jobId, slice })).result as JsonSlices[S];
  }

  /** A table slice of a finished job, as an Arrow IPC stream. */
  jobTable(jobId: string, slice: TableSlice): Promise<TableReply> {
    return this.#table("job.result", { job_id: jobId, slice });
  }

  /** Rows of a data set, all columns. `limit` ≤ 1,000. */
  preview(dataHandle: string, offset = 0, limit = 100): Promise<TableReply> {
    return this.#table("data.preview", { data_handle: dataHandle, offset, limit });
  }

  /** Predictions of a finished job's final model for every row of a data set, in its order. */
  predict(jobId: string, dataHandle: string): Promise<TableReply> {
    return this.#table("job.predict", { job_id: jobId, data_handle: dataHandle }, 15 * 60_000);
  }

  /** A finished job's final model explained on the rows of a data set; see PROTOCOL.md for the columns of each kind. */
  explain(
    jobId: string,
    dataHandle: string,
    kind: "permutation" | "partial_dependence" | "ice" | "contributions",
    feature: string | null = null,
  ): Promise<TableReply> {
    return this.#table("job.explain", { job_id: jobId, data_handle: dataHandle, kind, feature }, 15 * 60_000);
  }

  /** The final model's file. */
  async model(jobId: string): Promise<{ readonly filename: string; readonly bytes: Uint8Array }> {
    const reply = await this.callRaw("job.model", { job_id: jobId }, { timeoutMs: 120_000 });
    const { filename } = reply.result as { filename?: string };
    return { filename: filename ?? `${jobId}.tym`, bytes: reply.payload ?? new Uint8Array() };
  }

  async #table(method: string, params: unknown, timeoutMs = 120_000): Promise<TableReply> {
    const reply = await this.callRaw(method, params, { timeoutMs });
    return { pointer: reply.result as TablePointer, bytes: reply.payload };
  }

  #send(method: string, params: unknown, options: CallOptions, onReply: Sent["onReply"] = null): Promise<Reply<unknown>> {
    const id = String(++this.#lastId);
    const timeoutMs = options.timeoutMs ?? this.#options.callTimeoutMs ?? 30_000;
    const onLate = (): void => void this.#pending.reject(id, new CallTimeoutError(method, timeoutMs));
    const stopDeadline = startDeadline(this.#clock, { timeoutMs, onLate });
    const reply = this.#pending.add(id, { method, onReply, stopDeadline });
    const header = { v: 1, id, method, params };
    const { payload } = options;
    const isSent = this.#link.send(
      payload === undefined ? header : { ...header, payload: { format: options.payloadFormat ?? "arrow-ipc", bytes: payload.length } },
      payload,
    );
    if (!isSent) {
      stopDeadline();
      this.#pending.reject(id, new LinkLostError(method, false, "there is no open link"));
    }
    return reply;
  }

  #whenLive(method: string): Promise<void> {
    const { state } = this.#link;
    if (state.at === "closed") return Promise.reject(new LinkLostError(method, false, refusalMessage(state)));
    if (this.#waiting.length >= WAITING_LIMIT) {
      return Promise.reject(new LinkLostError(method, false, `${WAITING_LIMIT} other calls are waiting for the server already`));
    }
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#clock.clearTimeout(timer);
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        finish();
      };
      const waiting: WaitingCall = {
        method,
        go: () => settle(resolve),
        fail: (reason) => settle(() => reject(new LinkLostError(method, false, reason))),
      };
      const timer = this.#clock.setTimeout(() => waiting.fail(`the server did not answer for ${WAITING_MS / 1000} s`), WAITING_MS);
      this.#waiting.push(waiting);
    });
  }

  async #attach(method: string, params: unknown, change: SessionChange): Promise<SessionSnapshot> {
    if (this.#link.state.at !== "live" && this.#link.state.at !== "suspect") await this.#whenLive(method);
    const reply = await this.#send(method, params, {}, (result) => {
      this.#order = new EventOrder((result as SessionSnapshot).seq ?? 0);
    });
    const snapshot = reply.result as SessionSnapshot;
    this.#setSession(snapshot, change);
    return snapshot;
  }

  #setSession(session: SessionSnapshot | null, change: SessionChange): void {
    this.#session = session;
    if (session === null) this.#order = null;
    for (const listener of this.#listeners) listener.session?.(session, change);
  }

  async #welcome(): Promise<void> {
    try {
      await this.#send("auth", { token: this.#token }, {});
    } catch (error) {
      if (error instanceof RemoteError && error.wireCode === "unauthorized") throw new Refusal("token", error.message);
      throw error;
    }
    if (this.#session === null || this.#order === null) return;
    try {
      // Missed events come first, then this reply.
      const reply = await this.#send("session.join", { session_id: this.#session.session_id, since: this.#order.last }, {});
      this.#rejoined(reply.result as SessionSnapshot);
    } catch (error) {
      if (!(error instanceof RemoteError) || error.wireCode !== "session_not_found") throw error;
      this.#setSession(null, "gone");
    }
  }

  #rejoined(snapshot: SessionSnapshot): void {
    const known = this.#order?.last ?? 0;
    const there = snapshot.seq ?? known;
    if (there < known) {
      this.#order = new EventOrder(there);
      for (const listener of this.#listeners) listener.resync?.();
    }
    this.#setSession(snapshot, "rejoined");
    if (there > known) void this.#fillGap(there + 1);
  }

  #probe(): void {
    this.#send("ping", {}, {}).catch(() => {
      // The link's own timer decides what silence means.
    });
  }

  #onState(state: LinkState): void {
    if (state.at === "live") {
      // Cancelling is what people wait for most.
      const waiting = [...this.#waiting].sort((a, b) => Number(b.method === "job.cancel") - Number(a.method === "job.cancel"));
      for (const call of waiting) call.go();
    }
    if (state.at === "closed") for (const call of [...this.#waiting]) call.fail(refusalMessage(state));
    for (const listener of this.#listeners) listener.state?.(state);
  }

  #onLost(reason: string): void {
    this.#pending.rejectAll(({ method, stopDeadline }) => {
      stopDeadline();
      return new LinkLostError(method, true, reason);
    });
  }

  #onFrame(header: Readonly<Record<string, unknown>>, payload: Uint8Array | null): void {
    if (typeof header.event === "string") this.#onEvent(header.event, header.data, header.seq);
    else if ("ok" in header) this.#onReply(header as unknown as ReplyHeader, payload);
  }

  #onReply(header: ReplyHeader, payload: Uint8Array | null): void {
    const id = String(header.id);
    const call = this.#pending.noteOf(id);
    // A late answer to a call that timed out.
    if (call === undefined) return;
    call.stopDeadline();
    if (header.ok) {
      // A result too long for a header travels as the payload.
      const isMoved = header.payload?.format === "json" && payload !== null;
      const result = isMoved ? (JSON.parse(new TextDecoder().decode(payload)) as unknown) : header.result;
      call.onReply?.(result);
      this.#pending.resolve(id, { result, payload: isMoved ? null : payload });
    } else {
      const { code, message, details } = header.error ?? { code: "internal_error" as WireErrorCode, message: "the server gave no reason" };
      this.#pending.reject(id, new RemoteError(call.method, code, message, details));
    }
  }

  #onEvent(event: string, data: unknown, seq: unknown): void {
    const number = typeof seq === "number" ? seq : null;
    if (number !== null && this.#order === null) return;
    this.#deliver(this.#order?.accept({ seq: number, event, data }) ?? { deliver: [{ seq: null, event, data }], missing: null });
  }

  #deliver(ordered: OrderedEvents): void {
    for (const event of ordered.deliver) {
      for (const listener of this.#listeners) listener.event?.(event);
      if (event.event === "session.deleted") this.#setSession(null, "gone");
    }
    if (ordered.missing !== null) void this.#fillGap(ordered.missing.until);
  }

  /** Asks for the events up to before `until` and delivers them; several gaps are filled one after the other. */
  async #fillGap(until: number): Promise<void> {
    const order = this.#order;
    if (this.#fillingGap || order === null) return;
    this.#fillingGap = true;
    try {
      for (let end = until; this.#order === order && order.last < end - 1; end = order.missing?.until ?? until) {
        const before = order.last;
        const reply = await this.call("events.since", { seq: before, limit: 1000 });
        if (this.#order !== order) return;
        for (const event of reply.events) this.#deliver({ ...order.accept(event), missing: null });
        // The log begins later, or ends earlier, than the gap.
        if (order.last === before) this.#deliver({ deliver: order.skipTo(reply.events[0]?.seq ?? end), missing: null });
      }
    } catch {
      // The link broke: the next join replays from `order.last`.
    } finally {
      this.#fillingGap = false;
    }
  }
}
