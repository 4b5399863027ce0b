import { RollUp } from "./roll-up.ts";
import type { RunStore } from "./run-store.ts";
import type { SeriesColumns } from "./series-columns.ts";

/** What a chunk's buckets lie over. Time is since the run's start. */
export type RollUpX = "step" | "time";

/** Points that a kept bucket stands for, when they lie evenly: few enough to draw a million with 2,000 buckets, or 10,000, without reading one. */
const POINTS_PER_BUCKET = 64;

/** Stores the buckets of a full chunk; inside a transaction. Cost: O(points). */
export function writeRollUps(store: RunStore, series: number, chunk: number, columns: SeriesColumns, startedAt: number): void {
  const { seqs, steps, times, values, nulls } = columns;
  const isNull = nulls.length === 0 ? null : new Set(nulls);
  // Two more, because a chunk rarely begins on a line of the grid.
  const bucketsMax = Math.ceil(values.length / POINTS_PER_BUCKET) + 2;
  const [byStep, byTime] = [new RollUp(bucketsMax), new RollUp(bucketsMax)];
  let stepMax = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (steps[i]! > stepMax) stepMax = steps[i]!;
    if (isNull?.has(i)) continue;
    byStep.add(steps[i]!, values[i]!);
    byTime.add(times[i]! - startedAt, values[i]!);
  }
  for (const [x, rollUp] of [
    ["step", byStep],
    ["time", byTime],
  ] as const) {
    const { from, to } = rollUp.extent ?? { from: Number.MAX_VALUE, to: -Number.MAX_VALUE };
    const { flat, exponent } = rollUp;
    store
      .sql(
        "INSERT OR REPLACE INTO roll_ups (series, x, chunk, seq_to, step_max, x_min, x_max, exponent, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(series, x, chunk, seqs.at(-1)!, stepMax, from, to, exponent, new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength));
  }
}
