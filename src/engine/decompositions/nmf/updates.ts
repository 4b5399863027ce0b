/** Which distance between V and W·H is lowered: Kullback–Leibler divergence (`brunet`) or squared error (`lee`). */
export type NmfMethod = "brunet" | "lee";

/** V ≈ W·H, all non-negative. V is [n, p], W is [n, k], H is [k, p]; all row-major. */
export interface Factors {
  readonly w: Float64Array;
  readonly h: Float64Array;
}

/** Keeps divisions defined where a product vanishes. */
const TINY = 1e-300;

/**
 * One round of multiplicative updates, first W then H, in place. Neither distance ever rises.
 * Source: Lee & Seung (2001), Advances in Neural Information Processing Systems 13.
 */
export function updateFactors(v: Float64Array, factors: Factors, n: number, p: number, method: NmfMethod): void {
  updateW(v, factors, n, p, method);
  updateH(v, factors, n, p, method);
}

/** The half of a round that changes W; with H kept it finds the weights of new rows. */
export function updateW(v: Float64Array, { w, h }: Factors, n: number, p: number, method: NmfMethod): void {
  const k = w.length / n;
  const rowSums = method === "brunet" ? sumsOfRows(h, k, p) : null;
  const gram = method === "lee" ? gramOfRows(h, k, p) : null;
  const fitted = new Float64Array(p);
  const weights = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    const row = w.subarray(i * k, (i + 1) * k);
    const seen = v.subarray(i * p, (i + 1) * p);
    if (rowSums !== null) ratios(fitted, seen, row, h, p);
    for (let c = 0; c < k; c++) {
      const target = rowSums === null ? seen : fitted;
      let above = 0;
      for (let j = 0; j < p; j++) above += target[j]! * h[c * p + j]!;
      let below = rowSums === null ? 0 : rowSums[c]!;
      if (gram !== null) for (let d = 0; d < k; d++) below += row[d]! * gram[d * k + c]!;
      weights[c] = (row[c]! * above) / Math.max(below, TINY);
    }
    row.set(weights);
  }
}

function updateH(v: Float64Array, { w, h }: Factors, n: number, p: number, method: NmfMethod): void {
  const k = w.length / n;
  const above = new Float64Array(k * p);
  const below = new Float64Array(method === "lee" ? k * k : k);
  const fitted = new Float64Array(p);
  for (let i = 0; i < n; i++) {
    const row = w.subarray(i * k, (i + 1) * k);
    const seen = v.subarray(i * p, (i + 1) * p);
    if (method === "brunet") ratios(fitted, seen, row, h, p);
    const target = method === "brunet" ? fitted : seen;
    for (let c = 0; c < k; c++) {
      const weight = row[c]!;
      for (let j = 0; j < p; j++) above[c * p + j]! += weight * target[j]!;
      if (method === "brunet") below[c]! += weight;
      else for (let d = 0; d < k; d++) below[c * k + d]! += weight * row[d]!;
    }
  }
  const next = new Float64Array(k * p);
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < p; j++) {
      let divisor = method === "brunet" ? below[c]! : 0;
      if (method === "lee") for (let d = 0; d < k; d++) divisor += below[c * k + d]! * h[d * p + j]!;
      next[c * p + j] = (h[c * p + j]! * above[c * p + j]!) / Math.max(divisor, TINY);
    }
  }
  h.set(next);
}

/** Kullback–Leibler divergence of V from W·H (with 0 · log 0 = 0), or half the squared error. Cost: O(n p k). */
export function distance(v: Float64Array, { w, h }: Factors, n: number, p: number, method: NmfMethod): number {
  const k = w.length / n;
  const fitted = new Float64Array(p);
  let total = 0;
  for (let i = 0; i < n; i++) {
    product(fitted, w.subarray(i * k, (i + 1) * k), h, p);
    for (let j = 0; j < p; j++) {
      const seen = v[i * p + j]!;
      const near = fitted[j]!;
      if (method === "lee") total += (seen - near) ** 2 / 2;
      else total += (seen > 0 ? seen * Math.log(seen / Math.max(near, TINY)) : 0) - seen + near;
    }
  }
  return total;
}

/** One row of V divided by the same row of W·H. */
function ratios(result: Float64Array, seen: Float64Array, row: Float64Array, h: Float64Array, p: number): void {
  product(result, row, h, p);
  for (let j = 0; j < p; j++) result[j] = seen[j]! / Math.max(result[j]!, TINY);
}

function product(result: Float64Array, row: Float64Array, h: Float64Array, p: number): void {
  result.fill(0);
  for (let c = 0; c < row.length; c++) {
    const weight = row[c]!;
    for (let j = 0; j < p; j++) result[j]! += weight * h[c * p + j]!;
  }
}

function sumsOfRows(h: Float64Array, k: number, p: number): Float64Array {
  return Float64Array.from({ length: k }, (_, c) => h.subarray(c * p, (c + 1) * p).reduce((sum, value) => sum + value, 0));
}

function gramOfRows(h: Float64Array, k: number, p: number): Float64Array {
  const gram = new Float64Array(k * k);
  for (let c = 0; c < k; c++) {
    for (let d = 0; d < k; d++) {
      for (let j = 0; j < p; j++) gram[c * k + d]! += h[c * p + j]! * h[d * p + j]!;
    }
  }
  return gram;
}
