import { TrainyardError } from "../core/errors.ts";
import type { RunState } from "./lifecycle.ts";

/** Thrown when something is asked of a run that has ended. Nothing was stored. `details.state` says how it ended. */
export class RunEndedError extends TrainyardError {
  override readonly name = "RunEndedError";
  readonly state: RunState;
  constructor(runId: string, state: RunState) {
    super("refused", `Run ${runId} is ${state}; what was sent was not stored. Resume the run first to go on with it.`, {
      details: { state },
    });
    this.state = state;
  }
}

/** Thrown when no run has that id. */
export class RunNotFoundError extends TrainyardError {
  override readonly name = "RunNotFoundError";
  constructor(runId: string) {
    super("not_found", "Run not found", { details: { run_id: runId } });
  }
}
