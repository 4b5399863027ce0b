import { InvalidArgumentError } from "../core/errors.ts";
import { BucketGrid } from "./bucket-grid.ts";
import { lttb } from "./lttb.ts";
import type { OpenRun, OpenSeries } from "./open-run.ts";
import { type Bucket, gridExponent } from "./roll-up.ts";
import type { RunRecord } from "./run-record.ts";
import type { Runs } from "./runs.ts";
import { type PointWindow, visitPoints } from "./series-reader.ts";
import { bucketsOf } from "./series-roll-up.ts";

export const REDUCTIONS = ["roll_up", "min_max", "mean", "last", "lttb", "raw"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

export interface SeriesQuery {
  /** Keys, or patterns with `*`. Default: every series. */
  readonly keys?: readonly string[];
  /** `step` (default), `time` (epoch ms), `relative_time` (ms since the run started) or the key of another series. */
  readonly x?: string;
  readonly from?: number;
  readonly to?: number;
  /** Buckets or points per series, 2 to 10,000. Default 1,000. */
  readonly maxPoints?: number;
  readonly reduce?: Reduction;
  /** Also what a rewind has superseded. */
  readonly withSuperseded?: boolean;
}

/** One series of an answer: buckets for `roll_up`, else points. */
export type SeriesAnswer =
  | { readonly key: string; readonly reduce: "roll_up"; readonly bucketWidth: number; readonly buckets: readonly Bucket[] }
  | { readonly key: string; readonly reduce: Exclude<Reduction, "roll_up">; readonly x: readonly number[]; readonly y: readonly number[] };

/** Series that one answer has at most. */
export const SERIES_PER_ANSWER = 1000;
const RAW_MAX = 1_000_000;

/**
 * Answers queries for series. Buckets lie on the fixed grid of `RollUp`; what comes back depends on the points only. Points with
 * a null value are in no answer but `raw` ones of the export.
 */
export class SeriesQueries {
  readonly #runs: Runs;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  /** The series of a run that match, at most `seriesMax` of them. @throws {InvalidArgumentError} naming the field; {RunNotFoundError}. */
  answer(runId: string, query: SeriesQuery, seriesMax = SERIES_PER_ANSWER): SeriesAnswer[] {
    const { maxPoints = 1000, x = "step" } = query;
    if (!Number.isInteger(maxPoints) || maxPoints < 2 || maxPoints > 10_000) {
      throw new InvalidArgumentError(`max_points must be a whole number from 2 to 10,000, got ${maxPoints}.`);
    }
    const record = this.#runs.get(runId);
    const open = this.#runs.open(runId);
    if (!["step", "time", "relative_time"].includes(x) && !open.series.has(x)) {
      throw new InvalidArgumentError(`x must be step, time, relative_time or a series of the run, got ${JSON.stringify(x)}.`);
    }
    const chosen = matching([...open.series.keys()], query.keys).slice(0, seriesMax);
    return chosen.map((key) => this.#series(record, open, open.series.get(key)!, { ...query, maxPoints, x }));
  }

  /** How many series of a run match. */
  count(runId: string, keys: readonly string[] | undefined): number {
    return matching([...this.#runs.open(runId).series.keys()], keys).length;
  }

  #series(record: RunRecord, open: OpenRun, series: OpenSeries, query: SeriesQuery & { maxPoints: number; x: string }): SeriesAnswer {
    const { reduce = "roll_up" } = query;
    const { key } = series;
    if (reduce === "raw" || reduce === "lttb") {
      const { xs, ys } = this.#points(record, open, series, query);
      if (reduce === "lttb") return { key, reduce, ...lttb(xs, ys, query.maxPoints) };
      if (xs.length > RAW_MAX)
        throw new InvalidArgumentError(`${key} has more than ${RAW_MAX} points there. Use the export, or a smaller window.`);
      return { key, reduce, x: xs, y: ys };
    }
    const { buckets, bucketWidth } = this.#buckets(record, open, series, query);
    if (reduce === "roll_up") return { key, reduce, bucketWidth, buckets };
    return { key, reduce, ...reduced(buckets, reduce) };
  }

  #buckets(record: RunRecord, open: OpenRun, series: OpenSeries, query: SeriesQuery & { maxPoints: number; x: string }) {
    const { maxPoints, x, from, to, withSuperseded = false } = query;
    // min_max sends two points for each bucket.
    const bucketsMax = query.reduce === "min_max" ? Math.max(1, Math.floor(maxPoints / 2)) : maxPoints;
    const startedAt = record.startedAt ?? 0;
    if (x === "step" || x === "relative_time") {
      const by = x === "step" ? "step" : "time";
      return bucketsOf(this.#runs.store, open, series, { x: by, startedAt, from, to, bucketsMax, withSuperseded });
    }
    if (x === "time") {
      // The grid of time begins where the run does.
      const [since, until] = [from, to].map((at) => (at === undefined ? undefined : at - startedAt));
      const found = bucketsOf(this.#runs.store, open, series, { x: "time", startedAt, from: since, to: until, bucketsMax, withSuperseded });
      return { ...found, buckets: found.buckets.map((bucket) => shifted(bucket, startedAt)) };
    }
    const points: [number, number][] = [];
    this.#visit(record, open, series, x, { withSuperseded }, (at, value) => points.push([at, value]));
    return bucketsOfPoints(points, from, to, bucketsMax);
  }

  #points(record: RunRecord, open: OpenRun, series: OpenSeries, query: SeriesQuery & { x: string }): { xs: number[]; ys: number[] } {
    const { x, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, withSuperseded = false } = query;
    const found: [number, number][] = [];
    const window = { withSuperseded, ...(x === "step" ? { fromStep: from, toStep: to } : {}) };
    this.#visit(record, open, series, x, window, (at, value) => {
      if (at >= from && at <= to) found.push([at, value]);
    });
    found.sort((a, b) => a[0] - b[0]);
    return { xs: found.map(([at]) => at), ys: found.map(([, value]) => value) };
  }

  /** Points of a series against x; nulls are left out. Another series gives its last value at or before each row. */
  #visit(
    record: RunRecord,
    open: OpenRun,
    series: OpenSeries,
    x: string,
    window: PointWindow,
    visit: (x: number, value: number) => void,
  ): void {
    const { store } = this.#runs;
    const started = record.startedAt ?? 0;
    if (x === "step" || x === "time" || x === "relative_time") {
      visitPoints(store, open, series, window, (_seq, step, time, value, isNull) => {
        if (!isNull) visit(x === "step" ? step : x === "time" ? time : time - started, value);
      });
      return;
    }
    const other: [number, number][] = [];
    visitPoints(store, open, open.series.get(x)!, window, (seq, _step, _time, value) => {
      if (Number.isFinite(value)) other.push([seq, value]);
    });
    let next = 0;
    visitPoints(store, open, series, window, (seq, _step, _time, value, isNull) => {
      while (next < other.length && other[next]![0] <= seq) next++;
      if (!isNull && next > 0) visit(other[next - 1]![1], value);
    });
  }
}

