import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadInputError } from "../core/errors.ts";
import type { Column, NumericColumn } from "../engine/table.ts";
import { columnNames } from "./csv-dialect.ts";
import { duckdbReason, identifier, literal, readColumns, Sql } from "./duckdb.ts";
import type { ImportedTable } from "./imported-table.ts";
import { emptyColumn, type Labels, readLabels, textColumn } from "./labels.ts";

/** How a Parquet column is read: as numbers through a DOUBLE expression, or as text through a VARCHAR one. */
type Plan =
  | { readonly as: "numbers"; readonly type: NumericColumn["type"]; readonly sql: string }
  | { readonly as: "text"; readonly sql: string };

const SMALL_INTEGERS = ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"];
const LARGE_INTEGERS = ["BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"];

/**
 * Reads a Parquet file. Integers are integers, also of 64 bits unless one needs more than 53 (then the column is text: such numbers are
 * identifiers); floats and decimals are double, booleans logical, dates and timestamps date and datetime, texts factor or character by the
 * number of distinct values. NaN is missing, empty text is a value.
 * @throws {BadInputError} for a file that is not Parquet, and for nested or binary columns, by name.
 * Cost: O(bytes) time; memory of the result plus at most 1 GiB.
 */
export async function importParquet(path: string, tempFolder: string = tmpdir()): Promise<ImportedTable> {
  const folder = mkdtempSync(join(tempFolder, "trainyard-import-"));
  try {
    using sql = await Sql.open({ tempFolder: folder, fileBytes: statSync(path).size });
    return await readParquet(sql, `read_parquet(${literal(path)})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readParquet(sql: Sql, source: string): Promise<ImportedTable> {
  const described = await describe(sql, source);
  const rows = Number((await sql.rows(`SELECT count(*) FROM ${source}`))[0]?.[0]);
  if (rows === 0) throw new BadInputError(`The Parquet file has ${described.length} columns but no rows; give a file with data.`);
  const { names, warnings } = columnNames(
    described.map(([name]) => name),
    described.length,
  );
  const plans: Plan[] = [];
  for (const [name, type] of described) plans.push(await planOf(sql, name, type, source));
  const columns = new Array<Column>(plans.length);
  const numbers = Array.from(plans.entries()).flatMap(([i, plan]) => (plan.as === "numbers" ? [{ i, plan }] : []));
  const values = numbers.map(() => new Float64Array(rows));
  await readColumns(
    sql,
    numbers.map(({ plan }) => plan.sql),
    source,
    values,
  );
  for (const [k, { i, plan }] of numbers.entries()) columns[i] = { kind: "numeric", name: names[i]!, type: plan.type, values: values[k]! };
  const texts = Array.from(plans.entries()).flatMap(([i, plan]) => (plan.as === "text" ? [{ i, plan }] : []));
  const labels = await readLabels(
    sql,
    texts.map(({ plan }) => plan.sql),
    source,
    rows,
  );
  for (const [k, { i }] of texts.entries()) columns[i] = columnOf(names[i]!, labels[k]!);
  return { table: { rows, columns }, warnings };
}

async function describe(sql: Sql, source: string): Promise<readonly (readonly [name: string, type: string])[]> {
  try {
    return (await sql.rows(`DESCRIBE SELECT * FROM ${source}`)).map(([name, type]) => [String(name), String(type)] as const);
  } catch (error) {
    throw new BadInputError(`The file is not a readable Parquet file (${duckdbReason(error)}); write it again, or give a CSV file.`, {
      cause: error,
    });
  }
}

async function planOf(sql: Sql, name: string, type: string, source: string): Promise<Plan> {
  const column = identifier(name);
  const numbers = (as: NumericColumn["type"], value: string): Plan => ({
    as: "numbers",
    type: as,
    sql: `coalesce((${value})::DOUBLE, 'NaN'::DOUBLE)`,
  });
  if (SMALL_INTEGERS.includes(type)) return numbers("integer", column);
  if (LARGE_INTEGERS.includes(type)) {
    const [range] = await sql.rows(`SELECT count(*) FROM ${source} WHERE ${column} NOT BETWEEN -9007199254740991 AND 9007199254740991`);
    return Number(range?.[0]) === 0 ? numbers("integer", column) : { as: "text", sql: `${column}::VARCHAR` };
  }
  if (type === "FLOAT" || type === "DOUBLE" || type.startsWith("DECIMAL")) return numbers("double", column);
  if (type === "BOOLEAN") return numbers("logical", `${column}::INTEGER`);
  if (type === "DATE") return numbers("date", `epoch_ms(${column}::TIMESTAMP)`);
  if (type.startsWith("TIMESTAMP")) return numbers("datetime", `epoch_ms(${column}::TIMESTAMPTZ)`);
  if (type === "VARCHAR" || type === "UUID" || type.startsWith("TIME") || type.startsWith("ENUM"))
    return { as: "text", sql: `${column}::VARCHAR` };
  throw new BadInputError(`Column "${name}" has the Parquet type ${type}, which is not a plain value; flatten it or leave it out.`, {
    details: { column: name },
  });
}

function columnOf(name: string, labels: Labels): Column {
  return labels.levels.length === 0 ? emptyColumn(name, labels.codes.length) : textColumn(name, labels);
}
