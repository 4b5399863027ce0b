import { readTableFile } from "../../data/table-file.ts";
import type { Table } from "../../engine/table.ts";
import type { TrainConfig } from "../../engine/train/config.ts";
import type { HeldOutMap } from "../../engine/train/held-out-names.ts";
import { type PreparedTraining, prepareTraining } from "../../engine/train/prepare.ts";
import { type PredictionSummary, type SummaryInput, summarisePredictions } from "../../engine/train/summarise.ts";
import { trainingRequest } from "../../engine/train/train.ts";
import type { TrainingRequest, UnitPoints } from "../../engine/train/training-host.ts";
import { runUnit, type Unit, type UnitResult } from "../../engine/train/unit.ts";
import { PointBatch } from "../../engine/train/unit-points.ts";
import type { TaskContext } from "../../tasks/profile.ts";
import { begin } from "./surviving-task.ts";

/** Where a unit finds its data. Daemons read the stored table themselves; only names travel. */
export interface TrainSource {
  /** Identifies the job, so that its units share one prepared table per daemon. */
  readonly key: string;
  readonly config: TrainConfig;
  readonly tableFile: string;
  readonly heldOutFiles: HeldOutMap<string>;
  readonly fingerprint: string | null;
}

/** `TrainingRequest` without its function: what travels from the daemon that looked at the data. `warnings` are those about held-out tables. */
export type PlannedTraining = Omit<TrainingRequest, "innerCount"> & { readonly innerCounts: readonly number[] };

/** Looks at the data once and says what the coordinator needs to know. */
export async function planTask(source: TrainSource, context: TaskContext): Promise<PlannedTraining> {
  await begin(context);
  const { innerCount, ...request } = trainingRequest(await preparedFor(source, context), []);
  return { ...request, innerCounts: [0, ...request.outerLabels.map((_, index) => index + 1)].map(innerCount) };
}

/** Runs one unit; its curve points are notes. */
export async function unitTask({ source, unit }: { source: TrainSource; unit: Unit }, context: TaskContext): Promise<UnitResult> {
  await begin(context);
  const prepared = await preparedFor(source, context);
  const steps = runUnit(unit, prepared, { fingerprint: source.fingerprint, now: Date.now });
  const batch = new PointBatch((points: UnitPoints) => context.note(points));
  for (let lastBreath = Date.now(); ; ) {
    const next = steps.next();
    if (next.done === true) {
      batch.flush();
      return next.value;
    }
    const now = Date.now();
    if (unit.kind === "fit" && next.value !== null) batch.add(next.value, now);
    if (now - lastBreath < 20) continue;
    await context.breathe();
    lastBreath = Date.now();
    if (context.signal.aborted) {
      steps.return(undefined as never); // the value of an abandoned generator is never read
      context.signal.throwIfAborted();
    }
  }
}

export async function summariseTask(input: SummaryInput, context: TaskContext): Promise<PredictionSummary> {
  await begin(context);
  return summarisePredictions(input);
}

/** Prepared tables that an executor keeps; the least recently used goes first. */
const PREPARED_KEPT = 2;

async function preparedFor(source: TrainSource, context: TaskContext): Promise<PreparedTraining> {
  const cache = preparedCache(context);
  const known = cache.get(source.key);
  if (known !== undefined) {
    cache.delete(source.key);
    cache.set(source.key, known);
    return known;
  }
  const { config } = source;
  const groups = [config.outer_resampling_config, config.tuner_config?.resampler_config].flatMap((resampler) => [
    resampler?.id_strat,
    resampler?.stratify_var,
  ]);
  const wanted = new Set([config.target, ...config.features, config.weights, ...groups].filter((name) => typeof name === "string"));
  const table = await readTableFile(source.tableFile, { columns: [...wanted] });
  const prepared = prepareTraining(config, table, await heldOutOf(source));
  for (const oldest of cache.keys()) {
    if (cache.size < PREPARED_KEPT) break;
    cache.delete(oldest);
  }
  cache.set(source.key, prepared);
  return prepared;
}

/** The columns that held-out tables need; they were checked to have them. Weights count only where a fit watches rows. */
async function heldOutOf({ config, heldOutFiles }: TrainSource): Promise<HeldOutMap<Table>> {
  const columns = [...config.features, config.target];
  const tables: { validation?: Table; test?: Table } = {};
  const { validation, test } = heldOutFiles;
  if (validation !== undefined) {
    tables.validation = await readTableFile(validation, { columns: config.weights === null ? columns : [...columns, config.weights] });
  }
  if (test !== undefined) tables.test = await readTableFile(test, { columns });
  return tables;
}

function preparedCache(context: TaskContext): Map<string, PreparedTraining> {
  const name = "training.prepared";
  const known = context.cache.get(name) as Map<string, PreparedTraining> | undefined; // only this function sets it
  if (known !== undefined) return known;
  const made = new Map<string, PreparedTraining>();
  context.cache.set(name, made);
  return made;
}
