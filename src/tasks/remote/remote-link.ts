import { TrainyardError } from "../../core/errors.ts";
import { decodeEnvelope } from "../../wire/envelope.ts";
import { type EncodedFrame, FrameCutter } from "../../wire/frames.ts";
import type { Limits, Link, LinkEnd, LinkEvents } from "../links/link.ts";
import { beyondMemory } from "../memory-limit.ts";
import type { ExitReason } from "../profile.ts";
import type { Channel } from "./channel.ts";
import type { DaemonControl } from "./messages.ts";

/** A daemon that has not confirmed the end of an executor by then is given up. */
const CONFIRM_MS = 5000;

/** The daemon at the other end of a link, as its executors see it. */
export interface Seat {
  readonly channel: Channel;
  readonly limits: Limits;
  /** For people: which machine, which process. */
  readonly where: string;
  /** It is to leave, and says so itself when it has. */
  dismiss(reason: ExitReason): void;
  giveUp(cause: Error): void;
}

/** One executor of a remote daemon. States: open, then closed: `onClose` was called. */
export class RemoteLink implements Link {
  readonly #executor: number;
  readonly #seat: Seat;
  readonly #events: LinkEvents;
  readonly #cutter = new FrameCutter();
  #pid: number | null = null;
  #cause: unknown;
  #isClosed = false;
  #confirm: NodeJS.Timeout | null = null;

  constructor(executor: number, seat: Seat, events: LinkEvents) {
    this.#executor = executor;
    this.#seat = seat;
    this.#events = events;
  }

  get pid(): number | null {
    return this.#pid;
  }

  get where(): string {
    return this.#seat.where;
  }

  get limits(): Limits {
    return this.#seat.limits;
  }

  send(frame: EncodedFrame): void {
    if (this.#isClosed) return;
    for (const chunk of frame.chunks) this.#seat.channel.data(this.#executor, chunk);
  }

  end(reason: ExitReason | null = null): void {
    const isOwnLimit = reason === "idle" || reason === "wall" || reason === "tasks";
    if (isOwnLimit && this.limits.areOwn) this.#seat.dismiss(reason);
    else this.#ask("end");
  }

  terminate(): void {
    this.#ask("kill");
  }

  /** What keeps the host's process alive are the sockets, and those belong to the transport. */
  hold(): void {}

  opened(pid: number | null): void {
    this.#pid = pid;
  }

  /** A piece of its frame stream. What cannot be understood costs this executor, not its daemon. */
  take(bytes: Uint8Array): void {
    if (this.#cause !== undefined) return;
    try {
      this.#cutter.push(bytes, (payload) => this.#events.onMessage(decodeEnvelope(payload)));
    } catch (error) {
      this.#cause = error;
      this.terminate();
    }
  }

  exited({ exitCode, signal, stderr, why, memoryMb }: DaemonControl & { readonly type: "exited" }): void {
    const told = memoryMb !== null ? beyondMemory(memoryMb) : why !== null ? new TrainyardError("daemon_lost", why) : undefined;
    const cause = this.#cause ?? told;
    this.close({ exitCode, signal, stderr, ...(cause === undefined ? {} : { cause }) });
  }

  close(end: LinkEnd): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#confirm !== null) clearTimeout(this.#confirm);
    this.#events.onClose(end);
  }

  #ask(type: "end" | "kill"): void {
    if (this.#isClosed) return;
    this.#seat.channel.control({ type, executor: this.#executor });
    if (type === "end" || this.#confirm !== null) return;
    const message = `the daemon ${this.#seat.where} did not confirm the end of an executor within ${CONFIRM_MS} ms`;
    this.#confirm = setTimeout(() => this.#seat.giveUp(new TrainyardError("unavailable", message)), CONFIRM_MS);
    this.#confirm.unref();
  }
}
