import { messageOf } from "../../core/errors.ts";
import type { NodeReport, TrainReport } from "../../engine/train/progress.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import { hasEnded, type RunAbout, type Runs } from "../../runs/index.ts";
import { addResult, CurveRows } from "./job-curves.ts";
import { isUnsupervised, type StoredJob } from "./job-folders.ts";
import type { JobRow } from "./job-rows.ts";

interface ActiveRun {
  readonly runId: string;
  readonly rows: CurveRows;
  lines: { readonly level: string; readonly message: string }[];
}

/** A third of the time after which a silent run counts as stale. */
const BEAT_MS = 15_000;
const REQUEST_PREFIX = "job ";

/**
 * The run of each job: its curves, metrics, lines of text and end. A job goes on when its run cannot be written; what is missing then is
 * missing in the run alone. Invariant: the run's end is the job's own, also across a crash between the two.
 */
export class JobRuns {
  readonly #runs: Runs;
  readonly #log: (line: string) => void;
  /** By job: those that have not ended. */
  readonly #active = new Map<string, ActiveRun>();
  readonly #jobOf = new Map<string, string>();
  readonly #known = new Map<string, string | null>();
  readonly #beats: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #onStopped: (jobId: string) => void = () => {};

  constructor(runs: Runs, log: (line: string) => void) {
    this.#runs = runs;
    this.#log = log;
    this.#beats = setInterval(() => this.#beat(), BEAT_MS);
    this.#beats.unref();
    this.#unwatch = runs.watchers.addForAll((runId) => this.#onChanged(runId));
  }

  /** Calls `stop` with each job whose run was asked to stop, was ended, or was removed from outside (L-9, L-31). */
  onStopped(stop: (jobId: string) => void): void {
    this.#onStopped = stop;
  }

  /** The id of a job's run; null for jobs from before there were any, or when it was removed. */
  idOf(jobId: string): string | null {
    const known = this.#known.get(jobId);
    if (known !== undefined) return known;
    const runId = this.#runs.ofRequest(requestKey(jobId))?.runId ?? null;
    this.#known.set(jobId, runId);
    return runId;
  }

