import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NodeReport, TrainReport } from "../../engine/train/progress.ts";
import type { UnsupervisedConfig } from "../../engine/unsupervised/config.ts";
import type { UnsupervisedResult } from "../../engine/unsupervised/result.ts";
import type { ComputeProfile } from "../../tasks/profile.ts";
import { writeFileDurably } from "../store/durable-files.ts";
import { submitSurviving } from "./surviving-task.ts";
import { JOB_FILES } from "./train-job.ts";
import type { StepBatch, UnsupervisedArgs } from "./unsupervised-task.ts";

export interface UnsupervisedJobOptions {
  readonly jobId: string;
  readonly config: UnsupervisedConfig;
  readonly tableFile: string;
  readonly fingerprint: string | null;
  /** Gets a table file per slice, the fit for new rows (model.tym), and result.json; made when missing. */
  readonly jobFolder: string;
  readonly profile: ComputeProfile;
  readonly signal: AbortSignal;
  readonly report: (report: TrainReport) => void;
}

const MODULE = new URL("./unsupervised-task.js", import.meta.url).href;

/**
 * Decomposes or clusters on one daemon of a profile. The daemon writes the tables; result.json comes last: where it is, everything else is on disk.
 * A daemon that dies is replaced once; the second death is the job's failure. Progress is one loop with a curve, and lines of text.
 *
 * @throws {TrainyardError} `cancelled`, or what the work failed with.
 */
export async function runUnsupervisedJob(options: UnsupervisedJobOptions): Promise<UnsupervisedResult> {
  const { config, jobFolder, profile, signal } = options;
  await mkdir(jobFolder, { recursive: true });
  const progress = new LoopProgress(config, options.report);
  progress.start();
  try {
    const args: UnsupervisedArgs = { config, tableFile: options.tableFile, fingerprint: options.fingerprint, jobFolder };
    const task = { module: MODULE, export: "unsupervisedTask" };
    const result = await submitSurviving<UnsupervisedResult>(profile, task, args, {
      signal,
      onNote: (note) => progress.advance(note as StepBatch), // unsupervisedTask notes nothing else
    });
    await writeFileDurably(join(jobFolder, JOB_FILES.result), JSON.stringify(result));
    progress.finish(result.warnings);
    return result;
  } catch (error) {
    progress.fail(signal.aborted);
    throw error;
  }
}

/** The one node of the job and its reports. */
class LoopProgress {
  readonly #report: (report: TrainReport) => void;
  readonly #title: string;
  readonly #kind: NodeReport["kind"];
  readonly #startedAt = Date.now();
  #current = 0;
  #total: number | null = null;

  constructor(config: UnsupervisedConfig, report: (report: TrainReport) => void) {
    this.#report = report;
    this.#title = config.algorithm;
    this.#kind = config.kind === "decomp" ? "decompose" : "cluster";
  }

  start(): void {
    this.#node("start", `${this.#title}: started`);
  }

  advance({ current, total, points }: StepBatch): void {
    this.#current = current;
    this.#total = total;
    this.#node("update", `${this.#title} ${current}${total === null ? "" : `/${total}`}`);
    const at = Date.now();
    for (const { split, measure, step, value } of points) {
      this.#report({ type: "points", series: split, node_id: "pb1", fold: 0, split, measure, step, value, at });
    }
  }

  finish(warnings: readonly string[]): void {
    for (const message of warnings) this.#report({ type: "text", level: "warning", message, at: Date.now() });
    this.#node("done", `${this.#title}: done`);
  }

  fail(isCancelled: boolean): void {
    this.#node(isCancelled ? "aborted" : "error", `${this.#title}: ${isCancelled ? "cancelled" : "failed"}`);
  }

  #node(status: NodeReport["status"], message: string): void {
    const at = Date.now();
    const isOpen = status === "start" || status === "update";
    const share = this.#total === null ? null : Math.min(1, this.#current / this.#total);
    this.#report({
      type: "node",
      node_id: "pb1",
      parent_id: null,
      kind: this.#kind,
      label: this.#title,
      status,
      message,
      current: this.#current,
      total: this.#total,
      ...(status === "done" ? { fraction: 1 } : share === null ? {} : { fraction: share }),
      started_at: this.#startedAt,
      ended_at: isOpen ? null : at,
      at,
    });
    if (status !== "update") this.#report({ type: "text", level: status === "error" ? "error" : "info", message, at });
  }
}
