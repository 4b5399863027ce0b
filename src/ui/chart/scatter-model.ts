/** What a scatter knows of its points. Pure. */
import type { Scale } from "./scale.ts";

/** Indices of the pairs where both values are finite, by rising x. */
export function sortedByX(x: ArrayLike<number>, y: ArrayLike<number>): Uint32Array {
  const kept: number[] = [];
  for (let i = 0; i < Math.min(x.length, y.length); i++)
    if (Number.isFinite(x[i] ?? Number.NaN) && Number.isFinite(y[i] ?? Number.NaN)) kept.push(i);
  kept.sort((a, b) => (x[a] as number) - (x[b] as number) || a - b);
  return Uint32Array.from(kept);
}

/** Position, in `order`, of the point nearest to a pixel; null when none lies within `reach` px. O(points in the strip). */
export function nearestPoint(
  order: Uint32Array,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  xScale: Scale,
  yScale: Scale,
  left: number,
  top: number,
  reach = 24,
): number | null {
  let from = 0;
  let end = order.length;
  const lowX = xScale.invert(left - reach);
  while (from < end) {
    const middle = (from + end) >> 1;
    if ((x[order[middle] as number] as number) < lowX) from = middle + 1;
    else end = middle;
  }
  let best: number | null = null;
  let bestDistance = reach * reach;
  for (let at = from; at < order.length; at++) {
    const row = order[at] as number;
    const dx = xScale.at(x[row] as number) - left;
    if (dx > reach) break;
    const dy = yScale.at(y[row] as number) - top;
    const distance = dx * dx + dy * dy;
    if (distance < bestDistance) {
      best = at;
      bestDistance = distance;
    }
  }
  return best;
}

/** Pearson's correlation over the given rows; NaN with fewer than two, or when one of the two never varies. */
export function pearson(order: Uint32Array, x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [n, meanX, meanY, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (const i of order) {
    n += 1;
    const dx = (x[i] as number) - meanX;
    const dy = (y[i] as number) - meanY;
    meanX += dx / n;
    meanY += dy / n;
    xx += dx * ((x[i] as number) - meanX);
    yy += dy * ((y[i] as number) - meanY);
    xy += dx * ((y[i] as number) - meanY);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN;
}
