import { TrainyardError } from "../core/errors.ts";
import { maybeNumber, type SpelledNumber, spelled } from "./numbers.ts";
import { type PointBatch, type PointRow, rowsOf, valueCount } from "./point-batch.ts";
import { writeRollUps } from "./roll-up-writer.ts";
import { entriesAfter, type LogEntry, RecentEntries, type Rewind } from "./run-log.ts";
import { bytesIn, type RunStore } from "./run-store.ts";
import { SequenceSet } from "./sequence-set.ts";
import { decodeChunk, encodeChunk, type SeriesColumns, SeriesTail } from "./series-columns.ts";

/** Points in a full chunk. */
export const CHUNK_POINTS = 4096;
export const SERIES_MAX = 100_000;
/** So many values may lie in tails before they are all written. */
const CHECKPOINT_VALUES = 1_000_000;

/** What is known of a whole series without reading it. */
export interface SeriesSummary {
  /** Points, nulls included. */
  readonly count: number;
  /** Value at the greatest step; null when there is none. */
  readonly last: SpelledNumber;
  readonly lastStep: number | null;
  /** Of the finite values; null when there are none. */
  readonly min: number | null;
  readonly max: number | null;
}

export interface OpenSeries {
  readonly key: string;
  id: number | null;
  /** Number of the chunk that the tail becomes. */
  chunk: number;
  /** Last row of the log that is in a full chunk. */
  sealedSeq: number;
  readonly tail: SeriesTail;
  isDirty: boolean;
  count: number;
  last: number;
  lastStep: number;
  min: number;
  max: number;
}

/**
 * The part of a run that lies in memory: ends of its series, numbers of its producers, its newest entries. Everything here can be
 * built again from the store. Invariant: a point is in exactly one place, a full chunk or the tail of its series; the last,
 * growing chunk on disk is a copy of the tail as of the checkpoint.
 */
export class OpenRun {
  readonly run: number;
  readonly runId: string;
  readonly series = new Map<string, OpenSeries>();
  readonly producers = new Map<string, SequenceSet>();
  readonly recent = new RecentEntries();
  readonly rewinds: { readonly seq: number; readonly rewind: Rewind }[] = [];
  lastSeq = 0;
  /** Epoch ms; null while the run waits. */
  startedAt: number | null = null;
  latest: PointRow | null = null;
  readonly #full = new Set<OpenSeries>();
  #valuesSinceCheckpoint = 0;

  constructor(run: number, runId: string) {
    this.run = run;
    this.runId = runId;
  }

  /** Reads what is on disk: chunks up to the checkpoint, the log behind it. */
  static load(store: RunStore, run: number, runId: string): OpenRun {
    const open = new OpenRun(run, runId);
    const row = store.sql("SELECT checkpoint_seq, latest, started_at FROM runs WHERE run = ?").get(run);
    open.startedAt = (row?.started_at as number | null | undefined) ?? null;
    open.latest = typeof row?.latest === "string" ? latestFrom(row.latest) : null;
    for (const found of store.sql("SELECT series, key, summary FROM series WHERE run = ? ORDER BY series").all(run)) {
      open.#loadSeries(store, found.series as number, found.key as string, JSON.parse(found.summary as string));
    }
    for (const found of store.sql("SELECT producer, ranges FROM producers WHERE run = ?").all(run)) {
      open.producers.set(found.producer as string, new SequenceSet(JSON.parse(found.ranges as string)));
    }
    for (const found of store
      .sql("SELECT seq, body FROM entries WHERE run = ? AND kind = 'rewind' AND kind <> 'points' ORDER BY seq")
      .all(run)) {
      open.rewinds.push({ seq: found.seq as number, rewind: JSON.parse(bytesIn(found.body).toString()) });
    }
    for (const entry of entriesAfter(store, run, row?.checkpoint_seq as number)) {
      if (entry.kind === "points") open.#addPoints(entry.batch, entry.seq - entry.rowCount + 1);
    }
    const last = store.sql("SELECT COALESCE(MAX(seq), 0) AS seq FROM entries WHERE run = ?").get(run);
    open.lastSeq = last?.seq as number;
    return open;
  }

