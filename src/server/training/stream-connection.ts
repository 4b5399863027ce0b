import type { WebSocket } from "ws";
import { FINAL_STATES, parseColumns, type Sink, type Subscription } from "../../runs/index.ts";
import type { Access } from "./access.ts";
import { maybeRefusal, Refusal } from "./answer.ts";
import { maybeSender, maybeText, maybeTexts, oneOf, text, toFields, whole } from "./fields.ts";
import type { TrainingApi } from "./route.ts";
import { RunListWatch } from "./run-list-watch.ts";

export interface StreamOptions {
  /** The one run that this stream is about; null: the reader subscribes. */
  readonly runId: string | null;
  /** Our own messages; otherwise the two of the compatible protocol. */
  readonly isOwn: boolean;
  readonly since?: number;
  readonly isFull: boolean;
  readonly accessOf: (given: unknown) => Access | null;
  /** Of the address or the header; null: the first message must bring it. */
  readonly access: Access | null;
  readonly authDeadlineMs: number;
  readonly now: () => number;
}

const STRANGER_LIMIT_BYTES = 4096;
const SUBSCRIPTIONS_MAX = 1000;
/** Closed because of what the reader did: wrong or no token, far behind. 4401 as in L-56. */
const NOT_AUTHENTICATED = 4401;
const TOO_SLOW = 4408;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Fields = Readonly<Record<string, unknown>>;

/** One WebSocket: a stream of one run, or of many that the reader subscribes to; and a way in for a reporter's points. */
export class StreamConnection {
  readonly #socket: WebSocket;
  readonly #api: TrainingApi;
  readonly #options: StreamOptions;
  readonly #sink: Sink;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #deadline: NodeJS.Timeout | null;
  #listWatch: RunListWatch | null = null;
  #access: Access | null = null;
  #expiry: NodeJS.Timeout | null = null;

  constructor(socket: WebSocket, api: TrainingApi, options: StreamOptions) {
    this.#socket = socket;
    this.#api = api;
    this.#options = options;
    this.#deadline =
      options.access === null ? setTimeout(() => socket.close(NOT_AUTHENTICATED, "no auth in time"), options.authDeadlineMs) : null;
    if (options.access !== null) this.#admit(options.access);
    this.#sink = {
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      send: (frame, whenTaken) => {
        if (socket.readyState === socket.OPEN) socket.send(frame, { binary: false }, () => whenTaken());
        else whenTaken();
      },
    };
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.on("error", () => {});
    // L-76: whoever leaves is gone at once.
    socket.on("close", () => this.#onClose());
    if (options.runId !== null) this.#subscribeToOne(options.runId, options.isOwn, options.since);
  }

