import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { BadInputError, InvalidArgumentError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";
import type { Column, ColumnType, Table } from "../engine/table.ts";
import { writeAll } from "./csv-encoding.ts";
import { tableFingerprint } from "./fingerprint.ts";
import { packTexts, unpackTexts } from "./packed-texts.ts";

/**
 * A table as one flat file: `TYTABLE1` | u32 header bytes | u32 CRC-32 of the header | header (JSON) | segments, each at a multiple of 8.
 * Little-endian. A numeric column is one segment of float64; a categorical one is codes (int32), level ends (u32) and level bytes (UTF-8).
 */
const MAGIC = "TYTABLE1";
const PREFIX_BYTES = 16;
const MAX_HEADER_BYTES = 2 ** 28;

interface Segment {
  /** Counted from the end of the header, rounded up to 8. */
  readonly offset: number;
  readonly bytes: number;
  readonly crc: number;
}

interface ColumnEntry {
  readonly name: string;
  readonly type: ColumnType;
  readonly ordered: boolean;
  readonly levels: number;
  readonly segments: readonly Segment[];
}

interface Header {
  readonly version: 1;
  readonly rows: number;
  readonly fingerprint: string;
  readonly columns: readonly ColumnEntry[];
}

export interface WrittenTable {
  /** SHA-256 of the content, 64 hex digits; the same for equal tables however they are stored. */
  readonly fingerprint: string;
  readonly bytes: number;
}

export interface TableFileHead {
  readonly rows: number;
  readonly fingerprint: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}

export interface ReadTableOptions {
  /** Columns to read, in this order. Default: all. Only their bytes are read. */
  readonly columns?: readonly string[];
  /** First row and number of rows; cut to what is there. Default: all. Levels are always complete. */
  readonly rows?: { readonly from: number; readonly count: number };
}

/**
 * Writes a table so that a reader sees the old file or the whole new one, also after a crash: temporary file, fsync, rename. Synchronous.
 * Cost: O(bytes); no copy of the columns.
 */
export function writeTableFile(path: string, table: Table): WrittenTable {
  const fingerprint = tableFingerprint(table);
  const bodies: Uint8Array[] = [];
  let offset = 0;
  const entries = table.columns.map((column): ColumnEntry => {
    const segments = segmentsOf(column).map((bytes) => {
      const segment = { offset, bytes: bytes.length, crc: crc32(bytes) };
      bodies.push(bytes);
      offset = aligned(offset + bytes.length);
      return segment;
    });
    const isText = column.kind === "categorical";
    return { name: column.name, type: column.type, ordered: isText && column.ordered, levels: isText ? column.levels.length : 0, segments };
  });
  const header = Buffer.from(JSON.stringify({ version: 1, rows: table.rows, fingerprint, columns: entries } satisfies Header), "utf8");
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32LE(header.length, 8);
  prefix.writeUInt32LE(crc32(header), 12);
  writeAtomically(path, [prefix, header, ...bodies]);
  return { fingerprint, bytes: aligned(PREFIX_BYTES + header.length) + offset };
}

function writeAtomically(path: string, parts: readonly Uint8Array[]): void {
  const draft = `${path}.${process.pid}.part`;
  const padding = Buffer.alloc(8);
  const file = openSync(draft, "w");
  try {
    let at = 0;
    for (const [i, part] of parts.entries()) {
      writeAll(file, part);
      at += part.length;
      // The prefix and the header are one piece; everything after them starts at a multiple of 8.
      if (i === 0) continue;
      writeAll(file, padding.subarray(0, aligned(at) - at));
      at = aligned(at);
    }
    fsyncSync(file);
  } catch (error) {
    closeSync(file);
    rmSync(draft, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Makes a rename durable; systems that cannot sync a folder (Windows) do it themselves. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function segmentsOf(column: Column): Uint8Array[] {
  if (column.kind === "numeric") return [bytesOf(column.values)];
  const { ends, bytes } = packTexts(column.levels);
  return [bytesOf(column.codes), bytesOf(ends), bytes];
}

const bytesOf = (array: Float64Array | Int32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** What a table file holds, without reading the columns. @throws {BadInputError} when it is not an intact table file. */
export function readTableHead(path: string): TableFileHead {
  const file = openSync(path, "r");
  try {
    const { rows, fingerprint, columns } = readHeader(file, path).header;
    return { rows, fingerprint, columns: columns.map(({ name, type }) => ({ name, type })) };
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a table file into typed-array views over one buffer. Synchronous; reads only the bytes of the columns and rows asked for.
 * @throws {BadInputError} when the file is not an intact table file; {InvalidArgumentError} for a column it does not have.
 */
export function readTableFile(path: string, options: ReadTableOptions = {}): Table {
  const file = openSync(path, "r");
  try {
    const { header, bodyAt } = readHeader(file, path);
    const entries = options.columns === undefined ? header.columns : options.columns.map((name) => entryOf(header, name, path));
    const from = Math.min(Math.max(0, options.rows?.from ?? 0), header.rows);
    const rows = Math.min(Math.max(0, options.rows?.count ?? header.rows), header.rows - from);
    const total = entries.reduce((sum, entry) => sum + pieces(entry, from, rows).reduce((s, piece) => s + aligned(piece.bytes), 0), 0);
    const buffer = new ArrayBuffer(total);
    let at = 0;
    const columns = entries.map((entry) => {
      const views = pieces(entry, from, rows).map((piece, i) => {
        const view = new Uint8Array(buffer, at, piece.bytes);
        readExactly(file, view, bodyAt + piece.offset, path);
        const segment = entry.segments[i]!;
        if (piece.bytes === segment.bytes && crc32(view) !== segment.crc) throw damaged(path, `column "${entry.name}" fails its checksum`);
        at += aligned(piece.bytes);
        return view;
      });
      return columnOf(entry, views, rows);
    });
    return { rows, columns };
  } finally {
    closeSync(file);
  }
}

/** The byte ranges of a column's segments for some rows, counted as in `Segment`. */
function pieces(entry: ColumnEntry, from: number, rows: number): { readonly offset: number; readonly bytes: number }[] {
  const width = isText(entry) ? 4 : 8;
  return entry.segments.map((segment, i) => (i === 0 ? { offset: segment.offset + from * width, bytes: rows * width } : segment));
}

const isText = (entry: ColumnEntry): boolean => entry.type === "factor" || entry.type === "character";

function columnOf(entry: ColumnEntry, views: readonly Uint8Array[], rows: number): Column {
  const [first, second, third] = views;
  const { name, ordered } = entry;
  if (entry.type !== "factor" && entry.type !== "character") {
    return { kind: "numeric", name, type: entry.type, values: new Float64Array(first!.buffer, first!.byteOffset, rows) };
  }
  const ends = new Uint32Array(second!.buffer, second!.byteOffset, entry.levels);
  const levels = unpackTexts({ ends, bytes: third! });
  return { kind: "categorical", name, type: entry.type, codes: new Int32Array(first!.buffer, first!.byteOffset, rows), levels, ordered };
}

function readHeader(file: number, path: string): { readonly header: Header; readonly bodyAt: number } {
  const prefix = new Uint8Array(PREFIX_BYTES);
  readExactly(file, prefix, 0, path);
  const view = new DataView(prefix.buffer);
  const magic = Buffer.from(prefix.subarray(0, 8)).toString("latin1");
  if (magic !== MAGIC) {
    const why = magic.startsWith("TYTABLE") ? `is of version ${magic.slice(7)}, this program reads version 1` : "is not a table file";
    throw new BadInputError(`"${path}" ${why}; import the data again.`);
  }
  const bytes = view.getUint32(8, true);
  if (bytes > MAX_HEADER_BYTES) throw damaged(path, "its header length is not credible");
  const raw = new Uint8Array(bytes);
  readExactly(file, raw, PREFIX_BYTES, path);
  if (crc32(raw) !== view.getUint32(12, true)) throw damaged(path, "its header fails its checksum");
  const header: Header = JSON.parse(Buffer.from(raw).toString("utf8"));
  const bodyAt = aligned(PREFIX_BYTES + bytes);
  const last = Math.max(0, ...header.columns.flatMap((column) => column.segments.map((segment) => segment.offset + segment.bytes)));
  if (fstatSync(file).size < bodyAt + last) throw damaged(path, "it is cut off");
  return { header, bodyAt };
}

function entryOf(header: Header, name: string, path: string): ColumnEntry {
  const entry = header.columns.find((column) => column.name === name);
  if (entry !== undefined) return entry;
  const names = header.columns.map((column) => column.name);
  throw new InvalidArgumentError(`the table in "${path}" has no column "${name}".${didYouMean(name, names)}`, {
    details: { column: name },
  });
}

function readExactly(file: number, view: Uint8Array, from: number, path: string): void {
  for (let at = 0; at < view.length; ) {
    const got = readSync(file, view, at, view.length - at, from + at);
    if (got === 0) throw damaged(path, "it is cut off");
    at += got;
  }
}

function damaged(path: string, why: string): BadInputError {
  return new BadInputError(`The table file "${path}" is damaged (${why}); import the data again.`, { details: { path } });
}
