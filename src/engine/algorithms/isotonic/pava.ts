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
  const places = distinctOf(x);
  const sums = new Float64Array(places.length);
  const totals = new Float64Array(places.length);
  for (let row = 0; row < x.length; row++) {
    const place = placeOf(places, x[row]!);
    sums[place]! += weights[row]! * (isFalling ? -y[row]! : y[row]!);
    totals[place]! += weights[row]!;
  }
  // Blocks end at the top of these vectors; merging shortens them.
  const firsts = new Int32Array(places.length);
  let blocks = 0;
  for (let place = 0; place < places.length; place++) {
    let sum = sums[place]!;
    let total = totals[place]!;
    let first = place;
    while (blocks > 0 && sums[blocks - 1]! / totals[blocks - 1]! >= sum / total) {
      blocks--;
      sum += sums[blocks]!;
      total += totals[blocks]!;
      first = firsts[blocks]!;
    }
    sums[blocks] = sum;
    totals[blocks] = total;
    firsts[blocks++] = first;
  }
  const xs: number[] = [];
  const ys: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const first = firsts[block]!;
    const end = (block + 1 < blocks ? firsts[block + 1]! : places.length) - 1;
    const value = (isFalling ? -1 : 1) * (sums[block]! / totals[block]!);
    for (const at of end === first ? [end] : [first, end]) {
      xs.push(places[at]!);
      ys.push(value);
    }
  }
  return { x: Float64Array.from(xs), y: Float64Array.from(ys) };
}

/** The different values, ascending. */
function distinctOf(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  let count = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[count - 1]) sorted[count++] = sorted[i]!;
  return sorted.subarray(0, count);
}

/** Where a value stands among ascending ones that hold it. */
function placeOf(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
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
