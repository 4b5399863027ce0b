// Tail probabilities for tests of coefficients. Relative error about 1e-13 in the range where p-values are read.

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
const SMALLEST = 1e-300;
const PRECISION = 1e-16;
const MOST_TERMS = 10_000;

/** ln Γ(x) for x > 0 (Lanczos 1964, g = 7, nine terms). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (z + i);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** P(|Z| ≥ |z|) for a standard normal Z: Γ(½, z²/2) / Γ(½), by series or continued fraction (DLMF 8.7.1, 8.9.2). NaN for NaN. */
export function normalTails(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const x = (z * z) / 2;
  if (x === 0) return 1;
  if (!(x < 1e5)) return 0;
  const front = Math.exp(-x) * Math.sqrt(x / Math.PI);
  if (x < 1.5) {
    let term = 2;
    let sum = term;
    for (let n = 1; n < MOST_TERMS && term > PRECISION * sum; n++) {
      term *= x / (0.5 + n);
      sum += term;
    }
    return Math.max(0, 1 - front * sum);
  }
  let b = x + 0.5;
  let c = 1 / SMALLEST;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < MOST_TERMS; i++) {
    const a = -i * (i - 0.5);
    b += 2;
    d = 1 / nonzero(a * d + b);
    c = nonzero(b + a / c);
    const ratio = c * d;
    h *= ratio;
    if (Math.abs(ratio - 1) < PRECISION * 10) break;
  }
  return front * h;
}

/** P(|T| ≥ |t|) for Student's t with `freedom` > 0 degrees of freedom: the incomplete beta function (DLMF 8.17.22). NaN for NaN. */
export function studentTails(t: number, freedom: number): number {
  if (Number.isNaN(t) || !(freedom > 0)) return Number.NaN;
  if (!Number.isFinite(t)) return 0;
  const square = t * t;
  const x = freedom / (freedom + square);
  const rest = square / (freedom + square);
  if (rest === 0) return 1;
  const a = freedom / 2;
  const logFront = logGamma(a + 0.5) - logGamma(a) - logGamma(0.5) + a * Math.log(x) + 0.5 * Math.log(rest);
  const front = Math.exp(logFront);
  if (x < (a + 1) / (a + 2.5)) return (front * betaFraction(x, a, 0.5)) / a;
  return 1 - (front * betaFraction(rest, 0.5, a)) / 0.5;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / nonzero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    const ratio = d * c;
    h *= ratio;
    if (Math.abs(ratio - 1) < PRECISION * 10) break;
  }
  return h;
}

function nonzero(value: number): number {
  return Math.abs(value) < SMALLEST ? SMALLEST : value;
}
