import {
  Table as ArrowTable,
  Bool,
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  Vector,
} from "apache-arrow";
import type { CategoricalColumn, NumericColumn, Table } from "../engine/table.ts";
import { readArrow } from "./arrow-read.ts";

/** Field metadata that carries our column type where Arrow has several to one. */
export const TYPE_KEY = "trainyard.type";
const INT32_MAX = 2 ** 31 - 1;

/**
 * A table as one Arrow IPC stream: factor as dictionary of utf8 (int32 codes, all levels, order kept), character as utf8, integer as int32
 * (float64 when one does not fit), double as float64, logical as bool, date and datetime as timestamp in milliseconds UTC. Missing is null.
 * Field metadata `trainyard.type` names the exact type. Cost: O(cells).
 */
export function tableToArrow(table: Table): Uint8Array {
  const { rows } = table;
  const pieces = table.columns.map((column, i) => (column.kind === "numeric" ? numericData(column, rows) : textData(column, rows, i)));
  const fields = pieces.map((data, i) => new Field(table.columns[i]!.name, data.type, true, new Map([[TYPE_KEY, table.columns[i]!.type]])));
  const schema = new Schema(fields);
  const body = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children: pieces });
  return tableToIPC(new ArrowTable(schema, new RecordBatch(schema, body)), "stream");
}

/**
 * Reads Arrow IPC bytes, stream or file. Integers of 8 to 32 bits are integers, those of 64 bits too unless they need more than 53;
 * floats and decimals are double, bool is logical, utf8 is a factor with sorted levels, a dictionary of utf8 keeps its order;
 * dates and timestamps are date and datetime.
 * @throws {BadInputError} for bytes that are not Arrow, and for nested columns, by name.
 */
export function tableFromArrow(bytes: Uint8Array): Table {
  return readArrow(bytes).table;
}

function numericData(column: NumericColumn, rows: number): Data<DataType> {
  const { values, type } = column;
  const nulls = nullBits(rows, (row) => Number.isNaN(values[row]!));
  if (type === "logical") return makeData({ type: new Bool(), length: rows, ...nulls, data: bits(rows, (row) => values[row] === 1) });
  if (type === "date" || type === "datetime") {
    const times = new BigInt64Array(rows);
    for (let row = 0; row < rows; row++) times[row] = Number.isFinite(values[row]!) ? BigInt(Math.floor(values[row]!)) : 0n;
    return makeData({ type: new TimestampMillisecond("UTC"), length: rows, ...nulls, data: times });
  }
  if (type === "integer" && values.every((value) => Number.isNaN(value) || Math.abs(value) <= INT32_MAX)) {
    return makeData({
      type: new Int32(),
      length: rows,
      ...nulls,
      data: Int32Array.from(values, (value) => (Number.isNaN(value) ? 0 : value)),
    });
  }
  return makeData({ type: new Float64(), length: rows, ...nulls, data: values });
}

function textData(column: CategoricalColumn, rows: number, id: number): Data<DataType> {
  const { codes, levels } = column;
  const nulls = nullBits(rows, (row) => codes[row]! < 0);
  const texts = levels.map((level) => Buffer.from(level, "utf8"));
  if (column.type === "factor") {
    const known = Int32Array.from(codes, (code) => Math.max(0, code));
    // A dictionary must have at least one value for code 0 to point at.
    const dictionary = new Vector([utf8Data(texts.length > 0 ? texts : [Buffer.alloc(0)])]);
    return makeData({ type: new Dictionary(new Utf8(), new Int32(), id, column.ordered), length: rows, ...nulls, data: known, dictionary });
  }
  const empty = Buffer.alloc(0);
  return utf8Data(
    Array.from(codes, (code) => (code < 0 ? empty : texts[code]!)),
    nulls,
  );
}

interface Nulls {
  readonly nullCount: number;
  readonly nullBitmap: Uint8Array | null;
}

function utf8Data(texts: readonly Uint8Array[], nulls: Nulls = { nullCount: 0, nullBitmap: null }): Data<Utf8> {
  const offsets = new Int32Array(texts.length + 1);
  for (let i = 0; i < texts.length; i++) offsets[i + 1] = offsets[i]! + texts[i]!.length;
  return makeData({ type: new Utf8(), length: texts.length, ...nulls, valueOffsets: offsets, data: Buffer.concat(texts) });
}

/** Arrow's validity bitmap: bit set where present. None when nothing is missing. */
function nullBits(rows: number, isNull: (row: number) => boolean): Nulls {
  let nullCount = 0;
  for (let row = 0; row < rows; row++) if (isNull(row)) nullCount++;
  return nullCount === 0 ? { nullCount, nullBitmap: null } : { nullCount, nullBitmap: bits(rows, (row) => !isNull(row)) };
}

function bits(rows: number, isSet: (row: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(rows / 64) * 8);
  for (let row = 0; row < rows; row++) if (isSet(row)) bytes[row >> 3]! |= 1 << (row & 7);
  return bytes;
}
