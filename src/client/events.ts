import type { HandleSummary, JobSummary } from "../wire/live/messages.ts";

type OfJob = { readonly job_id: string };

/** The latest report on one node of a job's execution tree, as `job.progress` and `job.history` carry it. */
export interface ProgressNode {
  readonly node_id: string;
  readonly parent_id: string | null;
  readonly kind: string;
  readonly label: string | null;
  readonly status: "start" | "update" | "done" | "error" | "aborted";
  readonly message?: string;
  readonly current?: number;
  readonly total?: number | null;
  readonly fraction?: number;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly at?: number;
  readonly fold?: number;
  readonly cell?: number;
  readonly metric?: number | null;
  readonly remaining_seconds?: number | null;
}

/** A batch of new points of one curve. */
export interface CurvePoints {
  readonly series: string;
  readonly node_id: string;
  readonly fold: number;
  readonly split: string;
  readonly measure: string;
  readonly step: readonly number[];
  readonly value: readonly (number | null)[];
}

/** A `job.progress` without `node_id` is a line of text. Unknown fields pass through. */
export type JobProgress = OfJob & {
  readonly stage: string | null;
  readonly message: string;
  readonly ts?: string;
  readonly level?: string;
} & Partial<ProgressNode>;

/** Events of a session and what they carry. Names that are not listed pass through as `unknown`. */
export interface SessionEvents {
  "job.submitted": OfJob & { readonly summary: JobSummary };
  "job.started": OfJob & { readonly started_at: string };
  "job.progress": JobProgress;
  "job.points": OfJob & { readonly points: readonly CurvePoints[] };
  "job.complete": OfJob & { readonly summary: JobSummary };
  "job.failed": OfJob & { readonly error: { readonly code: string; readonly message: string }; readonly summary?: JobSummary };
  "job.cancelled": OfJob & { readonly summary?: JobSummary };
  "job.interrupted": OfJob & { readonly error: { readonly code: string; readonly message: string }; readonly summary?: JobSummary };
  "job.deleted": OfJob;
  "data.added": HandleSummary;
  "data.removed": { readonly data_handle: string };
  "session.renamed": { readonly session_id: string; readonly name: string };
  "session.deleted": { readonly session_id: string };
  "session.connection_left": { readonly session_id: string; readonly connection_id: string; readonly n_connections: number };
  "session.events_dropped": { readonly events_dropped: number };
  heartbeat: { readonly ts: string; readonly daemon_count: number; readonly jobs_running: number };
}
