import {
  FINAL_STATES,
  importTensorBoard,
  parseColumns,
  parseRows,
  REQUEST_LIMIT_BYTES,
  type RunAbout,
  summaryOf,
  toAlertRules,
} from "../../runs/index.ts";
import { Refusal, readBody, readJson, sendEmpty, sendJson, toJson } from "./answer.ts";
import { sendEvents } from "./event-stream.ts";
import { sendExport } from "./export-route.ts";
import {
  entryOf,
  maybeSender,
  maybeText,
  maybeTexts,
  maybeTruth,
  oneOf,
  queryList,
  queryReal,
  queryWhole,
  real,
  text,
  toFields,
  whole,
} from "./fields.ts";
import { toOwnRun, toWireSummary } from "./own-shape.ts";
import type { Call, Route, TrainingApi } from "./route.ts";
import { toSeriesQuery, toWireSeries } from "./series-shape.ts";

async function create({ runs }: TrainingApi, { request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, REQUEST_LIMIT_BYTES));
  const about: RunAbout = {
    ...Object.fromEntries(
      ["model_type", "dataset_id", "model_version_id", "notes"].flatMap((field) =>
        entryOf(field, maybeText(fields, field, { max: 100_000 })),
      ),
    ),
    ...(fields.config === undefined ? {} : { config: toFields(fields.config, "config") }),
    ...Object.fromEntries(entryOf("tags", maybeTexts(fields, "tags"))),
    ...(fields.alerts === undefined ? {} : { alerts: toAlertRules(fields.alerts) }),
  };
  const requestKey = request.headers["idempotency-key"];
  const record = runs.create(text(fields, "name"), about, { requestKey: typeof requestKey === "string" ? `v2 ${requestKey}` : null });
  sendJson(response, 201, toOwnRun(record));
}

function read({ runs }: TrainingApi, { runId, response }: Call): void {
  const record = runs.get(runId);
  const { lastSeq, series } = runs.open(runId);
  sendJson(response, 200, { ...toOwnRun(record), last_seq: lastSeq, series_count: series.size });
}

async function update({ runs }: TrainingApi, { runId, request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, REQUEST_LIMIT_BYTES));
  const change = Object.fromEntries([
    ...entryOf("name", maybeText(fields, "name")),
    ...entryOf("notes", maybeText(fields, "notes", { max: 100_000 })),
    ...entryOf("tags", maybeTexts(fields, "tags")),
    ...entryOf("isArchived", maybeTruth(fields, "archived")),
  ]);
  sendJson(response, 200, toOwnRun(runs.update(runId, change)));
}

function remove({ runs }: TrainingApi, { runId, response }: Call): void {
  runs.remove(runId);
  sendEmpty(response, 204);
}

/** Columns as JSON, or rows as NDJSON with `producer` and `sequence` in the query. Answered when they are on disk. */
async function addPoints({ runs }: TrainingApi, { runId, request, query, response }: Call): Promise<void> {
  runs.get(runId);
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  const isRows = type === "application/x-ndjson" || type === "application/ndjson";
  if (!isRows && type !== "application/json") {
    throw new Refusal(415, "invalid_input", "Send columns as application/json, or rows as application/x-ndjson.");
  }
  const body = (await readBody(request, REQUEST_LIMIT_BYTES)).toString("utf8");
  const sequence = query.has("producer") ? queryWhole(query, "sequence", Number.NaN) : null;
  const points = isRows
    ? parseRows(body, { producer: query.get("producer"), sequence }, runs.now())
    : parseColumns(toJson(body), runs.now());
  const { accepted, duplicates, lastSeq, state } = await runs.append(runId, points);
  sendJson(response, 200, { accepted, duplicates, last_seq: lastSeq, state });
}

function beat({ runs }: TrainingApi, { runId, response }: Call): void {
  sendJson(response, 200, { state: runs.beat(runId).state });
}

/** Asks the reporter to end. It sees `stopping` in every answer. */
function stop({ runs }: TrainingApi, { runId, response }: Call): void {
  sendJson(response, 200, toOwnRun(runs.requestStop(runId, "user")));
}

