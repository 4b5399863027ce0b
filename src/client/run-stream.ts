import { type LinkClock, REAL_CLOCK, type WebSocketConstructor, type WebSocketLike } from "./link.ts";
import { type LinkEvent, type LinkState, nextLinkState, timerOf } from "./link-state.ts";
import type { RunListMessage, RunMessage } from "./runs-types.ts";

/** Somebody who follows a run. `seq` is read at each subscription, so that a new link goes on exactly where the last one broke. */
export interface RunFollower {
  /** Up to where the reader has the run's log; 0 for nothing. */
  readonly seq: number;
  /** Whether the server may thin a long stretch for this reader, given the log's last number; asked when the log is longer than expected. */
  mayThin(lastSeq: number | null): boolean;
  /** Keys or patterns; absent: every series. */
  readonly keys?: readonly string[];
  onMessage(message: RunMessage): void;
  /** The server refuses: no such run, too many subscriptions. */
  onRefused(message: string): void;
}

export interface RunStreamOptions {
  /** `ws://127.0.0.1:5757` */
  readonly url: string;
  readonly token: string;
  readonly webSocket?: WebSocketConstructor;
  readonly clock?: LinkClock;
  readonly onState?: (state: LinkState) => void;
}

/** A link without traffic is asked for a sign this often, below the silence that a link is doubted for. */
const BEAT_MS = 5_000;
const NOT_AUTHENTICATED = 4401;

/**
 * One socket that follows any number of runs and, if wanted, the list of runs. It is reopened for as long as it takes while somebody
 * follows; each subscription then goes on after the last number its follower has. Invariants: at most one socket, one timer of the
 * link's state, one beat; a socket that was given up reaches nobody.
 */
export class RunStream {
  readonly #options: RunStreamOptions;
  readonly #clock: LinkClock;
  readonly #WebSocket: WebSocketConstructor;
  readonly #followers = new Map<string, RunFollower>();
  readonly #thins = new Map<string, boolean>();
  /** Subscriptions sent for a run whose snapshot has not come: until the newest one's is there, messages belong to older ones. */
  readonly #awaited = new Map<string, number>();
  readonly #listeners = new Set<(message: RunListMessage) => void>();
  #state: LinkState = { at: "idle" };
  #socket: WebSocketLike | null = null;
  #timer: unknown = null;
  #beat: unknown = null;
  #heardAt = 0;

