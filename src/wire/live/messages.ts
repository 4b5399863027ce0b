/**
 * Types of the live protocol, version 1 and our additions (marked +). Fields are snake_case as on the wire.
 * PROTOCOL.md is the contract in words; `codec.ts` cuts frames.
 */
export const PROTOCOL_VERSION = 1;

export interface PayloadInfo {
  /** `arrow-ipc`; + `csv`, `parquet`, `model`. */
  readonly format: string;
  readonly bytes: number;
}

export interface RequestHeader {
  readonly v: 1;
  readonly id: string;
  readonly method: string;
  readonly params?: unknown;
  readonly payload?: PayloadInfo;
}

export interface ReplyHeader {
  readonly v: 1;
  readonly id: unknown;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: WireErrorCode; readonly message: string; readonly details?: Readonly<Record<string, unknown>> };
  readonly payload?: PayloadInfo;
}

/** + `seq`: position in the session's log, from 1, without gaps; absent on `ready` and `heartbeat`. */
export interface EventHeader {
  readonly v: 1;
  readonly event: string;
  readonly data: unknown;
  readonly seq?: number;
}

export const WIRE_ERROR_CODES = [
  "malformed_frame",
  "unknown_method",
  "unauthorized",
  "not_attached",
  "session_exists",
  "session_not_found",
  "invalid_name",
  "invalid_params",
  "not_found",
  "too_many",
  "internal_error",
] as const;
export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

export type JobStatus = "queued" | "running" | "cancelling" | "complete" | "failed" | "cancelled" | "interrupted";

export interface JobSummary {
  readonly job_id: string;
  readonly type: "train" | "decomp" | "cluster";
  readonly status: JobStatus;
  readonly submitted_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly stage: string | null;
  readonly fraction: number | null;
  readonly last_message: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly queue_position?: number;
  /** + */
  readonly algorithm: string;
  /** + Name of the data set, and its handle. */
  readonly data_name: string;
  readonly data_handle: string;
  readonly target: string | null;
  readonly task: "binary" | "multiclass" | "regression" | null;
  /** + The main metric over held-out rows once complete, e.g. `{name: "auc", mean: 0.99, sd: 0.01}`. */
  readonly headline: { readonly name: string; readonly mean: number | null; readonly sd: number | null } | null;
  /** + Seconds until done, by the server's estimate. */
  readonly remaining_seconds: number | null;
  /** + Id of the job's run, the log of its curves; null for jobs from before there were any. */
  readonly run_id?: string | null;
}

export interface HandleSummary {
  readonly data_handle: string;
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

export interface SessionSnapshot {
  readonly session_id: string;
  readonly name: string;
  readonly created: string;
  readonly last_seen: string;
  readonly n_connections: number;
  readonly jobs: readonly {
    readonly job_id: string;
    readonly status: JobStatus;
    readonly stage: string | null;
    readonly fraction: number | null;
  }[];
  readonly data: readonly HandleSummary[];
  /** + Sequence number of the session's last event. */
  readonly seq: number;
}

export interface SessionListEntry {
  readonly session_id: string;
  readonly name: string;
  readonly created: string;
  readonly last_seen: string;
  readonly n_connections: number;
  readonly n_jobs: number;
  readonly jobs_running: number;
}

/** One column of + `data.profile`. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: "factor" | "logical" | "integer" | "double" | "character" | "date" | "datetime";
  readonly rows: number;
  readonly n_missing: number;
  readonly n_unique: number;
  /** Numeric types; null when every value is missing. Infinities are counted, not binned. */
  readonly numeric: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly sd: number;
    readonly q25: number;
    readonly median: number;
    readonly q75: number;
    readonly n_infinite: number;
    /** ≤ 24 bins of equal width; `counts.length + 1 === edges.length`. */
    readonly edges: readonly number[];
    readonly counts: readonly number[];
  } | null;
  /** Factor, character, logical: up to 24 levels, most frequent first; `n_other` rows lie in further levels. */
  readonly levels: readonly { readonly label: string; readonly count: number }[] | null;
  readonly n_other: number;
  /** Findings worth a person's attention, with remedy: constant, identifier-like, all missing, almost numeric … */
  readonly checks: readonly { readonly severity: "problem" | "hint"; readonly kind: string; readonly message: string }[];
  /** Whether `data.profile` proposes it as a feature (identifiers, constants and all-missing columns are not). */
  readonly suggested_role: "feature" | "target" | "skip";
}

