import {
  facets,
  RUN_STATES,
  type RunFilter,
  RunNotFoundError,
  type RunRecord,
  type RunState,
  type Runs,
  SERIES_PER_ANSWER,
  sortedRuns,
  toConfigTest,
  toRunSort,
} from "../../runs/index.ts";
import { Refusal, readJson, sendJson } from "./answer.ts";
import { entryOf, maybeTexts, queryList, queryWhole, toFields } from "./fields.ts";
import { toListedRun, toOwnRun } from "./own-shape.ts";
import type { Call, Route, TrainingApi } from "./route.ts";
import { toSeriesQuery, toWireSeries } from "./series-shape.ts";

const LIST_MAX = 1000;
const COMPARED_MAX = 100;
const COMPARE_LIMIT_BYTES = 256 * 1024;
const ARCHIVED: Readonly<Record<string, "no" | "only" | "all">> = { false: "no", true: "only", all: "all" };

function toFilter(query: URLSearchParams): RunFilter {
  const states = queryList(query, "state");
  for (const state of states ?? []) {
    if (!RUN_STATES.includes(state as RunState))
      throw new Refusal(400, "invalid_input", `state must be of ${RUN_STATES.join(", ")}, got ${JSON.stringify(state)}.`);
  }
  const archived = ARCHIVED[query.get("archived") ?? "false"];
  if (archived === undefined) throw new Refusal(400, "invalid_input", "archived must be false, true or all.");
  const texts = ["name", "tag", "cursor", "search"].flatMap((name) => entryOf(name, query.get(name) ?? undefined));
  return {
    ...Object.fromEntries([...texts, ...entryOf("jobId", query.get("job") ?? undefined)]),
    // Checked above.
    ...(states === undefined ? {} : { states: states as RunState[] }),
    config: query.getAll("config").map(toConfigTest),
    archived,
    limit: Math.min(LIST_MAX, queryWhole(query, "limit", 100)),
    offset: queryWhole(query, "offset", 0),
  };
}

function list({ runs }: TrainingApi, { query, response }: Call): void {
  const filter = toFilter(query);
  const sort = query.get("sort");
  const isPlain = sort === null || (sort === "created" && query.get("order") !== "asc");
  const page = isPlain ? runs.list(filter) : sortedRuns(runs, filter, toRunSort(sort, query.get("order")));
  const total = query.get("total") === "true" ? { total: runs.count(filter) } : {};
  const keys = queryList(query, "metrics") ?? [];
  sendJson(response, 200, { runs: page.runs.map((record) => toListedRun(runs, record, keys)), next_cursor: page.nextCursor, ...total });
}

function readFacets({ runs }: TrainingApi, { response }: Call): void {
  sendJson(response, 200, { states: runs.countByState(), ...facets(runs) });
}

/** Series of many runs on the same x, with what is told about each run. Runs that are not there are named, not refused. */
async function compare({ runs, queries }: TrainingApi, { request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, COMPARE_LIMIT_BYTES));
  const ids = [...new Set(maybeTexts(fields, "runs") ?? [])];
  if (ids.length === 0 || ids.length > COMPARED_MAX)
    throw new Refusal(422, "invalid_input", `runs must name 1 to ${COMPARED_MAX} runs, got ${ids.length}.`, { field: "runs" });
  const query = toSeriesQuery(fields);
  const found = ids.flatMap((id) => maybeRun(runs, id));
  const isOwnX = query.x !== undefined && !["step", "time", "relative_time"].includes(query.x);
  let left = SERIES_PER_ANSWER;
  let isTruncated = false;
  const answers = found.map((record) => {
    const { runId } = record;
    // A run that lacks the series on the x axis has nothing to show.
    const hasX = !isOwnX || runs.open(runId).series.has(query.x!);
    const series = hasX ? queries.answer(runId, query, left) : [];
    isTruncated ||= hasX && queries.count(runId, query.keys) > series.length;
    left -= series.length;
    return { ...toOwnRun(record), series: series.map(toWireSeries) };
  });
  const missing = ids.filter((id) => !found.some(({ runId }) => runId === id));
  sendJson(response, 200, { runs: answers, missing, is_truncated: isTruncated });
}

function maybeRun(runs: Runs, id: string): RunRecord[] {
  try {
    return [runs.get(id)];
  } catch (error) {
    if (error instanceof RunNotFoundError) return [];
    throw error;
  }
}

/** Many runs at once. */
export const LIST_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/v2/runs", handle: list },
  { method: "GET", path: "/api/v2/facets", handle: readFacets },
  { method: "POST", path: "/api/v2/compare", handle: compare, needs: "read" },
];
