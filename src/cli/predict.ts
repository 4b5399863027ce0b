import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError } from "../core/errors.ts";
import { tableToCsv } from "../data/csv.ts";
import { importTable } from "../data/import-table.ts";
import { decodeModel } from "../engine/model/model-file.ts";
import { predictTable } from "../engine/model/predict.ts";
import { isMissing, type Table } from "../engine/table.ts";
import { tableFormat } from "./arguments.ts";

/** `trainyard predict MODEL FILE`: predictions for each row, in the file's order. */
export async function predictCommand(modelPath: string, file: string, flags: { out?: string; json?: boolean }): Promise<void> {
  const saved = decodeModel(await readModel(modelPath));
  const { table, warnings } = await importTable(file, { format: tableFormat(file) });
  const predicted = predictTable(saved, table);
  for (const warning of [...warnings, ...predicted.warnings]) process.stderr.write(`note: ${warning}\n`);
  const text =
    flags.json === true ? `${JSON.stringify(predictionsJson(saved.header.target, predicted.table))}\n` : tableToCsv(predicted.table);
  if (flags.out === undefined) process.stdout.write(text);
  else {
    await writeFile(flags.out, text);
    process.stderr.write(`${predicted.table.rows} predictions of "${saved.header.target}" written to ${flags.out}.\n`);
  }
}

async function readModel(path: string): Promise<Uint8Array> {
  try {
    return await readFile((await stat(path)).isDirectory() ? join(path, "model.tym") : path);
  } catch (cause) {
    throw new InvalidArgumentError(`The model "${path}" cannot be read. Give the model.tym file, or the folder, that training wrote.`, {
      cause,
    });
  }
}

function predictionsJson(target: string, table: Table): Record<string, unknown> {
  const columns = table.columns.map((column) => {
    const cell = (row: number): unknown => {
      if (isMissing(column, row)) return null;
      return column.kind === "numeric" ? column.values[row] : column.levels[column.codes[row]!];
    };
    return [column.name, Array.from({ length: table.rows }, (_, row) => cell(row))] as const;
  });
  return { target, rows: table.rows, ...Object.fromEntries(columns) };
}
