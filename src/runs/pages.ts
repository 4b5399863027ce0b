import { joinBatches } from "./join-batches.ts";
import { pointsMessage, toMessage, toMetricsData } from "./messages.ts";
import { type PointBatch, pickRows, rowsOf, valueCount } from "./point-batch.ts";
import { matching } from "./query.ts";
import type { LogEntry } from "./run-log.ts";
import type { Runs } from "./runs.ts";
import { thinned } from "./thin.ts";

/** Which messages a reader understands: ours, or the two of the compatible protocol. */
export type Dialect = "v2" | "compatible";

export interface PageRequest {
  readonly runId: string;
  /** Everything up to here has been sent. */
  readonly after: number;
  readonly dialect: Dialect;
  /** Whether a long stretch of points may be thinned. */
  readonly mayThin: boolean;
  readonly keys?: readonly string[];
}

/** A stretch of a run's log, ready to be sent. */
export interface Page {
  /** Last row or event in it; equal to `after` when there is nothing. */
  readonly to: number;
  readonly frames: readonly Buffer[];
}

/** More rows than this at once are thinned where that is allowed. */
const EXACT_ROWS = 5000;
const PAGE_ROWS = 10_000;
const THIN_PAGE_ROWS = 50_000;
/** About so many rows stay of a thinned stretch. */
const THINNED_ROWS = 500;
/** A page ends behind the frame that brings it to this size, and a frame of points is cut to half of it: what waits for a reader stays below its budget and a page more. */
const PAGE_BYTES = 128 * 1024;
const CACHE_BYTES = 8 * 1024 * 1024;

/** Cuts logs into pages of encoded messages. Subscribers at the same place share them: a page is encoded once. */
export class Pages {
  readonly #runs: Runs;
  readonly #cache = new Map<string, { readonly page: Page; readonly bytes: number }>();
  #bytes = 0;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  /** The next page after a place. @throws {RunNotFoundError} */
  next(request: PageRequest): Page {
    const { runId, after, dialect, mayThin, keys } = request;
    const lastSeq = this.#runs.lastSeq(runId);
    if (after >= lastSeq) return { to: after, frames: [] };
    const isLong = mayThin && lastSeq - after > EXACT_ROWS;
    const name = JSON.stringify([runId, after, dialect, isLong, keys]);
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached.page;
    const entries = this.#runs.read(runId, after, isLong ? THIN_PAGE_ROWS : PAGE_ROWS);
    const page = pageOf(framesOf(request, entries, isLong), { after, to: entries.at(-1)?.seq ?? after });
    this.#keep(name, page);
    return page;
  }

  #keep(name: string, page: Page): void {
    const bytes = page.frames.reduce((sum, frame) => sum + frame.length + 100, 100);
    this.#cache.set(name, { page, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: size }] of this.#cache) {
      if (this.#bytes <= CACHE_BYTES) return;
      this.#cache.delete(oldest);
      this.#bytes -= size;
    }
  }
}

/** A frame, and the row or event up to which its reader has the log then; null where it may not stop. */
interface PlacedFrame {
  readonly frame: Buffer;
  readonly seq: number | null;
}

/** As many frames as fit. @param place `to` is where all of them lead. */
function pageOf(placed: Iterable<PlacedFrame>, place: { readonly after: number; readonly to: number }): Page {
  const frames: Buffer[] = [];
  let bytes = 0;
  for (const { frame, seq } of placed) {
    frames.push(frame);
    bytes += frame.length;
    if (bytes >= PAGE_BYTES && seq !== null && seq < place.to) return { to: seq, frames };
  }
  return { to: place.to, frames };
}

function* framesOf(request: PageRequest, entries: readonly LogEntry[], isLong: boolean): Generator<PlacedFrame> {
  let stretch: PointBatch[] = [];
  let at = request.after;
  for (const entry of entries) {
    if (entry.kind === "points") {
      stretch.push(restOf(entry.batch, entry.seq - entry.rowCount, request.after));
      at = entry.seq;
      continue;
    }
    yield* pointFrames(request, stretch, at, isLong);
    stretch = [];
    at = entry.seq;
    if (request.dialect === "v2") yield { frame: encode(toMessage(request.runId, entry)), seq: entry.seq };
  }
  yield* pointFrames(request, stretch, at, isLong);
}

