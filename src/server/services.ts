import { rm } from "node:fs/promises";
import { AlertWebhook, Runs } from "../runs/index.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { DataHandles } from "./data-handles.ts";
import { SessionEvents, type Subscriber } from "./events.ts";
import { Folders, makeDataFolder } from "./folders.ts";
import { JobRuns } from "./jobs/job-runs.ts";
import { type JobRunner, Jobs } from "./jobs.ts";
import type { Results } from "./results.ts";
import { type SessionContent, Sessions } from "./sessions.ts";
import { Database } from "./store/database.ts";
import { OwnerLock } from "./store/owner-lock.ts";
import { Uploads } from "./uploads.ts";
import { VERSION } from "./version.ts";

export interface ServiceOptions {
  readonly dataDir: string;
  readonly saveDir: string;
  readonly daemons: number;
  readonly maxConcurrent: number;
  readonly maxSessions: number;
  readonly maxHandles: number;
  readonly maxQueuedJobs: number;
  readonly uploadLimitBytes: number;
  readonly runner: JobRunner;
  /** Fits. */
  readonly training: ComputeProfile;
  /** Imports, predictions, result tables. */
  readonly dataProfile: ComputeProfile;
  readonly importTask: TaskReference;
  readonly flushMs: number;
  readonly alertWebhook: { readonly url: string; readonly secret?: string } | null;
  readonly log: (line: string) => void;
  readonly parts?: { readonly clock?: Clock };
}

/** Everything a data folder holds, open. One owner per folder. */
export class Services {
  readonly events: SessionEvents;
  readonly sessions: Sessions;
  readonly uploads: Uploads;
  readonly data: DataHandles;
  readonly jobs: Jobs;
  readonly runs: Runs;
  readonly saveDir: string;
  readonly lock: OwnerLock;
  readonly #options: ServiceOptions;
  readonly #database: Database;
  readonly #folders: Folders;
  readonly #jobRuns: JobRuns;
  readonly #webhook: AlertWebhook | null;
  readonly #startedAt = Date.now();
  readonly #orphans: readonly string[];
  #results: Promise<Results> | null = null;

  /** Opens the folder and brings it to rest after whatever happened before. @throws {TrainyardError} `data_folder_busy`. */
  constructor(options: ServiceOptions) {
    this.#options = options;
    this.saveDir = options.saveDir;
    makeDataFolder(options.dataDir);
    this.lock = OwnerLock.acquire(options.dataDir);
    try {
      this.#database = Database.open(options.dataDir);
    } catch (error) {
      this.lock.release();
      throw error;
    }
    this.#folders = new Folders(options.dataDir);
    const { now } = options.parts?.clock ?? SYSTEM_CLOCK;
    this.events = new SessionEvents(this.#database, now);
    this.sessions = new Sessions(this.#database, this.events, { maxSessions: options.maxSessions, now });
    this.uploads = new Uploads(this.#database, this.#folders, { limitBytes: options.uploadLimitBytes });
    this.data = new DataHandles(this.#database, this.events, this.#folders, {
      maxHandles: options.maxHandles,
      profile: options.dataProfile,
      importTask: options.importTask,
      now,
    });
    this.runs = new Runs({ folder: options.dataDir, log: options.log });
    const { alertWebhook, log } = options;
    this.#webhook =
      alertWebhook === null ? null : new AlertWebhook(this.runs, { url: alertWebhook.url, secret: alertWebhook.secret ?? null, log });
    this.#jobRuns = new JobRuns(this.runs, options.log);
    this.jobs = new Jobs(this.#database, this.events, this.#folders, this.data, {
      maxConcurrent: options.maxConcurrent,
      maxQueuedJobs: options.maxQueuedJobs,
      profile: options.training,
      runner: options.runner,
      flushMs: options.flushMs,
      log: options.log,
      runs: this.#jobRuns,
      now,
    });
    this.sessions.connect({ jobs: this.jobs, data: this.#dataAndUploads() });
    this.events.recover();
    this.jobs.recover();
    this.#orphans = this.#folders.orphans({
      data: this.data.knownFolders(),
      jobs: this.jobs.knownFolders(),
      uploads: this.uploads.pendingIds(),
    });
  }

  /** What finished jobs show. Loaded on first use, with the engine's readers. */
  results(): Promise<Results> {
    this.#results ??= import("./results.ts").then(({ Results }) => new Results(this.jobs, this.#folders, this.#options.dataProfile));
    return this.#results;
  }

  /** Runs what was queued when the last server ended, and removes what nothing refers to. */
  resume(): void {
    this.jobs.pump();
    const { log } = this.#options;
    const removals = this.#orphans.map((folder) => rm(folder, { recursive: true, force: true }));
    Promise.all(removals).catch((error: unknown) => log(`cleaning the data folder failed: ${String(error)}`));
  }

  /** A connection is gone: those who remain are told. */
  connectionLeft(sessionId: string, caller: Subscriber & { readonly connectionId: string }): void {
    this.events.detach(sessionId, caller);
    this.sessions.touch(sessionId);
    const count = this.events.connectionCount(sessionId);
    if (count === 0) return;
    const data = { session_id: sessionId, connection_id: caller.connectionId, n_connections: count };
    this.events.append(sessionId, [{ event: "session.connection_left", data }]);
  }

  info(): Readonly<Record<string, unknown>> {
    return {
      server: "rtemislive",
      rtemis_server_version: null,
      rtemis_version: null,
      r_version: `none (Node.js ${process.version})`,
      trainyard_version: VERSION,
      daemons: this.#options.daemons,
      max_concurrent: this.#options.maxConcurrent,
      uptime_seconds: (Date.now() - this.#startedAt) / 1000,
      n_sessions: this.sessions.count(),
      n_jobs_running: this.jobs.runningCount,
      upload_limit_bytes: this.#options.uploadLimitBytes,
    };
  }

  async close(): Promise<void> {
    await this.jobs.close();
    this.#jobRuns.close();
    this.#webhook?.close();
    this.runs.close();
    this.#database.close();
    this.lock.release();
  }

  #dataAndUploads(): SessionContent["data"] {
    return {
      list: (sessionId) => this.data.list(sessionId),
      dropSession: (sessionId) => {
        this.uploads.dropSession(sessionId);
        this.data.dropSession(sessionId);
      },
    };
  }
}
