import { entryOf, isNumber, replaceNamed } from "./columns.ts";
import { simpleStep } from "./step.ts";

interface ScaleState {
  readonly columns: readonly { readonly name: string; readonly center: number; readonly divisor: number }[];
}

/**
 * (x − center) / divisor for every number column, as R's `scale`: the mean, and the standard deviation with n − 1; without centring the
 * root of Σx² / (n − 1). Missing and infinite training values do not count. A column that does not vary, or has fewer than two values, is
 * divided by 1. Differs from R there, which divides by 0. Cost: O(rows) per column, two passes over it.
 */
export const scaling = simpleStep<ScaleState>(
  "scale",
  (columns, settings) => {
    const { scale, center, scale_centers: centers, scale_coefficients: divisors } = settings;
    const found = scale || center ? columns.filter(isNumber) : [];
    if (found.length === 0) return null;
    return {
      columns: found.map(({ name, values }) => {
        const mean = center ? (entryOf(centers, name) ?? meanOf(values)) : 0;
        return { name, center: mean, divisor: scale ? (entryOf(divisors, name) ?? spreadOf(values, mean)) : 1 };
      }),
    };
  },
  (columns, state) =>
    replaceNamed(columns, state.columns, (column, { center, divisor }) => {
      if (column.kind !== "numeric") return column;
      const { values } = column;
      const scaled = new Float64Array(values.length);
      for (let row = 0; row < values.length; row++) scaled[row] = (values[row]! - center) / divisor;
      return { ...column, type: "double", values: scaled };
    }),
);

/** Mean of the finite values, in two passes, so that large means lose nothing; 0 when there is none. */
export function meanOf(values: Float64Array): number {
  let count = 0;
  let total = 0;
  for (const value of values) {
    if (value - value !== 0) continue; // NaN and ±Infinity
    total += value;
    count++;
  }
  if (count === 0) return 0;
  const first = total / count;
  if (!Number.isFinite(first)) return 0;
  let rest = 0;
  for (const value of values) if (value - value === 0) rest += value - first;
  return first + rest / count;
}

function spreadOf(values: Float64Array, center: number): number {
  let count = 0;
  let squares = 0;
  let largest = 0;
  for (const value of values) {
    if (value - value !== 0) continue;
    const distance = value - center;
    squares += distance * distance;
    largest = Math.max(largest, Math.abs(value));
    count++;
  }
  const spread = Math.sqrt(squares / (count - 1));
  // What rounding alone leaves of a constant column is no spread.
  return spread > 1e-14 * largest && spread < Number.POSITIVE_INFINITY ? spread : 1;
}
