import { type Table as ArrowTable, type Data, type DataType, type Field, Type, tableFromIPC, type Vector } from "apache-arrow";
import { BadInputError, messageOf } from "../core/errors.ts";
import type { CategoricalColumn, Column, NumericColumn, Table } from "../engine/table.ts";
import { columnNames } from "./csv-dialect.ts";
import { emptyColumn, type Labels, sortedLabels, textColumn } from "./labels.ts";

/** Reads Arrow IPC bytes (stream or file); see `tableFromArrow` for the types. Warnings tell of renamed columns. */
export function readArrow(bytes: Uint8Array): { readonly table: Table; readonly warnings: readonly string[] } {
  if (bytes.length === 0) throw new BadInputError("The Arrow data is empty; send an Arrow IPC stream or file.");
  const arrow = decode(bytes);
  const { fields } = arrow.schema;
  if (fields.length === 0) throw new BadInputError("The Arrow data has no columns; send a table with at least one column and one row.");
  if (arrow.numRows === 0)
    throw new BadInputError(`The Arrow data has ${fields.length} columns but no rows; send a table with at least one row.`);
  const { names, warnings } = columnNames(
    fields.map((field) => field.name),
    fields.length,
  );
  const columns = fields.map((field, i) => readColumn(names[i]!, field, arrow.getChildAt(i)!, arrow.numRows));
  return { table: { rows: arrow.numRows, columns }, warnings };
}

function decode(bytes: Uint8Array): ArrowTable {
  try {
    return tableFromIPC(bytes);
  } catch (error) {
    throw new BadInputError(
      `The data is not a readable Arrow IPC stream or file (${messageOf(error)}); send it uncompressed, with plain columns.`,
      {
        cause: error,
      },
    );
  }
}

function readColumn(name: string, field: Field, vector: Vector, rows: number): Column {
  const { type } = field;
  const own = field.metadata.get("trainyard.type");
  switch (type.typeId) {
    case Type.Null:
      return emptyColumn(name, rows);
    case Type.Int:
      return readIntegers(name, vector, rows);
    case Type.Float:
      return numeric(
        name,
        own === "integer" ? "integer" : "double",
        isHalf(type) ? visited(vector, rows, Number) : plainValues(vector, rows),
      );
    case Type.Decimal:
      return numeric(name, "double", visited(vector, rows, decimalReader(type)));
    case Type.Bool:
      return numeric(name, "logical", visited(vector, rows, Number));
    case Type.Date:
      return numeric(name, "date", visited(vector, rows, Number));
    case Type.Timestamp:
      return numeric(name, own === "date" ? "date" : "datetime", visited(vector, rows, Number));
    case Type.Utf8:
    case Type.LargeUtf8:
      return readText(name, vector, rows, own === "character");
    case Type.Dictionary:
      return readDictionary(name, type as DictionaryType, vector, rows);
    default:
      throw new BadInputError(`Column "${name}" has the Arrow type ${type}, which is not a plain value; flatten it or leave it out.`, {
        details: { column: name },
      });
  }
}

type DictionaryType = DataType & { readonly dictionary: DataType; readonly isOrdered: boolean };

const isHalf = (type: DataType): boolean => "precision" in type && type.precision === 0;

function numeric(name: string, type: NumericColumn["type"], values: Float64Array): NumericColumn {
  return { kind: "numeric", name, type, values };
}

/** Values of fixed width straight from the chunks' arrays, nulls as NaN. */
function plainValues(vector: Vector, rows: number): Float64Array {
  const values = new Float64Array(rows);
  let at = 0;
  for (const chunk of vector.data) {
    const source: ArrayLike<number> = chunk.values;
    for (let i = 0; i < chunk.length; i++) values[at + i] = isValid(chunk, i) ? source[i]! : Number.NaN;
    at += chunk.length;
  }
  return values;
}

