import {
  entriesAfter,
  FINAL_STATES,
  type FinalState,
  type PointBatch,
  type PointRow,
  RunEndedError,
  type RunRecord,
  readKind,
  rowsOf,
  rowsToKeep,
  wireTimestamp,
} from "../../runs/index.ts";
import { Refusal, readJson, sendEmpty, sendJson } from "./answer.ts";
import { STATUSES, toHistoryPoint, toNewRun, toPoint, toStatus, toWireRun } from "./compatible-shape.ts";
import { maybeSender, maybeText, oneOf, queryList, queryReal, queryWhole, text, toFields, whole } from "./fields.ts";
import type { Call, Route, TrainingApi } from "./route.ts";

/** A request of the compatible protocol may be this large (L-25). */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
const LIST_MAX = 1000;
const HISTORY_MAX = 10_000;
const LINES_MAX = 10_000;

function wireRun({ runs }: TrainingApi, record: RunRecord): Record<string, unknown> {
  return toWireRun(record, runs.open(record.runId).latest);
}

/** L-19 … L-23. The holder of the token sees every run. */
function list(api: TrainingApi, { query, response }: Call): void {
  const status = query.get("status");
  if (status !== null && STATUSES[status] === undefined) {
    throw new Refusal(400, "invalid_input", `status must be one of ${Object.keys(STATUSES).join(", ")}, got ${JSON.stringify(status)}.`);
  }
  const cursor = query.get("cursor");
  const filter = {
    ...(status === null ? {} : { states: STATUSES[status]! }),
    limit: Math.min(LIST_MAX, queryWhole(query, "limit", 100)),
    offset: queryWhole(query, "offset", 0),
    archived: "all" as const,
    ...(cursor === null ? {} : { cursor }),
  };
  const { runs, nextCursor } = api.runs.list(filter);
  const headers = {
    ...(nextCursor === null ? {} : { "X-Next-Cursor": nextCursor }),
    ...(query.get("total") === "true" ? { "X-Total-Count": String(api.runs.count(filter)) } : {}),
  };
  sendJson(
    response,
    200,
    runs.map((record) => wireRun(api, record)),
    headers,
  );
}

/** L-24 … L-28. The reporter that makes a run is there: the run goes on at once, and nothing else is started. */
async function create(api: TrainingApi, { request, response }: Call): Promise<void> {
  const { name, about } = toNewRun(await readJson(request, BODY_LIMIT_BYTES));
  const requestKey = request.headers["idempotency-key"];
  const record = api.runs.create(name, about, { isStarted: true, requestKey: typeof requestKey === "string" ? `v1 ${requestKey}` : null });
  sendJson(response, 201, wireRun(api, record));
}

function read(api: TrainingApi, { runId, response }: Call): void {
  sendJson(response, 200, wireRun(api, api.runs.get(runId)));
}

function remove(api: TrainingApi, { runId, response }: Call): void {
  api.runs.remove(runId);
  sendEmpty(response, 204);
}

function stop(api: TrainingApi, { runId, response }: Call): void {
  sendJson(response, 200, finish(api, runId, "stopped", { actor: "user", reason: null, exitCode: null }));
}

/** `status` is required (L-32); `success`, true or false and said aloud, is understood as well. */
async function complete(api: TrainingApi, { runId, request, response }: Call): Promise<void> {
  api.runs.get(runId);
  const fields = toFields(await readJson(request, BODY_LIMIT_BYTES));
  const isOld = fields.status === undefined && typeof fields.success === "boolean";
  const state = isOld ? (fields.success ? "completed" : "failed") : oneOf(fields, "status", FINAL_STATES);
  const reason = maybeText(fields, "reason", { max: 10_000 }) ?? null;
  const exitCode = fields.exit_code === undefined || fields.exit_code === null ? null : whole(fields, "exit_code", -(2 ** 31), 2 ** 32);
  sendJson(response, 200, finish(api, runId, state, { actor: "reporter", reason, exitCode }));
}

/** L-3: the same end again is no error; another one is a conflict that names the state. */
function finish(
  api: TrainingApi,
  runId: string,
  state: FinalState,
  facts: Parameters<TrainingApi["runs"]["finish"]>[2],
): Record<string, unknown> {
  try {
    return wireRun(api, api.runs.finish(runId, state, facts));
  } catch (error) {
    if (error instanceof RunEndedError)
      throw new Refusal(409, "conflict", error.message, { status: toStatus(error.state), state: error.state });
    throw error;
  }
}

async function record(api: TrainingApi, { runId, request, response }: Call): Promise<void> {
  api.runs.get(runId);
  await api.runs.append(runId, toPoint(await readJson(request, BODY_LIMIT_BYTES), api.runs.now()));
  sendEmpty(response, 201);
}

