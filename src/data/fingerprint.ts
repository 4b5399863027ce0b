import { createHash, type Hash } from "node:crypto";
import type { Table } from "../engine/table.ts";
import { packTexts } from "./packed-texts.ts";

const SLICE_ROWS = 8192;

/**
 * SHA-256 (hex) of a table's content: names, types, levels and values in column and row order. Missing values count as one value, whatever
 * their bits; +0 and -0 differ. Cost: O(bytes), no copy of the columns.
 */
export function tableFingerprint(table: Table): string {
  const hash = createHash("sha256");
  const { rows } = table;
  addJson(hash, { rows, columns: table.columns.length });
  const scratch = new Float64Array(SLICE_ROWS);
  const bits = new Uint32Array(scratch.buffer);
  for (const column of table.columns) {
    const { name, type } = column;
    if (column.kind === "categorical") {
      addJson(hash, { name, type, ordered: column.ordered, levels: column.levels.length });
      const { ends, bytes } = packTexts(column.levels);
      hash.update(bytesOf(ends)).update(bytes).update(bytesOf(column.codes));
      continue;
    }
    addJson(hash, { name, type });
    for (let from = 0; from < rows; from += SLICE_ROWS) {
      const slice = column.values.subarray(from, from + SLICE_ROWS);
      scratch.set(slice);
      for (let i = 0; i < slice.length; i++) {
        if (!Number.isNaN(slice[i]!)) continue;
        bits[2 * i] = 0;
        bits[2 * i + 1] = 0x7ff80000;
      }
      hash.update(new Uint8Array(scratch.buffer, 0, slice.length * 8));
    }
  }
  return hash.digest("hex");
}

/** Length first, so that no two lists of texts give the same bytes. */
function addJson(hash: Hash, facts: unknown): void {
  const bytes = Buffer.from(JSON.stringify(facts), "utf8");
  hash.update(bytesOf(Uint32Array.of(bytes.length))).update(bytes);
}

function bytesOf(array: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
