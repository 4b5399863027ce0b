import type {
  AlgorithmDetail,
  ConfigCheck,
  DataProfile,
  HandleSummary,
  HyperparameterEntry,
  JobComparison,
  JobHistory,
  JobStatus,
  JobSummary,
  SessionListEntry,
  SessionSnapshot,
} from "../wire/live/messages.ts";
import type { TrainReportSlice } from "./result.ts";

type Nothing = Readonly<Record<string, never>>;
type Job = { readonly job_id: string };
type Handle = { readonly data_handle: string };

/** One column type that `data.set_types` accepts. */
export type SettableType = DataProfile["columns"][number]["type"];

export interface ServerInfo {
  readonly server: string;
  readonly daemons: number;
  readonly max_concurrent: number;
  readonly uptime_seconds: number;
  readonly n_sessions: number;
  readonly n_jobs_running: number;
  readonly [more: string]: unknown;
}

export interface SampleEntry {
  readonly name: string;
  readonly title: string;
  readonly rows: number;
  readonly cols: number;
  readonly target: string;
  readonly task: string;
  readonly description: string;
}

/** What `train` and `config.validate` take; every key but the first two may be left out. */
export interface TrainParams {
  readonly data_handle: string;
  readonly algorithm: string;
  readonly hyperparameters?: Readonly<Record<string, unknown>>;
  readonly target?: string;
  readonly features?: readonly string[];
  readonly task?: "classification" | "regression";
  readonly positive_class?: string | null;
  readonly weights?: string | null;
  /** Options of preprocessing, by name. */
  readonly preprocessor_config?: Readonly<Record<string, unknown>> | null;
  readonly outer_resampling_config?: Readonly<Record<string, unknown>> | null;
  readonly tuner_config?: Readonly<Record<string, unknown>> | null;
  readonly seed?: number;
  readonly question?: string | null;
  readonly verbosity?: number;
}

/** Stands for a table whose rows travel in the payload. `rows: 0` without payload means "not available". */
export interface TablePointer {
  readonly rows: number;
  readonly cols: number;
  /** Older servers write one name as a bare string. */
  readonly columns: readonly string[] | string;
  readonly format: string;
  readonly warnings?: readonly string[];
}

/** `summary` of a decomposition (`metrics`, `components`) or a clustering (`clust`, `k`, `quality`). */
export interface UnsupervisedSummary {
  readonly ".class": "Decomposition" | "Clustering";
  readonly algorithm: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly features: readonly string[] };
  readonly metrics?: Readonly<Record<string, number | readonly number[]>>;
  readonly components?: readonly string[];
  readonly k?: number;
  readonly clust?: { readonly centers: readonly (readonly number[])[] | null; readonly sizes: readonly number[]; readonly noise: number };
  readonly quality?: Readonly<Record<string, number | null>>;
  readonly rows: number;
  readonly warnings: readonly string[];
}

/** What `decomp` and `cluster` take. */
export interface UnsupervisedParams {
  readonly data_handle: string;
  readonly algorithm: string;
  readonly hyperparameters?: Readonly<Record<string, unknown>>;
  readonly features?: readonly string[];
  readonly seed?: number;
}

interface MethodEntry {
  readonly name: string;
  readonly description: string;
}
interface MethodDescription {
  readonly name: string;
  readonly description: string;
  readonly source: string;
  readonly title: string;
  readonly hyperparameters: readonly HyperparameterEntry[];
}

export type TableSlice =
  | "transformed"
  | "loadings"
  | "assignments"
  | "memberships"
  | "predictions"
  | "roc"
  | "varimp"
  | "session"
  | "calibration"
  | "importance"
  | "learning_curves"
  | "residuals";

