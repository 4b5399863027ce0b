import { isUtf8 } from "node:buffer";
import { BadInputError } from "../core/errors.ts";
import { counted } from "./csv-dialect.ts";
import { readPieces } from "./csv-encoding.ts";
import { byteClasses, type CsvRecord, newRecord, ODD, readRecord } from "./csv-records.ts";

/** No record is larger; beyond it a quote was most likely never closed. */
const MAX_RECORD_BYTES = 64 * 2 ** 20;
/** What a strict reader would stumble over. */
const NEEDS_REWRITE = ODD.looseQuote | ODD.oldMacLineEnd | ODD.blank;

export interface Layout {
  readonly delimiter: string;
  readonly hasHeader: boolean;
  /** Fields of the first record. */
  readonly width: number;
}

/** What a whole file holds, after every byte was looked at. */
export interface CsvShape {
  readonly rows: number;
  /** Fields to keep of each record. */
  readonly columns: number;
  /** The header names all columns but the first, which holds row names (as R writes them). */
  readonly hasRowNames: boolean;
  readonly needsRewrite: boolean;
  readonly hasQuotedLineEnds: boolean;
  readonly lineEnd: "\n" | "\r\n";
  readonly longestRecordBytes: number;
}

/** Calls `take` with each record of a file. `line` is the 1-based line on which it starts. Records larger than 64 MiB are refused. */
export function eachRecord(
  path: string,
  from: number,
  delimiter: string,
  take: (bytes: Buffer, record: CsvRecord, line: number) => void,
  check: (consumed: Buffer) => void = () => {},
): void {
  const classes = byteClasses(delimiter);
  const record = newRecord();
  let carry: Buffer = Buffer.alloc(0);
  let line = 1;
  readPieces(path, from, (piece, last) => {
    const bytes = carry.length === 0 ? piece : Buffer.concat([carry, piece]);
    let at = 0;
    while (at < bytes.length) {
      const next = readRecord(bytes, at, classes, last, record);
      if (next < 0) break;
      take(bytes, record, line);
      line += 1 + record.innerLines;
      at = next;
    }
    check(bytes.subarray(0, at));
    if (bytes.length - at > MAX_RECORD_BYTES) throw unclosedQuote(line);
    carry = last ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  });
}

/** Thrown inside a scan when a byte sequence is not UTF-8; the caller transcodes and starts again. */
export class NotUtf8 extends Error {
  override readonly name = "NotUtf8";
}

/**
 * Looks at every byte of a CSV file once: counts rows, finds ragged ones, zero bytes, unclosed quotes and everything a strict reader would refuse.
 * @throws {BadInputError} naming the line; {NotUtf8} when the bytes are in another encoding.
 * Cost: O(bytes) time, memory of the longest record.
 */
export function scanCsv(path: string, from: number, layout: Layout): CsvShape {
  const tally = new Tally(layout);
  eachRecord(
    path,
    from,
    layout.delimiter,
    (_, record, line) => tally.take(record, line),
    (consumed) => {
      if (!isUtf8(consumed)) throw new NotUtf8();
    },
  );
  return tally.shape();
}

interface Misfit {
  readonly line: number;
  readonly fields: number;
  readonly innerLines: number;
}

