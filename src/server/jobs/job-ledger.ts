import type { JobSummary } from "../../wire/live/messages.ts";
import type { SessionEvents } from "../events.ts";
import { WireError } from "../live/wire-error.ts";
import type { Database } from "../store/database.ts";
import type { JobProgress } from "./job-progress.ts";
import { isFinal, type JobChange, type JobRow, JobRows, jobSummary } from "./job-rows.ts";
import type { JobRuns } from "./job-runs.ts";

export interface LedgerOptions {
  readonly runs: JobRuns;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** How a job ended. */
export interface JobEnd {
  readonly status: "complete" | "failed" | "cancelled" | "interrupted";
  readonly error: JobSummary["error"];
  readonly more?: JobChange;
}

export const CANCELLED: JobEnd = { status: "cancelled", error: { code: "cancelled", message: "The job was cancelled." } };

export function interrupted(message: string): JobEnd {
  return { status: "interrupted", error: { code: "interrupted", message } };
}

/**
 * The stored side of jobs: their rows, and the events and runs that tell of every change. Each method is one transaction, or part of the
 * caller's, so that a row and its event are never apart.
 */
export class JobLedger {
  readonly rows: JobRows;
  readonly #database: Database;
  readonly #events: SessionEvents;
  readonly #options: LedgerOptions;
  /** What jobs that run have reported and nobody has written yet. */
  readonly #fresh = new Map<string, JobProgress>();

  constructor(database: Database, events: SessionEvents, options: LedgerOptions) {
    this.rows = new JobRows(database);
    this.#database = database;
    this.#events = events;
    this.#options = options;
  }

  get now(): number {
    return this.#options.now();
  }

  /** @throws {WireError} `not_found`, also for a job of another session. */
  get(sessionId: string, jobId: string): JobRow {
    const row = this.rows.get(jobId);
    if (row !== null && row.sessionId === sessionId) return row;
    throw new WireError("not_found", `This session has no job ${jobId}. job.list shows those it has.`);
  }

  summary(row: JobRow): JobSummary {
    const position = row.status === "queued" ? this.rows.queuePosition(row) : null;
    return jobSummary(this.current(row), position, this.#options.runs.idOf(row.jobId));
  }

  /** The row with the newest progress, which may not be written yet. */
  current(row: JobRow): JobRow {
    const snapshot = this.#fresh.get(row.jobId)?.snapshot;
    return snapshot === undefined || isFinal(row.status) ? row : { ...row, ...snapshot };
  }

  /** Keeps a new job as queued. `start` is called within the transaction and may start it at once; then it is announced. */
  add(row: Omit<JobRow, "submitOrder">, start: (row: JobRow) => void): void {
    const { jobId, sessionId } = row;
    this.#database.transaction(() => {
      if (this.#database.sql("SELECT 1 AS it FROM sessions WHERE session_id = ?").get(sessionId) === undefined) {
        throw new WireError("not_attached", "The session was deleted while the job was being submitted.");
      }
      this.rows.insert(row);
      this.touch(sessionId);
      start(this.rows.get(jobId)!); // just inserted
      const summary = this.summary(this.rows.get(jobId)!);
      this.#events.append(sessionId, [{ event: "job.submitted", data: { job_id: jobId, summary }, jobId }]);
    });
  }

  /** @param isAnnounced whether it left the queue: a job that starts at once has no `job.started` event. */
  begin({ jobId, sessionId }: JobRow, progress: JobProgress, isAnnounced: boolean): void {
    this.#fresh.set(jobId, progress);
    this.#database.transaction(() => {
      this.rows.update(jobId, { status: "running", started_at: this.now });
      if (!isAnnounced) return;
      const summary = this.summary(this.rows.get(jobId)!); // it was queued a moment ago
      const data = { job_id: jobId, started_at: summary.started_at, summary };
      this.#events.append(sessionId, [{ event: "job.started", data, jobId }]);
    });
    this.#database.afterCommit(() => this.#options.runs.start(jobId));
  }

  /** A running job was asked to stop; it ends when its work has. */
  beginCancelling({ jobId, sessionId }: JobRow): void {
    this.rows.update(jobId, { status: "cancelling" });
    this.touch(sessionId);
  }

  /** Writes and sends what a job reported. A session that was deleted takes its running jobs' reports with it. */
  writeProgress(sessionId: string, jobId: string, progress: JobProgress): void {
    if (this.rows.get(jobId) === null) {
      progress.take();
      return;
    }
    const { stage, fraction, lastMessage, remainingSeconds } = progress.snapshot;
    this.rows.update(jobId, { stage, fraction, last_message: lastMessage, remaining_seconds: remainingSeconds });
    this.#events.append(sessionId, progress.take());
  }

  /** The one way for a job to end; a job that is gone, because its session was deleted, has ended already. */
  end(jobId: string, { status, error, more = {} }: JobEnd): void {
    this.#database.transaction(() => {
      const row = this.rows.get(jobId);
      if (row === null) return;
      const { sessionId } = row;
      const fault = error === null ? {} : { error: JSON.stringify(error) };
      this.rows.update(jobId, { status, completed_at: this.now, ...fault, ...more });
      this.touch(sessionId);
      const data = { job_id: jobId, ...(error === null ? {} : { error }), summary: this.summary(this.rows.get(jobId)!) }; // just updated
      this.#events.append(sessionId, [{ event: `job.${status}`, data, jobId }]);
      this.#options.log(`job ${jobId} ${status}`);
      this.#database.afterCommit(() => this.#options.runs.end(jobId, status, error?.message ?? null));
    });
  }

  /** Nothing of the job runs any more, or its start was not stored. */
  forgetProgress(jobId: string): void {
    this.#fresh.delete(jobId);
  }

  remove({ jobId, sessionId }: JobRow): void {
    this.#database.transaction(() => {
      this.rows.delete(jobId);
      this.#events.forgetJob(jobId);
      this.#events.append(sessionId, [{ event: "job.deleted", data: { job_id: jobId } }]);
      this.touch(sessionId);
    });
  }

  touch(sessionId: string): void {
    this.#database.sql("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?").run(this.now, sessionId);
  }
}