/** L-42 … L-45: rows in stored order, at most 10,000; `after` goes on where the last answer ended (`X-Next-Cursor`). */
function history(api: TrainingApi, { runId, query, response }: Call): void {
  const { run } = api.runs.get(runId);
  const keys = queryList(query, "keys");
  const [from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY] = [queryReal(query, "from"), queryReal(query, "to")];
  const maxPoints = Math.min(HISTORY_MAX, Math.max(2, queryWhole(query, "max_points", HISTORY_MAX)));
  api.runs.open(runId);
  const found: { seq: number; row: PointRow }[] = [];
  const batches: PointBatch[] = [];
  const mayThin = query.has("max_points");
  let hasMore = false;
  for (const entry of entriesAfter(api.runs.store, run, queryWhole(query, "after", 0))) {
    if (entry.kind !== "points") continue;
    batches.push(entry.batch);
    rowsOf(entry.batch).forEach((row, i) => {
      const isWanted = row.step >= from && row.step <= to && (keys === undefined || keys.some((key) => row.values[key] !== undefined));
      if (isWanted) found.push({ seq: entry.seq - entry.rowCount + 1 + i, row });
    });
    hasMore = !mayThin && found.length > HISTORY_MAX;
    if (hasMore) break;
  }
  const shown = mayThin ? thin(found, keys, maxPoints) : found.slice(0, HISTORY_MAX);
  const last = shown.at(-1);
  const points = shown.map(({ row }) => toHistoryPoint(row, keys));
  if (query.get("x") === "time") points.sort((a, b) => Date.parse(a.timestamp as string) - Date.parse(b.timestamp as string));
  sendJson(response, 200, points, hasMore && last !== undefined ? { "X-Next-Cursor": String(last.seq) } : {});
}

/** At most `maxPoints` rows, with the first, last, least and greatest value of each series in each part. */
function thin(found: readonly { seq: number; row: PointRow }[], keys: readonly string[] | undefined, maxPoints: number): typeof found {
  if (found.length <= maxPoints) return found;
  const names = keys ?? [...new Set(found.flatMap(({ row }) => Object.keys(row.values)))];
  const columns = names.map((key) => ({
    key,
    rows: null,
    nulls: null,
    values: Float64Array.from(found, ({ row }) => row.values[key] ?? Number.NaN),
  }));
  const wanted = columns.filter(({ values }) => values.some(Number.isFinite));
  // The reference's rows carry few series: all fit. Where they do not, parts are made longer until they do.
  for (let parts = Math.max(1, Math.floor(maxPoints / 4)); ; parts = Math.floor(parts / 2)) {
    const steps = Float64Array.from(found, ({ row }) => row.step);
    const finite = wanted.map((column) => ({ ...column, ...onlyFinite(column.values) }));
    const [rows] = rowsToKeep([{ steps, times: steps, columns: finite, extras: null }], Math.max(1, parts));
    if (rows!.length <= maxPoints || parts <= 1) return [...rows!].map((row) => found[row]!);
  }
}

function onlyFinite(values: Float64Array): { rows: Uint32Array; values: Float64Array } {
  const rows = Uint32Array.from(values.keys()).filter((row) => Number.isFinite(values[row]!));
  return { rows, values: Float64Array.from(rows, (row) => values[row]!) };
}

/** L-46. */
async function addLine(api: TrainingApi, { runId, request, response }: Call): Promise<void> {
  api.runs.get(runId);
  const fields = toFields(await readJson(request, BODY_LIMIT_BYTES));
  const message = text(fields, "message", { max: 100_000 });
  api.runs.addLine(runId, { level: (maybeText(fields, "level", { max: 50 }) || "INFO").toUpperCase(), message }, maybeSender(fields));
  sendEmpty(response, 201);
}

/** L-47 … L-49: oldest first; the newest `limit` of those that match. */
function lines(api: TrainingApi, { runId, query, response }: Call): void {
  const { run } = api.runs.get(runId);
  api.runs.open(runId);
  const limit = Math.min(LINES_MAX, queryWhole(query, "limit", LINES_MAX));
  const level = query.get("level")?.toUpperCase();
  const search = query.get("search")?.toLowerCase();
  const after = queryWhole(query, "after", 0);
  let before = queryWhole(query, "before", Number.MAX_SAFE_INTEGER);
  const logs: Record<string, unknown>[] = [];
  while (logs.length < limit) {
    const page = readKind(api.runs.store, run, "line", { after, before }, 1000);
    for (const entry of page) {
      if (entry.kind !== "line" || logs.length >= limit) continue;
      const { line, seq, at } = entry;
      if ((level !== undefined && line.level !== level) || (search !== undefined && !line.message.toLowerCase().includes(search))) continue;
      logs.push({ timestamp: wireTimestamp(at), level: line.level, message: line.message, seq });
    }
    if (page.length < 1000) break;
    before = page.at(-1)!.seq;
  }
  sendJson(response, 200, { run_id: runId, logs: logs.reverse() });
}

/** The ten paths of the compatible protocol; the stream is with the sockets. */
export const COMPATIBLE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/training/runs", handle: list },
  { method: "POST", path: "/api/training/runs", handle: create },
  { method: "GET", path: "/api/training/runs/:id", handle: read },
  { method: "DELETE", path: "/api/training/runs/:id", handle: remove },
  { method: "POST", path: "/api/training/runs/:id/stop", handle: stop },
  { method: "POST", path: "/api/training/runs/:id/complete", handle: complete },
  { method: "GET", path: "/api/training/runs/:id/metrics", handle: history },
  { method: "POST", path: "/api/training/runs/:id/metrics", handle: record },
  { method: "GET", path: "/api/training/runs/:id/logs", handle: lines },
  { method: "POST", path: "/api/training/runs/:id/logs", handle: addLine },
];
