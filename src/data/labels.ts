import type { CategoricalColumn, Column, NumericColumn } from "../engine/table.ts";
import type { Sql } from "./duckdb.ts";
import { readColumns } from "./duckdb.ts";
import { byCodePoint, hasTooManyLevels, isMissingText, readTexts, trimBlanks } from "./text-values.ts";

/** Text as codes into its distinct values, sorted by code point; -1 is missing. */
export interface Labels {
  readonly codes: Int32Array;
  readonly levels: readonly string[];
}

/** Up to this many rows, texts are fetched and coded here; above it SQL does both. */
const SMALL_ROWS = 5000;
const LEVELS_PER_PAGE = 20_000;

/**
 * Codes text columns of an SQL source.
 * @param expressions a nullable VARCHAR expression per column.
 * @param clean applied to each column's labels as they are stored.
 * Cost: two passes over the source, and a hash table of the distinct values of one column at a time.
 */
export async function readLabels(
  sql: Sql,
  expressions: readonly string[],
  source: string,
  rows: number,
  clean: (labels: Labels) => Labels = (labels) => labels,
): Promise<Labels[]> {
  if (expressions.length === 0) return [];
  const read = rows <= SMALL_ROWS ? fetchAndCode : codeInSql;
  return (await read(sql, expressions, source, rows)).map(clean);
}

async function codeInSql(sql: Sql, expressions: readonly string[], source: string, rows: number): Promise<Labels[]> {
  const list = expressions.map((expression, i) => `${expression} AS t${i}`).join(", ");
  await sql.run(`CREATE OR REPLACE TEMP TABLE texts AS SELECT ${list} FROM ${source}`);
  const labels: Labels[] = [];
  for (let i = 0; i < expressions.length; i++) {
    const text = `t${i}`;
    await sql.run(`CREATE OR REPLACE TEMP TABLE levels AS
      SELECT v, (row_number() OVER (ORDER BY v) - 1)::INTEGER AS code FROM (SELECT DISTINCT ${text} AS v FROM texts WHERE ${text} IS NOT NULL) ORDER BY v`);
    const codes = new Int32Array(rows);
    await readColumns(sql, ["coalesce(code, -1)::INTEGER"], `texts LEFT JOIN levels ON ${text} = v ORDER BY texts.rowid`, [codes]);
    labels.push({ codes, levels: await readLevels(sql) });
  }
  await sql.run("DROP TABLE levels; DROP TABLE texts");
  return labels;
}

/** The `levels` table in order. Pages of joined text: one string to decode instead of one per level. */
async function readLevels(sql: Sql): Promise<string[]> {
  const page = `code // ${LEVELS_PER_PAGE}`;
  const pages = await sql.rows(`SELECT string_agg(v, chr(0) ORDER BY code) FROM levels GROUP BY ${page} ORDER BY ${page}`);
  return pages.flatMap(([text]) => String(text).split("\0"));
}

async function fetchAndCode(sql: Sql, expressions: readonly string[], source: string, rows: number): Promise<Labels[]> {
  const seen = expressions.map(() => new Map<string, number>());
  const codes = expressions.map(() => new Int32Array(rows).fill(-1));
  await sql.eachChunk(`SELECT ${expressions.join(", ")} FROM ${source}`, (chunk, firstRow) => {
    for (let i = 0; i < expressions.length; i++) {
      const vector = chunk.getColumnVector(i);
      for (let row = 0; row < chunk.rowCount; row++) {
        const text = vector.getItem(row);
        if (typeof text === "string") codes[i]![firstRow + row] = codeOf(seen[i]!, text);
      }
    }
  });
  return codes.map((array, i) => sortedLabels(array, [...seen[i]!.keys()]));
}

/** Labels as CSV cells mean them: blanks around a text go, and so do missing spellings. Codes change in place where something did. */
export function cleanLabels(labels: Labels): Labels {
  const { codes, levels } = labels;
  if (!levels.some((level) => isMissingText(level) || trimBlanks(level) !== level)) return labels;
  const seen = new Map<string, number>();
  const moved = Int32Array.from(levels, (level) => {
    const text = trimBlanks(level);
    return isMissingText(text) ? -1 : codeOf(seen, text);
  });
  for (let row = 0; row < codes.length; row++) if (codes[row]! >= 0) codes[row] = moved[codes[row]!]!;
  return sortedLabels(codes, [...seen.keys()]);
}

function codeOf(seen: Map<string, number>, text: string): number {
  const known = seen.get(text);
  if (known !== undefined) return known;
  seen.set(text, seen.size);
  return seen.size - 1;
}

/** Labels whose levels were in another order: the same rows with sorted levels. `codes` is changed in place. */
export function sortedLabels(codes: Int32Array, levels: readonly string[]): Labels {
  const order = Array.from(levels.keys()).sort((a, b) => byCodePoint(levels[a]!, levels[b]!));
  const rank = new Int32Array(levels.length);
  for (let i = 0; i < order.length; i++) rank[order[i]!] = i;
  for (let row = 0; row < codes.length; row++) if (codes[row]! >= 0) codes[row] = rank[codes[row]!]!;
  return { codes, levels: order.map((code) => levels[code]!) };
}

export interface LabelColumn {
  readonly column: Column;
  readonly warning: string | null;
}

/** The column that labels stand for: numbers, dates or logical values where every level is one, else a factor or text. */
export function columnFromLabels(name: string, labels: Labels, commaDecimals: boolean): LabelColumn {
  const { codes, levels } = labels;
  if (levels.length === 0) return { column: emptyColumn(name, codes.length), warning: null };
  const reading = readTexts(levels, commaDecimals);
  if (reading === null) return { column: textColumn(name, labels), warning: null };
  const values = new Float64Array(codes.length);
  for (let row = 0; row < codes.length; row++) values[row] = codes[row]! < 0 ? Number.NaN : reading.values[codes[row]!]!;
  const warning = reading.ambiguousDates
    ? `Dates in "${name}" read as month/day/year; every one would also be valid as day/month/year. Write them as 2024-01-31 to be certain.`
    : null;
  return { column: { kind: "numeric", name, type: reading.type, values }, warning };
}

/** A factor, or `character` where the distinct values are too many for categories. */
export function textColumn(name: string, labels: Labels): CategoricalColumn {
  let present = 0;
  for (const code of labels.codes) if (code >= 0) present++;
  const type = hasTooManyLevels(labels.levels.length, present) ? "character" : "factor";
  return { kind: "categorical", name, type, codes: labels.codes, levels: labels.levels, ordered: false };
}

/** A column without any value. It is `double`, the type that promises least. */
export function emptyColumn(name: string, rows: number): NumericColumn {
  return { kind: "numeric", name, type: "double", values: new Float64Array(rows).fill(Number.NaN) };
}
