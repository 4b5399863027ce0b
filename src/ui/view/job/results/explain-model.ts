import type { DependenceCurve } from "../../../chart/dependence.tsx";
import type { ImportanceTable } from "../../../chart/types.ts";
import type { RowTable } from "../../arrow-rows.ts";

export interface Explained {
  readonly table: RowTable;
  readonly facts: Readonly<Record<string, unknown>>;
}

const PREFIX = "contribution_";

function numbers(table: RowTable, name: string): number[] {
  return (table.column(name) ?? []).map((cell) => (typeof cell === "number" ? cell : Number.NaN));
}

/** Rises of the loss, largest first. */
export function importanceOf({ table, facts }: Explained): ImportanceTable {
  const rise = numbers(table, "rise");
  const variables = (table.column("feature") ?? []).map((name, index) => ({
    variable: String(name),
    mean: rise[index] ?? Number.NaN,
    folds: [],
  }));
  return { measure: `rise of ${String(facts.measure)}`, variables: variables.sort((a, b) => b.mean - a.mean) };
}

/** The grid once, and one curve per class. */
export function dependenceOf({ table }: Explained): { readonly values: (number | string)[]; readonly curves: DependenceCurve[] } {
  const classes = table.column("class");
  const labels = classes === null ? [null] : [...new Set(classes.map(String))];
  const points = table.rows / labels.length;
  const part = (name: string, index: number): number[] => numbers(table, name).slice(index * points, (index + 1) * points);
  return {
    values: (table.column("value") ?? []).slice(0, points).map((value) => (typeof value === "number" ? value : String(value))),
    curves: labels.map((label, index) => ({
      class: label,
      mean: part("mean", index),
      low: part("low", index),
      high: part("high", index),
    })),
  };
}

export interface RowPath {
  /** Null where one score says it all. */
  readonly class: string | null;
  readonly baseline: number;
  readonly score: number;
  /** Largest magnitude first. */
  readonly variables: ImportanceTable["variables"];
}

/** The contributions of one row (1-based), one path per class; none when the row was not among those answered. */
export function pathOf({ table }: Explained, row: number): RowPath[] {
  const rows = numbers(table, "row");
  const index = (name: string): number => table.names.indexOf(name);
  const named = table.names.filter((name) => name.startsWith(PREFIX));
  return rows.flatMap((own, at) => {
    if (own !== row) return [];
    const variables = named.map((name) => ({ variable: name.slice(PREFIX.length), mean: Number(table.at(at, index(name))), folds: [] }));
    return [
      {
        class: index("class") < 0 ? null : String(table.at(at, index("class"))),
        baseline: Number(table.at(at, index("baseline"))),
        score: Number(table.at(at, index("score"))),
        variables: variables.sort((a, b) => Math.abs(b.mean) - Math.abs(a.mean)),
      },
    ];
  });
}
