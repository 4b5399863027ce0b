import { messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { TrainReport } from "../engine/train/progress.ts";
import type { TrainResult } from "../engine/train/result.ts";
import type { ComputeProfile } from "../tasks/profile.ts";
import type { JobHistory, JobSummary, SessionSnapshot } from "../wire/live/messages.ts";
import type { DataHandles } from "./data-handles.ts";
import type { EventDraft, SessionEvents } from "./events.ts";
import type { Folders } from "./folders.ts";
import { headlineName, headlineOf } from "./jobs/headline.ts";
import { isUnsupervised, JobFolders, type StoredJob } from "./jobs/job-folders.ts";
import { foldHistory } from "./jobs/job-history.ts";
import { JobProgress } from "./jobs/job-progress.ts";
import type { JobFacts, JobRequest } from "./jobs/job-requests.ts";
import { isFinal, type JobChange, type JobRow, JobRows, jobSummary, snapshotEntry } from "./jobs/job-rows.ts";
import type { JobRuns } from "./jobs/job-runs.ts";
import type { TrainJobOptions } from "./jobs/train-job.ts";
import { knownError, WireError } from "./live/wire-error.ts";
import type { Database } from "./store/database.ts";

/** Does the work of a job. Rejects when the signal aborts and the work has really stopped. */
export type JobRunner = (options: TrainJobOptions) => Promise<TrainResult>;

export interface JobOptions {
  /** Jobs that run at the same time, over all sessions. */
  readonly maxConcurrent: number;
  /** Where fits run. */
  readonly profile: ComputeProfile;
  readonly runner: JobRunner;
  /** Where curves and ends of jobs are logged. */
  readonly runs: JobRuns;
  /** How long progress is gathered before it is written and sent. */
  readonly flushMs: number;
  readonly log: (line: string) => void;
  readonly now?: () => number;
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

export interface Submitted {
  readonly job_id: string;
  readonly status: JobSummary["status"];
  readonly queue_position?: number;
  readonly seed: number;
}

/**
 * What users asked for and watch. Invariants:
 *  1. A job is stored, with everything it needs, before it is announced or run.
 *  2. Queued jobs start oldest first, over all sessions; at most `maxConcurrent` run.
 *  3. A job ends exactly once: `complete`, `failed`, `cancelled` or `interrupted`; its result is on disk before `complete`.
 *  4. A slot is free only when the work has really stopped.
 */
export class Jobs {
  readonly #database: Database;
  readonly #rows: JobRows;
  readonly #events: SessionEvents;
  readonly #folders: JobFolders;
  readonly #data: DataHandles;
  readonly #options: JobOptions;
  readonly #running = new Map<string, RunningJob>();
  #flushTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(database: Database, events: SessionEvents, folders: Folders, data: DataHandles, options: JobOptions) {
    this.#database = database;
    this.#rows = new JobRows(database);
    this.#events = events;
    this.#folders = new JobFolders(folders, data);
    this.#data = data;
    this.#options = options;
    options.runs.onStopped((jobId) => this.#cancelStopped(jobId));
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Once at start: what ran when the last server ended says so. Queued jobs run when `pump` is called. */
  recover(): void {
    this.#database.transaction(() => {
      for (const row of [...this.#rows.inState("running"), ...this.#rows.inState("cancelling")]) {
        const wasCancelled = row.status === "cancelling";
        const message = "The server stopped while this job was running. Train again with the same settings.";
        if (wasCancelled) this.#end(row, "cancelled", "job.cancelled", CANCELLED);
        else this.#end(row, "interrupted", "job.interrupted", { code: "interrupted", message });
      }
    });
    this.#options.runs.recover((jobId) => this.#rows.get(jobId));
  }

  /**
   * Checks, stores and queues a job; starts it when a slot is free. The request is checked against the data set's shape before anything is kept.
   * @param requestKey the same key again answers with the job that it made (R-48: `data_handle` never reaches the configuration).
   */
  async submit(sessionId: string, dataHandle: string, request: JobRequest, requestKey: string | null): Promise<Submitted> {
    const repeated = requestKey === null ? null : this.#rows.withRequestKey(sessionId, requestKey);
    if (repeated !== null) return this.#submitted(repeated, (await this.stored(repeated.jobId)).config.seed);
    const shape = await this.#data.shape(sessionId, dataHandle);
    const { config, warnings, facts } = await request(shape);
    const jobId = newId("job");
    await this.#folders.make(jobId, { sessionId, dataHandle }, { config, shape, warnings });
    try {
      const dataName = this.#data.summary(sessionId, dataHandle).name;
      this.#options.runs.make({ jobId, sessionId, dataName, ...facts }, config);
      this.#store(newRow({ jobId, sessionId, dataHandle, dataName, requestKey, submittedAt: this.#now(), ...facts }));
    } catch (error) {
      this.#options.runs.remove(jobId);
      this.#folders.remove(jobId);
      throw error;
    }
    this.#options.log(`job ${jobId} submitted: ${facts.algorithm}${facts.target === null ? "" : ` on ${facts.target}`}`);
    return this.#submitted(this.#rows.get(jobId)!, config.seed);
  }

  /** Starts queued jobs while slots are free, oldest first (R-110). */
  pump(): void {
    if (this.#isClosed) return;
    try {
      for (const row of this.#rows.inState("queued")) {
        if (this.#running.size >= this.#options.maxConcurrent) return;
        this.#start(row, true);
      }
    } catch (error) {
      this.#options.log(`queued jobs could not be started, trying again: ${messageOf(error)}`);
      setTimeout(() => this.pump(), RETRY_MS).unref();
    }
  }

  list(sessionId: string): JobSummary[] {
    return this.#rows.ofSession(sessionId).map((row) => this.#summary(row));
  }

  status(sessionId: string, jobId: string): JobSummary {
    return this.#summary(this.#get(sessionId, jobId));
  }

  ofSession(sessionId: string): SessionSnapshot["jobs"] {
    return this.#rows.ofSession(sessionId).map((row) => snapshotEntry(this.#current(row)));
  }

  history(sessionId: string, jobId: string): JobHistory {
    this.#get(sessionId, jobId);
    this.flush();
    return foldHistory(jobId, this.#events.lastSeq(sessionId), this.#events.ofJob(jobId));
  }

  /** @returns whether it was unfinished (R-104, R-105, R-108). A running one is `cancelling` until its work has stopped. */
  cancel(sessionId: string, jobId: string): boolean {
    const row = this.#get(sessionId, jobId);
    if (isFinal(row.status)) return false;
    if (row.status === "queued") this.#database.transaction(() => this.#end(row, "cancelled", "job.cancelled", CANCELLED));
    else if (row.status === "running") {
      this.#rows.update(jobId, { status: "cancelling" });
      this.#touch(sessionId);
      this.#running.get(jobId)?.abort.abort();
    }
    return true;
  }

  /** @returns whether it was there. @throws {WireError} `invalid_params` for an unfinished job (R-106, R-107). */
  delete(sessionId: string, jobId: string): boolean {
    const row = this.#rows.get(jobId);
    if (row === null || row.sessionId !== sessionId) return false;
    if (!isFinal(row.status)) {
      throw new WireError("invalid_params", `Job ${jobId} is ${row.status}. Cancel it and wait for its end, then delete it.`);
    }
    this.#database.transaction(() => {
      this.#rows.delete(jobId);
      this.#events.forgetJob(jobId);
      this.#events.append(sessionId, [{ event: "job.deleted", data: { job_id: jobId } }]);
      this.#touch(sessionId);
    });
    this.#folders.remove(jobId);
    this.#options.runs.remove(jobId);
    return true;
  }

  /** The finished job's row. @throws {WireError} `not_found`; `invalid_params` when it is not complete (R-122). */
  complete(sessionId: string, jobId: string): JobRow {
    const row = this.#get(sessionId, jobId);
    if (row.status === "complete") return row;
    const why = isFinal(row.status) ? "so it has no result" : "wait for job.complete";
    throw new WireError("invalid_params", `Job ${jobId} is ${row.status}; ${why}.`);
  }

  stored(jobId: string): Promise<StoredJob> {
    return this.#folders.read(jobId);
  }

  /** Ends with the session: what runs is stopped, what is queued or finished is gone (D-13). */
  dropSession(sessionId: string): void {
    const rows = this.#rows.ofSession(sessionId);
    this.#database.sql("DELETE FROM jobs WHERE session_id = ?").run(sessionId);
    this.#database.afterCommit(() => {
      for (const { jobId } of rows) {
        this.#options.runs.remove(jobId);
        const running = this.#running.get(jobId);
        running?.abort.abort();
        if (running === undefined) this.#folders.remove(jobId);
      }
    });
  }

  knownFolders(): Set<string> {
    return this.#rows.ids();
  }

  /** Writes and sends the progress gathered so far. */
  flush(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    const dirty = [...this.#running].filter(([, job]) => job.progress.isDirty);
    if (dirty.length === 0) return;
    try {
      this.#database.transaction(() => {
        for (const [jobId, job] of dirty) this.#writeProgress(jobId, job);
      });
      for (const [jobId] of dirty) this.#options.runs.flush(jobId);
    } catch (error) {
      // A full disk, for instance. The job goes on; what it said meanwhile is not in its log.
      this.#options.log(`progress could not be stored: ${messageOf(error)}`);
    }
  }

  /** Stops everything that runs and waits for it; those jobs are `interrupted`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    for (const job of running) job.abort.abort();
    await Promise.all(running.map((job) => job.ended));
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
  }

  #store(row: Omit<JobRow, "submitOrder">): void {
    this.#database.transaction(() => {
      if (this.#database.sql("SELECT 1 AS it FROM sessions WHERE session_id = ?").get(row.sessionId) === undefined) {
        throw new WireError("not_attached", "The session was deleted while the job was being submitted.");
      }
      this.#rows.insert(row);
      this.#touch(row.sessionId);
      const isImmediate = this.#running.size < this.#options.maxConcurrent && this.#rows.inState("queued").length === 1;
      if (isImmediate) this.#start(this.#rows.get(row.jobId)!, false);
      const summary = this.#summary(this.#rows.get(row.jobId)!);
      this.#events.append(row.sessionId, [{ event: "job.submitted", data: { job_id: row.jobId, summary }, jobId: row.jobId }]);
    });
  }

  /** @param isAnnounced whether it left the queue: a job that starts at once has no `job.started` event. */
  #start(row: JobRow, isAnnounced: boolean): void {
    const { jobId, sessionId } = row;
    const at = this.#now();
    const job: RunningJob = {
      sessionId,
      abort: new AbortController(),
      progress: new JobProgress(jobId, at),
      headlineName: headlineName(row.task),
      ended: Promise.resolve(),
    };
    this.#running.set(jobId, job);
    try {
      this.#database.transaction(() => {
        this.#rows.update(jobId, { status: "running", started_at: at });
        if (!isAnnounced) return;
        const summary = this.#summary(this.#rows.get(jobId)!);
        const data = { job_id: jobId, started_at: summary.started_at, summary };
        this.#events.append(sessionId, [{ event: "job.started", data, jobId }]);
      });
    } catch (error) {
      this.#running.delete(jobId);
      throw error;
    }
    this.#database.afterCommit(() => this.#options.runs.start(jobId));
    job.ended = this.#run(row, job);
  }

  async #run(row: JobRow, job: RunningJob): Promise<void> {
    const { jobId } = row;
    let settle: () => void;
    try {
      const headline = await this.#work(jobId, job);
      await this.#folders.seal(jobId);
      settle = () => this.#succeed(jobId, job, headline);
    } catch (error) {
      settle = () => this.#fail(jobId, job, error);
    }
    // The end must be stored: a job that is not running may not be shown running. The next start says `interrupted` otherwise.
    while (!this.#isStored(jobId, settle) && !this.#isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    this.#running.delete(jobId);
    if (this.#rows.get(jobId) === null) this.#folders.remove(jobId);
    this.pump();
  }

  #isStored(jobId: string, settle: () => void): boolean {
    try {
      this.#database.transaction(settle);
      return true;
    } catch (error) {
      this.#options.log(`job ${jobId}: its end could not be stored, trying again: ${messageOf(error)}`);
      return false;
    }
  }

  /** The job's run was stopped or removed from outside: the job is cancelled. */
  #cancelStopped(jobId: string): void {
    const row = this.#isClosed ? null : this.#rows.get(jobId);
    if (row !== null) this.cancel(row.sessionId, jobId);
  }

  /** Runs what the job asks for. @returns what stands for it in lists. */
  async #work(jobId: string, job: RunningJob): Promise<JobSummary["headline"]> {
    const { config, fingerprint, warnings } = await this.stored(jobId);
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
      const result = await this.#options.runner({ ...common, config, warnings });
      this.#options.runs.addResult(jobId, result);
      return headlineOf(result);
    }
    const { runUnsupervisedJob } = await import("./jobs/unsupervised-job.ts");
    await runUnsupervisedJob({ ...common, config });
    return null;
  }

  #report(jobId: string, job: RunningJob, report: TrainReport): void {
    if (this.#running.get(jobId) !== job) return;
    job.progress.add(report);
    this.#options.runs.add(jobId, report, job.headlineName);
    this.#flushTimer ??= setTimeout(() => this.flush(), this.#options.flushMs);
  }

  #writeProgress(jobId: string, job: RunningJob): void {
    // A session that was deleted takes its running jobs' reports with it.
    if (this.#rows.get(jobId) === null) {
      job.progress.take();
      return;
    }
    const { stage, fraction, lastMessage, remainingSeconds } = job.progress.snapshot;
    this.#rows.update(jobId, { stage, fraction, last_message: lastMessage, remaining_seconds: remainingSeconds });
    this.#events.append(job.sessionId, job.progress.take());
  }

  #succeed(jobId: string, job: RunningJob, headline: JobSummary["headline"]): void {
    this.#writeProgress(jobId, job);
    const row = this.#rows.get(jobId);
    if (row === null) return;
    if (row.status === "cancelling") this.#end(row, "cancelled", "job.cancelled", CANCELLED);
    else this.#end(row, "complete", "job.complete", null, { headline: JSON.stringify(headline), fraction: 1 });
  }

  #fail(jobId: string, job: RunningJob, error: unknown): void {
    this.#writeProgress(jobId, job);
    const row = this.#rows.get(jobId);
    if (row === null) return;
    if (row.status === "cancelling") {
      this.#end(row, "cancelled", "job.cancelled", CANCELLED);
      return;
    }
    if (this.#isClosed) {
      const message = "The server was stopped while this job was running. Train again with the same settings.";
      this.#end(row, "interrupted", "job.interrupted", { code: "interrupted", message });
      return;
    }
    const message = knownError(error)?.message ?? messageOf(error);
    this.#options.log(`job ${jobId} failed: ${error instanceof Error ? (error.stack ?? message) : message}`);
    this.#end(row, "failed", "job.failed", { code: "internal_error", message });
  }

  /** The one way for a job to end. Runs inside a transaction. */
  #end(row: JobRow, status: JobRow["status"], event: string, error: JobSummary["error"], more: JobChange = {}): void {
    const { jobId, sessionId } = row;
    this.#rows.update(jobId, {
      status,
      completed_at: this.#now(),
      ...(error === null ? {} : { error: JSON.stringify(error) }),
      ...more,
    });
    this.#touch(sessionId);
    const data = { job_id: jobId, ...(error === null ? {} : { error }), summary: this.#summary(this.#rows.get(jobId)!) };
    const draft: EventDraft = { event, data, jobId };
    this.#events.append(sessionId, [draft]);
    this.#options.log(`job ${jobId} ${status}`);
    this.#database.afterCommit(() => this.#options.runs.end(jobId, status, error?.message ?? null));
    if (status === "complete") return;
    this.#database.afterCommit(() => this.#folders.dropTable(jobId));
  }

  #submitted(row: JobRow, seed: number): Submitted {
    const queue = row.status === "queued" ? { queue_position: this.#rows.queuePosition(row) } : {};
    return { job_id: row.jobId, status: row.status, ...queue, seed };
  }

  #summary(row: JobRow): JobSummary {
    const position = row.status === "queued" ? this.#rows.queuePosition(row) : null;
    return jobSummary(this.#current(row), position, this.#options.runs.idOf(row.jobId));
  }

  /** The row with the newest progress, which may not be written yet. */
  #current(row: JobRow): JobRow {
    const snapshot = this.#running.get(row.jobId)?.progress.snapshot;
    return snapshot === undefined || isFinal(row.status) ? row : { ...row, ...snapshot };
  }

  #get(sessionId: string, jobId: string): JobRow {
    const row = this.#rows.get(jobId);
    if (row !== null && row.sessionId === sessionId) return row;
    throw new WireError("not_found", `This session has no job ${jobId}. job.list shows those it has.`);
  }

  #touch(sessionId: string): void {
    this.#database.sql("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?").run(this.#now(), sessionId);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** Between attempts to store what must be stored, while the disk is full. */
const RETRY_MS = 1000;
const CANCELLED = { code: "cancelled", message: "The job was cancelled." };

type NewRow = Omit<JobRow, "submitOrder">;

function newRow(facts: JobFacts & Pick<NewRow, "jobId" | "sessionId" | "dataHandle" | "dataName" | "requestKey" | "submittedAt">): NewRow {
  return {
    ...facts,
    status: "queued",
    startedAt: null,
    completedAt: null,
    stage: null,
    fraction: null,
    lastMessage: null,
    remainingSeconds: null,
    error: null,
    headline: null,
  };
}
