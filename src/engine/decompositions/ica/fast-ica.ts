import type { Random } from "../../../core/random.ts";

/** A contrast function's first derivative g and mean second derivative g′, of one row of projections. */
export type Contrast = "logcosh" | "exp";

export interface FastIcaSettings {
  readonly type: "parallel" | "deflation";
  readonly fun: Contrast;
  /** Steepness of `logcosh`, 1 … 2. */
  readonly alpha: number;
  readonly maxit: number;
  readonly tol: number;
}

export interface Unmixing {
  /** Orthonormal rows, shape [k, k], row-major: sources are W · whitened. */
  readonly w: Float64Array;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/** A step of the iteration: how far the directions turned (0 is none, 1 a right angle), and for which component (0: all). */
export interface UnmixingStep {
  readonly iteration: number;
  readonly component: number;
  readonly change: number;
}

/**
 * Finds k independent directions in whitened rows Z, shape [k, n] row-major (mean 0, covariance 1 over n).
 *
 * Parallel: all directions at once, made orthogonal by W ← (W Wᵀ)^(−1/2) W. Deflation: one after the other, each orthogonal to those before.
 * It stops when no direction turns by more than `tol` (1 − |cos|), or after `maxit` iterations (per component when deflating).
 *
 * Source: Hyvärinen (1999), doi:10.1109/72.761722; Hyvärinen & Oja (2000), doi:10.1016/S0893-6080(00)00026-5.
 */
export function* unmix(z: Float64Array, k: number, settings: FastIcaSettings, random: Random): Generator<UnmixingStep, Unmixing, void> {
  const w = Float64Array.from({ length: k * k }, () => normal(random));
  return settings.type === "parallel" ? yield* inParallel(z, k, w, settings) : yield* byDeflation(z, k, w, settings);
}

function* inParallel(z: Float64Array, k: number, start: Float64Array, settings: FastIcaSettings): Generator<UnmixingStep, Unmixing, void> {
  let w = orthogonal(start, k);
  for (let iteration = 1; iteration <= settings.maxit; iteration++) {
    const moved = new Float64Array(k * k);
    for (let c = 0; c < k; c++) moved.set(step(z, k, w.subarray(c * k, (c + 1) * k), settings), c * k);
    const next = orthogonal(moved, k);
    let change = 0;
    for (let c = 0; c < k; c++) change = Math.max(change, Math.abs(Math.abs(dot(next, w, c * k, k)) - 1));
    w = next;
    yield { iteration, component: 0, change };
    if (change < settings.tol) return { w, iterations: iteration, hasConverged: true };
  }
  return { w, iterations: settings.maxit, hasConverged: false };
}

function* byDeflation(z: Float64Array, k: number, start: Float64Array, settings: FastIcaSettings): Generator<UnmixingStep, Unmixing, void> {
  const w = new Float64Array(k * k);
  let iterations = 0;
  let hasConverged = true;
  for (let c = 0; c < k; c++) {
    let direction = awayFrom(start.slice(c * k, (c + 1) * k), w, c, k);
    let change = 1;
    for (let iteration = 1; iteration <= settings.maxit && change >= settings.tol; iteration++) {
      const next = awayFrom(step(z, k, direction, settings), w, c, k);
      change = Math.abs(Math.abs(dot(next, direction, 0, k)) - 1);
      direction = next;
      iterations++;
      yield { iteration, component: c + 1, change };
    }
    if (change >= settings.tol) hasConverged = false;
    w.set(direction, c * k);
  }
  return { w, iterations, hasConverged };
}

/** One fixed-point step for one direction: E[z g(wᵀz)] − E[g′(wᵀz)] w. */
function step(z: Float64Array, k: number, w: Float64Array, { fun, alpha }: FastIcaSettings): Float64Array {
  const n = z.length / k;
  const projected = new Float64Array(n);
  for (let c = 0; c < k; c++) {
    const weight = w[c]!;
    for (let i = 0; i < n; i++) projected[i]! += weight * z[c * n + i]!;
  }
  let slope = 0;
  for (let i = 0; i < n; i++) {
    const u = projected[i]!;
    if (fun === "logcosh") {
      const bend = Math.tanh(alpha * u);
      projected[i] = bend;
      slope += alpha * (1 - bend * bend);
    } else {
      const bell = Math.exp((-u * u) / 2);
      projected[i] = u * bell;
      slope += (1 - u * u) * bell;
    }
  }
  const next = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += z[c * n + i]! * projected[i]!;
    next[c] = sum / n - (slope / n) * w[c]!;
  }
  return next;
}