  producer(name: string): SequenceSet {
    let numbers = this.producers.get(name);
    if (numbers === undefined) {
      numbers = new SequenceSet();
      this.producers.set(name, numbers);
    }
    return numbers;
  }

  /** @throws {TrainyardError} `too_large` when the batch brings too many new series. */
  checkSeries(batch: PointBatch): void {
    const fresh = batch.columns.filter(({ key }) => !this.series.has(key)).length;
    if (this.series.size + fresh <= SERIES_MAX) return;
    throw new TrainyardError("too_large", `Run ${this.runId} would have more than ${SERIES_MAX} series. Use fewer keys.`);
  }

  /** Takes in an entry that was written. */
  add(entry: LogEntry, bytes: number): void {
    this.lastSeq = entry.seq;
    this.recent.push(entry, bytes);
    if (entry.kind === "points") this.#addPoints(entry.batch, entry.seq - entry.rowCount + 1);
    else if (entry.kind === "rewind") this.rewinds.push({ seq: entry.seq, rewind: entry.rewind });
  }

  get wantsCheckpoint(): boolean {
    return this.#valuesSinceCheckpoint >= CHECKPOINT_VALUES;
  }

  get hasFullTails(): boolean {
    return this.#full.size > 0;
  }

  /** Writes tails that are long enough as chunks; inside a transaction. */
  seal(store: RunStore): void {
    for (const series of this.#full) {
      const columns = series.tail.columns();
      this.#writeChunk(store, series, columns);
      writeRollUps(store, this.#idOf(store, series), series.chunk, columns, this.startedAt ?? 0);
      series.sealedSeq = columns.seqs.at(-1)!;
      series.chunk++;
      series.tail.clear();
    }
    this.#full.clear();
  }

  /** Writes every tail and summary; inside a transaction. Afterwards the log is not needed to open this run. */
  checkpoint(store: RunStore): void {
    this.seal(store);
    for (const series of this.series.values()) {
      if (!series.isDirty) continue;
      if (series.tail.count > 0) this.#writeChunk(store, series, series.tail.columns());
      const summary = JSON.stringify(summaryOf(series));
      store.sql("UPDATE series SET summary = ? WHERE series = ?").run(summary, this.#idOf(store, series));
      series.isDirty = false;
    }
    const latest = this.latest === null ? null : latestText(this.latest);
    store.sql("UPDATE runs SET checkpoint_seq = ?, latest = ? WHERE run = ?").run(this.lastSeq, latest, this.run);
    this.#valuesSinceCheckpoint = 0;
  }

  #loadSeries(store: RunStore, id: number, key: string, summary: SeriesSummary): void {
    const series = emptySeries(key, id);
    const last = store.sql("SELECT chunk, count, seq_to, body FROM chunks WHERE series = ? ORDER BY chunk DESC LIMIT 1").get(id);
    if (last !== undefined) {
      const isFull = (last.count as number) >= CHUNK_POINTS;
      series.chunk = (last.chunk as number) + (isFull ? 1 : 0);
      series.sealedSeq = last.seq_to as number;
      if (!isFull) series.tail.fill(decodeChunk(bytesIn(last.body)));
    }
    series.count = summary.count;
    series.last = maybeNumber(summary.last) ?? Number.NaN;
    series.lastStep = summary.lastStep ?? Number.NEGATIVE_INFINITY;
    series.min = summary.min ?? Number.POSITIVE_INFINITY;
    series.max = summary.max ?? Number.NEGATIVE_INFINITY;
    this.series.set(key, series);
  }

  #addPoints(batch: PointBatch, firstSeq: number): void {
    const { steps, times } = batch;
    for (const { key, rows, values, nulls } of batch.columns) {
      let series = this.series.get(key);
      if (series === undefined) {
        series = emptySeries(key, null);
        this.series.set(key, series);
      }
      const isNull = nulls === null ? null : new Set(nulls);
      for (let i = 0; i < values.length; i++) {
        const row = rows === null ? i : rows[i]!;
        const seq = firstSeq + row;
        if (seq <= series.sealedSeq) {
          // In a chunk that was written after the checkpoint: only the summary has not seen it.
          this.#summarise(series, steps[row]!, values[i]!, isNull?.has(i) === true);
          continue;
        }
        series.tail.add(seq, steps[row]!, times[row]!, values[i]!, isNull?.has(i) === true);
        this.#summarise(series, steps[row]!, values[i]!, isNull?.has(i) === true);
      }
      series.isDirty = true;
      if (series.tail.count >= CHUNK_POINTS) this.#full.add(series);
    }
    this.#valuesSinceCheckpoint += valueCount(batch);
    const lastRow = steps.length - 1;
    this.latest = lastRowOf(batch, lastRow);
  }