class Tally {
  readonly #layout: Layout;
  #isFirst = true;
  #rows = 0;
  #pendingBlanks = 0;
  #wider = 0;
  #widerEmpty = 0;
  #misfits = 0;
  #firstMisfit: Misfit | null = null;
  #firstWider: Misfit | null = null;
  #odd = 0;
  #longest = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  take(record: CsvRecord, line: number): void {
    this.#odd |= record.odd;
    if ((record.odd & (ODD.nul | ODD.unclosed | ODD.suspectQuote)) !== 0) throw faultOf(record, line);
    if (record.end - record.start > this.#longest) this.#longest = record.end - record.start;
    if ((record.odd & ODD.blank) !== 0) {
      if (!this.#isFirst && this.#layout.width === 1) this.#pendingBlanks++;
      return;
    }
    if (this.#isFirst) {
      this.#isFirst = false;
      if (this.#layout.hasHeader) return;
    }
    this.#rows += 1 + this.#pendingBlanks;
    this.#pendingBlanks = 0;
    if (record.fields !== this.#layout.width) this.#takeMisfit(record, line);
  }

  #takeMisfit(record: CsvRecord, line: number): void {
    const { width } = this.#layout;
    const misfit = { line, fields: record.fields, innerLines: record.innerLines };
    if (record.fields > width && hasEmptyTail(record, width)) this.#widerEmpty++;
    else if (record.fields === width + 1) {
      this.#wider++;
      this.#firstWider ??= misfit;
    } else {
      this.#misfits++;
      this.#firstMisfit ??= misfit;
    }
  }

  shape(): CsvShape {
    const { width, hasHeader } = this.#layout;
    const hasRowNames = hasHeader && this.#misfits === 0 && this.#wider > 0 && this.#wider + this.#widerEmpty === this.#rows;
    const misfits = hasRowNames ? 0 : this.#misfits + this.#wider;
    if (misfits > 0) throw raggedError(this.#earliestMisfit(), misfits, this.#layout);
    const lineEnds = this.#odd & (ODD.lineFeed | ODD.windowsLineEnd);
    return {
      rows: this.#rows,
      columns: hasRowNames ? width + 1 : width,
      hasRowNames,
      needsRewrite:
        (this.#odd & NEEDS_REWRITE) !== 0 || (!hasRowNames && this.#widerEmpty > 0) || lineEnds === (ODD.lineFeed | ODD.windowsLineEnd),
      hasQuotedLineEnds: (this.#odd & ODD.quotedLineEnd) !== 0,
      lineEnd: lineEnds === ODD.windowsLineEnd ? "\r\n" : "\n",
      longestRecordBytes: this.#longest,
    };
  }

  #earliestMisfit(): Misfit {
    const [a, b] = [this.#firstMisfit, this.#firstWider];
    if (a === null || b === null) return (a ?? b)!; // at least one was seen, or nobody asks
    return a.line < b.line ? a : b;
  }
}

/** Whether everything after the first `width` fields is delimiters only. */
function hasEmptyTail(record: CsvRecord, width: number): boolean {
  return record.end - record.fieldEnds[width - 1]! === record.fields - width;
}

function raggedError(misfit: Misfit, misfits: number, layout: Layout): BadInputError {
  const { line, fields, innerLines } = misfit;
  const where = innerLines > 0 ? `The record on lines ${line}–${line + innerLines}` : `Line ${line}`;
  const others = misfits > 1 ? ` (and ${counted(misfits - 1, "more line")} like it)` : "";
  const remedy =
    innerLines > 0
      ? "a quote that opens on the first of these lines may never be closed"
      : fields > layout.width
        ? `put values that contain the delimiter ${delimiterName(layout.delimiter)} in quotes`
        : "fill in the missing cells (an empty one is fine) or remove the line";
  return new BadInputError(
    `${where} has ${counted(fields, "field")} where the ${layout.hasHeader ? "header" : "first line"} has ${layout.width}${others}; ${remedy}.`,
    { details: { line, expected: layout.width, found: fields, count: misfits } },
  );
}

function faultOf(record: CsvRecord, line: number): BadInputError {
  if ((record.odd & ODD.nul) !== 0) {
    return new BadInputError(
      `Line ${line} holds a zero byte, which text never does; the file is damaged or not a CSV file. Export it again as CSV (UTF-8).`,
      { details: { line } },
    );
  }
  return unclosedQuote(line);
}

function unclosedQuote(line: number): BadInputError {
  return new BadInputError(
    `Line ${line} opens a quoted value that is not closed properly; add the closing quote, or write a quote inside a value twice ("").`,
    { details: { line } },
  );
}

export function delimiterName(delimiter: string): string {
  return delimiter === "\t" ? "tab" : `"${delimiter}"`;
}
