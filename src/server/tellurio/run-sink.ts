import { messageOf } from "../../core/errors.ts";
import { hasEnded, parseColumns, RunNotFoundError, type Runs } from "../../runs/index.ts";
import type { RunStatus } from "./project-rows.ts";

/** A run as the page of prompt training shows it. Times are epoch ms. */
export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly tags: readonly string[];
  readonly created_at: number;
  readonly finished_at: number | null;
}

/** What the log of runs offers to the prompt trainer. */
export interface RunSink {
  /** Makes a running run; returns its uuid. */
  create(name: string, about: { readonly project: string; readonly description: string | null }): string;
  /** One number of one metric. */
  point(runId: string, name: string, value: number, step: number): void;
  /** The reporter lives. */
  beat(runId: string): void;
  /** Somebody asked it to stop on the page. */
  isStopping(runId: string): boolean;
  status(runId: string, status: RunStatus, reason?: string): void;
  remove(runId: string): void;
  /** Null when there is no such run. */
  info(runId: string): RunInfo | null;
  /** Calls `listener` when something happened to the run, until the returned function is called. */
  watch(runId: string, listener: () => void): () => void;
}

/** Shows prompt training among all other runs. What cannot be shown is logged; it never fails the trainer. */
export function runSink(runs: Runs, log: (line: string) => void): RunSink {
  const quietly = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      log(`prompt training: ${what}: ${messageOf(error)}`);
    }
  };
  return {
    create: (name, { project, description }) =>
      runs.create(
        name,
        { model_type: "prompt", tags: [project], ...(description === null ? {} : { notes: description }) },
        { isStarted: true },
      ).runId,
    point: (runId, name, value, step) =>
      quietly("a metric was not shown", () => {
        runs
          .append(runId, parseColumns({ steps: [step], values: { [name]: [value] } }, Date.now()))
          .catch((error: unknown) => log(`prompt training: a metric was not shown: ${messageOf(error)}`));
      }),
    beat: (runId) => {
      try {
        runs.beat(runId);
      } catch {
        // Unknown here, or ended: a client may go on with its session all the same.
      }
    },
    isStopping: (runId) => {
      try {
        return runs.get(runId).state === "stopping" || runs.get(runId).state === "stopped";
      } catch {
        return false;
      }
    },
    status: (runId, status, reason) => quietly("a status was not shown", () => setStatus(runs, runId, status, reason)),
    remove: (runId) => quietly("a run was not removed", () => runs.remove(runId)),
    info: (runId) => {
      try {
        const { name, state, reason, about, createdAt, finishedAt } = runs.get(runId);
        return { id: runId, name, state, reason, tags: about.tags ?? [], created_at: createdAt, finished_at: finishedAt };
      } catch (error) {
        if (error instanceof RunNotFoundError) return null;
        throw error;
      }
    },
    watch: (runId, listener) => runs.watch(runId, listener),
  };
}

/** The trainer's word goes before what the server concluded, and may change its mind. */
function setStatus(runs: Runs, runId: string, status: RunStatus, why: string | null = null): void {
  const { state } = runs.get(runId);
  if (status === "RUNNING") {
    if (hasEnded(state)) runs.resume(runId, null, "reporter");
    return;
  }
  const wanted = status === "COMPLETED" ? "completed" : "failed";
  if (hasEnded(state) && state !== wanted && state !== "crashed" && state !== "stopped") runs.resume(runId, null, "reporter");
  if (state !== "stopped")
    runs.finish(runId, wanted, { actor: "reporter", reason: why ?? (status === "CRASHED" ? "an error left the run" : null) });
}
