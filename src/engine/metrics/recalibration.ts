const MAX_STEPS = 50;

/**
 * Logistic regression of a 0/1 outcome on logit(probability), by Newton's method. Probabilities are kept 1e-12 away from 0 and 1.
 *
 * @param probability shape [n], in [0, 1].
 * @param positive    shape [n], 0 or 1.
 * @returns nulls when there is no finite solution: one class only, all probabilities equal, or separated classes.
 * Cost: O(n) per step, a dozen steps. Source: Cox (1958), doi:10.1093/biomet/45.3-4.562.
 */
export function fitRecalibration(
  probability: Float64Array,
  positive: Uint8Array,
): { readonly intercept: number | null; readonly slope: number | null } {
  const none = { intercept: null, slope: null };
  const x = Float64Array.from(probability, logit);
  if (isSeparated(x, positive)) return none;
  // From the constant model, where no weight vanishes; perfect calibration as a start would stall on confident mistakes.
  const share = positive.reduce((sum, y) => sum + y, 0) / positive.length;
  let intercept = logit(share);
  let slope = 0;
  let deviance = negativeLogLikelihood(x, positive, intercept, slope);
  for (let step = 0; step < MAX_STEPS; step++) {
    const move = newtonStep(x, positive, intercept, slope);
    if (move === null) return none;
    // Newton's error squares with each step: after one this small there is nothing left, and rounding hides any progress.
    if (Math.abs(move.intercept) + Math.abs(move.slope) < 1e-8) return { intercept: intercept + move.intercept, slope: slope + move.slope };
    let scale = 1;
    let next = Number.POSITIVE_INFINITY;
    for (; scale > 1e-10; scale /= 2) {
      next = negativeLogLikelihood(x, positive, intercept + scale * move.intercept, slope + scale * move.slope);
      if (next <= deviance) break;
    }
    if (next > deviance) return { intercept, slope };
    intercept += scale * move.intercept;
    slope += scale * move.slope;
    deviance = next;
  }
  return { intercept, slope };
}

function logit(p: number): number {
  const clipped = Math.min(Math.max(p, 1e-12), 1 - 1e-12);
  return Math.log(clipped / (1 - clipped));
}

/** Whether some cut puts all positives on one side (touching at the cut is enough), or a class is absent. */
function isSeparated(x: Float64Array, positive: Uint8Array): boolean {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < x.length; i++) {
    const y = positive[i]!;
    low[y] = Math.min(low[y]!, x[i]!);
    high[y] = Math.max(high[y]!, x[i]!);
  }
  return high[0]! <= low[1]! || high[1]! <= low[0]!;
}

function newtonStep(x: Float64Array, positive: Uint8Array, intercept: number, slope: number) {
  let g0 = 0;
  let g1 = 0;
  let h00 = 0;
  let h01 = 0;
  let h11 = 0;
  for (let i = 0; i < x.length; i++) {
    const p = 1 / (1 + Math.exp(-(intercept + slope * x[i]!)));
    const residual = positive[i]! - p;
    const w = p * (1 - p);
    g0 += residual;
    g1 += residual * x[i]!;
    h00 += w;
    h01 += w * x[i]!;
    h11 += w * x[i]! * x[i]!;
  }
  const determinant = h00 * h11 - h01 * h01;
  if (!(determinant > 1e-12 * h00 * h11)) return null;
  return { intercept: (h11 * g0 - h01 * g1) / determinant, slope: (h00 * g1 - h01 * g0) / determinant };
}

function negativeLogLikelihood(x: Float64Array, positive: Uint8Array, intercept: number, slope: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const z = intercept + slope * x[i]!;
    // ln(1 + eᶻ) − y z, without overflow.
    sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (positive[i] === 1 ? z : 0);
  }
  return sum;
}
