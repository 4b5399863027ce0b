import { ColumnReader, packColumn, rawColumn, wordColumn } from "./column-codec.ts";
import type { BatchColumn, PointBatch } from "./point-batch.ts";

/** [key, number of values, number of row numbers or −1 for all rows, number of nulls] */
type ColumnHead = readonly [string, number, number, number];
interface BatchHead {
  readonly n: number;
  readonly columns: readonly ColumnHead[];
  readonly extras?: Readonly<Record<number, unknown>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A batch as one entry of the log: `[u32 head bytes][u32 0][head as JSON, padded to 8][steps][times][columns]`. */
export function encodeBatch(batch: PointBatch): Buffer {
  const columns = batch.columns.map(
    ({ key, rows, values, nulls }): ColumnHead => [key, values.length, rows?.length ?? -1, nulls?.length ?? 0],
  );
  const head: BatchHead = { n: batch.steps.length, columns, ...(batch.extras === null ? {} : { extras: batch.extras }) };
  const text = encoder.encode(JSON.stringify(head));
  const padding = new Uint8Array((8 - (text.length % 8)) % 8);
  const sizes = new Uint8Array(Uint32Array.of(text.length, 0).buffer);
  const parts = [sizes, text, padding, ...packColumn(batch.steps), ...packColumn(batch.times)];
  for (const { rows, values, nulls } of batch.columns) {
    if (rows !== null) parts.push(wordColumn(rows));
    if (nulls !== null) parts.push(wordColumn(nulls));
    parts.push(rawColumn(values));
  }
  return Buffer.concat(parts);
}

export function decodeBatch(bytes: Uint8Array): PointBatch {
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(decoder.decode(bytes.subarray(8, 8 + headBytes))) as BatchHead;
  const reader = new ColumnReader(bytes, 8 + Math.ceil(headBytes / 8) * 8);
  const steps = reader.packed(head.n);
  const times = reader.packed(head.n);
  const columns = head.columns.map(([key, count, rowCount, nullCount]): BatchColumn => {
    const rows = rowCount < 0 ? null : asUnsigned(reader.words(rowCount));
    const nulls = nullCount === 0 ? null : asUnsigned(reader.words(nullCount));
    return { key, rows, nulls, values: reader.raw(count) };
  });
  return { steps, times, columns, extras: head.extras ?? null };
}

function asUnsigned(words: Int32Array): Uint32Array {
  return new Uint32Array(words.buffer, words.byteOffset, words.length);
}
