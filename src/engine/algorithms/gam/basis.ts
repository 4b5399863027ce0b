/** How one feature enters a linear predictor. JSON-safe. */
export type Term =
  /** Cubic B-splines on `size` − 2 even knots from `low` to `high`, linear beyond them for one range more, then flat. */
  | { readonly kind: "smooth"; readonly feature: number; readonly low: number; readonly high: number; readonly size: number }
  /** One effect per level, on 0/1 columns from `first` on less their means `shares`. */
  | { readonly kind: "levels"; readonly feature: number; readonly first: number; readonly shares: readonly number[] }
  /** A column of the design matrix as it is, less its mean, over its spread. */
  | { readonly kind: "linear"; readonly feature: number; readonly column: number; readonly center: number; readonly scale: number };

/** Coefficients of a term. */
export function widthOf(term: Term): number {
  return term.kind === "smooth" ? term.size : term.kind === "levels" ? term.shares.length : 1;
}

/** Values of the four cubic B-splines that are not zero in an even knot interval, at a share of it in [0, 1]. */
function cubic(share: number, out: Float64Array): void {
  const rest = 1 - share;
  out[0] = (rest * rest * rest) / 6;
  out[1] = (3 * share * share * share - 6 * share * share + 4) / 6;
  out[2] = (3 * rest * rest * rest - 6 * rest * rest + 4) / 6;
  out[3] = (share * share * share) / 6;
}

/** Their slopes, per interval. */
function cubicSlopes(share: number, out: Float64Array): void {
  const rest = 1 - share;
  out[0] = -(rest * rest) / 2;
  out[1] = (3 * share * share - 4 * share) / 2;
  out[2] = -(3 * rest * rest - 4 * rest) / 2;
  out[3] = (share * share) / 2;
}

const own = new Float64Array(4);
const slopes = new Float64Array(4);

/**
 * The basis of a smooth at x, shape [size], into `out`. Its parts sum to 1.
 * Source: Eilers & Marx (1996), Statistical Science 11(2):89–121, doi:10.1214/ss/1038425655.
 */
export function basisAt(term: { readonly low: number; readonly high: number; readonly size: number }, x: number, out: Float64Array): void {
  const { low, high, size } = term;
  out.fill(0);
  const intervals = size - 3;
  const width = (high - low) / intervals;
  const held = Math.min(high + (high - low), Math.max(low - (high - low), x));
  const inside = Math.min(high, Math.max(low, held));
  const position = (inside - low) / width;
  const first = Math.min(intervals - 1, Math.floor(position));
  cubic(position - first, own);
  if (held === inside) slopes.fill(0);
  else cubicSlopes(position - first, slopes);
  const beyond = (held - inside) / width;
  for (let i = 0; i < 4; i++) out[first + i] = own[i]! + beyond * slopes[i]!;
}

/** Squares of second differences: the penalty DᵀD, shape [size, size] row-major. */
export function differencePenalty(size: number): Float64Array {
  const penalty = new Float64Array(size * size);
  for (let i = 0; i + 2 < size; i++) {
    const row = [1, -2, 1];
    for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) penalty[(i + a) * size + i + b]! += row[a]! * row[b]!;
  }
  return penalty;
}

/**
 * An orthonormal basis of the vectors at right angles to `against`, shape [size, size − 1] row-major (Householder): coefficients in it make
 * functions whose mean over the rows is zero when `against` holds the basis's means.
 */
export function complementOf(against: Float64Array): Float64Array {
  const size = against.length;
  const length = Math.sqrt(against.reduce((sum, value) => sum + value * value, 0));
  const v = against.slice();
  v[0]! += v[0]! >= 0 ? length : -length;
  const square = v.reduce((sum, value) => sum + value * value, 0);
  const out = new Float64Array(size * (size - 1));
  for (let i = 0; i < size; i++) {
    for (let j = 1; j < size; j++) out[i * (size - 1) + j - 1] = (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / square;
  }
  return out;
}
