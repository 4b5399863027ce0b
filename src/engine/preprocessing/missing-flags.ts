import type { Column } from "../table.ts";
import { countMissing, freeName, lengthOf } from "./columns.ts";
import { simpleStep } from "./step.ts";

interface FlagState {
  readonly added: readonly { readonly from: string; readonly name: string }[];
}

/** A true/false column for each column with missing training values, behind all others. */
export const missingFlags = simpleStep<FlagState>(
  "missingness",
  (columns, settings) => {
    const found = settings.missingness ? columns.filter((column) => countMissing(column) > 0) : [];
    if (found.length === 0) return null;
    const taken = new Set(columns.map((column) => column.name));
    return { added: found.map(({ name }) => ({ from: name, name: freeName(`${name}_missing`, taken) })) };
  },
  (columns, { added }) => [...columns, ...added.map(({ from, name }) => flagOf(columns.find((column) => column.name === from)!, name))],
);

function flagOf(column: Column, name: string): Column {
  const values = new Float64Array(lengthOf(column));
  if (column.kind === "numeric") for (let row = 0; row < values.length; row++) values[row] = Number.isNaN(column.values[row]!) ? 1 : 0;
  else for (let row = 0; row < values.length; row++) values[row] = column.codes[row]! < 0 ? 1 : 0;
  return { kind: "numeric", name, type: "logical", values };
}
