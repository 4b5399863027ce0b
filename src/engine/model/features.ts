import { BadInputError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { type Column, columnOf, numberLabel, type Table } from "../table.ts";

/** What a model remembers of one training column, so that new data can be brought into the same form. JSON-safe. */
export interface FeatureSchema {
  readonly name: string;
  readonly kind: Column["kind"];
  readonly type: Column["type"];
  /** Categories in training order; empty for numbers. */
  readonly levels: readonly string[];
  readonly ordered: boolean;
}

export function featureSchema(column: Column): FeatureSchema {
  return {
    name: column.name,
    kind: column.kind,
    type: column.type,
    levels: column.kind === "categorical" ? column.levels : [],
    ordered: column.kind === "categorical" && column.ordered,
  };
}

/**
 * The columns of new data in training order, with training types and levels. Unseen levels and text where a number was expected
 * become missing, and a warning counts them; further columns are ignored.
 *
 * @throws {BadInputError} when a column is not there; the message names every one of them.
 */
export function alignFeatures(schemas: readonly FeatureSchema[], table: Table): { columns: Column[]; warnings: string[] } {
  const names = table.columns.map((column) => column.name);
  const absent = schemas.filter((schema) => !names.includes(schema.name));
  if (absent.length > 0) {
    const list = absent.map((schema) => `"${schema.name}"`).join(", ");
    const hint = absent.length === 1 ? didYouMean(absent[0]?.name ?? "", names) : "";
    throw new BadInputError(
      `The model needs ${absent.length === 1 ? "the column" : "the columns"} ${list}, which the data does not have.${hint}`,
      {
        details: { columns: absent.map((schema) => schema.name) },
      },
    );
  }
  const warnings: string[] = [];
  const columns = schemas.map((schema) => {
    const column = columnOf(table, schema.name)!; // absent ones were refused above
    return schema.kind === "numeric" ? asNumbers(column, schema, warnings) : asCategories(column, schema, warnings);
  });
  return { columns, warnings };
}

function asNumbers(column: Column, schema: FeatureSchema, warnings: string[]): Column {
  const type = schema.type === "factor" || schema.type === "character" ? "double" : schema.type;
  if (column.kind === "numeric") return { ...column, type };
  const numbers = Float64Array.from(column.levels, (level) => (level.trim() === "" ? Number.NaN : Number(level)));
  const values = new Float64Array(column.codes.length).fill(Number.NaN);
  let lost = 0;
  for (let i = 0; i < values.length; i++) {
    const code = column.codes[i]!;
    if (code < 0) continue;
    values[i] = numbers[code]!;
    if (Number.isNaN(values[i]!)) lost++;
  }
  if (lost > 0) warnings.push(`"${schema.name}" should be a number; ${lost} values are text and count as missing.`);
  return { kind: "numeric", name: schema.name, type, values };
}

function asCategories(column: Column, schema: FeatureSchema, warnings: string[]): Column {
  const codeOf = new Map(schema.levels.map((level, code) => [level, code]));
  const codes = new Int32Array(column.kind === "numeric" ? column.values.length : column.codes.length).fill(-1);
  const unseen = new Map<string, number>();
  const place = (row: number, label: string): void => {
    const code = codeOf.get(label);
    if (code === undefined) unseen.set(label, (unseen.get(label) ?? 0) + 1);
    else codes[row] = code;
  };
  if (column.kind === "numeric") {
    column.values.forEach((value, row) => {
      if (!Number.isNaN(value)) place(row, numberLabel(column.type, value));
    });
  } else {
    column.codes.forEach((code, row) => {
      if (code >= 0) place(row, column.levels[code]!);
    });
  }
  if (unseen.size > 0) {
    const total = [...unseen.values()].reduce((sum, count) => sum + count, 0);
    const list = [...unseen.keys()]
      .slice(0, 5)
      .map((label) => `"${label}"`)
      .join(", ");
    warnings.push(
      `"${schema.name}" has ${total} values not seen in training (${list}${unseen.size > 5 ? ", …" : ""}); they count as missing.`,
    );
  }
  const type = schema.type === "character" ? "character" : "factor";
  return { kind: "categorical", name: schema.name, type, codes, levels: schema.levels, ordered: schema.ordered };
}
