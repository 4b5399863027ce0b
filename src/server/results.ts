import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExplainRequest } from "../engine/explain/explain-table.ts";
import type { Table } from "../engine/table.ts";
import type { TrainResult } from "../engine/train/result.ts";
import type { UnsupervisedResult } from "../engine/unsupervised/result.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import type { ArrowTable } from "./data-tasks/arrow-table.ts";
import type { ExplainedArrow } from "./data-tasks/explain-arrow-task.ts";
import type { Folders } from "./folders.ts";
import type { JobRow } from "./jobs/job-rows.ts";
import { JOB_FILES } from "./jobs/train-job.ts";
import type { Jobs } from "./jobs.ts";
import { WireError } from "./live/wire-error.ts";
import { metricsBlocks } from "./results/metrics-block.ts";
import { type RecordFacts, recordDocument } from "./results/record.ts";
import { summaryDocument } from "./results/summary.ts";
import {
  calibrationTable,
  colorsOf,
  importanceTable,
  learningCurvesTable,
  prTable,
  rocTable,
  sessionTable,
  varimpTable,
} from "./results/tables.ts";
import { TABLE_SLICES, unsupervisedRecord, unsupervisedSummary } from "./results/unsupervised.ts";
import { VERSION } from "./version.ts";

const SLICES = [
  "summary",
  "raw",
  "record",
  "metrics",
  "predictions",
  "varimp",
  "roc",
  "pr",
  "session",
  "transformed",
  "loadings",
  "assignments",
  "memberships",
  "report",
  "calibration",
  "importance",
  "learning_curves",
  "residuals",
] as const;
type Slice = (typeof SLICES)[number];

/** A model file and what it does. */
export interface ModelSource {
  readonly file: string;
  readonly type: JobRow["type"];
}

/** A document, or a table with its pointer's extra fields. */
export type SliceReply = { readonly document: unknown } | { readonly table: ArrowTable; readonly more?: Readonly<Record<string, unknown>> };

const ARROW_TASK: TaskReference = { module: new URL("./data-tasks/arrow-task.js", import.meta.url).href, export: "arrowTask" };

const PREDICT_TASK: TaskReference = {
  module: new URL("./data-tasks/predict-arrow-task.js", import.meta.url).href,
  export: "predictArrowTask",
};
const APPLY_TASK: TaskReference = { module: new URL("./data-tasks/apply-arrow-task.js", import.meta.url).href, export: "applyArrowTask" };

const EXPLAIN_TASK: TaskReference = {
  module: new URL("./data-tasks/explain-arrow-task.js", import.meta.url).href,
  export: "explainArrowTask",
};

/** A record may not exceed a header; above this the answer says so. */
const RECORD_LIMIT_BYTES = 1_044_480;

/** What finished jobs have to show, from their files. */
export class Results {
  readonly #jobs: Jobs;
  readonly #folders: Folders;
  readonly #profile: ComputeProfile;

  constructor(jobs: Jobs, folders: Folders, profile: ComputeProfile) {
    this.#jobs = jobs;
    this.#folders = folders;
    this.#profile = profile;
  }

