import { type EncodedFrame, encodeFrame } from "../../wire/frames.ts";
import type { HostMessage } from "../messages.ts";
import type { ExitReason } from "../profile.ts";

/** One executor and the way to it. Implementations: one file each beside this one. */
export interface Link {
  /** Of the executor's process; null when it has none or it could not be started. */
  readonly pid: number | null;
  /** Never blocks and never throws; what a dead link is given is dropped. Large arrays are not copied. */
  send(frame: EncodedFrame): void;
  /** Where it runs, when that is another program: machine and process. */
  readonly where?: string;
  /** What it was started with, where that is not the profile's business. */
  readonly limits?: Limits;
  /** Asks an idle executor to leave. */
  end(reason?: ExitReason | null): void;
  /** Ends the executor now, whatever it is doing. */
  terminate(): void;
  /** Whether the link keeps the host's process alive. */
  hold(isHeld: boolean): void;
  /**
   * Lets the executor begin nothing more until it has been sent `drop`, also when user code blocks it. `onPassed` is told how many tasks have begun since
   * it started, modulo 2^31; not when the executor is gone first. Absent where that cannot be.
   */
  recall?(onPassed: (count: number) => void): void;
}

/** When a daemon leaves, where that is its own affair; 0 never. */
export interface Limits {
  readonly idleMs: number;
  readonly wallMs: number;
  readonly maxTasks: number;
  /** False when all are 0: then the profile's count. */
  readonly areOwn: boolean;
  /** Tasks of executors that it had before. */
  tasksBefore: number;
  /** When it joined, ms since 1970. */
  readonly since: number;
}

/** How an executor ended. */
export interface LinkEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines that it wrote to standard error, at most about 8 kB. */
  readonly stderr: string;
  /** Why it could not be started, or what it sent that made no sense. */
  readonly cause?: unknown;
  /** Its answers may have been lost on the way: any task that it was given may have begun. */
  readonly isCut?: boolean;
}

export interface LinkEvents {
  /** One decoded message, not yet validated. Throwing refuses the executor: it is terminated, with what was thrown as the cause. */
  onMessage(message: unknown): void;
  /** Once, after the last message. The executor is gone. */
  onClose(end: LinkEnd): void;
}

/** Starts an executor. Returns at once; failures come through `onClose`. */
export type OpenLink = (events: LinkEvents) => Link;

/**
 * Makes a message ready for the links of one kind, now: later changes of its values are not seen, but for large binary ones. What is named in
 * `transfer` is given away where the kind of link can do so.
 * @param mayRepeat it may have to be sent again, so that nothing in it moves.
 * @throws {InvalidArgumentError} when it cannot be sent.
 */
export type Pack = (message: HostMessage, transfer?: readonly ArrayBuffer[], mayRepeat?: boolean) => PackedFrame;

export interface PackedFrame extends EncodedFrame {
  /** Its memory moves when it is sent: it cannot be sent again. */
  readonly isSentOnce?: boolean;
}

/** A kind of link: how to start an executor, and how to make messages for it. */
export interface Transport {
  readonly open: OpenLink;
  readonly pack: Pack;
  /** Its links can recall, so that executors may be given several tasks at a time. */
  readonly givesAhead?: boolean;
  /** False while an executor has no place to run. Absent: there always is one. */
  readonly mayOpen?: boolean;
  /** Whether waiting for executors keeps the host's process alive. */
  hold?(isHeld: boolean): void;
}

export const packFrame: Pack = (message) => encodeFrame(message);
