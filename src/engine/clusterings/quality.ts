import { randomStream, shuffle } from "../../core/random.ts";
import type { NumericMatrix } from "../matrix.ts";
import { type Points, pointsOf } from "./parts.ts";

/** How well clusters are apart and rows together. NaN where fewer than two clusters, or no row more than clusters, leave it undefined. */
export interface ClusterQuality {
  /** Mean silhouette of rows, −1 … 1; larger is better. Over a sample of rows in large tables. */
  readonly silhouette: number;
  /** Rows whose silhouette was measured, each against all rows. */
  readonly silhouette_rows: number;
  /** Ratio of scatter within to separation between clusters, averaged over the worst pairs; smaller is better. */
  readonly davies_bouldin: number;
  /** Ratio of variance between to variance within clusters; larger is better. */
  readonly calinski_harabasz: number;
}

/** Pairs of rows that silhouettes may look at. */
const PAIRS = 25_000_000;
/** Rows that are measured at least, however many there are. */
const ROWS_LEAST = 200;

/**
 * Quality of a clustering by euclidean distances; noise (0) is left out. Silhouettes are exact up to 5,000 rows; beyond, so many rows are drawn by
 * the seed that the cost stays near 25 million distances, and each is measured exactly.
 *
 * @param clusters cluster of each row, 1 … k or 0, shape [n]. Numbers without rows are allowed.
 * Cost: O(min(n, max(200, 25·10⁶ / n)) · n p). Deterministic by seed.
 * Source: Rousseeuw (1987), doi:10.1016/0377-0427(87)90125-7; Davies & Bouldin (1979), doi:10.1109/TPAMI.1979.4766909; Caliński & Harabasz (1974),
 * doi:10.1080/03610927408827101.
 */
export function clusterQuality(matrix: NumericMatrix, clusters: Int32Array, seed: number): ClusterQuality {
  const points = pointsOf(matrix);
  const { codes, kept, k } = compact(clusters);
  if (k < 2 || kept.length <= k) {
    return { silhouette: Number.NaN, silhouette_rows: 0, davies_bouldin: Number.NaN, calinski_harabasz: Number.NaN };
  }
  const count = Math.min(kept.length, Math.max(ROWS_LEAST, Math.floor(PAIRS / kept.length)));
  const sample = count === kept.length ? kept : shuffle(kept.slice(), randomStream(seed)).slice(0, count).sort();
  const centers = centersOf(points, codes, kept, k);
  return {
    silhouette: meanSilhouette(points, codes, kept, k, sample),
    silhouette_rows: sample.length,
    davies_bouldin: daviesBouldin(points, codes, kept, centers),
    calinski_harabasz: calinskiHarabasz(points, codes, kept, centers),
  };
}

/** Codes 0 … k − 1 for the clusters that have rows (−1 for noise), and the rows that are not noise. */
function compact(clusters: Int32Array): { codes: Int32Array; kept: Int32Array; k: number } {
  const present = [...new Set(clusters)].filter((cluster) => cluster > 0).sort((a, b) => a - b);
  const place = new Map(present.map((cluster, code) => [cluster, code]));
  const codes = clusters.map((cluster) => place.get(cluster) ?? -1);
  return { codes, kept: Int32Array.from(codes.keys()).filter((row) => codes[row]! >= 0), k: present.length };
}

interface Centers {
  readonly values: Float64Array;
  readonly sizes: Float64Array;
}

function centersOf({ cols, values }: Points, codes: Int32Array, kept: Int32Array, k: number): Centers {
  const sums = new Float64Array(k * cols);
  const sizes = new Float64Array(k);
  for (const row of kept) {
    sizes[codes[row]!]!++;
    for (let j = 0; j < cols; j++) sums[codes[row]! * cols + j]! += values[row * cols + j]!;
  }
  for (let at = 0; at < sums.length; at++) sums[at]! /= sizes[Math.floor(at / cols)]!;
  return { values: sums, sizes };
}

function meanSilhouette(points: Points, codes: Int32Array, kept: Int32Array, k: number, sample: Int32Array): number {
  const sizes = new Float64Array(k);
  for (const row of kept) sizes[codes[row]!]!++;
  const sums = new Float64Array(k);
  let total = 0;
  for (const row of sample) {
    const own = codes[row]!;
    if (sizes[own] === 1) continue; // alone in its cluster: 0
    sums.fill(0);
    for (const other of kept) sums[codes[other]!]! += distance(points.values, row, points.values, other, points.cols);
    const inside = sums[own]! / (sizes[own]! - 1);
    let outside = Number.POSITIVE_INFINITY;
    for (let c = 0; c < k; c++) if (c !== own) outside = Math.min(outside, sums[c]! / sizes[c]!);
    const larger = Math.max(inside, outside);
    total += larger === 0 ? 0 : (outside - inside) / larger;
  }
  return total / sample.length;
}

function daviesBouldin({ cols, values }: Points, codes: Int32Array, kept: Int32Array, centers: Centers): number {
  const k = centers.sizes.length;
  const scatter = new Float64Array(k);
  for (const row of kept) scatter[codes[row]!]! += distance(values, row, centers.values, codes[row]!, cols) / centers.sizes[codes[row]!]!;
  let total = 0;
  for (let a = 0; a < k; a++) {
    let worst = 0;
    for (let b = 0; b < k; b++) {
      const apart = a === b ? 0 : distance(centers.values, a, centers.values, b, cols);
      if (apart > 0) worst = Math.max(worst, (scatter[a]! + scatter[b]!) / apart);
    }
    total += worst;
  }
  return total / k;
}

function calinskiHarabasz(points: Points, codes: Int32Array, kept: Int32Array, centers: Centers): number {
  const { cols, values } = points;
  const k = centers.sizes.length;
  const mean = centersOf(points, new Int32Array(points.rows), kept, 1).values;
  let between = 0;
  for (let c = 0; c < k; c++) between += centers.sizes[c]! * distance(centers.values, c, mean, 0, cols) ** 2;
  let within = 0;
  for (const row of kept) within += distance(values, row, centers.values, codes[row]!, cols) ** 2;
  return within === 0 ? Number.NaN : between / (k - 1) / (within / (kept.length - k));
}

function distance(a: Float64Array, i: number, b: Float64Array, j: number, cols: number): number {
  let sum = 0;
  for (let at = 0; at < cols; at++) {
    const gap = a[i * cols + at]! - b[j * cols + at]!;
    sum += gap * gap;
  }
  return Math.sqrt(sum);
}