  #summarise(series: OpenSeries, step: number, value: number, isNull: boolean): void {
    series.count++;
    if (isNull) return;
    if (step >= series.lastStep) {
      series.lastStep = step;
      series.last = value;
    }
    if (value - value !== 0) return;
    if (value < series.min) series.min = value;
    if (value > series.max) series.max = value;
  }

  #writeChunk(store: RunStore, series: OpenSeries, columns: SeriesColumns): void {
    const { steps, seqs } = columns;
    let stepMin = Number.POSITIVE_INFINITY;
    let stepMax = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < steps.length; i++) {
      if (steps[i]! < stepMin) stepMin = steps[i]!;
      if (steps[i]! > stepMax) stepMax = steps[i]!;
    }
    store
      .sql("INSERT OR REPLACE INTO chunks (series, chunk, count, seq_to, step_min, step_max, body) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(this.#idOf(store, series), series.chunk, steps.length, seqs.at(-1)!, stepMin, stepMax, encodeChunk(columns));
  }

  #idOf(store: RunStore, series: OpenSeries): number {
    if (series.id === null) {
      // Until the next checkpoint the summary is that of no points: the log behind the checkpoint adds them again.
      const empty = JSON.stringify(summaryOf(emptySeries(series.key, null)));
      store.sql("INSERT INTO series (run, key, summary) VALUES (?, ?, ?)").run(this.run, series.key, empty);
      series.id = store.sql("SELECT series FROM series WHERE run = ? AND key = ?").get(this.run, series.key)?.series as number;
    }
    return series.id;
  }
}

function lastRowOf(batch: PointBatch, row: number): PointRow {
  const columns = batch.columns.flatMap(({ key, rows, values, nulls }) => {
    const position = rows === null ? row : rows.lastIndexOf(row);
    if (position < 0) return [];
    const isNull = nulls?.includes(position) === true;
    return [{ key, rows: null, values: values.subarray(position, position + 1), nulls: isNull ? Uint32Array.of(0) : null }];
  });
  const extra = batch.extras?.[row];
  const extras = extra === undefined ? null : { 0: extra };
  return rowsOf({ steps: batch.steps.subarray(row, row + 1), times: batch.times.subarray(row, row + 1), columns, extras })[0]!;
}

function emptySeries(key: string, id: number | null): OpenSeries {
  const tail = new SeriesTail();
  const lastStep = Number.NEGATIVE_INFINITY;
  const [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { key, id, chunk: 0, sealedSeq: 0, tail, isDirty: false, count: 0, last: Number.NaN, lastStep, min, max };
}

export function summaryOf({ count, last, lastStep, min, max }: OpenSeries): SeriesSummary {
  const hasValue = lastStep !== Number.NEGATIVE_INFINITY;
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { count, last: hasValue ? spelled(last) : null, lastStep: hasValue ? lastStep : null, min: orNull(min), max: orNull(max) };
}

function latestText(row: PointRow): string {
  const values = Object.entries(row.values).map(([key, value]) => [key, value === null ? null : spelled(value)]);
  return JSON.stringify({ ...row, values: Object.fromEntries(values) });
}

function latestFrom(text: string): PointRow {
  const row = JSON.parse(text) as PointRow;
  const values = Object.entries(row.values).map(([key, value]) => [key, value === null ? null : maybeNumber(value)]);
  return { ...row, extra: row.extra, values: Object.fromEntries(values) };
}
