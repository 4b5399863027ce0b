import type { Table } from "../table.ts";
import type { TrainConfig } from "./config.ts";
import type { HeldOutTables } from "./held-out.ts";
import { HELD_OUT } from "./held-out-names.ts";
import { type PreparedTraining, prepareTraining } from "./prepare.ts";
import type { TrainReport } from "./progress.ts";
import { runTraining } from "./run-training.ts";
import { summarisePredictions } from "./summarise.ts";
import type { TrainingHost, TrainingOutcome, TrainingRequest } from "./training-host.ts";
import { runUnit } from "./unit.ts";
import { PointBatch } from "./unit-points.ts";

export interface TrainOptions {
  readonly report?: (report: TrainReport) => void;
  readonly signal?: AbortSignal;
  readonly fingerprint?: string | null;
  readonly now?: () => number;
  readonly warnings?: readonly string[];
  /** Tables with the columns of the training table. A test table goes with a configuration without outer resamples. */
  readonly heldOut?: HeldOutTables;
}

/**
 * Trains here, in this process, one unit after the other; gives way to other work between steps. The bits are those of training on any
 * number of daemons. Runs in a browser too.
 *
 * @param config as `validateTrainConfig` returns it for this table.
 * @throws {TrainyardError} `cancelled` when the signal aborts; else what the final model, or every fold, failed with.
 */
export async function train(config: TrainConfig, table: Table, options: TrainOptions = {}): Promise<TrainingOutcome> {
  const prepared = prepareTraining(config, table, options.heldOut);
  const now = options.now ?? Date.now;
  const signal = options.signal ?? new AbortController().signal;
  let turn: Promise<unknown> = Promise.resolve();
  const host: TrainingHost = {
    daemons: () => 1,
    now,
    summarise: async (input) => summarisePredictions(input),
    runUnit: (unit, hooks) => {
      const run = turn.then(async () => {
        hooks.onStart();
        const steps = runUnit(unit, prepared, { fingerprint: options.fingerprint ?? null, now });
        const batch = new PointBatch((points) => hooks.onPoints(points));
        for (let lastBreath = now(); ; ) {
          const next = steps.next();
          if (next.done === true) {
            batch.flush();
            return next.value;
          }
          if (next.value !== null) batch.add(next.value, now());
          if (now() - lastBreath < 20) continue;
          await new Promise((resolve) => setTimeout(resolve, 0));
          lastBreath = now();
          hooks.signal.throwIfAborted();
        }
      });
      turn = run.catch(() => {});
      return run;
    },
  };
  return runTraining(trainingRequest(prepared, options.warnings ?? []), host, options.report ?? (() => {}), signal);
}

/** What the coordinator must know of prepared data; everything in it is small. */
export function trainingRequest(prepared: PreparedTraining, warnings: readonly string[]): TrainingRequest {
  const searches = [0, ...prepared.outer.map((_, index) => index + 1)];
  const counts = prepared.config.tuner_config === null ? searches.map(() => 0) : searches.map((fold) => prepared.inner(fold).length);
  return {
    config: prepared.config,
    classes: prepared.classes,
    rows: prepared.trainingRows,
    rowsMissingTarget: prepared.rowsMissingTarget,
    outerLabels: prepared.outer.map((resample) => resample.label),
    innerCount: (fold) => counts[fold] ?? 0,
    heldOut: heldOutCounts(prepared),
    warnings: [...warnings, ...prepared.warnings],
  };
}

function heldOutCounts({ heldOut }: PreparedTraining): TrainingRequest["heldOut"] {
  const given = HELD_OUT.flatMap((name) => {
    const rows = heldOut[name];
    return rows === undefined ? [] : [[name, { rows: rows.rows.length, rows_missing_target: rows.rowsMissingTarget }] as const];
  });
  return Object.fromEntries(given);
}