  constructor(options: RunStreamOptions) {
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
    const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    const webSocket = options.webSocket ?? own;
    if (webSocket === undefined) throw new Error("this platform has no WebSocket; pass one as `webSocket`");
    this.#WebSocket = webSocket;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Follows a run until the returned function is called. One follower per run: a second one takes its place. */
  follow(run: string, follower: RunFollower): () => void {
    this.#followers.set(run, follower);
    this.#thins.delete(run);
    if (this.#isOpen) this.#subscribe(run, follower);
    else this.#start();
    return () => {
      if (this.#followers.get(run) !== follower) return;
      this.#followers.delete(run);
      this.#thins.delete(run);
      this.#send({ type: "unsubscribe", run });
    };
  }

  /** Subscribes anew: other keys, or a run that had ended goes on. */
  refresh(run: string): void {
    const follower = this.#followers.get(run);
    if (follower === undefined || !this.#isOpen) return;
    this.#thins.delete(run);
    this.#subscribe(run, follower);
  }

  /** Hears of every run that began, changed or is gone. After each `watching` the list must be read once. */
  watchList(listener: (message: RunListMessage) => void): () => void {
    this.#listeners.add(listener);
    if (this.#isOpen) this.#send({ type: "watch_runs" });
    else this.#start();
    return () => this.#listeners.delete(listener);
  }

  /** The machine or the tab woke up: find out now whether the link still works, or try at once. */
  wake(): void {
    this.#apply({ type: "woke" });
  }

  close(): void {
    this.#apply({ type: "close" });
  }

  get #isOpen(): boolean {
    return this.#state.at === "live" || this.#state.at === "suspect";
  }

  #start(): void {
    if (this.#state.at === "idle" || this.#state.at === "closed") this.#apply({ type: "start" });
  }

  #apply(event: LinkEvent): void {
    const before = this.#state;
    const after = nextLinkState(before, event, this.#clock.now(), () => this.#clock.random());
    if (after === before) return;
    this.#state = after;
    this.#restartTimer();
    if (after.at === "waiting" || after.at === "closed") this.#dropSocket();
    if (after.at === "connecting") this.#open();
    if (after.at === "live" && before.at === "connecting") this.#onOpen();
    if (after.at === "suspect") this.#send({ type: "ping" });
    this.#options.onState?.(after);
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
    const quietMs = this.#clock.now() - Math.max(this.#heardAt, this.#state.since);
    const left = (timerOf(this.#state) ?? 0) - quietMs;
    if (left > 0) this.#restartTimer(left);
    else this.#apply({ type: "silent" });
  }

  #open(): void {
    this.#dropSocket();
    let socket: WebSocketLike;
    try {
      socket = new this.#WebSocket(`${this.#options.url}/api/v2/stream`);
    } catch (error) {
      this.#apply({ type: "lost", reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = (): void => {
      if (isCurrent()) sendText(socket, { type: "auth", token: this.#options.token });
    };
    socket.onmessage = (event: { data: unknown }): void => {
      if (isCurrent()) this.#onMessage(event.data);
    };
    socket.onclose = (event: { code?: number; reason?: string }): void => {
      if (!isCurrent()) return;
      if (event.code === NOT_AUTHENTICATED) this.#apply({ type: "refused", why: "token", reason: event.reason ?? "" });
      else this.#apply({ type: "lost", reason: event.reason || `the connection closed (${event.code ?? "no code"})` });
    };
    // A close event follows every error.
    socket.onerror = (): void => {};
    this.#socket = socket;
  }

  #onMessage(data: unknown): void {
    this.#heardAt = this.#clock.now();
    this.#apply({ type: "heard" });
    let message: { readonly type?: unknown; readonly run?: unknown; readonly ref?: unknown; readonly message?: unknown };
    try {
      message = JSON.parse(String(data));
    } catch {
      return;
    }
    switch (message.type) {
      case "ready":
        this.#apply({ type: "welcomed" });
        return;
      case "watching":
      case "run":
      case "run_removed":
        for (const listener of this.#listeners) listener(message as RunListMessage);
        return;
      case "error": {
        const run = String(message.ref ?? "");
        this.#awaited.delete(run);
        this.#followers.get(run)?.onRefused(String(message.message ?? ""));
        return;
      }
      case "pong":
        return;
      default:
        this.#onRunMessage(message as RunMessage);
    }
  }

  #onRunMessage(message: RunMessage): void {
    const { run } = message;
    const follower = this.#followers.get(run);
    const awaited = (this.#awaited.get(run) ?? 0) - Number(message.type === "snapshot");
    this.#awaited.set(run, Math.max(0, awaited));
    if (follower === undefined || awaited > 0) return;
    if (message.type === "snapshot" && this.#thins.get(run) === false && follower.mayThin(message.seq)) {
      // Far more has happened than was thought: thinned, it is enough.
      this.#subscribe(run, follower, true);
      return;
    }
    follower.onMessage(message);
  }

  #onOpen(): void {
    this.#beatAgain();
    this.#awaited.clear();
    if (this.#listeners.size > 0) this.#send({ type: "watch_runs" });
    for (const [run, follower] of this.#followers) this.#subscribe(run, follower);
  }

  #subscribe(run: string, follower: RunFollower, thins = follower.mayThin(null)): void {
    this.#thins.set(run, thins);
    this.#awaited.set(run, (this.#awaited.get(run) ?? 0) + 1);
    const keys = follower.keys === undefined ? {} : { keys: follower.keys };
    this.#send({ type: "subscribe", run, ref: run, since: follower.seq, full: !thins, ...keys });
  }

  #beatAgain(): void {
    if (this.#beat !== null) this.#clock.clearTimeout(this.#beat);
    this.#beat = this.#clock.setTimeout(() => {
      this.#beat = null;
      if (!this.#isOpen) return;
      this.#send({ type: "ping" });
      this.#beatAgain();
    }, BEAT_MS);
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    if (this.#socket !== null && this.#isOpen && this.#socket.readyState === 1) sendText(this.#socket, message);
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

function sendText(socket: WebSocketLike, message: Readonly<Record<string, unknown>>): void {
  socket.send(JSON.stringify(message));
}
