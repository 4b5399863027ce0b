/** Kinds of nodes in the execution tree; names and meaning as in the live protocol's section 16.2. */
export const NODE_KINDS = [
  "train",
  "outer_resampling",
  "outer_fold",
  "tune",
  "grid_cell",
  "preprocess",
  "train_alg",
  "predict",
  "varimp",
  "metrics",
  "decompose",
  "cluster",
] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

/** One report on one node of the execution tree. The latest report of a node is its state. */
export interface NodeReport {
  readonly type: "node";
  /** `n1`, `n2` … for steps, `pb1` … for loops; unique within the job. */
  readonly node_id: string;
  readonly parent_id: string | null;
  readonly kind: NodeKind;
  /** Distinguishing text: `2/5`, an algorithm's name, `learning_rate 0.1, max_leaves 31`. */
  readonly label: string | null;
  readonly status: "start" | "update" | "done" | "error" | "aborted";
  readonly message: string;
  /** Loop counters; `fraction` only on the outermost loop. */
  readonly current?: number;
  readonly total?: number | null;
  readonly fraction?: number;
  /** Epoch ms when this node started, and ended; `at` is when the report was made. */
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly at: number;
  /** 1-based outer fold, and grid cell, where they apply. */
  readonly fold?: number;
  readonly cell?: number;
  /** Once known: a grid cell's aggregated validation metric, or an outer fold's headline metric on its held-out rows. */
  readonly metric?: number | null;
  /** Estimated seconds until the whole job is done; only on the outermost loop, null until known. */
  readonly remaining_seconds?: number | null;
}

/** Points of live curves, as columns. `step` and `value` have equal length. */
export interface PointsReport {
  readonly type: "points";
  /** Stable within the job: `fold 2/5 · training`. */
  readonly series: string;
  readonly node_id: string;
  /** 1-based outer fold; 0 for the final model on all rows. */
  readonly fold: number;
  /** `training` or `validation`. */
  readonly split: string;
  /** `log-loss`, `rmse` … */
  readonly measure: string;
  readonly step: readonly number[];
  readonly value: readonly (number | null)[];
  readonly at: number;
}

export interface TextReport {
  readonly type: "text";
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly at: number;
}

export type TrainReport = NodeReport | PointsReport | TextReport;
