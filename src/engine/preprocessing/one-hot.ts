import { InvalidArgumentError } from "../../core/errors.ts";
import type { CategoricalColumn, Column } from "../table.ts";
import { freeName, lengthOf, occurringLevels, replaceNamed } from "./columns.ts";
import { simpleStep } from "./step.ts";

interface OneHotState {
  readonly columns: readonly {
    readonly name: string;
    readonly levels: readonly string[];
    /** One name per level. */
    readonly made: readonly string[];
  }[];
}

/** More columns than this are refused: the cells of 100,000 rows would not fit in memory. */
const MAX_COLUMNS = 10_000;

/** One 0/1 column per level, in the category's place. Missing levels and those without a column: 0 everywhere. */
export const oneHot = simpleStep<OneHotState>(
  "one_hot",
  (columns, settings) => {
    const found = settings.one_hot ? columns.filter((column): column is CategoricalColumn => column.kind === "categorical") : [];
    if (found.length === 0) return null;
    const names = new Set(found.map((column) => column.name));
    const taken = new Set(columns.map((column) => column.name).filter((name) => !names.has(name)));
    const entries = found.map((column) => {
      const levels = settings.one_hot_levels?.[column.name] ?? occurringLevels(column);
      return { name: column.name, levels, made: levels.map((level) => freeName(`${column.name}_${level}`, taken)) };
    });
    assertNotTooMany(entries);
    return { columns: entries };
  },
  (columns, state) =>
    replaceNamed(columns, state.columns, (column, { levels, made }) => {
      if (column.kind === "numeric") return column;
      const at = new Map(levels.map((level, index) => [level, index]));
      const place = column.levels.map((level) => at.get(level) ?? -1);
      const parts = levels.map(() => new Float64Array(lengthOf(column)));
      for (const [row, code] of column.codes.entries()) {
        const index = code < 0 ? -1 : place[code]!;
        if (index >= 0) parts[index]![row] = 1;
      }
      return parts.map((values, index): Column => ({ kind: "numeric", name: made[index]!, type: "integer", values }));
    }),
);

function assertNotTooMany(entries: OneHotState["columns"]): void {
  const total = entries.reduce((sum, entry) => sum + entry.levels.length, 0);
  if (total <= MAX_COLUMNS) return;
  const widest = entries.reduce((a, b) => (b.levels.length > a.levels.length ? b : a));
  throw new InvalidArgumentError(
    `one_hot would make ${total} columns, more than ${MAX_COLUMNS}; "${widest.name}" alone has ${widest.levels.length} levels: leave it out, or name the levels to keep in one_hot_levels`,
    { details: { column: widest.name, columns: total } },
  );
}
