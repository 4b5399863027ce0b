import { type BatchColumn, type PointBatch, pickRows } from "./point-batch.ts";
import { gridExponent } from "./roll-up.ts";

/** A series' column in one of several consecutive batches. */
interface Place {
  readonly batch: number;
  /** The batch's first row in the whole stretch. */
  readonly start: number;
  readonly column: BatchColumn;
}

/**
 * The rows of a stretch that must be kept so that every series keeps its first, last, least and greatest finite value, there and in each of
 * up to `bucketsMax` equal parts of the stretch by row; and every value that is not finite.
 * @param batches consecutive parts of one run's log, oldest first.
 * @returns the kept rows of each batch, ascending. Cost: O(values).
 */
export function rowsToKeep(batches: readonly PointBatch[], bucketsMax: number): Uint32Array[] {
  const kept = batches.map(() => new Set<number>());
  for (const { batch, column, positions } of keptPlaces(batches, bucketsMax)) {
    for (const position of positions) kept[batch]!.add(column.rows === null ? position : column.rows[position]!);
  }
  return kept.map((rows) => Uint32Array.from(rows).sort());
}

/**
 * A stretch with nothing but what `rowsToKeep` keeps, for each series by itself: a row that one series needs has no values of others, so
 * that a stretch of many series does not keep all of its values. Batches of which nothing is kept are left out. Cost: O(values).
 */
export function thinned(batches: readonly PointBatch[], bucketsMax: number): PointBatch[] {
  const kept = batches.map(() => [] as BatchColumn[]);
  for (const { batch, column, positions } of keptPlaces(batches, bucketsMax)) {
    if (positions.length > 0) kept[batch]!.push(keptColumn(column, positions));
  }
  return batches.flatMap((batch, i) => (kept[i]!.length === 0 ? [] : [onlyRowsWithValues(batch, kept[i]!)]));
}

/** What is kept of each series in each batch: positions in the column, ascending. */
function* keptPlaces(batches: readonly PointBatch[], bucketsMax: number): Generator<Place & { readonly positions: Uint32Array }> {
  const byKey = new Map<string, Place[]>();
  let total = 0;
  batches.forEach(({ steps, columns }, batch) => {
    for (const column of columns) {
      const places = byKey.get(column.key) ?? [];
      places.push({ batch, start: total, column });
      byKey.set(column.key, places);
    }
    total += steps.length;
  });
  const width = 2 ** Math.max(0, gridExponent(0, total, bucketsMax));
  for (const places of byKey.values()) {
    const marks = marksOf(places, width);
    for (const [i, place] of places.entries()) yield { ...place, positions: Uint32Array.from(marks[i]!).sort() };
  }
}

/** Of one series: the positions of first, last, least and greatest value of each part of `width` rows, and of what is not finite. */
function marksOf(places: readonly Place[], width: number): Set<number>[] {
  const marks = places.map(() => new Set<number>());
  /** The part that is being looked at; [place, position] of what is known of it. */
  let now: { bucket: number; min: number; minAt: Spot; max: number; maxAt: Spot; last: Spot } | null = null;
  const mark = ([place, position]: Spot): void => void marks[place]!.add(position);
  for (const [p, { start, column }] of places.entries()) {
    const { rows, values } = column;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const bucket = Math.floor((start + (rows === null ? i : rows[i]!)) / width);
      const isUsual = value - value === 0;
      if (!isUsual) marks[p]!.add(i);
      if (now === null || now.bucket !== bucket) {
        if (now !== null) for (const spot of [now.minAt, now.maxAt, now.last]) mark(spot);
        marks[p]!.add(i);
        const extreme = isUsual ? value : Number.NaN;
        now = { bucket, min: extreme, minAt: [p, i], max: extreme, maxAt: [p, i], last: [p, i] };
        continue;
      }
      now.last = [p, i];
      // What is not finite is kept anyhow, and must not stand in the way of extremes. A part that begins so has none yet.
      if (!isUsual) continue;
      if (!(value >= now.min)) [now.min, now.minAt] = [value, [p, i]];
      if (!(value <= now.max)) [now.max, now.maxAt] = [value, [p, i]];
    }
  }
  if (now !== null) for (const spot of [now.minAt, now.maxAt, now.last]) mark(spot);
  return marks;
}

type Spot = readonly [place: number, position: number];

function keptColumn({ key, rows, values, nulls }: BatchColumn, positions: Uint32Array): BatchColumn {
  const isNull = new Set(nulls);
  const newNulls = [...positions].flatMap((position, i) => (isNull.has(position) ? [i] : []));
  return {
    key,
    rows: rows === null ? positions : positions.map((position) => rows[position]!),
    values: Float64Array.from(positions, (position) => values[position]!),
    nulls: newNulls.length === 0 ? null : Uint32Array.from(newNulls),
  };
}

function onlyRowsWithValues(batch: PointBatch, columns: readonly BatchColumn[]): PointBatch {
  const rows = Uint32Array.from(new Set(columns.flatMap((column) => [...column.rows!]))).sort();
  return pickRows({ ...batch, columns }, rows);
}