/** A batch without the rows that were sent before. */
function restOf(batch: PointBatch, before: number, after: number): PointBatch {
  const skip = after - before;
  if (skip <= 0) return batch;
  return pickRows(
    batch,
    Uint32Array.from({ length: batch.steps.length - skip }, (_, i) => skip + i),
  );
}

function* pointFrames(
  { runId, dialect, keys }: PageRequest,
  stretch: readonly PointBatch[],
  to: number,
  isLong: boolean,
): Generator<PlacedFrame> {
  const rowCount = stretch.reduce((sum, { steps }) => sum + steps.length, 0);
  const mustThin = isLong && rowCount > EXACT_ROWS;
  const chosen = stretch.map((batch) => withKeys(batch, keys));
  if (!mustThin) {
    yield* exactFrames(runId, dialect, joinBatches(chosen), to - rowCount);
    return;
  }
  const batches = thinned(chosen, bucketsFor(chosen));
  if (dialect === "compatible") {
    for (const batch of batches)
      for (const row of rowsOf(batch)) yield { frame: encode({ type: "metrics", data: toMetricsData(row) }), seq: null };
    return;
  }
  const parts = batches.map((batch) => {
    const { type: _, run: __, seq: ___, ...columns } = pointsMessage(runId, 0, batch) as Record<string, unknown>;
    return columns;
  });
  const rows = batches.reduce((sum, { steps }) => sum + steps.length, 0);
  yield { frame: encode({ type: "thinned", run: runId, from_seq: to - rowCount + 1, seq: to, rows, of: rowCount, parts }), seq: to };
}

/** Every row. @param before the row in front of the first one. */
function* exactFrames(runId: string, dialect: Dialect, batches: readonly PointBatch[], before: number): Generator<PlacedFrame> {
  let seq = before;
  for (const batch of batches) {
    if (dialect === "compatible") {
      for (const row of rowsOf(batch)) yield { frame: encode({ type: "metrics", data: toMetricsData(row) }), seq: ++seq };
      continue;
    }
    for (const part of cut(batch)) {
      seq += part.steps.length;
      yield { frame: encode(pointsMessage(runId, seq, part)), seq };
    }
  }
}

/** About so many bytes are a value, and a row's step and time, as text. */
const VALUE_BYTES = 20;
const ROW_BYTES = 30;

/** A batch in parts whose messages are not long. */
function cut(batch: PointBatch): PointBatch[] {
  const rowCount = batch.steps.length;
  const bytesPerRow = ROW_BYTES + (VALUE_BYTES * valueCount(batch)) / rowCount;
  const rowsMax = Math.max(1, Math.floor(PAGE_BYTES / 2 / bytesPerRow));
  if (rowCount <= rowsMax) return [batch];
  return Array.from({ length: Math.ceil(rowCount / rowsMax) }, (_, i) => {
    const from = i * rowsMax;
    return pickRows(
      batch,
      Uint32Array.from({ length: Math.min(rowsMax, rowCount - from) }, (_, row) => from + row),
    );
  });
}

function withKeys(batch: PointBatch, keys: readonly string[] | undefined): PointBatch {
  if (keys === undefined) return batch;
  const names = new Set(
    matching(
      batch.columns.map(({ key }) => key),
      keys,
    ),
  );
  return { ...batch, columns: batch.columns.filter(({ key }) => names.has(key)) };
}

/** Each series keeps up to four rows of each part. */
function bucketsFor(batches: readonly PointBatch[]): number {
  const keys = new Set(batches.flatMap(({ columns }) => columns.map(({ key }) => key)));
  return Math.max(1, Math.floor(THINNED_ROWS / (4 * Math.max(1, keys.size))));
}

export function encode(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message));
}