async function finish({ runs }: TrainingApi, { runId, request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, REQUEST_LIMIT_BYTES));
  const reason = maybeText(fields, "reason", { max: 10_000 }) ?? null;
  const exitCode = fields.exit_code === undefined || fields.exit_code === null ? null : whole(fields, "exit_code", -(2 ** 31), 2 ** 32);
  sendJson(response, 200, toOwnRun(runs.finish(runId, oneOf(fields, "state", FINAL_STATES), { actor: "reporter", reason, exitCode })));
}

async function resume({ runs }: TrainingApi, { runId, request, response }: Call): Promise<void> {
  const hasBody = Number(request.headers["content-length"] ?? 0) > 0;
  const fields = hasBody ? toFields(await readJson(request, REQUEST_LIMIT_BYTES)) : {};
  const fromStep = fields.from_step === undefined || fields.from_step === null ? null : real(fields, "from_step");
  sendJson(response, 200, toOwnRun(runs.resume(runId, fromStep, "reporter")));
}

async function addLine({ runs }: TrainingApi, { runId, request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, REQUEST_LIMIT_BYTES));
  const message = text(fields, "message", { max: 100_000 });
  runs.addLine(runId, { level: (maybeText(fields, "level", { max: 50 }) || "INFO").toUpperCase(), message }, maybeSender(fields));
  sendEmpty(response, 201);
}

function keys({ runs }: TrainingApi, { runId, response }: Call): void {
  const series = [...runs.open(runId).series.values()];
  sendJson(response, 200, { series: series.map((one) => ({ key: one.key, ...toWireSummary(summaryOf(one)) })) });
}

function series({ queries }: TrainingApi, { runId, query, response }: Call): void {
  const asked = toSeriesQuery({
    reduce: query.get("reduce") ?? undefined,
    max_points: queryWhole(query, "max_points", 1000),
    superseded: query.get("superseded") === "true",
    keys: queryList(query, "keys"),
    x: query.get("x") ?? undefined,
    from: queryReal(query, "from"),
    to: queryReal(query, "to"),
  });
  const answers = queries.answer(runId, asked);
  sendJson(response, 200, { run: runId, series: answers.map(toWireSeries), matching: queries.count(runId, asked.keys) });
}

/** A TensorBoard event file, as bytes of any length. Answers what was stored and what could not be read. */
async function importFile({ runs }: TrainingApi, { runId, request, query, response }: Call): Promise<void> {
  runs.get(runId);
  const format = query.get("format") ?? "tensorboard";
  if (format !== "tensorboard") throw new Refusal(400, "invalid_input", `format must be tensorboard, got ${JSON.stringify(format)}.`);
  const { problem, ...counts } = await importTensorBoard(runs, runId, request);
  sendJson(response, 200, { ...counts, problem: problem === null ? null : { at_byte: problem.atByte, message: problem.message } });
}

export const OWN_ROUTES: readonly Route[] = [
  { method: "POST", path: "/api/v2/runs", handle: create },
  { method: "GET", path: "/api/v2/runs/:id", handle: read },
  { method: "PATCH", path: "/api/v2/runs/:id", handle: update },
  { method: "DELETE", path: "/api/v2/runs/:id", handle: remove },
  { method: "POST", path: "/api/v2/runs/:id/points", handle: addPoints },
  { method: "POST", path: "/api/v2/runs/:id/beat", handle: beat },
  { method: "POST", path: "/api/v2/runs/:id/stop", handle: stop },
  { method: "POST", path: "/api/v2/runs/:id/finish", handle: finish },
  { method: "POST", path: "/api/v2/runs/:id/resume", handle: resume },
  { method: "POST", path: "/api/v2/runs/:id/logs", handle: addLine },
  { method: "GET", path: "/api/v2/runs/:id/keys", handle: keys },
  { method: "GET", path: "/api/v2/runs/:id/series", handle: series },
  { method: "GET", path: "/api/v2/runs/:id/export", handle: sendExport },
  { method: "POST", path: "/api/v2/runs/:id/import", handle: importFile },
  { method: "GET", path: "/api/v2/runs/:id/events", handle: sendEvents },
];
