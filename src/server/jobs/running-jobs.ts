import { messageOf } from "../../core/errors.ts";
import type { TrainReport } from "../../engine/train/progress.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import type { ComputeProfile } from "../../tasks/profile.ts";
import type { JobSummary } from "../../wire/live/messages.ts";
import { knownError } from "../live/wire-error.ts";
import type { Database } from "../store/database.ts";
import { headlineName, headlineOf } from "./headline.ts";
import { isUnsupervised, type JobFolders } from "./job-folders.ts";
import { CANCELLED, interrupted, type JobEnd, type JobLedger } from "./job-ledger.ts";
import { JobProgress } from "./job-progress.ts";
import type { JobRow } from "./job-rows.ts";
import type { JobRuns } from "./job-runs.ts";
import type { TrainJobOptions } from "./train-job.ts";

/** Does the work of a job. Rejects when the signal aborts and the work has really stopped. */
export type JobRunner = (options: TrainJobOptions) => Promise<TrainResult>;

export interface RunningOptions {
  /** Where fits run. */
  readonly profile: ComputeProfile;
  readonly runner: JobRunner;
  /** Where curves and ends of jobs are logged. */
  readonly runs: JobRuns;
  /** How long progress is gathered before it is written and sent. */
  readonly flushMs: number;
  readonly log: (line: string) => void;
  /** Called when a job's work has really stopped and its end is stored. */
  readonly onFreed: () => void;
}

interface RunningJob {
  readonly sessionId: string;
  readonly abort: AbortController;
  readonly progress: JobProgress;
  /** Name of the metric that stands for the job. */
  readonly headlineName: string | null;
  /** Settles when nothing of the job runs any more. */
  ended: Promise<void>;
}

/** Between attempts to store what must be stored, while the disk is full. */
export const RETRY_MS = 1000;

/** Jobs at work: from their start until nothing of them runs and their end is stored. A slot is free only then. */
export class RunningJobs {
  readonly #database: Database;
  readonly #ledger: JobLedger;
  readonly #folders: JobFolders;
  readonly #options: RunningOptions;
  readonly #jobs = new Map<string, RunningJob>();
  #flushTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(database: Database, ledger: JobLedger, folders: JobFolders, options: RunningOptions) {
    this.#database = database;
    this.#ledger = ledger;
    this.#folders = folders;
    this.#options = options;
  }

  get size(): number {
    return this.#jobs.size;
  }

  has(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  /** @param isAnnounced whether it left the queue. */
  start(row: JobRow, isAnnounced: boolean): void {
    const { jobId, sessionId } = row;
    const job: RunningJob = {
      sessionId,
      abort: new AbortController(),
      progress: new JobProgress(jobId, this.#ledger.now),
      headlineName: headlineName(row.task),
      ended: Promise.resolve(),
    };
    this.#jobs.set(jobId, job);
    try {
      this.#ledger.begin(row, job.progress, isAnnounced);
    } catch (error) {
      this.forget(jobId);
      throw error;
    }
    this.#database.afterCommit(() => {
      job.ended = this.#run(jobId, job);
    });
  }

  /** Takes back a start that was never stored. */
  forget(jobId: string): void {
    this.#jobs.delete(jobId);
    this.#ledger.forgetProgress(jobId);
  }

  abort(jobId: string): void {
    this.#jobs.get(jobId)?.abort.abort();
  }

  /** Writes and sends the progress gathered so far. */
  flush(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    const dirty = [...this.#jobs].filter(([, job]) => job.progress.isDirty);
    if (dirty.length === 0) return;
    try {
      this.#database.transaction(() => {
        for (const [jobId, job] of dirty) this.#ledger.writeProgress(job.sessionId, jobId, job.progress);
      });
      for (const [jobId] of dirty) this.#options.runs.flush(jobId);
    } catch (error) {
      // A full disk, for instance. The job goes on; what it said meanwhile is not in its log.
      this.#options.log(`progress could not be stored: ${messageOf(error)}`);
    }
  }

  /** Stops everything and waits for it; those jobs are `interrupted`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#jobs.values()];
    for (const job of running) job.abort.abort();
    await Promise.all(running.map((job) => job.ended));
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
  }

  async #run(jobId: string, job: RunningJob): Promise<void> {
    let end: JobEnd;
    try {
      const headline = await this.#work(jobId, job);
      await this.#folders.seal(jobId);
      end = { status: "complete", error: null, more: { headline: JSON.stringify(headline), fraction: 1 } };
    } catch (error) {
      end = this.#failure(jobId, error);
    }
    // The end must be stored: a job that is not running may not be shown running. The next start says `interrupted` otherwise.
    while (!this.#isStored(jobId, job, end) && !this.#isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    this.forget(jobId);
    if (this.#ledger.rows.get(jobId) === null) this.#folders.remove(jobId);
    else if (end.status !== "complete") this.#folders.dropTables(jobId);
    this.#options.onFreed();
  }

  /** Runs what the job asks for. @returns what stands for it in lists. */
  async #work(jobId: string, job: RunningJob): Promise<JobSummary["headline"]> {
    const stored = await this.#folders.read(jobId);
    const { config, fingerprint, warnings } = stored;
    const common = {
      jobId,
      fingerprint,
      tableFile: this.#folders.tableFile(jobId),
      jobFolder: this.#folders.path(jobId),
      profile: this.#options.profile,
      signal: job.abort.signal,
      report: (report: TrainReport) => this.#report(jobId, job, report),
    };
    if (!isUnsupervised(config)) {
      const result = await this.#options.runner({ ...common, config, warnings, heldOutFiles: this.#folders.heldOutFiles(jobId, stored) });
      this.#options.runs.addResult(jobId, result);
      return headlineOf(result);
    }
    const { runUnsupervisedJob } = await import("./unsupervised-job.ts");
    await runUnsupervisedJob({ ...common, config });
    return null;
  }

  #report(jobId: string, job: RunningJob, report: TrainReport): void {
    if (this.#jobs.get(jobId) !== job) return;
    job.progress.add(report);
    this.#options.runs.add(jobId, report, job.headlineName);
    this.#flushTimer ??= setTimeout(() => this.flush(), this.#options.flushMs);
  }

  #failure(jobId: string, error: unknown): JobEnd {
    if (this.#ledger.rows.get(jobId)?.status === "cancelling") return CANCELLED;
    if (this.#isClosed) return interrupted("The server was stopped while this job was running. Train again with the same settings.");
    const message = knownError(error)?.message ?? messageOf(error);
    this.#options.log(`job ${jobId}: ${error instanceof Error ? (error.stack ?? message) : message}`);
    return { status: "failed", error: { code: "internal_error", message } };
  }

  /** A job that was being cancelled is cancelled, whatever its work came to. */
  #isStored(jobId: string, job: RunningJob, end: JobEnd): boolean {
    try {
      this.#database.transaction(() => {
        this.#ledger.writeProgress(job.sessionId, jobId, job.progress);
        this.#ledger.end(jobId, this.#ledger.rows.get(jobId)?.status === "cancelling" ? CANCELLED : end);
      });
      return true;
    } catch (error) {
      this.#options.log(`job ${jobId}: its end could not be stored, trying again: ${messageOf(error)}`);
      return false;
    }
  }
}
