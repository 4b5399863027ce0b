import { readFileSync } from "node:fs";
import type { Problem, Task } from "../../src/engine/algorithm.ts";
import { type Column, categoricalColumn, numericColumn } from "../../src/engine/table.ts";

/** Columns of a bundled sample: numeric where every value is, else categories. Simple CSV only: quotes at most around a whole cell. */
export function sampleColumns(name: string): Column[] {
  const path = new URL(`../../samples/${name}.csv`, import.meta.url);
  const [header = [], ...rows] = readFileSync(path, "utf8")
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(",").map((cell) => cell.replace(/^"(.*)"$/, "$1")));
  return header.map((title, j) => {
    const cells = rows.map((row) => row[j] ?? "");
    const missing = (cell: string): boolean => cell === "" || cell === "NA";
    if (cells.every((cell) => missing(cell) || Number.isFinite(Number(cell)))) {
      return numericColumn(
        title,
        cells.map((cell) => (missing(cell) ? Number.NaN : Number(cell))),
      );
    }
    return categoricalColumn(
      title,
      cells.map((cell) => (missing(cell) ? null : cell)),
    );
  });
}

/** A problem from columns: the target by name, the rest (or `features`) as features. */
export function problemOf(
  columns: readonly Column[],
  target: string,
  options: { weights?: Float64Array; features?: readonly string[] } = {},
): Problem {
  const outcome = columns.find((column) => column.name === target);
  if (outcome === undefined) throw new Error(`no column ${target}`);
  const features = columns.filter((column) => column !== outcome && (options.features?.includes(column.name) ?? true));
  const classes = outcome.kind === "categorical" ? outcome.levels : [];
  const task: Task = outcome.kind === "numeric" ? "regression" : classes.length === 2 ? "binary" : "multiclass";
  const values = outcome.kind === "numeric" ? outcome.values : Float64Array.from(outcome.codes);
  return { task, rows: values.length, features, target: values, classes, weights: options.weights ?? null };
}

/** Runs a generator to its end; every value it yielded, and what it returned. */
export function drain<Y, R>(generator: Generator<Y, R, void>): { steps: Y[]; result: R } {
  const steps: Y[] = [];
  for (;;) {
    const next = generator.next();
    if (next.done) return { steps, result: next.value };
    steps.push(next.value);
  }
}