function bucketsOfPoints(
  points: readonly (readonly [number, number])[],
  from: number | undefined,
  to: number | undefined,
  bucketsMax: number,
) {
  const low = from ?? points.reduce((least, [x]) => Math.min(least, x), Number.MAX_VALUE);
  const high = to ?? points.reduce((greatest, [x]) => Math.max(greatest, x), -Number.MAX_VALUE);
  if (low > high) return { buckets: [], bucketWidth: 1 };
  const exponent = gridExponent(low, high, bucketsMax);
  const grid = new BucketGrid(low, high, exponent);
  for (const [x, value] of points) grid.add(x, value);
  return { buckets: grid.buckets(), bucketWidth: 2 ** exponent };
}

function shifted(bucket: Bucket, by: number): Bucket {
  const { from, to, firstX, lastX, minX, maxX } = bucket;
  return { ...bucket, from: from + by, to: to + by, firstX: firstX + by, lastX: lastX + by, minX: minX + by, maxX: maxX + by };
}

/** Names that match one of the patterns, in their own order. `*` stands for anything. No patterns: all. */
export function matching(names: readonly string[], patterns: readonly string[] | undefined): string[] {
  if (patterns === undefined) return [...names];
  const tests = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split("*")
          .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
          .join(".*")}$`,
      ),
  );
  return names.filter((name) => tests.some((test) => test.test(name)));
}

function reduced(buckets: readonly Bucket[], reduce: "min_max" | "mean" | "last"): { x: number[]; y: number[] } {
  const points = buckets.flatMap((bucket): [number, number][] => {
    if (reduce === "last") return [[bucket.lastX, bucket.last]];
    if (bucket.count === bucket.nonFinite) return [[bucket.firstX, bucket.first]];
    if (reduce === "mean") return [[(bucket.firstX + bucket.lastX) / 2, bucket.mean]];
    if (bucket.minX === bucket.maxX) return [[bucket.minX, bucket.min]];
    const pair: [number, number][] = [
      [bucket.minX, bucket.min],
      [bucket.maxX, bucket.max],
    ];
    return bucket.minX < bucket.maxX ? pair : pair.reverse();
  });
  return { x: points.map(([x]) => x), y: points.map(([, y]) => y) };
}
