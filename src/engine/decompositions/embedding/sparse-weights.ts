/** A symmetric sparse matrix of weights between rows: those of row i are at `starts[i]` … `starts[i + 1] - 1`, by column. */
export interface SparseWeights {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Directed weights to `k` others per row, made symmetric: `join` gets the weight there and back, 0 where there is none.
 * Cost: O(n k). Entries with a joint weight of 0 are left out.
 */
export function symmetric(
  rows: Int32Array,
  weights: Float64Array,
  n: number,
  k: number,
  join: (there: number, back: number) => number,
): SparseWeights {
  const backStarts = new Int32Array(n + 1);
  for (const row of rows) backStarts[row + 1]!++;
  for (let i = 0; i < n; i++) backStarts[i + 1]! += backStarts[i]!;
  const backFrom = new Int32Array(rows.length);
  const backAt = new Int32Array(rows.length);
  const filled = backStarts.slice();
  for (let at = 0; at < rows.length; at++) {
    const place = filled[rows[at]!]!++;
    backFrom[place] = Math.floor(at / k);
    backAt[place] = at;
  }
  const starts = new Int32Array(n + 1);
  const columns: number[] = [];
  const values: number[] = [];
  const there = new Float64Array(n);
  const back = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const touched: number[] = [];
    for (let at = i * k; at < (i + 1) * k; at++) {
      there[rows[at]!] = weights[at]!;
      touched.push(rows[at]!);
    }
    for (let at = backStarts[i]!; at < backStarts[i + 1]!; at++) {
      const row = backFrom[at]!;
      back[row] = weights[backAt[at]!]!;
      if (!(there[row]! > 0)) touched.push(row);
    }
    touched.sort((a, b) => a - b);
    let before = -1;
    for (const row of touched) {
      if (row === before) continue;
      before = row;
      const joint = join(there[row]!, back[row]!);
      if (joint > 0) {
        columns.push(row);
        values.push(joint);
      }
      there[row] = back[row] = 0;
    }
    starts[i + 1] = columns.length;
  }
  return { starts, columns: Int32Array.from(columns), weights: Float64Array.from(values) };
}