  /** One slice of a finished job. Order of checks: job, status, slice (section 14). */
  async slice(sessionId: string, jobId: string, name: string, split: "test" | "training" | null): Promise<SliceReply> {
    const row = this.#jobs.complete(sessionId, jobId);
    const slice = SLICES.find((known) => known === name);
    if (slice === undefined) throw new WireError("invalid_params", `There is no slice "${name}". Known: ${SLICES.join(", ")}.`);
    if (row.type !== "train") return this.#unsupervised(slice, sessionId, row);
    const result = await this.#read<TrainResult>(jobId);
    return (await this.#document(slice, row, result)) ?? this.#table(slice, sessionId, jobId, result, split);
  }

  /** The model file (for decompositions and clusterings: the fit for new rows), and a name for it. */
  async model(sessionId: string, jobId: string): Promise<{ readonly bytes: Uint8Array; readonly filename: string }> {
    const row = this.#jobs.complete(sessionId, jobId);
    const bytes = await readFile(join(this.#folders.job(jobId), JOB_FILES.model));
    const safe = `${row.dataName}-${row.algorithm}`.replaceAll(/[^A-Za-z0-9_.-]+/g, "_").slice(0, 80);
    return { bytes, filename: `${safe}.tym` };
  }

  /** The model of a finished job. */
  modelOf(sessionId: string, jobId: string): ModelSource {
    const { type } = this.#jobs.complete(sessionId, jobId);
    return { file: join(this.#folders.job(jobId), JOB_FILES.model), type };
  }

  /** For every row of a stored table: a model's predictions, or components, or clusters. */
  predict({ file, type }: ModelSource, tableFile: string): Promise<ArrowTable & { warnings: readonly string[] }> {
    const files = { modelFile: file, tableFile };
    const args = type === "train" ? files : { ...files, format: type === "decomp" ? "trainyard.decomposition" : "trainyard.clustering" };
    return this.#profile.submit<ArrowTable & { warnings: readonly string[] }>(type === "train" ? PREDICT_TASK : APPLY_TASK, args).result;
  }

  /** A finished job's model explained on the rows of a data set. */
  async explain(sessionId: string, jobId: string, tableFile: string, request: ExplainRequest): Promise<ExplainedArrow> {
    const row = this.#jobs.complete(sessionId, jobId);
    if (row.type !== "train") throw new WireError("invalid_params", `Job ${jobId} is ${WHOSE[row.type]}; only models are explained.`);
    const modelFile = join(this.#folders.job(jobId), JOB_FILES.model);
    return this.#profile.submit<ExplainedArrow>(EXPLAIN_TASK, { modelFile, tableFile, request }).result;
  }

  async #document(slice: Slice, row: JobRow, result: TrainResult): Promise<SliceReply | null> {
    switch (slice) {
      case "report":
        return { document: result };
      case "summary":
      case "raw":
        return { document: summaryDocument(result, slice === "raw") };
      case "metrics":
        return { document: metricsBlocks(result) };
      case "record":
        return { document: await this.#record(row, result) };
      case "transformed":
      case "loadings":
      case "assignments":
      case "memberships":
        throw elsewhere(slice, row);
      default:
        return null;
    }
  }

  /** Slices of a decomposition or a clustering; what belongs to models alone is refused or empty, as version 1 has it (R-129 … R-136). */
  async #unsupervised(slice: Slice, sessionId: string, row: JobRow): Promise<SliceReply> {
    const result = await this.#read<UnsupervisedResult>(row.jobId);
    switch (slice) {
      case "summary":
      case "raw": {
        const { fingerprint } = await this.#jobs.stored(row.jobId);
        return { document: unsupervisedSummary(result, fingerprint, slice === "raw" ? await this.#tables(result, row.jobId) : null) };
      }
      case "record":
        return { document: withinLimit(unsupervisedRecord(result, await this.#recordFacts(row))) };
      case "report":
      case "predictions":
      case "metrics":
        throw elsewhere(slice, row);
      case "transformed":
      case "loadings":
      case "assignments":
      case "memberships": {
        if (!TABLE_SLICES[result.format].includes(slice)) throw elsewhere(slice, row);
        const tableFile = join(this.#folders.job(row.jobId), `${slice}.bin`);
        if (!existsSync(tableFile)) return { table: EMPTY_TABLE };
        return { table: await this.#profile.submit<ArrowTable>(ARROW_TASK, { tableFile }).result };
      }
      case "learning_curves":
        return { table: await toArrow(learningCurvesTable(this.#jobs.history(sessionId, row.jobId))) };
      default:
        return { table: EMPTY_TABLE };
    }
  }

  async #tables(result: UnsupervisedResult, jobId: string): Promise<Record<string, Table>> {
    const { readTableFile } = await import("../data/table-file.ts");
    const files = TABLE_SLICES[result.format].map((slice) => [slice, join(this.#folders.job(jobId), `${slice}.bin`)] as const);
    return Object.fromEntries(files.filter(([, file]) => existsSync(file)).map(([slice, file]) => [slice, readTableFile(file)]));
  }

  async #record(row: JobRow, result: TrainResult): Promise<unknown> {
    return withinLimit(recordDocument(result, await this.#recordFacts(row)));
  }

  async #recordFacts(row: JobRow): Promise<RecordFacts> {
    const { shape, fingerprint, held_out: heldOut = {} } = await this.#jobs.stored(row.jobId);
    return {
      heldOut,
      startedAt: row.startedAt ?? row.submittedAt,
      finishedAt: row.completedAt ?? row.submittedAt,
      version: VERSION,
      fingerprint,
      columnNames: shape.columns.map((column) => column.name),
      rows: shape.rows,
    };
  }

  async #table(
    slice: Slice,
    sessionId: string,
    jobId: string,
    result: TrainResult,
    split: "test" | "training" | null,
  ): Promise<SliceReply> {
    switch (slice) {
      case "predictions":
        return { table: await this.#stored(jobId, result, split, false) };
      case "residuals":
        if (result.task !== "regression") return { table: EMPTY_TABLE };
        return { table: await this.#stored(jobId, result, split, true) };
      case "session": {
        const history = this.#jobs.history(sessionId, jobId);
        return { table: await toArrow(sessionTable(history)), more: { colors: colorsOf(history) } };
      }
      case "learning_curves":
        return { table: await toArrow(learningCurvesTable(this.#jobs.history(sessionId, jobId))) };
      case "roc":
        return { table: await toArrow(rocTable(result)) };
      case "pr":
        return { table: await toArrow(prTable(result)) };
      case "varimp":
        return { table: await toArrow(varimpTable(result)) };
      case "importance":
        return { table: await toArrow(importanceTable(result)) };
      case "calibration":
        return { table: await toArrow(calibrationTable(result)) };
      default:
        throw new Error(`slice ${slice} has no table`);
    }
  }

  /** Per-row predictions: held-out rows, or training rows on request and for single fits. Encoded in a daemon. */
  #stored(jobId: string, result: TrainResult, split: "test" | "training" | null, residuals: boolean): Promise<ArrowTable> {
    const hasTest = result.metrics.test !== null;
    if (!hasTest && split === "test") return Promise.resolve(EMPTY_TABLE);
    const file = hasTest && split === "training" ? JOB_FILES.trainingPredictions : JOB_FILES.predictions;
    const args = { tableFile: join(this.#folders.job(jobId), file), residuals };
    return this.#profile.submit<ArrowTable>(ARROW_TASK, args).result;
  }

  /** The stored result; which kind it is follows from the job's type. */
  async #read<Result>(jobId: string): Promise<Result> {
    return JSON.parse(await readFile(join(this.#folders.job(jobId), JOB_FILES.result), "utf8")) as Result;
  }
}

const EMPTY_TABLE: ArrowTable = { rows: 0, columns: [], bytes: new Uint8Array(0) };

const WHOSE: Readonly<Record<JobRow["type"], string>> = { train: "training a model", decomp: "a decomposition", cluster: "a clustering" };

function elsewhere(slice: Slice, row: JobRow): WireError {
  return new WireError(
    "invalid_params",
    `Job ${row.jobId} is ${WHOSE[row.type]}; it has no slice "${slice}". The slice summary always works.`,
  );
}

function withinLimit(record: unknown): unknown {
  const bytes = Buffer.byteLength(JSON.stringify(record));
  return bytes > RECORD_LIMIT_BYTES ? { available: false, reason: "too_large", bytes } : record;
}

/** A small table as Arrow, here and now. The writer is loaded on first use. */
async function toArrow(table: Table): Promise<ArrowTable> {
  if (table.columns.length === 0) return EMPTY_TABLE;
  const { tableToArrow } = await import("../data/arrow.ts");
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table) };
}
