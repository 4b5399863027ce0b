import { squaredGap } from "../../clusterings/parts.ts";

/** Rows whose neighbourhoods are looked at, at most. */
const ROWS_LOOKED_AT = 500;

/**
 * How far neighbours in a picture are neighbours in the data: 1 when all of them are, about 0.5 for a random picture.
 *
 * Of each row's k nearest in the picture, those that are not among its k nearest in the data count by how far down the data's order they are.
 * Looked at in every (n / 500)th row. NaN with fewer than 2 k + 2 rows, where it is not defined.
 * @param data shape [n, p] row-major. @param picture shape [n, q] row-major.
 * Cost: O(min(n, 500) · n (p + k)). Deterministic.
 * Source: Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, ICANN, doi:10.1007/3-540-44668-0_68.
 */
export function trustworthiness(data: Float64Array, p: number, picture: Float64Array, q: number, k = 15): number {
  const n = data.length / p;
  if (n < 2 * k + 2) return Number.NaN;
  const step = Math.max(1, Math.floor(n / ROWS_LOOKED_AT));
  let looked = 0;
  let sum = 0;
  for (let i = 0; i < n; i += step) {
    looked++;
    const gaps = gapsFrom(data, p, i);
    for (const row of nearestTo(gapsFrom(picture, q, i), i, k)) sum += Math.max(0, placeOf(row, gaps, i) - k);
  }
  return 1 - (2 * sum) / (looked * k * (2 * n - 3 * k - 1));
}

/** Squared distances of all rows from row i. */
function gapsFrom(values: Float64Array, cols: number, i: number): Float64Array {
  return Float64Array.from({ length: values.length / cols }, (_, row) => squaredGap(values, i * cols, values, row * cols, cols));
}

/** The k rows with the least gaps, without row i; the first of equal ones. */
function nearestTo(gaps: Float64Array, i: number, k: number): number[] {
  const found: number[] = [];
  for (let row = 0; row < gaps.length; row++) {
    if (row === i || (found.length === k && gaps[row]! >= gaps[found[k - 1]!]!)) continue;
    if (found.length === k) found.pop();
    let at = found.length;
    while (at > 0 && gaps[found[at - 1]!]! > gaps[row]!) at--;
    found.splice(at, 0, row);
  }
  return found;
}

/** 1 for the row with the least gap but row i, ties by row. */
function placeOf(row: number, gaps: Float64Array, i: number): number {
  let before = 0;
  for (let other = 0; other < gaps.length; other++) {
    if (other !== i && (gaps[other]! < gaps[row]! || (gaps[other] === gaps[row] && other < row))) before++;
  }
  return before + 1;
}