/** The methods that reply in JSON, and what goes in and comes out. Methods that reply with bytes are on `LiveClient`. */
export interface Methods {
  ping: { params: Nothing; result: { readonly ts: string } };
  info: { params: Nothing; result: ServerInfo };
  /** With `detail`: title, source and what it copes with. */
  algorithms: { params: { readonly detail: true }; result: { readonly algorithms: readonly AlgorithmDetail[] } };
  "algorithm.describe": {
    params: { readonly name: string };
    result: {
      readonly name: string;
      readonly title: string;
      readonly description: string;
      readonly source: string;
      readonly hyperparameters: readonly HyperparameterEntry[];
    };
  };
  "resampler.describe": { params: Nothing; result: { readonly parameters: readonly HyperparameterEntry[] } };
  "decomp.algorithms": { params: Nothing; result: { readonly algorithms: readonly MethodEntry[] } };
  "cluster.algorithms": { params: Nothing; result: { readonly algorithms: readonly MethodEntry[] } };
  "decomp.algorithm.describe": { params: { readonly name: string }; result: MethodDescription };
  "cluster.algorithm.describe": { params: { readonly name: string }; result: MethodDescription };
  decomp: { params: UnsupervisedParams; result: Job & { readonly status: JobStatus } };
  cluster: { params: UnsupervisedParams; result: Job & { readonly status: JobStatus } };
  "preprocessor.describe": { params: Nothing; result: { readonly parameters: readonly HyperparameterEntry[] } };
  "session.list": { params: Nothing; result: { readonly sessions: readonly SessionListEntry[] } };
  "session.info": { params: Nothing; result: SessionSnapshot };
  "session.rename": { params: { readonly name: string }; result: { readonly session_id: string; readonly name: string } };
  "data.list": { params: Nothing; result: { readonly handles: readonly HandleSummary[] } };
  "data.profile": { params: Handle; result: DataProfile };
  "data.rename": { params: Handle & { readonly name: string }; result: HandleSummary };
  "data.set_types": { params: Handle & { readonly types: Readonly<Record<string, SettableType>> }; result: HandleSummary };
  "data.delete": { params: Handle; result: { readonly deleted: boolean } };
  "data.samples": { params: Nothing; result: { readonly samples: readonly SampleEntry[] } };
  "data.open_sample": { params: { readonly name: string }; result: HandleSummary };
  "data.upload.begin": {
    params: {
      readonly name: string;
      readonly total_bytes: number;
      readonly n_chunks: number;
      readonly format?: string;
      readonly filename?: string;
    };
    result: { readonly upload_id: string };
  };
  "data.upload.chunk": {
    params: { readonly upload_id: string; readonly chunk_index: number };
    result: { readonly received_count: number; readonly received_bytes: number; readonly total_bytes: number };
  };
  "data.upload.end": { params: { readonly upload_id: string }; result: UploadedHandle };
  "data.upload.cancel": { params: { readonly upload_id: string }; result: { readonly cancelled: boolean } };
  "config.validate": { params: TrainParams; result: ConfigCheck };
  train: { params: TrainParams; result: Job & { readonly status: JobStatus; readonly queue_position?: number; readonly seed?: number } };
  "job.list": { params: Nothing; result: { readonly jobs: readonly JobSummary[] } };
  "job.status": { params: Job; result: JobSummary };
  "job.cancel": { params: Job; result: { readonly cancelled: boolean } };
  "jobs.compare": { params: { readonly job_ids: readonly string[] }; result: JobComparison };
  "job.delete": { params: Job; result: { readonly deleted: boolean } };
  "job.history": { params: Job; result: JobHistory };
  "events.since": {
    params: { readonly seq: number; readonly limit?: number };
    result: { readonly events: readonly { readonly seq: number; readonly event: string; readonly data: unknown }[]; readonly seq: number };
  };
}
export type MethodName = keyof Methods;

export interface UploadedHandle extends HandleSummary {
  readonly warnings?: readonly string[];
}

/** The JSON slices of `job.result`. */
export interface JsonSlices {
  report: TrainReportSlice;
  summary: Readonly<Record<string, unknown>>;
  record: Readonly<Record<string, unknown>>;
  metrics: Readonly<Record<string, unknown>>;
}