/** A direction without its part along the first `count` rows of W, of length 1. */
function awayFrom(direction: Float64Array, w: Float64Array, count: number, k: number): Float64Array {
  for (let c = 0; c < count; c++) {
    let along = 0;
    for (let i = 0; i < k; i++) along += direction[i]! * w[c * k + i]!;
    for (let i = 0; i < k; i++) direction[i]! -= along * w[c * k + i]!;
  }
  const length = Math.sqrt(dot(direction, direction, 0, k));
  for (let i = 0; i < k; i++) direction[i]! /= length;
  return direction;
}

/**
 * The orthogonal matrix nearest to W: (W Wᵀ)^(−1/2) W, by Newton's iteration X ← (X + X⁻ᵀ) / 2.
 * Source: Higham (1986), doi:10.1137/0907079.
 */
function orthogonal(w: Float64Array, k: number): Float64Array {
  let x = w;
  for (let iteration = 0; iteration < 100; iteration++) {
    const inverse = inverseTransposed(x, k);
    // Scaled so that the two parts are of one size: far fewer iterations from a start that is nearly singular.
    const scale = iteration < 8 ? Math.sqrt(frobenius(inverse) / frobenius(x)) : 1;
    const next = new Float64Array(k * k);
    let change = 0;
    for (let i = 0; i < next.length; i++) {
      next[i] = (scale * x[i]! + inverse[i]! / scale) / 2;
      change = Math.max(change, Math.abs(next[i]! - x[i]!));
    }
    x = next;
    if (change < 1e-15 * k && iteration >= 8) break;
  }
  return x;
}

/** X⁻ᵀ by elimination with pivots. A pivot of zero becomes a tiny number: the caller's iteration recovers from it. */
function inverseTransposed(x: Float64Array, k: number): Float64Array {
  const a = x.slice();
  const inverse = new Float64Array(k * k);
  for (let i = 0; i < k; i++) inverse[i * k + i] = 1;
  for (let c = 0; c < k; c++) {
    let pivot = c;
    for (let r = c + 1; r < k; r++) if (Math.abs(a[r * k + c]!) > Math.abs(a[pivot * k + c]!)) pivot = r;
    swapRows(a, k, c, pivot);
    swapRows(inverse, k, c, pivot);
    const lead = a[c * k + c]! === 0 ? 1e-300 : a[c * k + c]!;
    for (let j = 0; j < k; j++) {
      a[c * k + j]! /= lead;
      inverse[c * k + j]! /= lead;
    }
    for (let r = 0; r < k; r++) {
      const factor = a[r * k + c]!;
      if (r === c || factor === 0) continue;
      for (let j = 0; j < k; j++) {
        a[r * k + j]! -= factor * a[c * k + j]!;
        inverse[r * k + j]! -= factor * inverse[c * k + j]!;
      }
    }
  }
  const result = new Float64Array(k * k);
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) result[j * k + i] = inverse[i * k + j]!;
  return result;
}

function swapRows(a: Float64Array, k: number, first: number, second: number): void {
  if (first === second) return;
  for (let j = 0; j < k; j++) {
    const held = a[first * k + j]!;
    a[first * k + j] = a[second * k + j]!;
    a[second * k + j] = held;
  }
}

function dot(a: Float64Array, b: Float64Array, from: number, size: number): number {
  let sum = 0;
  for (let i = from; i < from + size; i++) sum += a[i]! * b[i]!;
  return sum;
}

function frobenius(x: Float64Array): number {
  return Math.sqrt(dot(x, x, 0, x.length));
}

/** Standard normal. Source: Box & Muller (1958), doi:10.1214/aoms/1177706645. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
