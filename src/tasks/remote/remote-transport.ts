import type { Duplex } from "node:stream";
import { InvalidArgumentError, messageOf, TrainyardError } from "../../core/errors.ts";
import { BadFrameError } from "../../wire/bad-frame.ts";
import { type Limits, type Link, type LinkEvents, packFrame, type Transport } from "../links/link.ts";
import type { ExitReason, OutputListener } from "../profile.ts";
import { Channel } from "./channel.ts";
import { admit } from "./handshake.ts";
import { formatToken, newSecret, parseToken } from "./join-token.ts";
import { type Listener, listen } from "./listen.ts";
import { type ByeReason, type Hello, toDaemonControl } from "./messages.ts";
import { RemoteLink, type Seat } from "./remote-link.ts";
import { type HostCredentials, type HostTls, hostCredentials } from "./tls-settings.ts";
import { type DaemonUrl, formatUrl, isLocal, isTls, parseUrl } from "./url.ts";

export interface RemoteOptions {
  readonly url: string;
  readonly tls?: HostTls;
  readonly joinToken?: string;
  /** Lets tcp: and ws: leave this machine. */
  readonly allowPlaintext?: boolean;
  readonly nodeArguments?: readonly string[];
  /** Of each executor; 0: no limit. */
  readonly memoryMb: number;
  readonly onOutput: OutputListener | null;
  readonly heartbeatMs: number;
  readonly patienceMs: number;
  readonly joinTimeoutMs: number;
}

/** What the profile does when daemons come and go. */
export interface SeatEvents {
  /** A daemon joined: there is a place for one more executor. */
  onSeat(): void;
  /** A daemon is gone; `leave` closes the links of its executors. */
  onVacated(leave: () => void): void;
}

/** Strangers that have not proved themselves yet. */
const MOST_STRANGERS = 256;
/** Executors are numbered by 24 bits. */
const MOST_EXECUTORS = 2 ** 24;

interface Joined extends Seat {
  readonly links: Map<number, RemoteLink>;
  executorsMade: number;
}

/**
 * Listens at one URL for any number of daemons. A daemon is a seat: the dispatcher opens executors on it as it would start processes here. Invariants:
 *  1. Nothing that a stranger sends is decoded; it has `joinTimeoutMs` to prove itself, and there are at most 256 strangers.
 *  2. When a daemon is gone, the links of all its executors are closed, once, and its seat is gone in the same turn.
 */
export class RemoteTransport implements Transport {
  readonly pack = packFrame;
  readonly #options: RemoteOptions;
  readonly #url: DaemonUrl;
  readonly #credentials: HostCredentials | null;
  readonly #joined = new Set<Joined>();
  readonly #strangers = new Set<Duplex>();
  #secret = newSecret();
  #events: SeatEvents = { onSeat() {}, onVacated: (leave) => leave() };
  #listener: Listener | null = null;
  #isHeld = false;
  #isClosed = false;
  #closed: Promise<void> | null = null;
  /** Resolves when it listens. */
  readonly listening: Promise<void>;

