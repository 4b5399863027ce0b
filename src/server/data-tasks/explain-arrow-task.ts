import { readFile } from "node:fs/promises";
import { tableToArrow } from "../../data/arrow.ts";
import { readTableFile } from "../../data/table-file.ts";
import { type ExplainRequest, explainTable } from "../../engine/explain/explain-table.ts";
import { decodeModel } from "../../engine/model/model-file.ts";
import type { ArrowTable } from "./arrow-table.ts";
import type { PredictArrowArgs } from "./predict-arrow-task.ts";

export type ExplainedArrow = ArrowTable & { readonly warnings: readonly string[]; readonly facts: Readonly<Record<string, unknown>> };

/** Explains a stored model on a stored table. Runs in a daemon. */
export async function explainArrowTask({
  modelFile,
  tableFile,
  request,
}: PredictArrowArgs & { readonly request: ExplainRequest }): Promise<ExplainedArrow> {
  // Plain bytes: Node's Buffer has a `slice` of its own that does not copy.
  const saved = decodeModel(new Uint8Array(await readFile(modelFile)));
  const { table, facts, warnings } = explainTable(saved, await readTableFile(tableFile), request);
  return { rows: table.rows, columns: table.columns.map((column) => column.name), bytes: tableToArrow(table), warnings, facts };
}
