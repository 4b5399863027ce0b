import { type PointBatch, pickRows } from "./point-batch.ts";
import { gridExponent } from "./roll-up.ts";

/**
 * The rows of a stretch that must be kept so that every series keeps its first, last, least and greatest value, there and in each of
 * up to `bucketsMax` equal parts of the stretch by row; and every value that is not finite.
 * @param batches consecutive parts of one run's log, oldest first.
 * @returns the kept rows of each batch, ascending. Cost: O(values).
 */
export function rowsToKeep(batches: readonly PointBatch[], bucketsMax: number): Uint32Array[] {
  const total = batches.reduce((sum, { steps }) => sum + steps.length, 0);
  const width = 2 ** Math.max(0, gridExponent(0, total, bucketsMax));
  const keep = new Uint8Array(total);
  const extremes = new Map<string, { bucket: number; min: number; minAt: number; max: number; maxAt: number; last: number }>();
  let start = 0;
  for (const { steps, columns } of batches) {
    for (const { key, rows, values } of columns) {
      let now = extremes.get(key);
      for (let i = 0; i < values.length; i++) {
        const at = start + (rows === null ? i : rows[i]!);
        const value = values[i]!;
        const bucket = Math.floor(at / width);
        if (value - value !== 0) keep[at] = 1;
        if (now === undefined || now.bucket !== bucket) {
          if (now !== undefined) keep[now.minAt] = keep[now.maxAt] = keep[now.last] = 1;
          now = { bucket, min: value, minAt: at, max: value, maxAt: at, last: at };
          extremes.set(key, now);
          keep[at] = 1;
          continue;
        }
        // Comparisons with a NaN are false: written so that a first NaN gives way.
        if (!(value >= now.min) && !Number.isNaN(value)) [now.min, now.minAt] = [value, at];
        if (!(value <= now.max) && !Number.isNaN(value)) [now.max, now.maxAt] = [value, at];
        now.last = at;
      }
    }
    start += steps.length;
  }
  for (const { minAt, maxAt, last } of extremes.values()) keep[minAt] = keep[maxAt] = keep[last] = 1;
  return splitKept(batches, keep);
}

/** The kept rows of each batch; batches of which nothing is kept are left out. */
export function thinned(batches: readonly PointBatch[], bucketsMax: number): PointBatch[] {
  const kept = rowsToKeep(batches, bucketsMax);
  return batches.flatMap((batch, i) => (kept[i]!.length === 0 ? [] : [pickRows(batch, kept[i]!)]));
}

function splitKept(batches: readonly PointBatch[], keep: Uint8Array): Uint32Array[] {
  let start = 0;
  return batches.map(({ steps }) => {
    const rows: number[] = [];
    for (let row = 0; row < steps.length; row++) if (keep[start + row] === 1) rows.push(row);
    start += steps.length;
    return Uint32Array.from(rows);
  });
}
