import { closeSync, openSync } from "node:fs";
import { Gatherer } from "./csv-encoding.ts";
import { type CsvRecord, fieldText, ODD } from "./csv-records.ts";
import { type CsvShape, eachRecord, type Layout } from "./csv-scan.ts";

const encoder = new TextEncoder();
const LINE_END = encoder.encode("\n");
const QUOTED_EMPTY = encoder.encode('""');

/**
 * Writes a scanned CSV file again in the strictest form: no header, LF line ends, quotes only around whole values, no blank lines, every
 * record of the same width. Cost: O(bytes) time; memory of the longest record.
 */
export function rewriteCsv(path: string, from: number, layout: Layout, shape: CsvShape, to: string): void {
  const file = openSync(to, "w");
  const writer = new Gatherer(file);
  let isHeader = layout.hasHeader;
  let pendingBlanks = 0;
  const writeLine = (line: Uint8Array): void => {
    writer.add(line.length === 0 ? QUOTED_EMPTY : line);
    writer.add(LINE_END);
  };
  try {
    eachRecord(path, from, layout.delimiter, (bytes, record) => {
      if ((record.odd & ODD.blank) !== 0) {
        if (layout.width === 1 && !isHeader) pendingBlanks++;
        return;
      }
      if (isHeader) {
        isHeader = false;
        return;
      }
      for (; pendingBlanks > 0; pendingBlanks--) writeLine(QUOTED_EMPTY);
      writeLine(strictRecord(bytes, record, shape.columns, layout.delimiter));
    });
    writer.flush();
  } finally {
    closeSync(file);
  }
}

/** A record as bytes: as it is, without surplus fields, unless a quote sits where a strict reader does not take it. */
function strictRecord(bytes: Uint8Array, record: CsvRecord, columns: number, delimiter: string): Uint8Array {
  if ((record.odd & ODD.looseQuote) === 0) return bytes.subarray(record.start, record.fieldEnds[columns - 1]!);
  const texts = Array.from({ length: columns }, (_, i) => `"${fieldText(bytes, record, i).replaceAll('"', '""')}"`);
  return encoder.encode(texts.join(delimiter));
}
