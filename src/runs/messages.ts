import type { RunState } from "./lifecycle.ts";
import { type SpelledNumber, spelled } from "./numbers.ts";
import type { PointBatch, rowsOf } from "./point-batch.ts";
import type { Alert, LogEntry, LogLine, Rewind, StateChange } from "./run-log.ts";

/** Columns as they travel, in answers to subscribers and from reporters alike. Sparse columns name their rows. */
export type WireColumn = readonly SpelledNumber[] | { readonly rows: readonly number[]; readonly values: readonly SpelledNumber[] };

/** What a subscriber gets about one run. Rows of `points` are numbered seq − n + 1 … seq. */
export type RunMessage =
  | { readonly type: "snapshot"; readonly run: string; readonly seq: number; readonly state: RunState; readonly name: string }
  | {
      readonly type: "points";
      readonly run: string;
      readonly seq: number;
      readonly steps: readonly number[];
      readonly times: readonly number[];
      readonly values: Readonly<Record<string, WireColumn>>;
    }
  /** Rows from_seq … seq are here only in part: `rows` of them, with every series' first, last, least and greatest value. */
  | {
      readonly type: "thinned";
      readonly run: string;
      readonly from_seq: number;
      readonly seq: number;
      readonly rows: number;
      readonly of: number;
    }
  | ({ readonly type: "state"; readonly run: string; readonly seq: number; readonly at: number } & StateChange)
  | ({ readonly type: "log"; readonly run: string; readonly seq: number; readonly at: number } & LogLine)
  | ({ readonly type: "rewind"; readonly run: string; readonly seq: number } & Rewind)
  | ({ readonly type: "alert"; readonly run: string; readonly seq: number; readonly at: number } & Alert)
  | {
      readonly type: "end";
      readonly run: string;
      readonly state: RunState | "deleted";
      readonly reason: string | null;
      readonly exit_code: number | null;
      readonly finished_at: number | null;
    };

/** The message of an entry of the log. */
export function toMessage(run: string, entry: LogEntry): RunMessage {
  const { seq, at } = entry;
  switch (entry.kind) {
    case "points":
      return pointsMessage(run, seq, entry.batch);
    case "state":
      return { type: "state", run, seq, at, ...entry.state };
    case "line":
      return { type: "log", run, seq, at, ...entry.line };
    case "rewind":
      return { type: "rewind", run, seq, ...entry.rewind };
    case "alert":
      return { type: "alert", run, seq, at, ...entry.alert };
  }
}

export function pointsMessage(run: string, seq: number, batch: PointBatch): RunMessage {
  const values = batch.columns.map(({ key, rows, values: column, nulls }): [string, WireColumn] => {
    const spelledValues = Array.from(column, spelled);
    for (const i of nulls ?? []) spelledValues[i] = null;
    return [key, rows === null ? spelledValues : { rows: [...rows], values: spelledValues }];
  });
  return { type: "points", run, seq, steps: [...batch.steps], times: [...batch.times], values: Object.fromEntries(values) };
}

/** Times of the compatible protocol: RFC 3339, UTC, offset written out (L-13). */
export function wireTimestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace("Z", "+00:00");
}

/** Series that the compatible protocol has names for, in its order (L-59). */
export const FIXED_KEYS = ["loss", "accuracy", "lr", "gpu_util", "memory_mb"] as const;

/** One row as `data` of the compatible `metrics` message: epoch, step, then what is set, then timestamp (L-59, L-60). */
export function toMetricsData(row: ReturnType<typeof rowsOf>[number]): Record<string, unknown> {
  const set = FIXED_KEYS.flatMap((key) => {
    const value = row.values[key];
    return typeof value === "number" && Number.isFinite(value) ? [[key, value] as const] : [];
  });
  return { epoch: row.values.epoch ?? 0, step: row.step, ...Object.fromEntries(set), timestamp: wireTimestamp(row.time) };
}
