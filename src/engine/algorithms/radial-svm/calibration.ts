import { exponential, logOnePlus } from "../light-gbm/exponential.ts";

/** Probability of the positive class at decision d: 1 / (1 + exp(slope d + offset)). */
export interface Sigmoid {
  readonly slope: number;
  readonly offset: number;
}

const MOST_STEPS = 100;
const SHORTEST_STEP = 1e-10;
/** Added to the diagonal of the Hessian. */
const RIDGE = 1e-12;
const GRADIENT_LIMIT = 1e-5;

/**
 * Platt's sigmoid from decisions and true classes, by Newton's method with backtracking. Targets are held off 0 and 1 by the classes' counts, so
 * that separated classes have a finite answer. Weights count rows.
 *
 * Sources: Platt (1999), Advances in Large Margin Classifiers 61–74; Lin, Lin & Weng (2007), Machine Learning 68:267–276,
 * doi:10.1007/s10994-007-5018-6.
 */
export function fitSigmoid(decisions: Float64Array, isPositive: Uint8Array, weights: Float64Array): Sigmoid {
  let positive = 0;
  let negative = 0;
  for (let i = 0; i < decisions.length; i++) {
    if (isPositive[i] === 1) positive += weights[i]!;
    else negative += weights[i]!;
  }
  const high = (positive + 1) / (positive + 2);
  const low = 1 / (negative + 2);
  const target = (i: number): number => (isPositive[i] === 1 ? high : low);
  const lossAt = (slope: number, offset: number): number => {
    let sum = 0;
    for (let i = 0; i < decisions.length; i++) {
      const z = decisions[i]! * slope + offset;
      const t = target(i);
      const tail = logOnePlus(exponential(-Math.abs(z)));
      sum += weights[i]! * (z >= 0 ? t * z + tail : (t - 1) * z + tail);
    }
    return sum;
  };
  let slope = 0;
  let offset = Math.log((negative + 1) / (positive + 1));
  let loss = lossAt(slope, offset);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, hessian } = derivatives(decisions, weights, target, slope, offset);
    if (Math.abs(gradient[0]) < GRADIENT_LIMIT && Math.abs(gradient[1]) < GRADIENT_LIMIT) break;
    const determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    const byOffset = -(-hessian[1] * gradient[0] + hessian[0] * gradient[1]) / determinant;
    const bySlope = -(hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
    const descent = gradient[0] * bySlope + gradient[1] * byOffset;
    let length = 1;
    let next = lossAt(slope + bySlope, offset + byOffset);
    while (!(next < loss + 1e-4 * length * descent) && length >= SHORTEST_STEP) {
      length /= 2;
      next = lossAt(slope + length * bySlope, offset + length * byOffset);
    }
    if (length < SHORTEST_STEP) break;
    slope += length * bySlope;
    offset += length * byOffset;
    loss = next;
  }
  return { slope, offset };
}

/** First derivatives by slope and offset, and the Hessian's three entries. */
function derivatives(
  decisions: Float64Array,
  weights: Float64Array,
  target: (i: number) => number,
  slope: number,
  offset: number,
): { gradient: [number, number]; hessian: [number, number, number] } {
  const gradient: [number, number] = [0, 0];
  const hessian: [number, number, number] = [RIDGE, 0, RIDGE];
  for (let i = 0; i < decisions.length; i++) {
    const d = decisions[i]!;
    const p = sigmoidAt({ slope, offset }, d);
    const curvature = weights[i]! * p * (1 - p);
    const difference = weights[i]! * (target(i) - p);
    hessian[0] += d * d * curvature;
    hessian[1] += d * curvature;
    hessian[2] += curvature;
    gradient[0] += d * difference;
    gradient[1] += difference;
  }
  return { gradient, hessian };
}

export function sigmoidAt({ slope, offset }: Sigmoid, decision: number): number {
  const z = decision * slope + offset;
  const e = exponential(-Math.abs(z));
  return z >= 0 ? e / (1 + e) : 1 / (1 + e);
}

/** Probabilities of pairs are held off 0 and 1 by this. */
const PAIR_CLAMP = 1e-7;

/**
 * Probabilities of K classes from those of pairs: the second method of Wu, Lin & Weng (2004), J Mach Learn Res 5:975–1005, by their fixed-point
 * iteration.
 * @param pairs shape [K, K] row-major: entry (i, j) is the probability of i given i or j. The diagonal is not read.
 */
export function couple(pairs: Float64Array, classes: number): Float64Array {
  const p = new Float64Array(classes).fill(1 / classes);
  if (classes === 1) return p;
  const r = pairs.map((value) => Math.min(1 - PAIR_CLAMP, Math.max(PAIR_CLAMP, value)));
  const q = new Float64Array(classes * classes);
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      if (i === j) continue;
      q[i * classes + i]! += r[j * classes + i]! ** 2;
      q[i * classes + j] = -r[j * classes + i]! * r[i * classes + j]!;
    }
  }
  const limit = 0.005 / classes / 1000;
  const qp = new Float64Array(classes);
  for (let step = 0; step < Math.max(1000, classes); step++) {
    let pqp = 0;
    for (let i = 0; i < classes; i++) {
      qp[i] = 0;
      for (let j = 0; j < classes; j++) qp[i]! += q[i * classes + j]! * p[j]!;
      pqp += p[i]! * qp[i]!;
    }
    if (qp.every((value) => Math.abs(value - pqp) < limit)) break;
    for (let i = 0; i < classes; i++) {
      const change = (pqp - qp[i]!) / q[i * classes + i]!;
      p[i]! += change;
      pqp = (pqp + change * (change * q[i * classes + i]! + 2 * qp[i]!)) / (1 + change) ** 2;
      for (let j = 0; j < classes; j++) {
        qp[j] = (qp[j]! + change * q[i * classes + j]!) / (1 + change);
        p[j]! /= 1 + change;
      }
    }
  }
  return p;
}

/** Probability given to a class that training never saw; the others share the rest. */
export const ABSENT_CLASS = 1e-9;

/**
 * Probabilities of all classes from decisions of pairs of those present, into `out`, shape [classes]. Pair (a, b), a < b, comes at index
 * a, b = 0, 1; 0, 2; …; 1, 2; …; its positive side is b.
 */
export function classProbabilities(
  decisions: ArrayLike<number>,
  sigmoids: readonly Sigmoid[],
  present: readonly number[],
  out: Float64Array,
): void {
  const k = present.length;
  const rest = 1 - ABSENT_CLASS * (out.length - k);
  out.fill(ABSENT_CLASS);
  let pair = 0;
  if (k === 2) {
    const p = sigmoidAt(sigmoids[0]!, decisions[0]!);
    out[present[0]!] = rest * (1 - p);
    out[present[1]!] = rest * p;
    return;
  }
  const pairs = new Float64Array(k * k);
  for (let a = 0; a < k; a++) {
    for (let b = a + 1; b < k; b++) {
      const p = sigmoidAt(sigmoids[pair]!, decisions[pair]!);
      pairs[b * k + a] = p;
      pairs[a * k + b] = 1 - p;
      pair++;
    }
  }
  for (const [i, p] of couple(pairs, k).entries()) out[present[i]!] = rest * p;
}

/** Pairs (a, b), a < b, of k classes, in the order of `classProbabilities`. */
export function pairsOf(k: number): [number, number][] {
  return Array.from({ length: k }, (_, a) => Array.from({ length: k - a - 1 }, (_, i): [number, number] => [a, a + 1 + i])).flat();
}
