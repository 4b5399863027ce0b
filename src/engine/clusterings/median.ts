/**
 * A number that least total weight · |value − number| belongs to: the lower median, or the middle between the two where the weights are even.
 * Weights are non-negative, null for equal ones. NaN for no values. Cost: O(n log n).
 */
export function weightedMedian(values: Float64Array, weights: Float64Array | null): number {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const weightOf = (i: number): number => (weights === null ? 1 : weights[i]!);
  const half = order.reduce((sum, i) => sum + weightOf(i), 0) / 2;
  let sum = 0;
  for (const [place, i] of order.entries()) {
    sum += weightOf(i);
    if (sum > half) return values[i]!;
    if (sum === half) return (values[i]! + values[order[place + 1] ?? i]!) / 2;
  }
  return Number.NaN;
}
