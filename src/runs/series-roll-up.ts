import { BucketGrid } from "./bucket-grid.ts";
import type { OpenRun, OpenSeries } from "./open-run.ts";
import { type Bucket, gridExponent } from "./roll-up.ts";
import type { RollUpX } from "./roll-up-writer.ts";
import { bytesIn, type RunStore } from "./run-store.ts";
import type { SeriesColumns } from "./series-columns.ts";
import { cutoffOf, readChunk } from "./series-reader.ts";

/** Chunks whose buckets are read at once. */
const CHUNKS_PER_READ = 512;

export interface BucketQuery {
  readonly x: RollUpX;
  /** Epoch ms; of time alone. */
  readonly startedAt: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly bucketsMax: number;
  readonly withSuperseded: boolean;
}

/** A full chunk and what is known of its buckets. */
interface ChunkInfo {
  readonly chunk: number;
  readonly xMin: number;
  readonly xMax: number;
  readonly exponent: number;
  /** Its points, where its buckets cannot stand for them: a rewind took some away, or there are none. */
  readonly points: readonly (readonly [x: number, value: number])[] | null;
}

/**
 * The buckets of a window, at most `bucketsMax`. What comes back depends on the points only, not on how they lie in chunks; but for
 * the last bits of means. Cost: O(chunks + buckets kept in the window); chunks of which a window wants finer buckets than are kept are read.
 */
export function bucketsOf(
  store: RunStore,
  open: OpenRun,
  series: OpenSeries,
  query: BucketQuery,
): { readonly buckets: Bucket[]; readonly bucketWidth: number } {
  const cutoff = query.withSuperseded ? () => Number.POSITIVE_INFINITY : cutoffOf(open);
  const pointsIn = (columns: SeriesColumns): [number, number][] => pointsOf(columns, query, cutoff);
  const chunks = chunkInfos(store, series, query.x, cutoff, pointsIn);
  const tail = pointsIn(series.tail.columns());
  const { from, to } = windowOf(chunks, tail, query);
  if (from > to) return { buckets: [], bucketWidth: 1 };
  const exponent = gridExponent(from, to, query.bucketsMax);
  const grid = new BucketGrid(from, to, exponent);
  const kept = new KeptBuckets(store, series.id ?? 0, query.x);
  for (const info of chunks) {
    if (info.xMax < grid.from || info.xMin >= grid.to) continue;
    if (info.points === null && info.exponent <= exponent) {
      grid.addBuckets(kept.of(info.chunk), info.exponent);
      continue;
    }
    for (const [x, value] of info.points ?? pointsIn(readChunk(store, series, info.chunk))) grid.add(x, value);
  }
  for (const [x, value] of tail) grid.add(x, value);
  return { buckets: grid.buckets(), bucketWidth: 2 ** exponent };
}

/** Every full chunk, in the order in which its points came. */
function chunkInfos(
  store: RunStore,
  series: OpenSeries,
  x: RollUpX,
  cutoff: (seq: number) => number,
  pointsIn: (columns: SeriesColumns) => [number, number][],
): ChunkInfo[] {
  if (series.id === null || series.chunk === 0) return [];
  const rows = store
    .sql("SELECT chunk, seq_to, step_max, x_min, x_max, exponent FROM roll_ups WHERE series = ? AND x = ? AND chunk < ? ORDER BY chunk")
    .all(series.id, x, series.chunk);
  const infos: ChunkInfo[] = [];
  let seqBefore = 0;
  let next = 0;
  for (let chunk = 0; chunk < series.chunk; chunk++) {
    const row = rows[next]?.chunk === chunk ? rows[next++] : undefined;
    // Cutoffs rise with the row's number: the one before the chunk is on the safe side.
    const isWhole = row !== undefined && (row.step_max as number) < cutoff(seqBefore);
    if (isWhole)
      infos.push({ chunk, xMin: row.x_min as number, xMax: row.x_max as number, exponent: row.exponent as number, points: null });
    else infos.push(infoOf(chunk, pointsIn(readChunk(store, series, chunk))));
    seqBefore = (row?.seq_to as number | undefined) ?? seqBefore;
  }
  return infos;
}

function infoOf(chunk: number, points: readonly (readonly [number, number])[]): ChunkInfo {
  const { xMin, xMax } = extentOf(points);
  return { chunk, xMin, xMax, exponent: 0, points };
}

function extentOf(points: readonly (readonly [number, number])[]): { xMin: number; xMax: number } {
  let [xMin, xMax] = [Number.MAX_VALUE, -Number.MAX_VALUE];
  for (const [x] of points) {
    if (x < xMin) xMin = x;
    if (x > xMax) xMax = x;
  }
  return { xMin, xMax };
}

function windowOf(chunks: readonly ChunkInfo[], tail: readonly (readonly [number, number])[], { from, to }: BucketQuery) {
  const extents = [...chunks, extentOf(tail)];
  return {
    from: from ?? extents.reduce((least, { xMin }) => Math.min(least, xMin), Number.MAX_VALUE),
    to: to ?? extents.reduce((greatest, { xMax }) => Math.max(greatest, xMax), -Number.MAX_VALUE),
  };
}

/** Points that are not null and that no rewind took away. */
function pointsOf(
  { seqs, steps, times, values, nulls }: SeriesColumns,
  { x, startedAt }: BucketQuery,
  cutoff: (seq: number) => number,
): [number, number][] {
  const isNull = nulls.length === 0 ? null : new Set(nulls);
  const points: [number, number][] = [];
  for (let i = 0; i < values.length; i++) {
    if (isNull?.has(i) || steps[i]! >= cutoff(seqs[i]!)) continue;
    points.push([x === "step" ? steps[i]! : times[i]! - startedAt, values[i]!]);
  }
  return points;
}

/** Reads kept buckets, many chunks at a time; chunks must be asked for in rising order. */
class KeptBuckets {
  readonly #store: RunStore;
  readonly #series: number;
  readonly #x: RollUpX;
  #read = new Map<number, Float64Array>();

  constructor(store: RunStore, series: number, x: RollUpX) {
    this.#store = store;
    this.#series = series;
    this.#x = x;
  }

  of(chunk: number): Float64Array {
    let flat = this.#read.get(chunk);
    if (flat === undefined) {
      const rows = this.#store
        .sql("SELECT chunk, body FROM roll_ups WHERE series = ? AND x = ? AND chunk >= ? AND chunk < ?")
        .all(this.#series, this.#x, chunk, chunk + CHUNKS_PER_READ);
      this.#read = new Map(rows.map((row) => [row.chunk as number, doublesIn(bytesIn(row.body))]));
      flat = this.#read.get(chunk)!;
    }
    return flat;
  }
}

function doublesIn(bytes: Buffer): Float64Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  return new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
}
