/** Closeness in the picture: 1 / (1 + a d^(2 b)). */
export interface Curve {
  readonly a: number;
  readonly b: number;
}

const POINTS = 300;
const STEPS = 200;

/**
 * The curve nearest, by least squares over 300 distances from 0 to three spreads, to one that is 1 up to `minDist` and then falls off
 * exponentially with `spread`. Gauss–Newton with damping. Deterministic.
 * Source: McInnes, Healy & Melville (2018), arXiv:1802.03426, section 3.2.
 */
export function closenessCurve(minDist: number, spread: number): Curve {
  const distances = Array.from({ length: POINTS }, (_, i) => (3 * spread * (i + 1)) / POINTS);
  const wanted = distances.map((d) => (d < minDist ? 1 : Math.exp(-(d - minDist) / spread)));
  let a = 1;
  let b = 1;
  let damping = 1e-3;
  let error = errorOf(distances, wanted, a, b);
  for (let step = 0; step < STEPS; step++) {
    let aa = 0;
    let ab = 0;
    let bb = 0;
    let ra = 0;
    let rb = 0;
    for (const [i, d] of distances.entries()) {
      const power = d ** (2 * b);
      const fit = 1 / (1 + a * power);
      const byA = -power * fit * fit;
      const byB = -2 * a * power * Math.log(d) * fit * fit;
      const rest = wanted[i]! - fit;
      aa += byA * byA;
      ab += byA * byB;
      bb += byB * byB;
      ra += byA * rest;
      rb += byB * rest;
    }
    const determinant = aa * (1 + damping) * bb * (1 + damping) - ab * ab;
    const nextA = a + (ra * bb * (1 + damping) - rb * ab) / determinant;
    const nextB = b + (rb * aa * (1 + damping) - ra * ab) / determinant;
    const nextError = nextA > 0 && nextB > 0 ? errorOf(distances, wanted, nextA, nextB) : Number.POSITIVE_INFINITY;
    if (!(nextError < error)) {
      if (damping > 1e12) break;
      damping *= 10;
      continue;
    }
    a = nextA;
    b = nextB;
    if (error - nextError < 1e-15 * error) break;
    error = nextError;
    damping /= 10;
  }
  return { a, b };
}

function errorOf(distances: readonly number[], wanted: readonly number[], a: number, b: number): number {
  let sum = 0;
  for (const [i, d] of distances.entries()) sum += (wanted[i]! - 1 / (1 + a * d ** (2 * b))) ** 2;
  return sum;
}
