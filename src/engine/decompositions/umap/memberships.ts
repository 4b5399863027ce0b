import type { NearestRows } from "../embedding/nearest-rows.ts";

const SEARCH_STEPS = 64;
const TOLERANCE = 1e-5;
/** A row's reach is at least this share of its mean distance, so that repeated rows do not shrink it to nothing. */
const LEAST_REACH = 1e-3;

/**
 * How much each row belongs to the neighbourhoods of others, shape [n, k] like the distances: 1 up to the nearest row that is not equal, then
 * exp(−(d − nearest) / reach), with the reach by halving so that they sum to log2(k + 1). Rows are their own neighbours beside these k.
 * Cost: O(n k). Source: McInnes, Healy & Melville (2018), arXiv:1802.03426, algorithm 3.
 */
export function memberships({ k, distances }: NearestRows): Float64Array {
  const n = distances.length / k;
  const all = meanOf(distances);
  const result = new Float64Array(n * k);
  for (let i = 0; i < n; i++) {
    const own = distances.subarray(i * k, (i + 1) * k);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const floor = LEAST_REACH * (nearest > 0 ? meanOf(own) : all);
    const reach = Math.max(reachOf(own, nearest, Math.log2(k + 1)), floor);
    for (let j = 0; j < k; j++) {
      const beyond = own[j]! - nearest;
      result[i * k + j] = beyond <= 0 || reach === 0 ? 1 : Math.exp(-beyond / reach);
    }
  }
  return result;
}

function reachOf(distances: Float64Array, nearest: number, wanted: number): number {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let reach = 1;
  for (let step = 0; step < SEARCH_STEPS; step++) {
    let sum = 0;
    for (const distance of distances) sum += distance > nearest ? Math.exp(-(distance - nearest) / reach) : 1;
    if (Math.abs(sum - wanted) < TOLERANCE) break;
    if (sum > wanted) high = reach;
    else low = reach;
    reach = high === Number.POSITIVE_INFINITY ? reach * 2 : (low + high) / 2;
  }
  return reach;
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
