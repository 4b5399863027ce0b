import { rowsByCode } from "./strata.ts";

/** What resampling moves: a row, or all rows of a group. */
export interface Units {
  readonly count: number;
  /** Rows of each unit, in row order. */
  readonly rows: readonly Int32Array[];
  /** Stratum of each unit: that of most of its rows, the lower one when equal. */
  readonly stratum: Int32Array;
  readonly strata: number;
  /** Whether some unit has more than one row. */
  readonly isGrouped: boolean;
  /** Stratum of each row. */
  readonly rowStratum: Int32Array;
}

export function unitsOf(groups: { readonly count: number; readonly of: Int32Array }, rowStratum: Int32Array): Units {
  const rows = rowsByCode(groups.of, groups.count);
  const strata = rowStratum.reduce((most, code) => Math.max(most, code + 1), 1);
  const stratum = Int32Array.from(rows, (members) => majority(members, rowStratum));
  return { count: groups.count, rows, stratum, strata, isGrouped: groups.count < rowStratum.length, rowStratum };
}

function majority(members: Int32Array, rowStratum: Int32Array): number {
  if (members.length === 1) return rowStratum[members[0]!]!;
  const counts = new Map<number, number>();
  for (const row of members) counts.set(rowStratum[row]!, (counts.get(rowStratum[row]!) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || a - b)[0]![0];
}

/** All rows of the units that the predicate accepts, in row order. */
export function rowsWhere(units: Units, accepts: (unit: number) => boolean): Int32Array {
  return rowsTimes(
    units,
    Int32Array.from({ length: units.count }, (_, unit) => (accepts(unit) ? 1 : 0)),
  );
}

/** The rows of each unit as often as `times` says, in row order. */
export function rowsTimes(units: Units, times: Int32Array): Int32Array {
  const rows = new Int32Array(units.rows.reduce((sum, members, unit) => sum + members.length * times[unit]!, 0));
  let at = 0;
  for (const [unit, members] of units.rows.entries()) {
    for (let time = 0; time < times[unit]!; time++) {
      rows.set(members, at);
      at += members.length;
    }
  }
  return rows.sort();
}
