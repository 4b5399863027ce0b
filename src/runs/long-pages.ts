import type { PointBatch } from "./point-batch.ts";
import type { Runs } from "./runs.ts";

/** Values of a stretch of a run's log, one entry each: as columns of equal length. */
export interface LongPage {
  readonly seqs: Float64Array;
  readonly steps: Float64Array;
  /** Epoch ms. */
  readonly times: Float64Array;
  /** Positions in the list of keys. */
  readonly keys: Int32Array;
  readonly values: Float64Array;
  /** 1 where the value is null. */
  readonly nulls: Uint8Array;
}

const PAGE_ROWS = 2000;

/** The keys of a run's series, in the order in which they began, and its rows up to now in pieces. Others have their turn between pieces. */
export async function* longPages(runs: Runs, runId: string, keys: readonly string[]): AsyncGenerator<LongPage> {
  const position = new Map(keys.map((key, i) => [key, i]));
  const until = runs.lastSeq(runId);
  for (let after = 0; after < until; ) {
    const entries = runs.read(runId, after, PAGE_ROWS);
    for (const entry of entries) {
      if (entry.kind === "points" && entry.seq <= until) yield toPage(entry.batch, entry.seq - entry.rowCount + 1, position);
    }
    after = entries.at(-1)?.seq ?? until;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Rows in order; within a row, keys in the order of the batch. */
function toPage({ steps, times, columns }: PointBatch, firstSeq: number, position: ReadonlyMap<string, number>): LongPage {
  const count = columns.reduce((sum, { values }) => sum + values.length, 0);
  const order = rowStarts(columns, steps.length);
  const page = {
    seqs: new Float64Array(count),
    steps: new Float64Array(count),
    times: new Float64Array(count),
    keys: new Int32Array(count),
    values: new Float64Array(count),
    nulls: new Uint8Array(count),
  };
  for (const { key, rows, values, nulls } of columns) {
    const isNull = nulls === null ? null : new Set(nulls);
    for (let i = 0; i < values.length; i++) {
      const row = rows === null ? i : rows[i]!;
      const at = order[row]!++;
      page.seqs[at] = firstSeq + row;
      page.steps[at] = steps[row]!;
      page.times[at] = times[row]!;
      page.keys[at] = position.get(key)!;
      page.values[at] = values[i]!;
      page.nulls[at] = isNull?.has(i) ? 1 : 0;
    }
  }
  return page;
}

/** Where each row's values begin. */
function rowStarts(columns: PointBatch["columns"], rowCount: number): Uint32Array {
  const counts = new Uint32Array(rowCount + 1);
  for (const { rows, values } of columns) for (let i = 0; i < values.length; i++) counts[(rows === null ? i : rows[i]!) + 1]!++;
  for (let row = 0; row < rowCount; row++) counts[row + 1]! += counts[row]!;
  return counts;
}
