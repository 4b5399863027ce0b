import { readFile } from "node:fs/promises";
import { tableToArrow } from "../../data/arrow.ts";
import { readTableFile } from "../../data/table-file.ts";
import { decodeState } from "../../engine/model/model-file.ts";
import { applyUnsupervised } from "../../engine/unsupervised/run.ts";
import type { UnsupervisedHeader } from "../jobs/unsupervised-task.ts";
import type { ArrowTable } from "./arrow-table.ts";
import type { PredictArrowArgs } from "./predict-arrow-task.ts";

/** Components or clusters of a stored table by a stored fit. Rows in the table's order; runs in a daemon. */
export async function applyArrowTask({
  modelFile,
  tableFile,
  format,
}: PredictArrowArgs & { readonly format: UnsupervisedHeader["format"] }): Promise<ArrowTable & { warnings: readonly string[] }> {
  const { header, state } = decodeState<UnsupervisedHeader>(new Uint8Array(await readFile(modelFile)), format);
  const table = applyUnsupervised(header, state, await readTableFile(tableFile));
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table), warnings: [] };
}
