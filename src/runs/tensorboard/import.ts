import { createHash } from "node:crypto";
import { isKey } from "../parse-points.ts";
import { RowBuilder } from "../row-builder.ts";
import type { Runs } from "../runs.ts";
import { readEvent } from "./event.ts";
import { type RecordProblem, readRecords } from "./records.ts";

export interface TensorBoardImport {
  /** Rows that were stored now, and those that had been stored before. */
  readonly accepted: number;
  readonly duplicates: number;
  /** Values that are no numbers, or have no name: images, histograms, texts. */
  readonly skipped: number;
  /** Records that were damaged and left out. */
  readonly damaged: number;
  /** Why the rest of the file could not be read; null when there is none. */
  readonly problem: RecordProblem | null;
}

const ROWS_PER_BATCH = 2000;

/**
 * Adds the numbers of a TensorBoard event file to a run, each event a row. What is whole is stored, also when the file is cut off: the same file, or a longer one that
 * begins the same, brings what is missing. Memory: one record and 2,000 rows.
 * @throws {RunEndedError}; rows before it are stored.
 */
export async function importTensorBoard(runs: Runs, runId: string, pieces: AsyncIterable<Uint8Array>): Promise<TensorBoardImport> {
  const rows = new RowBuilder();
  const counts = { accepted: 0, duplicates: 0, skipped: 0, unreadable: 0 };
  let producer: string | null = null;
  let sequence = 0;
  const store = async (): Promise<void> => {
    const count = rows.rowCount;
    const batch = rows.take();
    if (batch === null) return;
    const { accepted, duplicates } = await runs.append(runId, { producer, sequence, batch });
    sequence += count;
    counts.accepted += accepted;
    counts.duplicates += duplicates;
  };
  const records = readRecords(pieces);
  for (;;) {
    const { value, done } = await records.next();
    if (done === true) {
      await store();
      const { accepted, duplicates, skipped, unreadable } = counts;
      return { accepted, duplicates, skipped, damaged: value.damaged + unreadable, problem: value.problem };
    }
    // Files are told apart by how they begin: the first record has the time to the microsecond.
    producer ??= `tensorboard ${createHash("sha256").update(value).digest("hex").slice(0, 16)}`;
    addRecord(rows, value, counts);
    if (rows.rowCount >= ROWS_PER_BATCH) await store();
  }
}

function addRecord(rows: RowBuilder, record: Buffer, counts: { skipped: number; unreadable: number }): void {
  let event: ReturnType<typeof readEvent>;
  try {
    event = readEvent(record);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    counts.unreadable++;
    return;
  }
  // Of a name that comes twice in an event, the last value counts.
  const named = new Map(event.scalars.filter(({ tag }) => isKey(tag)).map(({ tag, value }) => [tag, value]));
  counts.skipped += event.others + event.scalars.length - named.size;
  if (named.size === 0 || !Number.isFinite(event.time)) return;
  const row = rows.row(event.step, event.time);
  for (const [tag, value] of named) rows.put(tag, row, value);
}
