/**
 * Student's t distribution: what intervals of few folds need.
 *
 * The tail is a regularised incomplete beta function, P(|T| > t) = I_x(ν/2, 1/2) with x = ν/(ν + t²) (DLMF 26.5.5 and 8.17), by its
 * continued fraction (DLMF 8.17.22), evaluated with the modified Lentz method (Lentz 1976, Applied Optics 15(3):668–671).
 */

const TINY = 1e-300;
const STEPS = 500;

/**
 * P(|T| > |t|) for `df` degrees of freedom.
 *
 * @param df above 0, may be fractional.
 * @returns a probability in [0, 1]; NaN when `t` is NaN. Relative error below 1e-10.
 */
export function studentTwoSided(t: number, df: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/**
 * The t with P(|T| > t) = 1 − level: half the width of an interval in standard errors.
 *
 * @param level in (0, 1), e.g. 0.95.
 * Cost: about 60 tails. Deterministic.
 */
export function studentQuantile(level: number, df: number): number {
  let [low, high] = [0, 1];
  while (studentTwoSided(high, df) > 1 - level && high < 1e12) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, df) > 1 - level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly below the mean; above it the other tail does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return (front * betaFraction(x, a, b)) / a;
}

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let product = d;
  for (let m = 1; m <= STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    product *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    product *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return product;
}

/** ln Γ(x) for x > 0: recurrence up to 12, then Stirling's series (DLMF 5.11.1). */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 12; at++) shift += Math.log(at);
  const r = 1 / (at * at);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188))))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