  /** Makes the run of a job that is about to be stored: it waits with the job. */
  make(row: Pick<JobRow, "jobId" | "sessionId" | "type" | "algorithm" | "dataName" | "target">, config: StoredJob["config"]): void {
    this.#quietly(row.jobId, () => {
      const name = `${row.algorithm} on ${row.dataName}${row.target === null ? "" : `: ${row.target}`}`;
      const { runId } = this.#runs.create(name, aboutJob(row, config), { requestKey: requestKey(row.jobId) });
      this.#known.set(row.jobId, runId);
      this.#activate(row.jobId, runId);
    });
  }

  /** The job's work begins. */
  start(jobId: string): void {
    const active = this.#active.get(jobId);
    if (active !== undefined) this.#quietly(jobId, () => this.#runs.beat(active.runId, "the job began"));
  }

  add(jobId: string, report: TrainReport, headline: string | null): void {
    const active = this.#active.get(jobId);
    if (active === undefined) return;
    if (report.type === "points") active.rows.addPoints(report);
    else if (report.type === "text") active.lines.push({ level: report.level.toUpperCase(), message: report.message });
    else addNode(active.rows, report, headline);
  }

  addResult(jobId: string, result: TrainResult): void {
    const active = this.#active.get(jobId);
    if (active !== undefined) addResult(active.rows, result, this.#runs.now());
  }

  /** Hands over what was gathered. */
  flush(jobId: string): void {
    const active = this.#active.get(jobId);
    if (active === undefined) return;
    const batch = active.rows.take();
    if (batch !== null) {
      const refused = (error: unknown): void => this.#log(`job ${jobId}: its run lacks points: ${messageOf(error)}`);
      this.#runs.append(active.runId, { producer: null, sequence: 0, batch }).catch(refused);
    }
    const { lines } = active;
    active.lines = [];
    this.#quietly(jobId, () => this.#runs.addLines(active.runId, lines));
  }

  /** The job has ended, and that is stored. */
  end(jobId: string, status: JobRow["status"], message: string | null): void {
    this.flush(jobId);
    const runId = this.idOf(jobId);
    const active = this.#active.get(jobId);
    this.#active.delete(jobId);
    if (active !== undefined) this.#jobOf.delete(active.runId);
    if (runId !== null) this.#quietly(jobId, () => this.#settle(runId, status, message));
  }

  /** A job that is gone takes its run with it. */
  remove(jobId: string): void {
    const runId = this.idOf(jobId);
    const active = this.#active.get(jobId);
    this.#active.delete(jobId);
    this.#known.delete(jobId);
    if (active !== undefined) this.#jobOf.delete(active.runId);
    if (runId !== null) this.#quietly(jobId, () => this.#runs.remove(runId));
  }

  /** Once at start, after jobs were recovered: runs end as their jobs did; those whose jobs are gone, or were never stored, go. */
  recover(jobOf: (jobId: string) => JobRow | null): void {
    for (const { runId, about, state } of this.#runs.ofRequests(REQUEST_PREFIX)) {
      const jobId = about.job_id;
      if (jobId === undefined) continue;
      const row = jobOf(jobId);
      if (row === null) this.remove(jobId);
      else if (row.status === "queued") this.#activate(jobId, runId);
      else if (!hasEnded(state)) this.end(jobId, row.status, row.error?.message ?? null);
    }
  }

  close(): void {
    clearInterval(this.#beats);
    this.#unwatch();
  }

  #activate(jobId: string, runId: string): void {
    this.#active.set(jobId, { runId, rows: new CurveRows(), lines: [] });
    this.#jobOf.set(runId, jobId);
  }

  #settle(runId: string, status: JobRow["status"], message: string | null): void {
    const facts = { actor: "server", reason: message } as const;
    switch (status) {
      case "complete":
        this.#runs.finish(runId, "completed", facts);
        return;
      case "failed":
        this.#runs.finish(runId, "failed", facts);
        return;
      case "cancelled":
        this.#runs.finish(runId, "stopped", facts);
        return;
      case "interrupted":
        // Its start may not have been written any more.
        if (this.#runs.get(runId).state === "pending") this.#runs.beat(runId, "the job began");
        this.#runs.abandon(runId, message ?? "the server stopped while the job was running");
        return;
      case "queued":
      case "running":
      case "cancelling":
    }
  }

  /** Somebody may have ended the run; a run that this job's end moved is no longer among the active ones. */
  #onChanged(runId: string): void {
    const jobId = this.#jobOf.get(runId);
    if (jobId === undefined || !this.#isStopped(runId)) return;
    this.#jobOf.delete(runId);
    // Not within the commit that told us.
    setImmediate(() => this.#onStopped(jobId));
  }

  #isStopped(runId: string): boolean {
    try {
      const { state } = this.#runs.get(runId);
      return state === "stopping" || hasEnded(state);
    } catch {
      return true;
    }
  }

  #beat(): void {
    for (const { runId } of this.#active.values()) {
      try {
        if (this.#runs.get(runId).state !== "pending") this.#runs.beat(runId);
      } catch {
        // Ended or removed from outside: the job is being stopped.
      }
    }
  }

  #quietly(jobId: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log(`job ${jobId}: its run: ${messageOf(error)}`);
    }
  }
}

function requestKey(jobId: string): string {
  return `${REQUEST_PREFIX}${jobId}`;
}

/** What lists of runs are searched by. The configuration is flat, so that it can be compared entry by entry. */
function aboutJob(
  {
    jobId,
    sessionId,
    type,
    algorithm,
    dataName,
    target,
  }: Pick<JobRow, "jobId" | "sessionId" | "type" | "algorithm" | "dataName" | "target">,
  config: StoredJob["config"],
): RunAbout {
  const common = { algorithm, data: dataName, ...(target === null ? {} : { target }), features: config.features.length, seed: config.seed };
  const resampling = isUnsupervised(config) ? null : config.outer_resampling_config;
  const folds = resampling === null ? {} : { resampling: resampling.type, n_resamples: resampling.n_resamples };
  return {
    model_type: algorithm,
    tags: [type],
    config: { ...common, ...folds, ...config.hyperparameters },
    job_id: jobId,
    session_id: sessionId,
    ...(config.question === null ? {} : { notes: config.question }),
  };
}

/** Metrics that are known while the job runs: of a tuning cell, by cell, and of a fold, by fold. */
function addNode(rows: CurveRows, { kind, status, metric, fold, cell, at }: NodeReport, headline: string | null): void {
  if (status !== "done" || metric === undefined || metric === null) return;
  if (kind === "grid_cell" && cell !== undefined)
    rows.addRow(cell, at, { [fold === undefined || fold === 0 ? "tuning/final" : `tuning/fold ${fold}`]: metric });
  else if (kind === "outer_fold" && fold !== undefined && headline !== null)
    rows.addRow(fold, at, { [`folds/held out/${headline}`]: metric });
}
