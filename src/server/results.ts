import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "../engine/table.ts";
import type { TrainResult } from "../engine/train/result.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import type { DataHandles } from "./data-handles.ts";
import type { ArrowTable } from "./data-tasks/arrow-table.ts";
import type { Folders } from "./folders.ts";
import type { JobRow } from "./jobs/job-rows.ts";
import { JOB_FILES } from "./jobs/train-job.ts";
import type { Jobs } from "./jobs.ts";
import { WireError } from "./live/wire-error.ts";
import { metricsBlocks } from "./results/metrics-block.ts";
import { recordDocument } from "./results/record.ts";
import { summaryDocument } from "./results/summary.ts";
import { calibrationTable, colorsOf, importanceTable, learningCurvesTable, rocTable, sessionTable, varimpTable } from "./results/tables.ts";
import { VERSION } from "./version.ts";

const SLICES = [
  "summary",
  "raw",
  "record",
  "metrics",
  "predictions",
  "varimp",
  "roc",
  "session",
  "transformed",
  "loadings",
  "assignments",
  "report",
  "calibration",
  "importance",
  "learning_curves",
  "residuals",
] as const;
type Slice = (typeof SLICES)[number];

/** A document, or a table with its pointer's extra fields. */
export type SliceReply = { readonly document: unknown } | { readonly table: ArrowTable; readonly more?: Readonly<Record<string, unknown>> };

const ARROW_TASK: TaskReference = { module: new URL("./data-tasks/arrow-task.js", import.meta.url).href, export: "arrowTask" };

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
    const result = await this.#read(jobId);
    return (await this.#document(slice, row, result)) ?? this.#table(slice, sessionId, jobId, result, split);
  }

  /** The model file, and a name for it. */
  async model(sessionId: string, jobId: string): Promise<{ readonly bytes: Uint8Array; readonly filename: string }> {
    const row = this.#jobs.complete(sessionId, jobId);
    const bytes = await readFile(join(this.#folders.job(jobId), JOB_FILES.model));
    const safe = `${row.dataName}-${row.algorithm}`.replaceAll(/[^A-Za-z0-9_.-]+/g, "_").slice(0, 80);
    return { bytes, filename: `${safe}.tym` };
  }

  /** Predictions of a finished job's model for every row of a data set. */
  async predict(
    sessionId: string,
    jobId: string,
    data: DataHandles,
    dataHandle: string,
  ): Promise<ArrowTable & { warnings: readonly string[] }> {
    this.#jobs.complete(sessionId, jobId);
    const folder = this.#folders.job(jobId);
    const task: TaskReference = { module: new URL("./data-tasks/predict-arrow-task.js", import.meta.url).href, export: "predictArrowTask" };
    const args = { modelFile: join(folder, JOB_FILES.model), tableFile: data.tableFile(sessionId, dataHandle) };
    return this.#profile.submit<ArrowTable & { warnings: readonly string[] }>(task, args).result;
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
        throw new WireError("invalid_params", `Slice "${slice}" belongs to decompositions; job ${row.jobId} trained a model.`);
      case "assignments":
        throw new WireError("invalid_params", `Slice "${slice}" belongs to clusterings; job ${row.jobId} trained a model.`);
      default:
        return null;
    }
  }

  async #record(row: JobRow, result: TrainResult): Promise<unknown> {
    const { shape, fingerprint } = await this.#jobs.stored(row.jobId);
    const record = recordDocument(result, {
      startedAt: row.startedAt ?? row.submittedAt,
      finishedAt: row.completedAt ?? row.submittedAt,
      version: VERSION,
      fingerprint,
      columnNames: shape.columns.map((column) => column.name),
      rows: shape.rows,
    });
    const bytes = Buffer.byteLength(JSON.stringify(record));
    return bytes > RECORD_LIMIT_BYTES ? { available: false, reason: "too_large", bytes } : record;
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
    const hasTest = result.resampling !== null;
    if (!hasTest && split === "test") return Promise.resolve(EMPTY_TABLE);
    const file = hasTest && split === "training" ? JOB_FILES.trainingPredictions : JOB_FILES.predictions;
    const args = { tableFile: join(this.#folders.job(jobId), file), residuals };
    return this.#profile.submit<ArrowTable>(ARROW_TASK, args).result;
  }

  async #read(jobId: string): Promise<TrainResult> {
    return JSON.parse(await readFile(join(this.#folders.job(jobId), JOB_FILES.result), "utf8")) as TrainResult;
  }
}

const EMPTY_TABLE: ArrowTable = { rows: 0, columns: [], bytes: new Uint8Array(0) };

/** A small table as Arrow, here and now. The writer is loaded on first use. */
async function toArrow(table: Table): Promise<ArrowTable> {
  if (table.columns.length === 0) return EMPTY_TABLE;
  const { tableToArrow } = await import("../data/arrow.ts");
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table) };
}
