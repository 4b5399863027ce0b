import { readFile } from "node:fs/promises";
import { tableToArrow } from "../../data/arrow.ts";
import { readTableFile } from "../../data/table-file.ts";
import { decodeModel } from "../../engine/model/model-file.ts";
import { predictTable } from "../../engine/model/predict.ts";
import type { ArrowTable } from "./arrow-table.ts";

export interface PredictArrowArgs {
  readonly modelFile: string;
  readonly tableFile: string;
}

/** Predicts a stored table with a stored model. Rows in the table's order; runs in a daemon. */
export async function predictArrowTask({ modelFile, tableFile }: PredictArrowArgs): Promise<ArrowTable & { warnings: readonly string[] }> {
  // Plain bytes: Node's Buffer has a `slice` of its own that does not copy.
  const saved = decodeModel(new Uint8Array(await readFile(modelFile)));
  const { table, warnings } = predictTable(saved, await readTableFile(tableFile));
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table), warnings };
}
