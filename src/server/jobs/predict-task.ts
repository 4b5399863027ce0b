import { readFile } from "node:fs/promises";
import { readTableFile, writeTableFile } from "../../data/table-file.ts";
import { decodeModel } from "../../engine/model/model-file.ts";
import { predictTable } from "../../engine/model/predict.ts";

export interface PredictArgs {
  readonly modelFile: string;
  readonly tableFile: string;
  readonly outFile: string;
}

/** Predicts a stored table with a stored model and stores the predictions, rows in the table's order. */
export async function predictTask({ modelFile, tableFile, outFile }: PredictArgs): Promise<{ rows: number; warnings: string[] }> {
  const saved = decodeModel(await readFile(modelFile));
  const table = await readTableFile(tableFile);
  const { table: predictions, warnings } = predictTable(saved, table);
  await writeTableFile(outFile, predictions);
  return { rows: predictions.rows, warnings };
}
