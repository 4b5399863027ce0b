import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { Gatherer } from "./csv-encoding.ts";
import { type CsvRecord, fieldText, ODD } from "./csv-records.ts";
import { type CsvShape, eachRecord, type Layout } from "./csv-scan.ts";

const encoder = new TextEncoder();
const LINE_END = encoder.encode("\n");

/**
 * Writes a scanned CSV file again in the strictest form: no header, LF line ends, quotes only around whole values, no blank lines, every
 * record of the same width; one file for each group of columns. Returns their paths.
 *
 * @param groups first column of each group; the last one ends at `shape.columns`.
 * Cost: O(bytes) time; memory of the longest record.
 */
export function rewriteCsv(
  path: string,
  from: number,
  layout: Layout,
  shape: CsvShape,
  groups: readonly number[],
  folder: string,
): string[] {
  const paths = groups.map((_, i) => join(folder, `columns-${i}.csv`));
  const files = paths.map((file) => openSync(file, "w"));
  const writers = files.map((file) => new Gatherer(file));
  let isHeader = layout.hasHeader;
  let pendingBlanks = 0;
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
      for (; pendingBlanks > 0; pendingBlanks--) writers[0]!.add(encoder.encode('""\n'));
      for (let g = 0; g < groups.length; g++) {
        const end = groups[g + 1] ?? shape.columns;
        writers[g]!.add(cells(bytes, record, groups[g]!, end, layout.delimiter));
        writers[g]!.add(LINE_END);
      }
    });
    for (const writer of writers) writer.flush();
  } finally {
    for (const file of files) closeSync(file);
  }
  return paths;
}

/** Fields `first` … `end - 1` of a record as bytes: as they are, unless a quote sits where a strict reader does not take it. */
function cells(bytes: Uint8Array, record: CsvRecord, first: number, end: number, delimiter: string): Uint8Array {
  if ((record.odd & ODD.looseQuote) === 0) {
    const start = first === 0 ? record.start : record.fieldEnds[first - 1]! + 1;
    const slice = bytes.subarray(start, record.fieldEnds[end - 1]!);
    return slice.length === 0 ? encoder.encode('""') : slice;
  }
  const texts = Array.from({ length: end - first }, (_, i) => `"${fieldText(bytes, record, first + i).replaceAll('"', '""')}"`);
  return encoder.encode(texts.join(delimiter));
}
