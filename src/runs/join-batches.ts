import type { PointBatch } from "./point-batch.ts";

/** Batches with more rows are kept apart: joining pays for small ones. */
const SMALL_ROWS = 64;

/** Joins small neighbours that have a value for the same keys in every row, so that single points do not cost an entry each. Order stays. */
export function joinBatches(batches: readonly PointBatch[]): PointBatch[] {
  const joined: PointBatch[] = [];
  let group: PointBatch[] = [];
  const close = (): void => {
    if (group.length > 0) joined.push(group.length === 1 ? group[0]! : join(group));
    group = [];
  };
  for (const batch of batches) {
    if (!isPlain(batch)) {
      close();
      joined.push(batch);
      continue;
    }
    if (group.length > 0 && !hasSameKeys(group[0]!, batch)) close();
    group.push(batch);
  }
  close();
  return joined;
}

function isPlain(batch: PointBatch): boolean {
  return (
    batch.steps.length <= SMALL_ROWS && batch.extras === null && batch.columns.every(({ rows, nulls }) => rows === null && nulls === null)
  );
}

function hasSameKeys(a: PointBatch, b: PointBatch): boolean {
  return a.columns.length === b.columns.length && a.columns.every(({ key }, i) => key === b.columns[i]!.key);
}

function join(batches: readonly PointBatch[]): PointBatch {
  const columns = batches[0]!.columns.map(({ key }, i) => ({
    key,
    rows: null,
    values: concat(batches.map((batch) => batch.columns[i]!.values)),
    nulls: null,
  }));
  return { steps: concat(batches.map(({ steps }) => steps)), times: concat(batches.map(({ times }) => times)), columns, extras: null };
}

function concat(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
