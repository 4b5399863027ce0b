import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeTableFile } from "../../data/table-file.ts";
import type { TrainConfig } from "../../engine/train/config.ts";
import type { HeldOutMap } from "../../engine/train/held-out-names.ts";
import type { TrainReport } from "../../engine/train/progress.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import { runTraining } from "../../engine/train/run-training.ts";
import type { PredictionSummary } from "../../engine/train/summarise.ts";
import type { TrainingHost, TrainingOutcome, UnitPoints } from "../../engine/train/training-host.ts";
import type { UnitResult } from "../../engine/train/unit.ts";
import type { ComputeProfile } from "../../tasks/profile.ts";
import { writeFileDurably } from "../store/durable-files.ts";
import type { PlannedTraining, TrainSource } from "./fit-task.ts";
import { submitSurviving } from "./surviving-task.ts";

export interface TrainJobOptions {
  /** Unique among the jobs of a profile. */
  readonly jobId: string;
  readonly config: TrainConfig;
  readonly tableFile: string;
  readonly fingerprint: string | null;
  /** Tables that the model is watched or judged on. */
  readonly heldOutFiles?: HeldOutMap<string>;
  /** Things found while checking, to be kept with the result. */
  readonly warnings?: readonly string[];
  /** Gets result.json, predictions.bin, predictions-training.bin (jobs with held-out rows) and model.tym; made when missing. */
  readonly jobFolder: string;
  readonly profile: ComputeProfile;
  readonly signal: AbortSignal;
  readonly report: (report: TrainReport) => void;
}

/** Names of the files of a finished job. */
export const JOB_FILES = {
  result: "result.json",
  predictions: "predictions.bin",
  trainingPredictions: "predictions-training.bin",
  model: "model.tym",
} as const;

const MODULE = new URL("./fit-task.js", import.meta.url).href;

/**
 * Trains on the daemons of a profile and stores what came out, result.json last: where it is, everything else is on disk.
 * A unit whose daemon dies under it is given to another once; the second death is the unit's failure.
 *
 * @throws {TrainyardError} `cancelled`, or what the training failed with; nothing but complete files is left behind.
 */
export async function runTrainJob(options: TrainJobOptions): Promise<TrainResult> {
  const { config, profile, signal } = options;
  const { jobId: key, tableFile, fingerprint, heldOutFiles = {} } = options;
  const source: TrainSource = { key, config, tableFile, heldOutFiles, fingerprint };
  const run = <Result>(name: string, args: unknown, extra: Parameters<typeof submitSurviving>[3] = {}): Promise<Result> =>
    submitSurviving<Result>(profile, { module: MODULE, export: name }, args, { signal, ...extra });
  const { innerCounts, warnings, ...planned } = await run<PlannedTraining>("planTask", source);
  const host: TrainingHost = {
    daemons: () => Math.max(1, profile.status().daemons.length),
    now: Date.now,
    summarise: (input) => run<PredictionSummary>("summariseTask", input),
    runUnit: (unit, hooks) =>
      run<UnitResult>(
        "unitTask",
        { source, unit },
        {
          signal: hooks.signal,
          onStart: () => hooks.onStart(),
          onNote: (note) => hooks.onPoints(note as UnitPoints), // unitTask notes nothing else
        },
      ),
  };
  const request = {
    ...planned,
    innerCount: (fold: number) => innerCounts[fold] ?? 0,
    warnings: [...(options.warnings ?? []), ...warnings],
  };
  const outcome = await runTraining(request, host, options.report, signal);
  await storeOutcome(options.jobFolder, outcome);
  return outcome.result;
}

async function storeOutcome(folder: string, outcome: TrainingOutcome): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeTableFile(join(folder, JOB_FILES.predictions), outcome.predictions);
  if (outcome.trainingPredictions !== null) await writeTableFile(join(folder, JOB_FILES.trainingPredictions), outcome.trainingPredictions);
  await writeFileDurably(join(folder, JOB_FILES.model), outcome.model);
  await writeFileDurably(join(folder, JOB_FILES.result), JSON.stringify(outcome.result));
}
