/** A monotone function: linear between its points, flat beyond them. */
export interface Steps {
  /** Ascending, distinct. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * The non-decreasing (or, with `isFalling`, non-increasing) values with the least weighted squared error, at each distinct x, by pooling adjacent
 * violators. Equal x are merged to their mean first. Only the ends of constant stretches are kept as points: the function is the same.
 *
 * @param weights shape [n], positive. Cost: O(n log n).
 * Source: Ayer et al. (1955), Ann Math Stat 26(4):641–647, doi:10.1214/aoms/1177728423; Barlow et al. (1972).
 */
export function poolAdjacent(x: Float64Array, y: Float64Array, weights: Float64Array, isFalling: boolean): Steps {
  const order = Uint32Array.from(x.keys()).sort((a, b) => x[a]! - x[b]! || a - b);
  const points: { x: number; sum: number; weight: number }[] = [];
  for (const row of order) {
    const last = points.at(-1);
    const value = isFalling ? -y[row]! : y[row]!;
    if (last !== undefined && last.x === x[row]) {
      last.sum += weights[row]! * value;
      last.weight += weights[row]!;
    } else points.push({ x: x[row]!, sum: weights[row]! * value, weight: weights[row]! });
  }
  const blocks: { first: number; sum: number; weight: number }[] = [];
  for (const [index, point] of points.entries()) {
    blocks.push({ first: index, sum: point.sum, weight: point.weight });
    while (blocks.length > 1) {
      const last = blocks.at(-1)!;
      const before = blocks.at(-2)!;
      if (before.sum / before.weight < last.sum / last.weight) break;
      before.sum += last.sum;
      before.weight += last.weight;
      blocks.pop();
    }
  }
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [index, block] of blocks.entries()) {
    const end = (blocks[index + 1]?.first ?? points.length) - 1;
    const value = (isFalling ? -1 : 1) * (block.sum / block.weight);
    for (const at of end === block.first ? [end] : [block.first, end]) {
      xs.push(points[at]!.x);
      ys.push(value);
    }
  }
  return { x: Float64Array.from(xs), y: Float64Array.from(ys) };
}

/** The value at `x`. */
export function valueAt(steps: Steps, x: number): number {
  const { x: xs, y: ys } = steps;
  let low = 0;
  let high = xs.length;
  // The first point beyond x.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return ys[0]!;
  if (low === xs.length) return ys[xs.length - 1]!;
  const share = (x - xs[low - 1]!) / (xs[low]! - xs[low - 1]!);
  return ys[low - 1]! + share * (ys[low]! - ys[low - 1]!);
}
