import { TrainyardError } from "../../core/errors.ts";
import type { ComputeProfile, SubmitOptions, TaskContext, TaskReference } from "../../tasks/profile.ts";

/** A task whose daemon dies is given to another once; the second death is the task's failure. */
const DEATHS_ALLOWED = 1;
/** A daemon that is dead already when it gets the task counts for nothing, so often: then something else is wrong. */
const VAIN_STARTS_ALLOWED = 10;

/** The first note of a task that `submitSurviving` runs. */
const BEGUN = "begun";

/** What such a task does first: from here on the death of its daemon counts. */
export async function begin(context: TaskContext): Promise<void> {
  context.note(BEGUN);
  await context.breathe();
}

/**
 * Runs a task that calls `begin` first, and again when its daemon dies. A death counts only when the task had begun: where all daemons are
 * killed at once, one that waits is handed from one dead daemon to the next, and that is not its fault.
 *
 * @throws {TrainyardError} `daemon_lost` at the second death; what the task throws; `cancelled` when the signal aborts.
 */
export async function submitSurviving<Result>(
  profile: ComputeProfile,
  task: TaskReference,
  args: unknown,
  options: Pick<SubmitOptions, "signal" | "onStart" | "onNote">,
): Promise<Result> {
  let deaths = 0;
  let vainStarts = 0;
  let hasStarted = false;
  for (;;) {
    let hasBegun = false;
    const { onStart, onNote, signal } = options;
    const hooks: SubmitOptions = {
      ...(signal === undefined ? {} : { signal }),
      onStart: (daemonId) => {
        if (!hasStarted) onStart?.(daemonId);
        hasStarted = true;
      },
      onNote: (note, kind) => {
        if (note === BEGUN) hasBegun = true;
        else onNote?.(note, kind);
      },
    };
    try {
      return await profile.submit<Result>(task, args, hooks).result;
    } catch (error) {
      const isDeath = error instanceof TrainyardError && error.code === "daemon_lost";
      if (!isDeath || signal?.aborted === true) throw error;
      if (hasBegun) deaths++;
      else vainStarts++;
      if (deaths > DEATHS_ALLOWED || vainStarts > VAIN_STARTS_ALLOWED) throw error;
    }
  }
}
