import {
  FIXED_KEYS,
  hasEnded,
  type ParsedPoints,
  type PointRow,
  type RunAbout,
  type RunRecord,
  type RunState,
  toMetricsData,
  wireTimestamp,
} from "../../runs/index.ts";
import { Refusal } from "./answer.ts";
import { type Fields, maybeSender, maybeText, real, text, toFields, whole } from "./fields.ts";

/** The five states that a reader of the compatible protocol knows. `state` beside it says exactly which. */
export function toStatus(state: RunState): string {
  if (state === "crashed") return "failed";
  return state === "stale" || state === "stopping" ? "running" : state;
}

export const STATUSES: Readonly<Record<string, readonly RunState[]>> = {
  pending: ["pending"],
  running: ["running", "stale", "stopping"],
  completed: ["completed"],
  failed: ["failed", "crashed"],
  stopped: ["stopped"],
};

/** A run record (L-1, L-2, L-11, L-14). Absent optional fields are left out. */
export function toWireRun(record: RunRecord, latest: PointRow | null): Record<string, unknown> {
  const { about, state } = record;
  const started = record.startedAt === null ? null : wireTimestamp(record.startedAt);
  return {
    id: record.runId,
    user_id: "local",
    name: record.name,
    model_type: about.model_type ?? "",
    ...(about.model_version_id === undefined ? {} : { model_version_id: about.model_version_id }),
    ...(about.dataset_id === undefined ? {} : { dataset_id: about.dataset_id }),
    status: toStatus(state),
    state,
    config: about.config ?? {},
    ...(latest === null ? {} : { latest_metrics: toLatest(latest) }),
    created_at: wireTimestamp(record.createdAt),
    started_at: started,
    ...(record.finishedAt === null
      ? {}
      : { completed_at: wireTimestamp(record.finishedAt), finished_at: wireTimestamp(record.finishedAt) }),
    ...(hasEnded(state) && record.reason !== null ? { reason: record.reason } : {}),
    ...(record.exitCode === null ? {} : { exit_code: record.exitCode }),
  };
}

/** `custom` is always there, null when it was not given. */
function toLatest(row: PointRow): Record<string, unknown> {
  const { timestamp, ...numbers } = toMetricsData(row);
  return { ...numbers, custom: row.extra ?? null, timestamp };
}

/** A point of the history (L-42, L-43): every number that was sent is there. */
export function toHistoryPoint(row: PointRow, keys: readonly string[] | undefined): Record<string, unknown> {
  const { timestamp, ...numbers } = toMetricsData(row);
  const wanted = Object.entries(numbers).filter(([key]) => key === "epoch" || key === "step" || keys === undefined || keys.includes(key));
  const others = Object.entries(row.values).filter(
    ([key]) => key !== "epoch" && !FIXED_KEYS.includes(key as (typeof FIXED_KEYS)[number]) && (keys === undefined || keys.includes(key)),
  );
  return {
    ...Object.fromEntries(wanted),
    custom: row.extra ?? {},
    timestamp,
    ...(others.length === 0 ? {} : { values: Object.fromEntries(others) }),
  };
}

/** The body that makes a run. @throws {Refusal} 422 naming the field (L-12, L-25). */
export function toNewRun(body: unknown): { readonly name: string; readonly about: RunAbout } {
  const fields = toFields(body);
  const name = text(fields, "name");
  const model_type = text(fields, "model_type");
  const links = ["model_version_id", "dataset_id"].flatMap((field) => {
    const value = maybeText(fields, field);
    return value === undefined ? [] : [[field, value]];
  });
  return { name, about: { model_type, ...Object.fromEntries(links), config: toConfig(toFields(fields.config, "config")) } };
}

function toConfig(config: Fields): Fields {
  whole(config, "epochs", 1);
  whole(config, "batch_size", 1);
  if (real(config, "learning_rate", 0, 1e6) === 0)
    throw new Refusal(422, "invalid_input", "learning_rate must be greater than 0.", { field: "learning_rate" });
  if (config.steps_per_epoch !== undefined) whole(config, "steps_per_epoch", 1);
  const optimizer = maybeText(config, "optimizer") || "adam";
  return { ...config, optimizer, steps_per_epoch: config.steps_per_epoch ?? 100 };
}

/** The body that records a point. Ours are `ts`, epoch ms or RFC 3339 (L-16), and `producer` with `sequence`, so that a repeat is harmless (L-41). @throws {Refusal} 422 naming the field. */
export function toPoint(body: unknown, now: number): ParsedPoints {
  const fields = toFields(body);
  const step = whole(fields, "step");
  const numbers: [string, number][] = [["epoch", whole(fields, "epoch")]];
  for (const key of FIXED_KEYS) if (fields[key] !== undefined && fields[key] !== null) numbers.push([key, real(fields, key)]);
  const columns = numbers.map(([key, value]) => ({ key, rows: null, values: Float64Array.of(value), nulls: null }));
  const hasCustom = fields.custom !== undefined && fields.custom !== null;
  return {
    ...(maybeSender(fields) ?? { producer: null, sequence: 0 }),
    batch: {
      steps: Float64Array.of(step),
      times: Float64Array.of(toTime(fields.ts, now)),
      columns,
      extras: hasCustom ? { 0: fields.custom } : null,
    },
  };
}

function toTime(ts: unknown, now: number): number {
  if (ts === undefined || ts === null) return now;
  const time = typeof ts === "string" ? Date.parse(ts) : ts;
  if (typeof time === "number" && Number.isFinite(time) && Math.abs(time) <= 8.64e15) return time;
  throw new Refusal(
    422,
    "invalid_input",
    `ts must be a time: RFC 3339, or milliseconds since 1970; got ${JSON.stringify(ts)?.slice(0, 100)}.`,
    { field: "ts" },
  );
}
