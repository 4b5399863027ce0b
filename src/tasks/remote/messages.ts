import { BadFrameError } from "../../wire/bad-frame.ts";

/** What a daemon says once, after it has joined. Limits are 0 where there is none. */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  /** Of the supervisor. */
  readonly pid: number;
  readonly host: string;
  readonly idleMs: number;
  readonly wallMs: number;
  readonly maxTasks: number;
}

export const VERSION = 1;

/** From the host. An executor's number is the host's choice and never used twice on a link. */
export type HostControl =
  | {
      readonly type: "open";
      readonly executor: number;
      readonly nodeArguments: readonly string[];
      readonly memoryMb: number;
      /** Whether the host wants to see what the executor prints. */
      readonly wantsOutput: boolean;
    }
  /** Nothing more comes for it: it may leave. */
  | { readonly type: "end"; readonly executor: number }
  | { readonly type: "kill"; readonly executor: number }
  /** The host is done with this daemon. `reset`: others may listen here later; `leave`: it is to end for good. */
  | { readonly type: "bye"; readonly reason: ByeReason };

export type ByeReason = "reset" | "leave" | "idle" | "wall" | "tasks";

/** From a daemon, after its `hello`. `exited` comes after the last byte of the executor's frames. */
export type DaemonControl =
  | Hello
  | { readonly type: "opened"; readonly executor: number; readonly pid: number | null }
  | {
      readonly type: "exited";
      readonly executor: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly stderr: string;
      /** Why it could not be started, or was ended by its daemon; null otherwise. */
      readonly why: string | null;
      readonly memoryMb: number | null;
    };

type Fields = Readonly<Partial<Record<string, unknown>>>;

/** @throws {BadFrameError} for anything that a daemon may not send. */
export function toDaemonControl(value: unknown): DaemonControl {
  const message = fieldsOf(value);
  switch (message.type) {
    case "hello":
      if (message.version !== VERSION)
        throw new BadFrameError(`the daemon speaks version ${String(message.version)}, this host ${VERSION}: use the same trainyard`);
      return {
        type: "hello",
        version: VERSION,
        pid: toCount(message.pid),
        host: String(message.host).slice(0, 255),
        idleMs: toCount(message.idleMs),
        wallMs: toCount(message.wallMs),
        maxTasks: toCount(message.maxTasks),
      };
    case "opened":
      return { type: "opened", executor: toCount(message.executor), pid: message.pid === null ? null : toCount(message.pid) };
    case "exited":
      return {
        type: "exited",
        executor: toCount(message.executor),
        exitCode: typeof message.exitCode === "number" ? message.exitCode : null,
        signal: typeof message.signal === "string" ? message.signal : null,
        stderr: typeof message.stderr === "string" ? message.stderr : "",
        why: typeof message.why === "string" ? message.why : null,
        memoryMb: typeof message.memoryMb === "number" ? message.memoryMb : null,
      };
    default:
      throw new BadFrameError(`a daemon cannot send ${JSON.stringify(message.type)}`);
  }
}

/** @throws {BadFrameError} for anything that a host may not send. */
export function toHostControl(value: unknown): HostControl {
  const message = fieldsOf(value);
  switch (message.type) {
    case "open": {
      const { nodeArguments } = message;
      if (!Array.isArray(nodeArguments) || !nodeArguments.every((argument) => typeof argument === "string")) {
        throw new BadFrameError("arguments for node must be texts");
      }
      const executor = toCount(message.executor);
      return { type: "open", executor, nodeArguments, memoryMb: toCount(message.memoryMb), wantsOutput: message.wantsOutput === true };
    }
    case "end":
    case "kill":
      return { type: message.type, executor: toCount(message.executor) };
    case "bye":
      return { type: "bye", reason: BYE_REASONS.find((reason) => reason === message.reason) ?? "reset" };
    default:
      throw new BadFrameError(`a host cannot send ${JSON.stringify(message.type)}`);
  }
}

const BYE_REASONS: readonly ByeReason[] = ["reset", "leave", "idle", "wall", "tasks"];

function fieldsOf(value: unknown): Fields {
  if (typeof value === "object" && value !== null) return value as Fields;
  throw new BadFrameError("a control message must be an object");
}

function toCount(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new BadFrameError(`${JSON.stringify(value)} is no count`);
}
