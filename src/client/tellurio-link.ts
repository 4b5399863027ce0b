import { InvalidArgumentError, messageOf, TrainyardError } from "../core/errors.ts";
import type { RpcId, RpcParams } from "../wire/json-rpc.ts";
import { JsonRpcPeer } from "../wire/json-rpc-peer.ts";
import { startDeadline } from "./deadline.ts";
import { CallTimeoutError, LinkLostError } from "./errors.ts";
import { type LinkClock, REAL_CLOCK } from "./link.ts";
import { reconnectDelayMs } from "./link-state.ts";
import { TellurioRegistry } from "./tellurio-registry.ts";
import { type OpenSocket, openTextSocket, type TextSocketConstructor, type Welcome } from "./tellurio-socket.ts";

export interface TellurioClientOptions {
  /** Default: the platform's own. In Node before 22: the one of `ws`. */
  readonly WebSocket?: TextSocketConstructor;
  /** Default per call. Default 30,000. */
  readonly timeoutMs?: number;
  /** Goes on with the session after a lost link and sends again what has no answer. Default true. */
  readonly resume?: boolean;
  /** How long a lost link is looked for. Default 30,000. */
  readonly resumeForMs?: number;
  /** Where the REST part answers: `http://127.0.0.1:5757`. Default: the host of the link's address. */
  readonly httpUrl?: string;
  /** Sent with every call, as the protocol wants it. */
  readonly runUuid?: string | null;
  readonly clock?: LinkClock;
  /** How long readers of mirrors wait for the server. Default 3,000. */
  readonly pendingMs?: number;
}

export interface TellurioCallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The server announces life during these; the limit then is silence, not duration. */
const LONG: readonly string[] = ["run_function", "run_backward", "run_step", "run_optimizer_tgd"];
const ANSWERS_KEPT = 1024;

type State = "idle" | "connecting" | "open" | "lost" | "closed";

/**
 * The link of a prompt trainer to its server. Invariants: every call settles, by an answer, by its deadline, or because the link is
 * lost for good; one socket at most; the key is kept in memory for reconnecting and goes to this server only.
 */
export class TellurioLink {
  readonly registry: TellurioRegistry;
  runUuid: string | null;
  readonly #url: string;
  readonly #options: TellurioClientOptions;
  readonly #clock: LinkClock;
  readonly #peer: JsonRpcPeer;
  readonly #heard = new Map<RpcId, number>();
  #apiKey = "";
  #state: State = "idle";
  #socket: OpenSocket | null = null;
  #welcome: Welcome | null = null;
  /** Called when a lost link came back: with the session resumed or, with everything gone, as a new one. */
  onReconnect: ((isResumed: boolean) => void) | null = null;

