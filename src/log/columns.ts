/** One call of `log()`. */
export interface LoggedRow {
  readonly step: number;
  readonly time: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Rows as the server takes them. Numbers, null and booleans (as 0 and 1) are kept; `ignored` names keys of anything else.
 * A row without a value is left out, and takes no number.
 */
export function toColumns(rows: readonly LoggedRow[]): {
  readonly steps: number[];
  readonly times: number[];
  readonly values: Record<string, unknown>;
  readonly ignored: ReadonlySet<string>;
} {
  const steps: number[] = [];
  const times: number[] = [];
  const columns = new Map<string, { rows: number[]; values: (number | null | string)[] }>();
  const ignored = new Set<string>();
  for (const { step, time, values } of rows) {
    const row = steps.length;
    let isEmpty = true;
    for (const [key, given] of Object.entries(values)) {
      const value = toValue(given);
      if (value === undefined || key === "") {
        ignored.add(key);
        continue;
      }
      let column = columns.get(key);
      if (column === undefined) {
        column = { rows: [], values: [] };
        columns.set(key, column);
      }
      column.rows.push(row);
      column.values.push(value);
      isEmpty = false;
    }
    if (isEmpty) continue;
    steps.push(step);
    times.push(time);
  }
  const values = [...columns].map(([key, column]) => [key, column.rows.length === steps.length ? column.values : column]);
  return { steps, times, values: Object.fromEntries(values), ignored };
}

function toValue(given: unknown): number | null | string | undefined {
  if (given === null) return null;
  if (typeof given === "boolean") return given ? 1 : 0;
  if (typeof given === "bigint") return Number(given);
  if (typeof given !== "number") return undefined;
  if (Number.isFinite(given)) return given;
  return Number.isNaN(given) ? "NaN" : given > 0 ? "Inf" : "-Inf";
}
