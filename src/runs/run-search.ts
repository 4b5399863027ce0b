import { InvalidArgumentError } from "../core/errors.ts";
import { hasEnded } from "./lifecycle.ts";
import { maybeNumber } from "./numbers.ts";
import { type SeriesSummary, summaryOf } from "./open-run.ts";
import { matching } from "./query.ts";
import { configPaths, type RunFilter } from "./run-conditions.ts";
import { allRecords, type RunPage, type RunRecord } from "./run-record.ts";
import type { Runs } from "./runs.ts";

/** What runs are sorted by: a field of theirs, a figure of one of their series, or an entry of their configuration. */
export interface RunSort {
  readonly by: "created" | "started" | "finished" | "duration" | "name" | "state" | "last" | "min" | "max" | "count" | "config";
  /** Of `last`, `min`, `max`, `count`: the series. Of `config`: the entry. */
  readonly key: string;
  readonly isAscending: boolean;
}

const FIELDS = ["created", "started", "finished", "duration", "name", "state"] as const;
const FIGURES = ["last", "min", "max", "count", "config"] as const;
/** Series that a list shows of each run. */
const LISTED_SERIES_MAX = 100;

/** Reads `created`, `name`, `last:loss`, `min:val/loss`, `config:lr`. @throws {InvalidArgumentError} */
export function toRunSort(text: string, order: string | null): RunSort {
  const [name = "", ...rest] = text.split(":");
  const key = rest.join(":");
  if (order !== null && order !== "asc" && order !== "desc")
    throw new InvalidArgumentError(`order must be asc or desc, got ${JSON.stringify(order)}.`);
  const isAscending = order === null ? name === "name" || name === "min" : order === "asc";
  const field = FIELDS.find((one) => one === name);
  if (field !== undefined && key === "") return { by: field, key, isAscending };
  const figure = FIGURES.find((one) => one === name);
  if (figure !== undefined && key !== "") return { by: figure, key, isAscending };
  const allowed = `${FIELDS.join(", ")}, or ${FIGURES.map((one) => `${one}:<key>`).join(", ")}`;
  throw new InvalidArgumentError(`sort must be one of ${allowed}; got ${JSON.stringify(text)}.`);
}

/**
 * Runs that pass a filter, in an order of the caller's. Runs without the value come last, whichever the direction; equal ones
 * newest first. Cost: O(runs that pass); for those that go on their series' ends are brought into memory.
 */
export function sortedRuns(runs: Runs, filter: RunFilter, sort: RunSort): RunPage {
  const sortValue = valuesFor(runs, sort);
  const found = allRecords(runs.store, filter).map((record) => ({ record, value: sortValue(record) }));
  found.sort((a, b) => compare(a.value, b.value, sort.isAscending));
  const from = filter.cursor === undefined ? (filter.offset ?? 0) : toOffset(filter.cursor);
  const to = from + filter.limit;
  return { runs: found.slice(from, to).map(({ record }) => record), nextCursor: to < found.length ? `at-${to}` : null };
}

/** What is known of the series of a run that match: at most 100, in the order in which they began. */
export function summariesOf(runs: Runs, { run, runId, state }: RunRecord, patterns: readonly string[]): [string, SeriesSummary][] {
  const known = hasEnded(state) ? null : runs.open(runId).series;
  const isExact = patterns.every((pattern) => !pattern.includes("*"));
  if (known !== null) {
    const keys = isExact ? patterns.filter((key) => known.has(key)) : matching([...known.keys()], patterns);
    return keys.slice(0, LISTED_SERIES_MAX).map((key) => [key, summaryOf(known.get(key)!)]);
  }
  const rows = isExact
    ? patterns.flatMap((key) => runs.store.sql("SELECT key, summary FROM series WHERE run = ? AND key = ?").all(run, key))
    : runs.store.sql("SELECT key, summary FROM series WHERE run = ? ORDER BY series").all(run);
  const names = new Set(
    matching(
      rows.map(({ key }) => key as string),
      patterns,
    ).slice(0, LISTED_SERIES_MAX),
  );
  return rows.flatMap(({ key, summary }) => (names.has(key as string) ? [[key as string, JSON.parse(summary as string)]] : []));
}

/** What a list of runs can be narrowed by: tags, entries of configurations, series. At most 1,000 of each. */
export function facets(runs: Runs): {
  readonly tags: readonly { readonly tag: string; readonly count: number }[];
  readonly config: readonly string[];
  readonly keys: readonly string[];
} {
  const { store } = runs;
  const tags = store
    .sql("SELECT value AS tag, COUNT(*) AS count FROM runs, json_each(about, '$.tags') GROUP BY value ORDER BY count DESC, tag LIMIT 1000")
    .all();
  const config = store.sql("SELECT DISTINCT key FROM runs, json_each(about, '$.config') ORDER BY key LIMIT 1000").all();
  const keys = store.sql("SELECT DISTINCT key FROM series ORDER BY key LIMIT 1000").all();
  return {
    tags: tags.map(({ tag, count }) => ({ tag: String(tag), count: count as number })),
    config: config.map(({ key }) => key as string),
    keys: keys.map(({ key }) => key as string),
  };
}

type SortValue = number | string | null;

function valuesFor(runs: Runs, { by, key }: RunSort): (record: RunRecord) => SortValue {
  switch (by) {
    case "created":
      return ({ createdAt }) => createdAt;
    case "started":
      return ({ startedAt }) => startedAt;
    case "finished":
      return ({ finishedAt }) => finishedAt;
    case "duration":
      return ({ startedAt, finishedAt }) => (startedAt === null ? null : (finishedAt ?? runs.now()) - startedAt);
    case "name":
      return ({ name }) => name.toLowerCase();
    case "state":
      return ({ state }) => state;
    case "config":
      return configValues(runs, key);
    case "last":
    case "min":
    case "max":
    case "count": {
      const ended = new Map(
        runs.store
          .sql("SELECT run, summary FROM series WHERE key = ?")
          .all(key)
          .map(({ run, summary }) => [run as number, summary as string]),
      );
      return (record) => {
        if (!hasEnded(record.state)) return figureOf(summariesOf(runs, record, [key])[0]?.[1], by);
        const text = ended.get(record.run);
        return figureOf(text === undefined ? undefined : (JSON.parse(text) as SeriesSummary), by);
      };
    }
  }
}

function configValues(runs: Runs, key: string): (record: RunRecord) => SortValue {
  const [plain, nested] = configPaths(key.replaceAll('"', ""));
  const rows = runs.store.sql("SELECT run, COALESCE(json_extract(about, ?), json_extract(about, ?)) AS value FROM runs").all(plain, nested);
  const values = new Map(rows.map(({ run, value }) => [run as number, value as SortValue]));
  return ({ run }) => values.get(run) ?? null;
}

function figureOf(summary: SeriesSummary | undefined, by: "last" | "min" | "max" | "count"): number | null {
  const value = maybeNumber(summary?.[by]);
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Numbers before texts. */
function compare(a: SortValue, b: SortValue, isAscending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const sign = isAscending ? 1 : -1;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -sign : a > b ? sign : 0;
}

function toOffset(cursor: string): number {
  const [, offset] = /^at-(\d{1,15})$/.exec(cursor) ?? [];
  if (offset === undefined) throw new InvalidArgumentError(`The cursor ${JSON.stringify(cursor)} is not one of a sorted list.`);
  return Number(offset);
}
