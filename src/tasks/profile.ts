/**
 * The public shape of tasks; implementation in the files beside. A compute profile is a named set of daemons with one FIFO
 * queue. `openProfile()` in `open-profile.ts` makes one.
 */

/** Code is a module reference: a file URL and the name of an exported function. Never source from a client. */
export interface TaskReference {
  readonly module: string;
  readonly export: string;
}

/** A self-contained function as its source text. Made by `code.ts` from a function of the host's own program. */
export interface TaskSource {
  readonly source: string;
  /** The function's name, for messages. */
  readonly label: string;
}

export type TaskCode = TaskReference | TaskSource;

/** What a task function gets beside its arguments, in the executor. */
export interface TaskContext {
  /** Sends a note to the handle on the host. Cheap; ordered; typed arrays travel as raw bytes. */
  note(value: unknown): void;
  /** Aborts when the task is cancelled; after a grace of `cancelGraceMs` the process is killed. */
  readonly signal: AbortSignal;
  /** Lets pending messages (a cancel) be read: call it in long loops, at least every 50 ms. */
  breathe(): Promise<void>;
  /** Lives as long as the executor: a cache for data shared by tasks. */
  readonly cache: Map<string, unknown>;
}

/** What a note is about: the task's own value, or what `progress` and `log` of the task send. */
export type NoteKind = "note" | "progress" | "log";

export type TaskFunction<Args, Result> = (args: Args, context: TaskContext) => Result | Promise<Result>;

export interface SubmitOptions {
  readonly signal?: AbortSignal;
  /** Receives the task's notes, in order, before the result settles. */
  readonly onNote?: (note: unknown, kind: NoteKind) => void;
  /** Called once, when the task leaves the queue for a daemon. */
  readonly onStart?: (daemonId: string) => void;
  /** How often to run again when its daemon dies. Default 0. */
  readonly retries?: number;
}

/** One submitted task. Settles exactly once. */
export interface TaskHandle<Result> {
  readonly id: number;
  readonly state: "queued" | "running" | "done" | "failed" | "cancelled";
  /** Rejects with a TrainyardError: `task_failed` (cause, remote stack), `daemon_lost` (exit status, signal, last stderr lines), `cancelled`. */
  readonly result: Promise<Result>;
  /** True when it was queued or running. The result rejects with `cancelled` at once; the slot is free within the grace. */
  cancel(): boolean;
}

export interface DaemonStatus {
  readonly id: string;
  readonly pid: number | null;
  /** Machine and process of a daemon that dialled in; null for local ones. */
  readonly where: string | null;
  readonly state: "starting" | "idle" | "busy" | "stopping";
  readonly tasksDone: number;
  readonly startedAt: number;
}

/** Why a daemon is gone. `lost` is the only one that nobody asked for. */
export type ExitReason = "idle" | "wall" | "tasks" | "surplus" | "cancelled" | "terminated" | "closed" | "lost";

export interface DaemonExit {
  readonly daemon: string;
  readonly reason: ExitReason;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface ProfileStatus {
  readonly daemons: readonly DaemonStatus[];
  readonly queued: number;
  readonly running: number;
}

export interface ComputeProfile extends AsyncDisposable {
  readonly name: string;
  /** Enqueues at once; `queue_full` is thrown when the queue is at its limit. Starts daemons on first use when lazy. */
  submit<Result>(task: TaskReference, args: unknown, options?: SubmitOptions): TaskHandle<Result>;
  status(): ProfileStatus;
  /** Changes the number of daemons; surplus ones finish their task first. */
  resize(daemons: number): void;
  /** Refuses new tasks, cancels queued and running ones, ends every process. Closing twice is fine. */
  close(): Promise<void>;
}

export interface ProfileOptions {
  readonly name?: string;
  /** Number of daemons, ≥ 1. */
  readonly daemons: number;
  /** Start daemons on the first submit instead of now. Default false. */
  readonly lazy?: boolean;
  /** Queued tasks beyond this are refused. Default 1,000,000. */
  readonly queueLimit?: number;
  /** Between asking a running task to stop and killing its process. Default 200 ms. */
  readonly cancelGraceMs?: number;
  /** Keep one started spare so that a killed daemon is replaced at once. Default false. */
  readonly warmSpare?: boolean;
  /** Daemons idle this long are stopped and started again on demand; 0 never. Default 0. */
  readonly idleMs?: number;
  /** Extra `node` arguments for daemons, e.g. `--max-old-space-size=4096`. */
  readonly nodeArguments?: readonly string[];
}

/** A piece of a daemon's output, as it came. */
export type OutputListener = (text: string, from: "stdout" | "stderr") => void;

/** What `daemons()` can ask for beyond `ProfileOptions`. Everything has a default that changes nothing. */
export interface DaemonOptions {
  /** Daemons are worker threads of this process. Default false. */
  readonly thread?: boolean;
  /** A daemon leaves after so many tasks; 0 never. Default 0. */
  readonly maxTasks?: number;
  /** A daemon of this age leaves between tasks; 0 never. Default 0. */
  readonly wallMs?: number;
  /** Whether a daemon that left or was lost is replaced. Default true. */
  readonly respawn?: boolean;
  /** Whether new globals, the environment, the working directory and process listeners are put back after each task. Default false. */
  readonly cleanup?: boolean;
  /** What a daemon in the middle of a task does when this process dies: stop at once, or finish the task first. Default "kill". */
  readonly autoExit?: "kill" | "finish";
  /** What happens to what daemons print. Default "discard". */
  readonly output?: "discard" | "inherit" | OutputListener;
  /** Tasks of the same function that may be given to a daemon at a time. Default 64 where they can be taken back, else 1. */
  readonly prefetch?: number;
  /** Bytes of queued arguments from which on new tasks are refused; 0 unlimited. Default 0. */
  readonly memoryLimitBytes?: number;
  /** What one daemon may use, in MiB; 0: no limit. Default 0. */
  readonly daemonMemoryMb?: number;
  /** Each daemon has a backlog of its own, dealt in turn, and loses it when it dies. Default false. */
  readonly dealt?: boolean;
}
