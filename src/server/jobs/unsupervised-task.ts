import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readTableFile, writeTableFile } from "../../data/table-file.ts";
import type { FitStep } from "../../engine/algorithm.ts";
import { encodeState } from "../../engine/model/model-file.ts";
import type { UnsupervisedConfig } from "../../engine/unsupervised/config.ts";
import type { UnsupervisedResult } from "../../engine/unsupervised/result.ts";
import { runUnsupervised, type UnsupervisedOutcome } from "../../engine/unsupervised/run.ts";
import type { TaskContext } from "../../tasks/profile.ts";
import { VERSION } from "../version.ts";
import { begin } from "./surviving-task.ts";
import { JOB_FILES } from "./train-job.ts";

export interface UnsupervisedArgs {
  readonly config: UnsupervisedConfig;
  readonly tableFile: string;
  readonly fingerprint: string | null;
  readonly jobFolder: string;
}

/** What the file of a decomposition or clustering says about itself; JSON-safe. */
export interface UnsupervisedHeader {
  readonly format: UnsupervisedResult["format"];
  readonly version: 1;
  readonly config: UnsupervisedConfig;
  /** Names of the columns that a decomposition makes; empty for a clustering. */
  readonly components: readonly string[];
  readonly fingerprint: string | null;
  readonly rows: number;
  readonly library_version: string;
}

/** Steps since the last batch: how far the work is, and points of its curves. */
export interface StepBatch {
  readonly current: number;
  readonly total: number | null;
  readonly points: readonly {
    readonly split: string;
    readonly measure: string;
    readonly step: readonly number[];
    readonly value: readonly (number | null)[];
  }[];
}

/** Between two batches, and between two looks at the messages that wait. */
const BATCH_MS = 100;
const BREATH_MS = 20;

/** Does the work of one decomposition or clustering job in a daemon and writes its tables and its fit; both files are complete or absent. */
export async function unsupervisedTask(args: UnsupervisedArgs, context: TaskContext): Promise<UnsupervisedResult> {
  await begin(context);
  const table = await readTableFile(args.tableFile, { columns: args.config.features });
  const steps = runUnsupervised(args.config, table, Date.now);
  const gathered = new StepGatherer();
  for (let lastBatch = Date.now(), lastBreath = lastBatch; ; ) {
    const next = steps.next();
    if (next.done === true) {
      if (!gathered.isEmpty) context.note(gathered.take());
      await store(args, next.value);
      return next.value.result;
    }
    gathered.add(next.value);
    const now = Date.now();
    if (now - lastBatch >= BATCH_MS) {
      context.note(gathered.take());
      lastBatch = now;
    }
    if (now - lastBreath < BREATH_MS) continue;
    await context.breathe();
    lastBreath = Date.now();
    if (context.signal.aborted) {
      steps.return(undefined as never); // the value of an abandoned generator is never read
      context.signal.throwIfAborted();
    }
  }
}

class StepGatherer {
  #current = 0;
  #total: number | null = null;
  #count = 0;
  #curves = new Map<string, { split: string; measure: string; step: number[]; value: (number | null)[] }>();
  isEmpty = true;

  add({ step, total, values, measure }: FitStep): void {
    this.isEmpty = false;
    this.#current = step;
    this.#total = total;
    const entries = Object.entries(values);
    if (entries.length === 0) return;
    this.#count++;
    for (const [split, value] of entries) {
      const curve = this.#curves.get(split) ?? { split, measure, step: [], value: [] };
      this.#curves.set(split, curve);
      curve.step.push(this.#count);
      curve.value.push(Number.isFinite(value) ? value : null);
    }
  }

  take(): StepBatch {
    const batch = { current: this.#current, total: this.#total, points: [...this.#curves.values()] };
    this.#curves = new Map();
    this.isEmpty = true;
    return batch;
  }
}

async function store({ config, fingerprint, jobFolder }: UnsupervisedArgs, { result, tables, state }: UnsupervisedOutcome): Promise<void> {
  for (const [slice, table] of Object.entries(tables)) await writeTableFile(join(jobFolder, `${slice}.bin`), table);
  const header: UnsupervisedHeader = {
    format: result.format,
    version: 1,
    config,
    components: result.format === "trainyard.decomposition" ? result.components : [],
    fingerprint,
    rows: result.rows,
    library_version: VERSION,
  };
  // Made durable with the whole folder when the job is sealed.
  await writeFile(join(jobFolder, JOB_FILES.model), encodeState(header, state));
}
