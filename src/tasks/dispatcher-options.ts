import type { Daemon } from "./daemon.ts";
import type { FleetOptions } from "./fleet.ts";
import type { SubmitMessage } from "./messages.ts";
import type { Task } from "./task.ts";

export interface DispatcherOptions extends FleetOptions {
  readonly daemons: number;
  readonly lazy: boolean;
  readonly queueLimit: number;
  readonly cancelGraceMs: number;
  readonly warmSpare: boolean;
  readonly respawn: boolean;
  readonly dealt: boolean;
  readonly memoryLimitBytes: number;
  /** A running task submitted another one. Throwing refuses the daemon. */
  readonly onSubmit: (daemon: Daemon, parent: Task, message: SubmitMessage) => void;
}

/** Counters since the dispatcher was made, and what it holds now. */
export interface Tally {
  readonly connections: number;
  readonly cumulative: number;
  readonly awaiting: number;
  readonly executing: number;
  readonly completed: number;
  readonly usedBytes: number;
  readonly peakBytes: number;
}
