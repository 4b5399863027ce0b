import type { JobStatus, JobSummary, SessionSnapshot } from "../../wire/live/messages.ts";
import type { Database, SqlValue } from "../store/database.ts";
import { maybeWireTime, wireTime } from "../wire-time.ts";

/** One job as stored. */
export interface JobRow {
  readonly jobId: string;
  readonly sessionId: string;
  readonly type: JobSummary["type"];
  readonly status: JobStatus;
  readonly submittedAt: number;
  readonly submitOrder: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly algorithm: string;
  readonly dataHandle: string;
  readonly dataName: string;
  readonly target: string | null;
  readonly task: JobSummary["task"];
  readonly stage: string | null;
  readonly fraction: number | null;
  readonly lastMessage: string | null;
  readonly remainingSeconds: number | null;
  readonly error: JobSummary["error"];
  readonly headline: JobSummary["headline"];
  readonly requestKey: string | null;
}

/** Columns that change after submission. */
export interface JobChange {
  readonly status?: JobStatus;
  readonly started_at?: number;
  readonly completed_at?: number;
  readonly stage?: string | null;
  readonly fraction?: number | null;
  readonly last_message?: string | null;
  readonly remaining_seconds?: number | null;
  readonly error?: string;
  readonly headline?: string | null;
}

const FINAL: ReadonlySet<JobStatus> = new Set<JobStatus>(["complete", "failed", "cancelled", "interrupted"]);

export function isFinal(status: JobStatus): boolean {
  return FINAL.has(status);
}

/** The jobs table: reading, writing, and nothing that decides. */
export class JobRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(row: Omit<JobRow, "submitOrder">): void {
    const order = this.#database.sql("SELECT COALESCE(MAX(submit_order), 0) + 1 AS next FROM jobs").get()?.next as number;
    this.#database
      .sql(
        `INSERT INTO jobs (job_id, session_id, type, status, submitted_at, submit_order, algorithm, data_handle, data_name, target, task, request_key)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        row.jobId,
        row.sessionId,
        row.type,
        row.status,
        row.submittedAt,
        order,
        row.algorithm,
        row.dataHandle,
        row.dataName,
        row.target,
        row.task,
        row.requestKey,
      );
  }

  update(jobId: string, change: JobChange): void {
    const names = Object.keys(change);
    const values = Object.values(change) as SqlValue[];
    this.#database.sql(`UPDATE jobs SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE job_id = ?`).run(...values, jobId);
  }

  delete(jobId: string): void {
    this.#database.sql("DELETE FROM jobs WHERE job_id = ?").run(jobId);
  }

  get(jobId: string): JobRow | null {
    return this.#one("job_id = ?", jobId);
  }

  withRequestKey(sessionId: string, requestKey: string): JobRow | null {
    return this.#one("session_id = ? AND request_key = ?", sessionId, requestKey);
  }

  ofSession(sessionId: string): JobRow[] {
    return this.#database.sql("SELECT * FROM jobs WHERE session_id = ? ORDER BY job_id").all(sessionId).map(toJob);
  }

  /** Jobs in a state, oldest first. */
  inState(status: JobStatus): JobRow[] {
    return this.#database.sql("SELECT * FROM jobs WHERE status = ? ORDER BY submit_order").all(status).map(toJob);
  }

  /** 1 + the number of queued jobs submitted earlier, in any session. */
  queuePosition(row: JobRow): number {
    const ahead = this.#database.sql("SELECT COUNT(*) AS n FROM jobs WHERE status = 'queued' AND submit_order < ?").get(row.submitOrder)
      ?.n as number;
    return ahead + 1;
  }

  /** How many jobs of a session wait. */
  queuedIn(sessionId: string): number {
    return this.#database.sql("SELECT COUNT(*) AS n FROM jobs WHERE session_id = ? AND status = 'queued'").get(sessionId)?.n as number;
  }

  ids(): Set<string> {
    return new Set(
      this.#database
        .sql("SELECT job_id FROM jobs")
        .all()
        .map((row) => row.job_id as string),
    );
  }

  #one(condition: string, ...values: readonly SqlValue[]): JobRow | null {
    const row = this.#database.sql(`SELECT * FROM jobs WHERE ${condition}`).get(...values);
    return row === undefined ? null : toJob(row);
  }
}

/** How a job travels: every key always there, `queue_position` only while queued (R-111, R-113). */
export function jobSummary(row: JobRow, queuePosition: number | null, runId: string | null): JobSummary {
  return {
    job_id: row.jobId,
    type: row.type,
    status: row.status,
    submitted_at: wireTime(row.submittedAt),
    started_at: maybeWireTime(row.startedAt),
    completed_at: maybeWireTime(row.completedAt),
    stage: row.stage,
    fraction: row.fraction,
    last_message: row.lastMessage,
    error: row.error,
    ...(queuePosition === null ? {} : { queue_position: queuePosition }),
    algorithm: row.algorithm,
    data_name: row.dataName,
    data_handle: row.dataHandle,
    target: row.target,
    task: row.task,
    headline: row.headline,
    remaining_seconds: isFinal(row.status) ? null : row.remainingSeconds,
    run_id: runId,
  };
}

export function snapshotEntry(row: JobRow): SessionSnapshot["jobs"][number] {
  return { job_id: row.jobId, status: row.status, stage: row.stage, fraction: row.fraction };
}

function toJob(row: Readonly<Record<string, unknown>>): JobRow {
  const json = (text: unknown): unknown => (typeof text === "string" ? JSON.parse(text) : null);
  return {
    jobId: row.job_id as string,
    sessionId: row.session_id as string,
    type: row.type as JobSummary["type"],
    status: row.status as JobStatus,
    submittedAt: row.submitted_at as number,
    submitOrder: row.submit_order as number,
    startedAt: row.started_at as number | null,
    completedAt: row.completed_at as number | null,
    algorithm: row.algorithm as string,
    dataHandle: row.data_handle as string,
    dataName: row.data_name as string,
    target: row.target as string | null,
    task: row.task as JobSummary["task"],
    stage: row.stage as string | null,
    fraction: row.fraction as number | null,
    lastMessage: row.last_message as string | null,
    remainingSeconds: row.remaining_seconds as number | null,
    error: json(row.error) as JobSummary["error"],
    headline: json(row.headline) as JobSummary["headline"],
    requestKey: row.request_key as string | null,
  };
}
