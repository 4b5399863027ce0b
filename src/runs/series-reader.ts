import type { OpenRun, OpenSeries } from "./open-run.ts";
import { bytesIn, type RunStore } from "./run-store.ts";
import { decodeChunk, type SeriesColumns } from "./series-columns.ts";

export interface PointWindow {
  /** Only points with this step or a later one. */
  readonly fromStep?: number;
  readonly toStep?: number;
  /** Only points whose row came after this one. */
  readonly afterSeq?: number;
  /** Also points that a rewind has superseded. Default false. */
  readonly withSuperseded?: boolean;
}

/**
 * Calls `visit` with every point of a series in the window, in the order in which they came. Chunks outside are not read.
 * Cost: O(points of the chunks that overlap the window).
 */
export function visitPoints(
  store: RunStore,
  open: OpenRun,
  series: OpenSeries,
  { fromStep = Number.NEGATIVE_INFINITY, toStep = Number.POSITIVE_INFINITY, afterSeq = 0, withSuperseded = false }: PointWindow,
  visit: (seq: number, step: number, time: number, value: number, isNull: boolean) => void,
): void {
  const cutoff = withSuperseded ? () => Number.POSITIVE_INFINITY : cutoffOf(open);
  const visitAll = ({ seqs, steps, times, values, nulls }: SeriesColumns): void => {
    const isNull = nulls.length === 0 ? null : new Set(nulls);
    for (let i = 0; i < values.length; i++) {
      const seq = seqs[i]!;
      const step = steps[i]!;
      if (seq <= afterSeq || step < fromStep || step > toStep || step >= cutoff(seq)) continue;
      visit(seq, step, times[i]!, values[i]!, isNull?.has(i) === true);
    }
  };
  for (const bytes of chunksOf(store, series, { fromStep, toStep, afterSeq })) visitAll(decodeChunk(bytes));
  visitAll(series.tail.columns());
}

/** One full chunk. */
export function readChunk(store: RunStore, series: OpenSeries, chunk: number): SeriesColumns {
  const row = store.sql("SELECT body FROM chunks WHERE series = ? AND chunk = ?").get(series.id!, chunk);
  return decodeChunk(bytesIn(row?.body));
}

/** Full chunks that may have points in the window. The last, growing chunk on disk is a copy of the tail and is left out. */
function chunksOf(store: RunStore, series: OpenSeries, window: { fromStep: number; toStep: number; afterSeq: number }): Buffer[] {
  if (series.id === null || series.chunk === 0) return [];
  const [from, to] = [Math.max(window.fromStep, -Number.MAX_VALUE), Math.min(window.toStep, Number.MAX_VALUE)];
  return store
    .sql("SELECT body FROM chunks WHERE series = ? AND chunk < ? AND seq_to > ? AND step_max >= ? AND step_min <= ? ORDER BY chunk")
    .all(series.id, series.chunk, window.afterSeq, from, to)
    .map((row) => bytesIn(row.body));
}

/** From which step on a row of the log is superseded: the least step that a later rewind goes back to. */
export function cutoffOf({ rewinds }: OpenRun): (seq: number) => number {
  if (rewinds.length === 0) return () => Number.POSITIVE_INFINITY;
  const steps = rewinds.map(({ rewind }) => rewind.from_step ?? Number.POSITIVE_INFINITY);
  for (let i = steps.length - 2; i >= 0; i--) steps[i] = Math.min(steps[i]!, steps[i + 1]!);
  return (seq) => {
    const next = rewinds.findIndex((rewind) => rewind.seq > seq);
    return next < 0 ? Number.POSITIVE_INFINITY : steps[next]!;
  };
}
