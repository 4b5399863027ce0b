import { messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { JobHistory, JobSummary, SessionSnapshot } from "../wire/live/messages.ts";
import type { DataHandles } from "./data-handles.ts";
import type { SessionEvents } from "./events.ts";
import type { Folders } from "./folders.ts";
import { type HeldOutHandles, heldOutShapes } from "./jobs/held-out-handles.ts";
import { JobFolders, type StoredJob } from "./jobs/job-folders.ts";
import { foldHistory } from "./jobs/job-history.ts";
import { CANCELLED, interrupted, JobLedger } from "./jobs/job-ledger.ts";
import type { JobFacts, JobRequest } from "./jobs/job-requests.ts";
import { isFinal, type JobRow, snapshotEntry } from "./jobs/job-rows.ts";
import { RETRY_MS, RunningJobs, type RunningOptions } from "./jobs/running-jobs.ts";
import { WireError } from "./live/wire-error.ts";
import type { Database } from "./store/database.ts";

export type { JobRunner } from "./jobs/running-jobs.ts";

export interface JobOptions extends Omit<RunningOptions, "onFreed"> {
  /** Jobs that run at the same time, over all sessions. */
  readonly maxConcurrent: number;
  /** Jobs of one session that may wait. */
  readonly maxQueuedJobs: number;
  readonly now?: () => number;
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
  readonly #events: SessionEvents;
  readonly #data: DataHandles;
  readonly #options: JobOptions;
  readonly #folders: JobFolders;
  readonly #ledger: JobLedger;
  readonly #running: RunningJobs;
  #isClosed = false;

  constructor(database: Database, events: SessionEvents, folders: Folders, data: DataHandles, options: JobOptions) {
    this.#database = database;
    this.#events = events;
    this.#data = data;
    this.#options = options;
    this.#folders = new JobFolders(folders, data);
    this.#ledger = new JobLedger(database, events, { runs: options.runs, log: options.log, now: options.now ?? Date.now });
    this.#running = new RunningJobs(database, this.#ledger, this.#folders, { ...options, onFreed: () => this.pump() });
    options.runs.onStopped((jobId) => this.#cancelStopped(jobId));
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Once at start: what ran when the last server ended says so. Queued jobs run when `pump` is called. */
  recover(): void {
    const { rows } = this.#ledger;
    const stopped = interrupted("The server stopped while this job was running. Train again with the same settings.");
    const [running, cancelling] = [rows.inState("running"), rows.inState("cancelling")];
    this.#database.transaction(() => {
      for (const { jobId } of running) this.#ledger.end(jobId, stopped);
      for (const { jobId } of cancelling) this.#ledger.end(jobId, CANCELLED);
    });
    for (const { jobId } of [...running, ...cancelling]) this.#folders.dropTables(jobId);
    this.#options.runs.recover((jobId) => rows.get(jobId));
  }

  /**
   * Checks, stores and queues a job; starts it when a slot is free. The request is checked against the data set's shape before anything is kept.
   * @param heldOut handles of tables that the model is watched or judged on; a job keeps those tables too.
   * @param requestKey the same key again answers with the job that it made (R-48: `data_handle` never reaches the configuration).
   * @throws {WireError} `too_many` when the session has `maxQueuedJobs` jobs waiting.
   */
  async submit(
    sessionId: string,
    dataHandle: string,
    request: JobRequest,
    requestKey: string | null,
    heldOut: HeldOutHandles = {},
  ): Promise<Submitted> {
    const repeated = requestKey === null ? null : this.#ledger.rows.withRequestKey(sessionId, requestKey);
    if (repeated !== null) return this.#submitted(repeated, (await this.stored(repeated.jobId)).config.seed);
    const shape = await this.#data.shape(sessionId, dataHandle);
    const { config, warnings, facts } = await request(shape, await heldOutShapes(this.#data, sessionId, dataHandle, heldOut));
    this.#checkQueue(sessionId);
    const jobId = newId("job");
    await this.#folders.make(jobId, { sessionId, dataHandle, heldOut }, { config, shape, warnings });
    try {
      const dataName = this.#data.summary(sessionId, dataHandle).name;
      this.#options.runs.make({ jobId, sessionId, dataName, ...facts }, config);
      const row = newRow({ jobId, sessionId, dataHandle, dataName, requestKey, submittedAt: this.#ledger.now, ...facts });
      this.#ledger.add(row, (added) => this.#startAtOnce(added));
    } catch (error) {
      this.#running.forget(jobId);
      this.#options.runs.remove(jobId);
      this.#folders.remove(jobId);
      throw error;
    }
    this.#options.log(`job ${jobId} submitted: ${facts.algorithm}${facts.target === null ? "" : ` on ${facts.target}`}`);
    return this.#submitted(this.#ledger.get(sessionId, jobId), config.seed);
  }

  /** Starts queued jobs while slots are free, oldest first (R-110). */
  pump(): void {
    if (this.#isClosed) return;
    try {
      for (const row of this.#ledger.rows.inState("queued")) {
        if (!this.#hasSlot) return;
        this.#running.start(row, true);
      }
    } catch (error) {
      this.#options.log(`queued jobs could not be started, trying again: ${messageOf(error)}`);
      setTimeout(() => this.pump(), RETRY_MS).unref();
    }
  }

  list(sessionId: string): JobSummary[] {
    return this.#ledger.rows.ofSession(sessionId).map((row) => this.#ledger.summary(row));
  }

  status(sessionId: string, jobId: string): JobSummary {
    return this.#ledger.summary(this.#ledger.get(sessionId, jobId));
  }

  ofSession(sessionId: string): SessionSnapshot["jobs"] {
    return this.#ledger.rows.ofSession(sessionId).map((row) => snapshotEntry(this.#ledger.current(row)));
  }

  history(sessionId: string, jobId: string): JobHistory {
    this.#ledger.get(sessionId, jobId);
    this.#running.flush();
    return foldHistory(jobId, this.#events.lastSeq(sessionId), this.#events.ofJob(jobId));
  }

  /** @returns whether it was unfinished (R-104, R-105, R-108). A running one is `cancelling` until its work has stopped. */
  cancel(sessionId: string, jobId: string): boolean {
    const row = this.#ledger.get(sessionId, jobId);
    if (isFinal(row.status)) return false;
    if (row.status === "queued") {
      this.#ledger.end(jobId, CANCELLED);
      this.#folders.dropTables(jobId);
    } else if (row.status === "running") {
      this.#ledger.beginCancelling(row);
      this.#running.abort(jobId);
    }
    return true;
  }

  /** @returns whether it was there. @throws {WireError} `invalid_params` for an unfinished job (R-106, R-107). */
  delete(sessionId: string, jobId: string): boolean {
    const row = this.#ledger.rows.get(jobId);
    if (row === null || row.sessionId !== sessionId) return false;
    if (!isFinal(row.status)) {
      throw new WireError("invalid_params", `Job ${jobId} is ${row.status}. Cancel it and wait for its end, then delete it.`);
    }
    this.#ledger.remove(row);
    this.#folders.remove(jobId);
    this.#options.runs.remove(jobId);
    return true;
  }

  /** The finished job's row. @throws {WireError} `not_found`; `invalid_params` when it is not complete (R-122). */
  complete(sessionId: string, jobId: string): JobRow {
    const row = this.#ledger.get(sessionId, jobId);
    if (row.status === "complete") return row;
    const why = isFinal(row.status) ? "so it has no result" : "wait for job.complete";
    throw new WireError("invalid_params", `Job ${jobId} is ${row.status}; ${why}.`);
  }

  stored(jobId: string): Promise<StoredJob> {
    return this.#folders.read(jobId);
  }

  /** Ends with the session: what runs is stopped, what is queued or finished is gone (D-13). */
  dropSession(sessionId: string): void {
    const rows = this.#ledger.rows.ofSession(sessionId);
    this.#database.sql("DELETE FROM jobs WHERE session_id = ?").run(sessionId);
    this.#database.afterCommit(() => {
      for (const { jobId } of rows) {
        this.#options.runs.remove(jobId);
        if (this.#running.has(jobId)) this.#running.abort(jobId);
        else this.#folders.remove(jobId);
      }
    });
  }

  knownFolders(): Set<string> {
    return this.#ledger.rows.ids();
  }

  /** Stops everything that runs and waits for it; those jobs are `interrupted`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running.close();
  }

  get #hasSlot(): boolean {
    return this.#running.size < this.#options.maxConcurrent;
  }

  /** Nobody overtakes: a new job starts at once only when no other waits. */
  #startAtOnce(row: JobRow): void {
    if (this.#hasSlot && this.#ledger.rows.inState("queued").length === 1) this.#running.start(row, false);
    else this.#checkQueue(row.sessionId, 1);
  }

  /** @param added those that are stored already and are to be allowed. */
  #checkQueue(sessionId: string, added = 0): void {
    const { maxQueuedJobs } = this.#options;
    const waiting = this.#ledger.rows.queuedIn(sessionId) - added;
    if (waiting < maxQueuedJobs) return;
    throw new WireError("too_many", `This session already has ${waiting} jobs waiting; the limit is ${maxQueuedJobs}. Cancel one or wait.`);
  }

  /** The job's run was stopped or removed from outside: the job is cancelled. */
  #cancelStopped(jobId: string): void {
    const row = this.#isClosed ? null : this.#ledger.rows.get(jobId);
    if (row !== null) this.cancel(row.sessionId, jobId);
  }

  #submitted(row: JobRow, seed: number): Submitted {
    const queue = row.status === "queued" ? { queue_position: this.#ledger.rows.queuePosition(row) } : {};
    return { job_id: row.jobId, status: row.status, ...queue, seed };
  }
}

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
