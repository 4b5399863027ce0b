import { InvalidArgumentError } from "../core/errors.ts";
import type { AlertRule } from "./alerts.ts";
import { RUN_STATES, type RunState } from "./lifecycle.ts";
import { conditions, type RunFilter } from "./run-conditions.ts";
import type { RunStore, SqlRow } from "./run-store.ts";

/** What the creator of a run tells about it. */
export interface RunAbout {
  readonly model_type?: string;
  readonly model_version_id?: string;
  readonly dataset_id?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly notes?: string;
  readonly alerts?: readonly AlertRule[];
  /** The job of this server that the run is the log of, and its session. */
  readonly job_id?: string;
  readonly session_id?: string;
}

export interface RunRecord {
  /** Number inside the store. */
  readonly run: number;
  /** UUID version 4. */
  readonly runId: string;
  readonly name: string;
  readonly about: RunAbout;
  readonly state: RunState;
  readonly reason: string | null;
  readonly exitCode: number | null;
  /** Epoch ms. */
  readonly createdAt: number;
  /** First point, or the creator said so. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Put out of sight, kept all the same. */
  readonly archivedAt: number | null;
}

export interface RunPage {
  readonly runs: readonly RunRecord[];
  readonly nextCursor: string | null;
}

const COLUMNS = "run, run_id, name, about, state, reason, exit_code, created_at, started_at, finished_at, archived_at";

export function maybeRecord(store: RunStore, runId: string): RunRecord | null {
  const row = store.sql(`SELECT ${COLUMNS} FROM runs WHERE run_id = ?`).get(runId);
  return row === undefined ? null : toRecord(row);
}

export function recordByRequest(store: RunStore, requestKey: string): RunRecord | null {
  const row = store.sql(`SELECT ${COLUMNS} FROM runs WHERE request_key = ?`).get(requestKey);
  return row === undefined ? null : toRecord(row);
}

/** Runs whose request keys begin so. Cost: O(runs found). */
export function recordsByRequests(store: RunStore, prefix: string): RunRecord[] {
  const end = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
  return store.sql(`SELECT ${COLUMNS} FROM runs WHERE request_key >= ? AND request_key < ?`).all(prefix, end).map(toRecord);
}

/** Newest first. @throws {InvalidArgumentError} for a cursor that is none of ours. */
export function listRecords(store: RunStore, filter: RunFilter): RunPage {
  const before = filter.cursor === undefined ? null : toCursor(filter.cursor);
  const { where, values } = conditions(filter);
  if (before !== null) where.push("(created_at, run) < (?, ?)");
  const sql = `SELECT ${COLUMNS} FROM runs ${whereOf(where)} ORDER BY created_at DESC, run DESC LIMIT ? OFFSET ?`;
  const rows = store.sql(sql).all(...values, ...(before ?? []), filter.limit + 1, filter.offset ?? 0);
  const runs = rows.slice(0, filter.limit).map(toRecord);
  const last = runs.at(-1);
  return { runs, nextCursor: rows.length > filter.limit && last !== undefined ? `${last.createdAt}-${last.run}` : null };
}

export function countRecords(store: RunStore, filter: Omit<RunFilter, "limit">): number {
  const { where, values } = conditions(filter);
  const row = store.sql(`SELECT COUNT(*) AS n FROM runs ${whereOf(where)}`).get(...values);
  return row?.n as number;
}

export function countByState(store: RunStore): Readonly<Record<RunState, number>> {
  const counts = Object.fromEntries(RUN_STATES.map((state) => [state, 0])) as Record<RunState, number>;
  for (const row of store.sql("SELECT state, COUNT(*) AS n FROM runs GROUP BY state").all())
    counts[row.state as RunState] = row.n as number;
  return counts;
}

/** Every run that passes, newest first. */
export function allRecords(store: RunStore, filter: Omit<RunFilter, "limit">): RunRecord[] {
  const { where, values } = conditions(filter);
  const sql = `SELECT ${COLUMNS} FROM runs ${whereOf(where)} ORDER BY created_at DESC, run DESC`;
  return store
    .sql(sql)
    .all(...values)
    .map(toRecord);
}

function whereOf(where: readonly string[]): string {
  return where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
}

function toCursor(cursor: string): [number, number] {
  const [, at, run] = /^([\d.]+)-(\d+)$/.exec(cursor) ?? [];
  if (at === undefined || run === undefined)
    throw new InvalidArgumentError(`The cursor ${JSON.stringify(cursor)} is not one of this server's.`);
  return [Number(at), Number(run)];
}

function toRecord(row: SqlRow): RunRecord {
  return {
    run: row.run as number,
    runId: row.run_id as string,
    name: row.name as string,
    about: JSON.parse(row.about as string),
    state: row.state as RunState,
    reason: row.reason as string | null,
    exitCode: row.exit_code as number | null,
    createdAt: row.created_at as number,
    startedAt: row.started_at as number | null,
    finishedAt: row.finished_at as number | null,
    archivedAt: row.archived_at as number | null,
  };
}