function isValid(chunk: Data, i: number): boolean {
  if (chunk.nullCount === 0 || chunk.nullBitmap.length === 0) return true;
  const bit = chunk.offset + i;
  return ((chunk.nullBitmap[bit >> 3]! >> (bit & 7)) & 1) === 1;
}

/** Values through the vector's own reader: slower, for types whose raw bytes differ between versions of the format. */
function visited(vector: Vector, rows: number, read: (value: never) => number): Float64Array {
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const value = vector.get(row);
    values[row] = value === null || value === undefined ? Number.NaN : read(value as never);
  }
  return values;
}

/** 64-bit integers beyond 2⁵³ cannot be doubles: they are identifiers, so the column becomes text. */
function readIntegers(name: string, vector: Vector, rows: number): Column {
  const first = vector.data[0]?.values;
  if (!(first instanceof BigInt64Array) && !(first instanceof BigUint64Array)) return numeric(name, "integer", plainValues(vector, rows));
  const values = visited(vector, rows, Number);
  if (values.every((value) => Number.isNaN(value) || Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return numeric(name, "integer", values);
  return textColumn(
    name,
    codeTexts(rows, (row) => vector.get(row)?.toString() ?? null),
  );
}

function decimalReader(type: DataType): (words: Uint32Array) => number {
  const scale = "scale" in type && typeof type.scale === "number" ? type.scale : 0;
  return (words) => {
    let value = 0n;
    for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
    const width = BigInt(32 * words.length);
    const signed = BigInt.asIntN(Number(width), value);
    return Number(`${signed}e${-scale}`);
  };
}

function readText(name: string, vector: Vector, rows: number, isCharacter: boolean): Column {
  const labels = codeTexts(rows, (row) => vector.get(row));
  if (labels.levels.length === 0) return emptyColumn(name, rows);
  const type = isCharacter ? "character" : "factor";
  return { kind: "categorical", name, type, codes: labels.codes, levels: labels.levels, ordered: false };
}

function codeTexts(rows: number, textAt: (row: number) => string | null): Labels {
  const seen = new Map<string, number>();
  const codes = new Int32Array(rows).fill(-1);
  for (let row = 0; row < rows; row++) {
    const text = textAt(row);
    if (text === null) continue;
    const known = seen.get(text);
    codes[row] = known ?? seen.size;
    if (known === undefined) seen.set(text, seen.size);
  }
  return sortedLabels(codes, [...seen.keys()]);
}

/** Keeps the dictionary's order and its unused levels; a level that it lists twice becomes one. */
function readDictionary(name: string, type: DictionaryType, vector: Vector, rows: number): CategoricalColumn {
  const valueType = type.dictionary.typeId;
  if (valueType !== Type.Utf8 && valueType !== Type.LargeUtf8) {
    throw new BadInputError(
      `Column "${name}" is an Arrow dictionary of ${type.dictionary}; only dictionaries of text are read. Send plain values.`,
      {
        details: { column: name },
      },
    );
  }
  const seen = new Map<string, number>();
  const codes = new Int32Array(rows).fill(-1);
  let at = 0;
  for (const chunk of vector.data) {
    const known = levelCodes(chunk.dictionary, seen);
    const indices: ArrayLike<number | bigint> = chunk.values;
    for (let i = 0; i < chunk.length; i++) if (isValid(chunk, i)) codes[at + i] = known[Number(indices[i]!)] ?? -1;
    at += chunk.length;
  }
  return { kind: "categorical", name, type: "factor", codes, levels: [...seen.keys()], ordered: type.isOrdered };
}

/** The code of each entry of one chunk's dictionary; -1 for null entries. New levels are added to `seen`. */
function levelCodes(dictionary: Vector | undefined, seen: Map<string, number>): Int32Array {
  const codes = new Int32Array(dictionary?.length ?? 0).fill(-1);
  for (let i = 0; i < codes.length; i++) {
    const level: string | null = dictionary!.get(i);
    if (level === null) continue;
    const known = seen.get(level);
    codes[i] = known ?? seen.size;
    if (known === undefined) seen.set(level, seen.size);
  }
  return codes;
}
