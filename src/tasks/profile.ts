/**
 * The public shape of tasks; implementation in the files beside. A compute profile is a named set of daemons with one FIFO
 * queue. `openProfile()` in `open-profile.ts` makes one.
 */

/** Code is a module reference: a file URL and the name of an exported function. Never source from a client. */
export interface TaskReference {
  readonly module: string;
  readonly export: string;
}

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

export type TaskFunction<Args, Result> = (args: Args, context: TaskContext) => Result | Promise<Result>;

export interface SubmitOptions {
  readonly signal?: AbortSignal;
  /** Receives the task's notes, in order, before the result settles. */
  readonly onNote?: (note: unknown) => void;
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
  readonly state: "starting" | "idle" | "busy" | "stopping";
  readonly tasksDone: number;
  readonly startedAt: number;
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
