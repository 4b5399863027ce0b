/**
 * Cuts bytes into CSV records (RFC 4180, leniently): the one place that knows quotes, delimiters and line ends. Works on UTF-8 or any
 * encoding that keeps ASCII bytes.
 */

/** Oddities of a record, as bits. Anything but quoted line ends needs a rewrite before a strict reader takes it. */
export const ODD = {
  quotedLineEnd: 1,
  /** Text after a closing quote, a quote inside plain text, or blanks before an opening one. */
  looseQuote: 2,
  /** A lone CR ended it. */
  oldMacLineEnd: 4,
  /** CR LF ended it. Odd only beside records that end with LF. */
  windowsLineEnd: 8,
  /** Nothing but blanks. */
  blank: 16,
  nul: 32,
  /** The end of the bytes came inside a quoted value. */
  unclosed: 64,
  /** A text after a closing quote in a value that spans lines: most likely a quote was never closed. */
  suspectQuote: 128,
  lineFeed: 256,
} as const;

/** One record within `bytes`. The object and its arrays are reused: copy what you keep. */
export interface CsvRecord {
  /** First byte, and one past the last byte without the line end. */
  start: number;
  end: number;
  fields: number;
  /** One past the last byte of each field; the next field starts one byte later. Valid up to `fields`. */
  fieldEnds: Int32Array;
  odd: number;
  /** Line ends inside quotes. */
  innerLines: number;
}

const ORDINARY = 0;
const DELIMITER = 1;
const LF = 2;
const CR = 3;
const QUOTE = 4;
const NUL = 5;
const BLANK = 6;

const START = 0;
const PLAIN = 1;
const QUOTED = 2;
const CLOSED = 3;

/** What each byte means under a delimiter (one ASCII character). */
export function byteClasses(delimiter: string): Uint8Array {
  const classes = new Uint8Array(256);
  classes[0x0a] = LF;
  classes[0x0d] = CR;
  classes[0x22] = QUOTE;
  classes[0x00] = NUL;
  classes[0x20] = BLANK;
  classes[delimiter.charCodeAt(0)] = DELIMITER;
  return classes;
}

export function newRecord(): CsvRecord {
  return { start: 0, end: 0, fields: 0, fieldEnds: new Int32Array(64), odd: 0, innerLines: 0 };
}

/**
 * Reads the record that starts at `from` into `record`; returns where the next one starts, or -1 when the bytes end before the record does
 * (only when `last` is false). With `last`, the end of the bytes ends the record. Cost: O(bytes of the record).
 */
export function readRecord(bytes: Uint8Array, from: number, classes: Uint8Array, last: boolean, record: CsvRecord): number {
  const length = bytes.length;
  let state = START;
  let odd = ODD.blank;
  let fields = 0;
  let inner = 0;
  let innerOfField = 0;
  let i = from;
  let next = -1;
  for (; i < length; i++) {
    const kind = classes[bytes[i]!]!;
    if (kind === ORDINARY) {
      if (state === CLOSED) odd |= innerOfField > 0 ? ODD.looseQuote | ODD.suspectQuote : ODD.looseQuote;
      if (state === START) state = PLAIN;
      else if (state === CLOSED) state = PLAIN;
      odd &= ~ODD.blank;
      continue;
    }
    if (kind === NUL) odd |= ODD.nul;
    if (state === QUOTED) {
      if (kind === QUOTE) state = CLOSED;
      else if (kind === LF || (kind === CR && bytes[i + 1] !== 0x0a)) {
        inner++;
        innerOfField++;
      }
      continue;
    }
    if (kind === DELIMITER) {
      if (fields === record.fieldEnds.length) record.fieldEnds = doubled(record.fieldEnds);
      record.fieldEnds[fields++] = i;
      state = START;
      innerOfField = 0;
      odd &= ~ODD.blank;
    } else if (kind === QUOTE) {
      if (state === START) {
        if (i > from && bytes[i - 1] === 0x20 && classes[0x20] === BLANK) odd |= ODD.looseQuote;
        state = QUOTED;
      } else if (state === CLOSED) state = QUOTED;
      else odd |= ODD.looseQuote;
      odd &= ~ODD.blank;
    } else if (kind === LF) {
      odd |= ODD.lineFeed;
      next = i + 1;
      break;
    } else if (kind === CR) {
      if (i + 1 === length && !last) return -1;
      const windows = bytes[i + 1] === 0x0a;
      odd |= windows ? ODD.windowsLineEnd : ODD.oldMacLineEnd;
      next = i + (windows ? 2 : 1);
      break;
    } else if (kind === BLANK && state === CLOSED) odd |= ODD.looseQuote;
  }
  if (next < 0) {
    if (!last) return -1;
    if (state === QUOTED) odd |= ODD.unclosed;
    next = length;
  }
  if (fields === record.fieldEnds.length) record.fieldEnds = doubled(record.fieldEnds);
  record.fieldEnds[fields++] = i;
  record.start = from;
  record.end = i;
  record.fields = fields;
  record.odd = inner > 0 ? odd | ODD.quotedLineEnd : odd;
  record.innerLines = inner;
  return next;
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

const utf8 = new TextDecoder("utf-8");

/** The text of a field: quotes taken off, doubled quotes made single, text after a closing quote appended. */
export function fieldText(bytes: Uint8Array, record: CsvRecord, field: number): string {
  const start = field === 0 ? record.start : record.fieldEnds[field - 1]! + 1;
  return unquote(utf8.decode(bytes.subarray(start, record.fieldEnds[field]!)));
}

/** What a raw field means. A quote opens only at the field's start, after blanks at most. */
export function unquote(raw: string): string {
  const opening = /^ *"/.exec(raw);
  if (opening === null) return raw;
  const body = raw.slice(opening[0].length);
  let text = "";
  for (let i = 0; i < body.length; i++) {
    const at = body.indexOf('"', i);
    if (at < 0) return text + body.slice(i);
    text += body.slice(i, at);
    if (body[at + 1] !== '"') return text + body.slice(at + 1).trimEnd();
    text += '"';
    i = at + 1;
  }
  return text;
}

/** Wide files show fewer of their first records. */
const MAX_FIRST_CELLS = 100_000;
const MIN_FIRST_RECORDS = 20;

/** The first records of a piece of a file as text, for looking before reading. A cut-off last record is left out unless it is the only one. */
export function firstRecords(bytes: Uint8Array, delimiter: string, whole: boolean, limit: number): string[][] {
  const classes = byteClasses(delimiter);
  const record = newRecord();
  const records: string[][] = [];
  let cells = 0;
  for (let at = 0; at < bytes.length && records.length < limit && (cells < MAX_FIRST_CELLS || records.length < MIN_FIRST_RECORDS); ) {
    const next = readRecord(bytes, at, classes, whole, record);
    if (next < 0) break;
    cells += record.fields;
    if ((record.odd & ODD.blank) === 0) records.push(Array.from({ length: record.fields }, (_, field) => fieldText(bytes, record, field)));
    at = next;
  }
  return records;
}
