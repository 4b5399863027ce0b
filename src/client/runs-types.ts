/** What the server says about runs. Times are epoch ms; a value is a number, null (missing), or one that JSON has no spelling for. */
export type SpelledValue = number | null | "NaN" | "Inf" | "-Inf";

export type RunStateName = "pending" | "running" | "stale" | "stopping" | "completed" | "failed" | "stopped" | "crashed";

/** Whether nothing more comes, unless its reporter comes back. */
export function isEnded(state: RunStateName | "deleted"): boolean {
  return state === "completed" || state === "failed" || state === "stopped" || state === "crashed" || state === "deleted";
}

export interface RunSeriesFacts {
  readonly count: number;
  readonly last: SpelledValue;
  readonly last_step: number | null;
  /** Of the finite values; null while there is none. */
  readonly min: number | null;
  readonly max: number | null;
}

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly state: RunStateName;
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly archived_at?: number | null;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly notes?: string;
  readonly model_type?: string;
  /** The job of this server that the run is the log of, and its session. */
  readonly job_id?: string;
  readonly session_id?: string;
  readonly last_seq?: number;
  readonly series_count?: number;
  /** Where the list was asked for figures. */
  readonly metrics?: Readonly<Record<string, RunSeriesFacts>>;
}

export interface RunListQuery {
  readonly state?: readonly RunStateName[];
  readonly tag?: string;
  readonly search?: string;
  /** Conditions such as `lr>=0.1`. */
  readonly config?: readonly string[];
  /** Keys or patterns of the figures that come with each run. */
  readonly metrics?: readonly string[];
  /** `created`, `name`, `last:loss`, `min:loss`, `config:lr`, … */
  readonly sort?: string;
  readonly order?: "asc" | "desc";
  readonly limit?: number;
  readonly cursor?: string;
  readonly total?: boolean;
}

export interface RunListReply {
  readonly runs: readonly RunInfo[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

export interface RunFacets {
  readonly states?: Readonly<Record<string, number>>;
  readonly tags: readonly { readonly tag: string; readonly count: number }[];
  readonly config: readonly string[];
  readonly keys: readonly string[];
}

export interface RollUpSeries {
  readonly key: string;
  readonly reduce: "roll_up";
  readonly bucket_width: number;
  readonly first_x: readonly number[];
  readonly last_x: readonly number[];
  readonly min: readonly SpelledValue[];
  readonly max: readonly SpelledValue[];
  readonly mean: readonly SpelledValue[];
  readonly count: readonly number[];
}

export interface SeriesRequest {
  readonly keys: readonly string[];
  readonly x?: string;
  readonly from?: number;
  readonly to?: number;
  readonly max_points?: number;
}

export interface RunLayout {
  readonly name: string;
  readonly layout: Readonly<Record<string, unknown>>;
  readonly updated_at: number;
}

/** A column of a batch; a sparse one names its rows. */
export type StreamColumn = readonly SpelledValue[] | { readonly rows: readonly number[]; readonly values: readonly SpelledValue[] };

export interface StreamColumns {
  readonly steps: readonly number[];
  readonly times: readonly number[];
  readonly values: Readonly<Record<string, StreamColumn>>;
}

/** What a followed run says. `seq` is how far the reader knows its log then; rows of `points` are numbered seq − n + 1 … seq. */
export type RunMessage =
  | { readonly type: "snapshot"; readonly run: string; readonly seq: number; readonly state: RunStateName; readonly name: string }
  | ({ readonly type: "points"; readonly run: string; readonly seq: number } & StreamColumns)
  | {
      readonly type: "thinned";
      readonly run: string;
      readonly from_seq: number;
      readonly seq: number;
      readonly rows: number;
      readonly of: number;
      readonly parts: readonly StreamColumns[];
    }
  | {
      readonly type: "state";
      readonly run: string;
      readonly seq: number;
      readonly at: number;
      readonly from: RunStateName;
      readonly to: RunStateName;
      readonly cause: string;
      readonly actor: string;
      readonly reason: string | null;
    }
  | {
      readonly type: "log";
      readonly run: string;
      readonly seq: number;
      readonly at: number;
      readonly level: string;
      readonly message: string;
    }
  | { readonly type: "rewind"; readonly run: string; readonly seq: number; readonly branch: number; readonly from_step: number | null }
  | {
      readonly type: "alert";
      readonly run: string;
      readonly seq: number;
      readonly at: number;
      readonly rule: string;
      readonly key: string | null;
      readonly message: string;
      readonly step: number | null;
    }
  | {
      readonly type: "end";
      readonly run: string;
      readonly state: RunStateName | "deleted";
      readonly reason: string | null;
      readonly exit_code: number | null;
      readonly finished_at: number | null;
    };

/** What the watched list says. */
export type RunListMessage =
  | { readonly type: "watching" }
  | { readonly type: "run"; readonly run: string; readonly record: RunInfo }
  | { readonly type: "run_removed"; readonly run: string };

/** NaN for what is missing; the three that JSON lacks as themselves. */
export function toValue(value: SpelledValue | undefined): number {
  if (typeof value === "number") return value;
  if (value === "Inf") return Number.POSITIVE_INFINITY;
  return value === "-Inf" ? Number.NEGATIVE_INFINITY : Number.NaN;
}