  /** @throws {InvalidArgumentError} for a URL or credentials that cannot be; {TrainyardError} `refused` for a network without TLS. */
  constructor(options: RemoteOptions) {
    this.#options = options;
    this.#url = parseUrl(options.url);
    const { url, tls, joinToken, allowPlaintext = false } = options;
    if (!isTls(this.#url) && tls !== undefined) throw new InvalidArgumentError(`tls is for tls+tcp: and wss:, not for "${url}"`);
    if (!isTls(this.#url) && !isLocal(this.#url) && !allowPlaintext) {
      throw new TrainyardError(
        "refused",
        `"${url}" would let tasks and results travel readable over the network; use tls+tcp: or wss:, an SSH tunnel to tcp://127.0.0.1, or on a network that you trust allowPlaintext: true`,
      );
    }
    this.#credentials = isTls(this.#url) ? hostCredentials(this.#url.host, tls) : null;
    if (joinToken !== undefined) this.#secret = this.#secretOf(joinToken);
    this.listening = this.#listen();
    this.listening.catch(() => {});
  }

  /** Where it listens, with the real port; before it does, as it was given. */
  get url(): string {
    return formatUrl(this.#listener?.url ?? this.#url);
  }

  /** What daemons must know to join. */
  get token(): string {
    return formatToken({ secret: this.#secret, fingerprint: this.#credentials?.fingerprint ?? null });
  }

  get mayOpen(): boolean {
    return this.#joined.size > 0;
  }

  /** From now on another token is needed; who has joined stays. */
  rotateToken(): string {
    this.#secret = newSecret();
    return this.token;
  }

  bind(events: SeatEvents): void {
    this.#events = events;
  }

  readonly open = (events: LinkEvents): Link => {
    const seat = [...this.#joined].sort((a, b) => a.links.size - b.links.size)[0];
    if (seat === undefined) throw new TrainyardError("unavailable", "no daemon has joined"); // mayOpen was false
    const executor = ++seat.executorsMade;
    if (executor >= MOST_EXECUTORS) seat.giveUp(new TrainyardError("too_large", "this daemon has started too many executors for one link"));
    const { nodeArguments = [], memoryMb, onOutput } = this.#options;
    const link = new RemoteLink(executor, seat, {
      ...events,
      onClose: (end) => {
        seat.links.delete(executor);
        events.onClose(end);
      },
    });
    seat.links.set(executor, link);
    seat.channel.control({ type: "open", executor, nodeArguments, memoryMb, wantsOutput: onOutput !== null });
    return link;
  };

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#listener?.hold(isHeld);
  }

  /** Tells all daemons why, and stops listening. Resolves when every link has ended. */
  close(reason: ByeReason): Promise<void> {
    this.#isClosed = true;
    this.#closed ??= this.#close(reason);
    return this.#closed;
  }

  async #close(reason: ByeReason): Promise<void> {
    await this.listening.catch(() => {});
    for (const stranger of this.#strangers) stranger.destroy();
    const gone = [...this.#joined].map((seat) => {
      seat.channel.control({ type: "bye", reason });
      return new Promise<void>((resolve) => this.#onGone.set(seat, resolve));
    });
    for (const seat of this.#joined) seat.channel.end();
    await Promise.all(gone);
    await this.#listener?.close();
  }

  readonly #onGone = new WeakMap<Joined, () => void>();

  #secretOf(joinToken: string): Buffer {
    if (this.#credentials !== null && this.#credentials.fingerprint !== null) {
      throw new InvalidArgumentError("joinToken: a token of before names a certificate of before; give your own certificate (tls), too");
    }
    return parseToken(joinToken).secret;
  }

  async #listen(): Promise<void> {
    this.#listener = await listen(this.#url, this.#credentials, (stream) => void this.#admit(stream));
    this.#listener.hold(this.#isHeld);
  }

  async #admit(stream: Duplex): Promise<void> {
    stream.on("error", () => {});
    if (this.#isClosed || this.#strangers.size >= MOST_STRANGERS) {
      stream.destroy();
      return;
    }
    this.#strangers.add(stream);
    try {
      await admit(stream, () => this.#secret, this.#options.joinTimeoutMs);
      if (this.#isClosed) throw new TrainyardError("closed", "the profile was reset");
      this.#seat(stream);
    } catch (error) {
      // A refused daemon is told so by a last byte, which leaves first.
      if (error instanceof TrainyardError && error.code === "refused") setTimeout(() => stream.destroy(), 1000).unref();
      else stream.destroy();
    } finally {
      this.#strangers.delete(stream);
    }
  }

  /** It has proved itself; it counts once it has said who it is. */
  #seat(stream: Duplex): void {
    const { heartbeatMs, patienceMs, joinTimeoutMs } = this.#options;
    let seat: Joined | null = null;
    const channel = new Channel(
      stream,
      {
        onControl: (raw) => {
          const message = toDaemonControl(raw);
          if (message.type === "hello") {
            if (seat !== null) throw new BadFrameError("a daemon says hello once");
            clearTimeout(patience);
            seat = this.#welcome(message, channel);
            return;
          }
          if (seat === null) throw new BadFrameError("a daemon must say hello first");
          const link = seat.links.get(message.executor);
          if (message.type === "opened") link?.opened(message.pid);
          else link?.exited(message);
        },
        onData: (executor, bytes) => seat?.links.get(executor)?.take(bytes),
        onOutput: (_, from, text) => this.#options.onOutput?.(text, from),
        onClose: (cause) => {
          clearTimeout(patience);
          if (seat !== null) this.#gone(seat, cause);
        },
      },
      { heartbeatMs, patienceMs },
    );
    const patience = setTimeout(() => channel.close(new TrainyardError("timeout", "the daemon did not say who it is")), joinTimeoutMs);
    patience.unref();
  }

  #welcome(hello: Hello, channel: Channel): Joined {
    const { idleMs, wallMs, maxTasks } = hello;
    const areOwn = idleMs > 0 || wallMs > 0 || maxTasks > 0;
    const limits: Limits = { idleMs, wallMs, maxTasks, areOwn, tasksBefore: 0, since: Date.now() };
    const where = `${hello.host}:${hello.pid}`;
    const seat: Joined = {
      channel,
      limits,
      where,
      links: new Map(),
      executorsMade: 0,
      dismiss: (reason: ExitReason) => {
        channel.control({ type: "bye", reason });
        channel.end();
      },
      giveUp: (cause) => channel.close(cause),
    };
    this.#joined.add(seat);
    this.#events.onSeat();
    return seat;
  }

  #gone(seat: Joined, cause: Error | null): void {
    this.#joined.delete(seat);
    const why = cause === null ? "it left" : messageOf(cause);
    const end = {
      exitCode: null,
      signal: null,
      stderr: "",
      isCut: true,
      cause: new TrainyardError("daemon_lost", `the link to daemon ${seat.where} ended: ${why}`, cause === null ? {} : { cause }),
    };
    this.#events.onVacated(() => {
      for (const link of seat.links.values()) link.close(end);
    });
    this.#onGone.get(seat)?.();
  }
}