  constructor(url: string, options: TellurioClientOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
    this.runUuid = options.runUuid ?? null;
    this.registry = new TellurioRegistry(options.pendingMs);
    this.#peer = new JsonRpcPeer({
      send: (text) => {
        this.#socket?.send(text);
        return this.#socket !== null;
      },
      isMethod: (method) => Object.hasOwn(this.registry.methods, method),
      handle: (method, params) => {
        if (method === "heartbeat") this.#heard.set(params.id as RpcId, this.#clock.now());
        return this.registry.methods[method]!(params);
      },
      newId: () => crypto.randomUUID(),
      answersKept: ANSWERS_KEPT,
    });
  }

  /** What the server offers beyond the protocol of the reference client. */
  get features(): readonly string[] {
    return this.#welcome?.features ?? [];
  }

  get sessionId(): string | null {
    return this.#welcome?.sessionId ?? null;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get pendingCount(): number {
    return this.#peer.pendingCount;
  }

  /**
   * Opens the link: `retries` attempts, `delayMs` apart (T-14).
   * @returns the session's id.
   * @throws {TrainyardError} `unavailable` with the last reason; `refused` at once when the platform tells that the key is wrong.
   */
  async connect(apiKey: string, retries = 3, delayMs = 5000): Promise<string> {
    if (apiKey === "") throw new InvalidArgumentError("connect needs an API key: the token that the server printed at its start.");
    if (this.#state !== "idle" && this.#state !== "closed") throw new InvalidArgumentError("This link is open already.");
    this.#apiKey = apiKey;
    this.#state = "connecting";
    let reason: unknown = null;
    for (let attempt = 1; attempt <= retries; attempt++) {
      if (attempt > 1) await this.#pause(delayMs);
      if (this.#isClosed()) throw closedError();
      try {
        return (await this.#open(null)).sessionId;
      } catch (error) {
        reason = error;
        if ((error as { code?: unknown }).code === "refused") break;
      }
    }
    if (this.#isClosed()) throw closedError();
    this.#state = "idle";
    const code = (reason as { code?: unknown }).code === "refused" ? "refused" : "unavailable";
    throw new TrainyardError(code, `No connection to ${this.#url}: ${messageOf(reason)}`, {
      cause: reason,
      retryable: code === "unavailable",
    });
  }

  /**
   * Asks the server.
   * @throws {RpcError} the server's own error · {CallTimeoutError} · {LinkLostError} at once when the link is gone and cannot be resumed ·
   * {InvalidArgumentError} without a run, before anything is sent.
   */
  async call(method: string, params: RpcParams = {}, { timeoutMs, signal }: TellurioCallOptions = {}): Promise<unknown> {
    if (this.runUuid === null) throw new InvalidArgumentError("There is no active run: set runUuid before the first call.");
    if (this.#state !== "open" && !(this.#state === "lost" && this.#resumes))
      throw new LinkLostError(method, false, "the link is not open");
    signal?.throwIfAborted();
    const id = crypto.randomUUID();
    const answer = this.#peer.call(method, { ...params, run_uuid: this.runUuid }, id);
    const stopWatch = this.#watch(id, method, timeoutMs || (this.#options.timeoutMs ?? 30_000));
    const cancel = (): void => {
      this.#peer.drop(id, signal?.reason);
      if (this.#welcome?.features.includes("cancel")) this.#peer.call("cancel", { id, run_uuid: this.runUuid }).catch(() => {});
    };
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener("abort", cancel);
      stopWatch();
    }
  }

  /** Says goodbye: the session ends, calls under way fail, nothing is left (T-15). Twice is fine. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#socket?.close();
    this.#socket = null;
    this.#welcome = null;
    this.#apiKey = "";
    this.#peer.failAll((method) => new LinkLostError(method, true, "the link was closed"));
    this.registry.clear();
  }

  get #resumes(): boolean {
    return (this.#options.resume ?? true) && this.#welcome?.resumeToken != null;
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  async #open(resumeToken: string | null): Promise<Welcome> {
    const { welcome } = await openTextSocket(this.#url, {
      WebSocket: this.#options.WebSocket ?? (globalThis.WebSocket as unknown as TextSocketConstructor),
      apiKey: this.#apiKey,
      resumeToken,
      onOpen: (socket) => this.#opened(socket),
      onText: (text) => this.#peer.receive(text),
      onClose: (code, reason) => this.#lost(code, reason),
    });
    if (this.#isClosed()) throw closedError();
    return welcome;
  }

  #opened(socket: OpenSocket): void {
    if (this.#isClosed()) {
      socket.close();
      return;
    }
    this.#socket = socket;
    this.#welcome = socket.welcome;
    this.#state = "open";
  }

  #lost(code: number, reason: string): void {
    this.#socket = null;
    if (this.#state !== "open") return;
    const why = reason || `the connection closed (${code})`;
    this.#state = "lost";
    if (!this.#resumes) this.#peer.failAll((method) => new LinkLostError(method, true, why));
    void this.#reconnect(why);
  }

  /** Looks for the server with growing delays; the same key, the same session where the server still has it. */
  async #reconnect(why: string): Promise<void> {
    const until = this.#clock.now() + (this.#options.resumeForMs ?? 30_000);
    for (let attempt = 0; this.#state === "lost"; attempt++) {
      await this.#pause(reconnectDelayMs(attempt, () => this.#clock.random()));
      if (this.#state !== "lost") return;
      if (this.#clock.now() > until) break;
      try {
        const welcome = await this.#open(this.#resumes ? (this.#welcome?.resumeToken ?? null) : null);
        if (welcome.isResumed) this.#peer.replay();
        else this.#startAnew();
        this.onReconnect?.(welcome.isResumed);
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code === "refused") break;
      }
    }
    if (this.#state !== "lost") return;
    this.#state = "idle";
    this.#peer.failAll((method) => new LinkLostError(method, true, why));
    this.registry.clear();
  }

  #startAnew(): void {
    this.#peer.failAll((method) => new LinkLostError(method, true, "the server has forgotten the session"));
    this.registry.clear();
  }

  /** Plain calls have one deadline. Long ones fail at the end of a slice in which nothing was heard for longer than a slice. */
  #watch(id: RpcId, method: string, timeoutMs: number): () => void {
    this.#heard.set(id, this.#clock.now());
    const onLate = (): void => this.#peer.drop(id, new CallTimeoutError(method, timeoutMs));
    const signs = LONG.includes(method) ? { heardAt: () => this.#heard.get(id) ?? 0 } : {};
    const stop = startDeadline(this.#clock, { timeoutMs, onLate, ...signs });
    return () => {
      stop();
      this.#heard.delete(id);
    };
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, delayMs));
  }
}

function closedError(): TrainyardError {
  return new TrainyardError("closed", "The link was closed while it was being opened.");
}
