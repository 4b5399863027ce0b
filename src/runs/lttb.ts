/**
 * Picks points that keep the look of a line: one per stretch, the one that spans the largest triangle with its neighbours.
 * x must not fall. At most `pointsMax` (≥ 2) points; first and last stay. Non-finite values are never picked over finite ones.
 * Cost: O(n). Source: Steinarsson (2013), Downsampling Time Series for Visual Representation, University of Iceland, section 4.2.
 */
export function lttb(xs: readonly number[], ys: readonly number[], pointsMax: number): { x: number[]; y: number[] } {
  const count = xs.length;
  if (count <= pointsMax || count <= 2) return { x: [...xs], y: [...ys] };
  const picked = [0];
  const stretch = (count - 2) / (pointsMax - 2);
  for (let bucket = 0; bucket < pointsMax - 2; bucket++) {
    const from = Math.floor(bucket * stretch) + 1;
    const to = Math.floor((bucket + 1) * stretch) + 1;
    const nextTo = Math.min(Math.floor((bucket + 2) * stretch) + 1, count);
    const [meanX, meanY] = meanOf(xs, ys, Math.min(to, count - 1), Math.max(nextTo, Math.min(to, count - 1) + 1));
    const before = picked.at(-1)!;
    let best = from;
    let bestArea = -1;
    for (let i = from; i < to; i++) {
      const area = Math.abs((xs[before]! - meanX) * (ys[i]! - ys[before]!) - (xs[before]! - xs[i]!) * (meanY - ys[before]!));
      if (area > bestArea) {
        bestArea = area;
        best = i;
      }
    }
    picked.push(best);
  }
  picked.push(count - 1);
  return { x: picked.map((i) => xs[i]!), y: picked.map((i) => ys[i]!) };
}

function meanOf(xs: readonly number[], ys: readonly number[], from: number, to: number): [number, number] {
  let x = 0;
  let y = 0;
  for (let i = from; i < to; i++) {
    x += xs[i]!;
    y += ys[i]!;
  }
  return [x / (to - from), y / (to - from)];
}