  /** The key is none any more: what was let in by it has to go. */
  revoke(keyId: string): void {
    if (this.#access?.keyId === keyId) this.#socket.close(NOT_AUTHENTICATED, "the key was revoked");
  }

  /** L-56: lets the peer in until its key expires; another key or token in time goes on. */
  #admit(access: Access): void {
    this.#access = access;
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = null;
    if (access.expiresAt === null) return;
    // A timer cannot be longer; a stream that is still open then looks again.
    const leftMs = Math.min(LONGEST_TIMER_MS, Math.max(0, access.expiresAt - this.#options.now()));
    this.#expiry = setTimeout(() => {
      if (access.expiresAt! > this.#options.now()) this.#admit(access);
      else this.#socket.close(NOT_AUTHENTICATED, "the key has expired");
    }, leftMs);
  }

  #subscribeToOne(runId: string, isOwn: boolean, since: number | undefined): void {
    const socket = this.#socket;
    const subscription = this.#api.subscriptions.open(runId, this.#sink, {
      dialect: isOwn ? "v2" : "compatible",
      isFull: this.#options.isFull,
      ...(since === undefined ? {} : { since }),
      // L-68.
      onEnd: (state) => socket.close(1000, state),
      onLagging: () => socket.close(TOO_SLOW, "reading too slowly; connect again"),
    });
    this.#subscriptions.set(runId, subscription);
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#access === null && data.length > STRANGER_LIMIT_BYTES) {
      this.#socket.close(NOT_AUTHENTICATED, "authenticate before sending data");
      return;
    }
    let fields: Fields;
    try {
      fields = isBinary ? {} : toFields(JSON.parse(data.toString()));
    } catch {
      fields = {};
    }
    if (!this.#options.isOwn && this.#options.runId !== null) {
      this.#onCompatible(this.#options.runId, fields);
      return;
    }
    const { ref } = fields;
    const fail = (error: unknown): void => {
      const { code, message, more } = maybeRefusal(error) ?? this.#unforeseen(error);
      this.#send({ type: "error", ...(ref === undefined ? {} : { ref }), error: code, message, ...more });
    };
    try {
      this.#handle(fields)
        ?.then((answer) => this.#send({ ...answer, ...(ref === undefined ? {} : { ref }) }))
        .catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** The compatible protocol understands nothing from its reader but the wish for ours. */
  #onCompatible(runId: string, { type, v, since }: Fields): void {
    if (type !== "hello" || v !== 2) return;
    this.#subscriptions.get(runId)?.close();
    this.#subscribeToOne(runId, true, typeof since === "number" ? since : undefined);
  }

  /** What one message asks for; a promise where there is an answer. */
  #handle(fields: Fields): Promise<Fields> | null {
    if (fields.type === "auth") return this.#authenticate(fields.token);
    if (this.#access === null) {
      this.#socket.close(NOT_AUTHENTICATED, "the first message must be auth");
      return null;
    }
    switch (fields.type) {
      case "hello":
        return null;
      case "ping":
        return Promise.resolve({ type: "pong" });
      case "subscribe":
        this.#subscribe(fields);
        return null;
      case "watch_runs":
        this.#listWatch ??= new RunListWatch(this.#api.runs, (message) => this.#send(message));
        return Promise.resolve({ type: "watching" });
      case "unsubscribe":
        this.#unsubscribe(text(fields, "run"));
        return null;
      default:
        return this.#report(fields);
    }
  }

  /** What reporters send. */
  async #report(fields: Fields): Promise<Fields> {
    const { runs } = this.#api;
    if (this.#access?.scope === "read") throw new Refusal(403, "forbidden", "A key with the scope read may not report.");
    const type = oneOf(fields, "type", ["points", "log", "beat", "finish"]);
    const run = text(fields, "run");
    runs.get(run);
    switch (type) {
      case "points": {
        const { accepted, duplicates, lastSeq, state } = await runs.append(run, parseColumns(fields, runs.now()));
        return { type: "ack", run, accepted, duplicates, last_seq: lastSeq, state };
      }
      case "log":
        runs.addLine(
          run,
          { level: (maybeText(fields, "level") || "INFO").toUpperCase(), message: text(fields, "message", { max: 100_000 }) },
          maybeSender(fields),
        );
        return { type: "ack", run, state: runs.get(run).state };
      case "beat":
        return { type: "ack", run, state: runs.beat(run).state };
      case "finish": {
        const facts = { actor: "reporter", reason: maybeText(fields, "reason", { max: 10_000 }) ?? null } as const;
        return { type: "ack", run, state: runs.finish(run, oneOf(fields, "state", FINAL_STATES), facts).state };
      }
    }
  }

  #authenticate(token: unknown): Promise<Fields> | null {
    const access = this.#options.accessOf(token);
    if (access === null) {
      this.#socket.close(NOT_AUTHENTICATED, "the token is not this server's");
      return null;
    }
    this.#admit(access);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    return Promise.resolve({ type: "ready" });
  }

  #subscribe(fields: Fields): void {
    const run = text(fields, "run");
    const keys = maybeTexts(fields, "keys");
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX)
      throw new Refusal(409, "conflict", `${SUBSCRIPTIONS_MAX} subscriptions on one stream.`);
    const since = fields.since === undefined ? 0 : whole(fields, "since", 0, Number.MAX_SAFE_INTEGER);
    // One place per run: subscribing again moves it.
    this.#unsubscribe(run);
    let hasEnded = false;
    const subscription = this.#api.subscriptions.open(run, this.#sink, {
      since,
      isFull: fields.full === true,
      ...(keys === undefined ? {} : { keys }),
      onEnd: () => {
        hasEnded = true;
        this.#subscriptions.delete(run);
      },
    });
    if (!hasEnded) this.#subscriptions.set(run, subscription);
  }

  #unsubscribe(run: string): void {
    this.#subscriptions.get(run)?.close();
    this.#subscriptions.delete(run);
  }

  #unforeseen(error: unknown): Refusal {
    this.#api.log(`stream message failed: ${error instanceof Error ? error.stack : String(error)}`);
    return new Refusal(500, "internal_error", "Something went wrong inside the server; its log says what.");
  }

  #send(message: Fields): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #onClose(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#listWatch?.close();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }
}
