import type { NearestRows } from "../embedding/nearest-rows.ts";
import { type SparseWeights, symmetric } from "../embedding/sparse-weights.ts";

const SEARCH_STEPS = 100;
const TOLERANCE = 1e-5;

/**
 * p_ij: how much rows are neighbours, over their nearest rows, symmetric, summing to 1. For each row the width of the bell is found by halving so
 * that its entropy is log(perplexity). Equally far neighbours share alike.
 *
 * Cost: O(n k). Source: van der Maaten & Hinton (2008), JMLR 9, 2579–2605; over nearest rows: van der Maaten (2014), JMLR 15, 3221–3245.
 */
export function similarities({ k, rows, distances }: NearestRows, perplexity: number): SparseWeights {
  const n = rows.length / k;
  const weights = new Float64Array(n * k);
  for (let i = 0; i < n; i++) fillBell(distances.subarray(i * k, (i + 1) * k), perplexity, weights.subarray(i * k, (i + 1) * k));
  return symmetric(rows, weights, n, k, (a, b) => (a + b) / (2 * n));
}

/** exp(−β d²) over one row to `weights`, summing to 1, with β so that the entropy is log(perplexity); even when all are equally far. */
export function fillBell(distances: Float64Array, perplexity: number, weights: Float64Array): void {
  // Distances count from the nearest one: the weights are the same and none underflows.
  const least = distances[0]! ** 2;
  const wanted = Math.log(perplexity);
  let beta = 1;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  for (let step = 0; step < SEARCH_STEPS; step++) {
    let sum = 0;
    let moment = 0;
    for (let j = 0; j < weights.length; j++) {
      const away = distances[j]! ** 2 - least;
      const weight = Math.exp(-beta * away);
      weights[j] = weight;
      sum += weight;
      moment += away * weight;
    }
    for (let j = 0; j < weights.length; j++) weights[j]! /= sum;
    const tooWide = Math.log(sum) + (beta * moment) / sum - wanted;
    if (Math.abs(tooWide) < TOLERANCE) return;
    if (tooWide > 0) low = beta;
    else high = beta;
    beta = high === Number.POSITIVE_INFINITY ? beta * 2 : (low + high) / 2;
    if (!Number.isFinite(beta)) return; // all neighbours are equally far
  }
}
