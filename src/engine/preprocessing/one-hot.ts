import { InvalidArgumentError } from "../../core/errors.ts";
import type { CategoricalColumn, Column } from "../table.ts";
import { entryOf, freeName, lengthOf, occurringLevels, replaceNamed } from "./columns.ts";
import { simpleStep } from "./step.ts";

interface OneHotState {
  readonly columns: readonly {
    readonly name: string;
    readonly levels: readonly string[];
    /** One name per level. */
    readonly made: readonly string[];
  }[];
}

/** More columns, or more cells (2 GiB of doubles), are refused. */
const MAX_COLUMNS = 10_000;
const MAX_CELLS = 2 ** 28;

/** One 0/1 column per level, in the category's place. Missing levels and those without a column: 0 everywhere. */
export const oneHot = simpleStep<OneHotState>(
  "one_hot",
  (columns, settings) => {
    const found = settings.one_hot ? columns.filter((column): column is CategoricalColumn => column.kind === "categorical") : [];
    if (found.length === 0) return null;
    const names = new Set(found.map((column) => column.name));
    const taken = new Set(columns.map((column) => column.name).filter((name) => !names.has(name)));
    const entries = found.map((column) => {
      const levels = entryOf(settings.one_hot_levels, column.name) ?? occurringLevels(column);
      return { name: column.name, levels, made: levels.map((level) => freeName(`${column.name}_${level}`, taken)) };
    });
    assertNotTooMany(entries, lengthOf(found[0]!));
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

function assertNotTooMany(entries: OneHotState["columns"], rows: number): void {
  const total = entries.reduce((sum, entry) => sum + entry.levels.length, 0);
  const most = Math.min(MAX_COLUMNS, Math.floor(MAX_CELLS / Math.max(1, rows)));
  if (total <= most) return;
  const widest = entries.reduce((a, b) => (b.levels.length > a.levels.length ? b : a));
  throw new InvalidArgumentError(
    `one_hot would make ${total} columns, more than ${most} for ${rows} rows; "${widest.name}" alone has ${widest.levels.length} levels: leave it out, or name the levels to keep in one_hot_levels`,
    { details: { column: widest.name, columns: total } },
  );
}
