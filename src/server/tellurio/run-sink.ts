import { messageOf } from "../../core/errors.ts";
import { hasEnded, parseColumns, type Runs } from "../../runs/index.ts";
import type { RunStatus } from "./project-rows.ts";
import type { RunSink } from "./projects.ts";

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
    status: (runId, status) => quietly("a status was not shown", () => setStatus(runs, runId, status)),
    remove: (runId) => quietly("a run was not removed", () => runs.remove(runId)),
  };
}

/** The trainer's word goes before what the server concluded, and may change its mind. */
function setStatus(runs: Runs, runId: string, status: RunStatus): void {
  const { state } = runs.get(runId);
  if (status === "RUNNING") {
    if (hasEnded(state)) runs.resume(runId, null, "reporter");
    return;
  }
  const wanted = status === "COMPLETED" ? "completed" : "failed";
  if (hasEnded(state) && state !== wanted && state !== "crashed" && state !== "stopped") runs.resume(runId, null, "reporter");
  if (state !== "stopped") runs.finish(runId, wanted, { actor: "reporter", reason: status === "CRASHED" ? "an error left the run" : null });
}