export interface DataProfile {
  readonly data_handle: string;
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly fingerprint: string;
  readonly columns: readonly ColumnProfile[];
  readonly suggested_target: string | null;
  readonly suggested_task: "classification" | "regression" | null;
  readonly warnings: readonly string[];
}

export interface HyperparameterEntry {
  readonly name: string;
  readonly type: "logical" | "integer" | "double" | "character" | "null" | "other";
  readonly default: unknown;
  readonly tunable: boolean;
  readonly choices?: readonly (string | number)[];
  /** + everything else that a form needs */
  readonly title: string;
  readonly help: string;
  readonly level: "basic" | "advanced";
  /** Present when null is allowed: what the algorithm then does. */
  readonly automatic?: string;
  readonly min?: number;
  readonly max?: number;
  readonly suggest?: readonly (number | string | boolean)[];
  readonly log?: boolean;
  readonly tasks?: readonly string[];
  /** Present when it takes more than one value of its type: a list, or a map from column to a number or to a list of levels. */
  readonly holds?: "list" | "numbers" | "levels";
  /** The parameter whose value it takes where it is not given. */
  readonly follows?: string;
}

export interface AlgorithmEntry {
  readonly name: string;
  readonly description: string;
  readonly supports_classification: boolean;
  readonly supports_regression: boolean;
  readonly supports_survival: boolean;
}

/** + An entry of `algorithms` with `detail: true`. */
export interface AlgorithmDetail extends AlgorithmEntry {
  /** What people call it, e.g. `Boosted trees`. */
  readonly title: string;
  /** The papers it follows. */
  readonly source: string;
  /** Whether it copes with missing features, and with categories, by itself. */
  readonly handles_missing: boolean;
  readonly handles_categories: boolean;
}

/** + Result of `jobs.compare`: trainings side by side, the first as baseline. Lists run over `job_ids`. */
export interface JobComparison {
  readonly job_ids: readonly string[];
  /** What keeps a job from being paired with the baseline, e.g. `other data`; empty when nothing does. */
  readonly obstacles: readonly (readonly string[])[];
  readonly metrics: readonly {
    readonly name: string;
    readonly maximize: boolean;
    /** Over held-out folds; null where a job has no such figure. */
    readonly summaries: readonly ({
      readonly mean: number | null;
      readonly sd: number | null;
      readonly folds: readonly (number | null)[];
      readonly interval: readonly [number, number] | null;
    } | null)[];
    /** Mean paired difference to the baseline with its 95 % interval; null for the baseline and where folds cannot be paired. */
    readonly differences: readonly ({
      readonly folds: number;
      readonly mean: number;
      readonly sd: number;
      readonly low: number;
      readonly high: number;
      readonly p: number;
      /** Corrected by Holm for the number of jobs compared with the baseline. */
      readonly p_adjusted: number;
    } | null)[];
  }[];
}

/** + Result of `job.history`: the job's whole log up to `seq`, folded. Events with a larger `seq` continue it. */
export interface JobHistory {
  readonly job_id: string;
  readonly seq: number;
  /** Latest report of every node, in order of first appearance; shape `NodeReport` of the engine. */
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly series: readonly {
    readonly series: string;
    readonly node_id: string;
    readonly fold: number;
    readonly split: string;
    readonly measure: string;
    readonly step: readonly number[];
    readonly value: readonly (number | null)[];
  }[];
  readonly log: readonly { readonly at: number; readonly level: string; readonly message: string }[];
}

/** + Result of `config.validate`: what `train` with the same params would do, or why it would be refused. */
export interface ConfigCheck {
  readonly ok: boolean;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly warnings: readonly string[];
  readonly plan: {
    readonly outer_folds: number;
    readonly candidates: number;
    readonly inner_folds: number;
    readonly fits: number;
    /** Rows of the tables given beside the training table. */
    readonly held_out?: { readonly validation?: number; readonly test?: number };
  } | null;
}
