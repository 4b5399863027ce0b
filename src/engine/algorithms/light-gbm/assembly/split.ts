// The best split of one leaf from its histogram: prefix scans for numbers, gradient-ordered groups for categories.
import { countOf, ENTRY, hessianOf, MAX_BINS, State } from "./state";

/** The best split found so far in the leaf at hand. `gain` is 0 when there is none. */
// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
export class Best {
  static gain: f64 = 0;
  static feature: i32 = -1;
  /** Numbers: bins up to this one go left. */
  static bin: i32 = 0;
  static missingLeft: bool = false;
  static gradient: i64 = 0;
  static packed: i64 = 0;
  /** Categories: MAX_BINS bytes, 1 where a bin goes left, 2 where it does not occur in this leaf. */
  static table: usize = 0;
}

let totalGradient: i64 = 0;
let totalPacked: i64 = 0;
let totalCount: i32 = 0;
let totalHessian: f64 = 0;
/** What a split must beat: the leaf's own score plus the demanded gain, and room for rounding. */
let parentScore: f64 = 0;
let floorGain: f64 = 0;

/** Room for the category order: bins (i32) and their ratios (f64). */
const listed: usize = memory.data(MAX_BINS * 4, 16);
const ratios: usize = memory.data(MAX_BINS * 8, 16);

/** Fills `Best` for a leaf with these sums. Ties go to the lowest feature, then the lowest bin. */
export function findBestSplit(histogram: usize, gradient: i64, packed: i64): void {
  totalGradient = gradient;
  totalPacked = packed;
  totalCount = countOf(packed);
  totalHessian = hessianOf(packed);
  parentScore = scoreOf(<f64>gradient * State.gradientUnit, totalHessian, State.lambda2);
  floorGain = State.minGain + 1e-12 * parentScore;
  Best.gain = 0;
  Best.feature = -1;
  for (let feature = 0; feature < State.features; feature++) {
    if (load<u8>(State.mask + feature) === 0) continue;
    const own = histogram + <usize>load<i32>(State.firstEntries + ((<usize>feature) << 2)) * ENTRY;
    const bins = load<i32>(State.binCounts + ((<usize>feature) << 2)) - 1;
    if (load<u8>(State.categorical + feature) !== 0) scanCategories(own, bins, feature);
    else scanNumbers(own, bins, feature);
  }
}

/** G² / (H + λ2), with |G| shrunk by λ1 (Chen & Guestrin 2016, eq. 6). */
function scoreOf(gradient: f64, hessian: f64, lambda2: f64): f64 {
  const shrunk = max<f64>(abs(gradient) - State.lambda1, 0);
  return (shrunk * shrunk) / (hessian + lambda2);
}

function scanNumbers(own: usize, bins: i32, feature: i32): void {
  const missingAt = own + <usize>bins * ENTRY;
  const hasMissing = countOf(load<i64>(missingAt, 8)) > 0;
  scanPrefixes(own, hasMissing ? bins : bins - 1, feature, false, 0, 0);
  if (hasMissing) scanPrefixes(own, bins - 1, feature, true, load<i64>(missingAt), load<i64>(missingAt, 8));
}

function scanPrefixes(own: usize, candidates: i32, feature: i32, missingLeft: bool, gradient: i64, packed: i64): void {
  const countBits = State.countBits;
  const mask = ((<i64>1) << countBits) - 1;
  const minData = <i64>State.minData;
  const maxData = <i64>totalCount - minData;
  const minHessian = State.minHessian;
  const allGradients = <f64>totalGradient;
  const allHessians = <f64>(totalPacked >> countBits);
  const parent = parentScore;
  let best = max<f64>(floorGain, Best.gain);
  for (let bin = 0; bin < candidates; bin++) {
    const entry = own + <usize>bin * ENTRY;
    const added = load<i64>(entry, 8);
    if (added === 0) continue;
    gradient += load<i64>(entry);
    packed += added;
    const onLeft = packed & mask;
    if (onLeft < minData) continue;
    if (onLeft > maxData) break;
    const g = <f64>gradient;
    const h = <f64>(packed >> countBits);
    // Left and right at once. Differences of integers below 2^53 are exact.
    const gradients = f64x2.mul(f64x2.replace_lane(f64x2.splat(g), 1, allGradients - g), f64x2.splat(State.gradientUnit));
    const hessians = f64x2.mul(f64x2.replace_lane(f64x2.splat(h), 1, allHessians - h), f64x2.splat(State.hessianUnit));
    if (f64x2.extract_lane(hessians, 0) < minHessian) continue;
    if (f64x2.extract_lane(hessians, 1) < minHessian) break;
    const shrunk = f64x2.max(f64x2.sub(f64x2.abs(gradients), f64x2.splat(State.lambda1)), f64x2.splat(0));
    const scores = f64x2.div(f64x2.mul(shrunk, shrunk), f64x2.add(hessians, f64x2.splat(State.lambda2)));
    const gain = f64x2.extract_lane(scores, 0) + f64x2.extract_lane(scores, 1) - parent;
    if (gain > best) {
      best = gain;
      Best.gain = gain;
      Best.feature = feature;
      Best.bin = bin;
      Best.missingLeft = missingLeft;
      Best.gradient = gradient;
      Best.packed = packed;
    }
  }
}

/**
 * Categories in the order of gradient / (hessian + cat_smooth): for a convex loss the best two groups are a prefix of that order
 * (Fisher 1958), which is tried from both ends. With more than four levels the order is a fit of its own, so its gain is held
 * down by cat_l2 and prefixes are limited to max_cat_threshold levels (Ke et al. 2017).
 */
function scanCategories(own: usize, bins: i32, feature: i32): void {
  const few = bins <= 4;
  const used = listCategories(own, bins, few ? 0 : State.catSmooth);
  if (used < 2) return;
  const lambda2 = few ? State.lambda2 : State.lambda2 + State.catLambda2;
  const limit = few ? used - 1 : min(State.maxCategories, (used + 1) / 2);
  scanGroups(own, bins, feature, used, limit, lambda2, false);
  if (!few) scanGroups(own, bins, feature, used, limit, lambda2, true);
}

/** Lists the bins that occur in this leaf, missing values included, by ascending ratio; ties by bin. Returns how many. */
function listCategories(own: usize, bins: i32, smooth: f64): i32 {
  let used = 0;
  for (let bin = 0; bin <= bins; bin++) {
    const entry = own + <usize>bin * ENTRY;
    const packed = load<i64>(entry, 8);
    if (packed === 0) continue;
    const ratio = (<f64>load<i64>(entry) * State.gradientUnit) / max<f64>(hessianOf(packed) + smooth, 1e-300);
    let at = used++;
    while (at > 0 && load<f64>(ratios + ((<usize>(at - 1)) << 3)) > ratio) {
      store<f64>(ratios + ((<usize>at) << 3), load<f64>(ratios + ((<usize>(at - 1)) << 3)));
      store<i32>(listed + ((<usize>at) << 2), load<i32>(listed + ((<usize>(at - 1)) << 2)));
      at--;
    }
    store<f64>(ratios + ((<usize>at) << 3), ratio);
    store<i32>(listed + ((<usize>at) << 2), bin);
  }
  return used;
}

function scanGroups(own: usize, _bins: i32, feature: i32, used: i32, limit: i32, lambda2: f64, fromEnd: bool): void {
  const unit = State.gradientUnit;
  let gradient: i64 = 0;
  let packed: i64 = 0;
  let bestSize = 0;
  for (let size = 1; size <= limit; size++) {
    const position = fromEnd ? used - size : size - 1;
    const entry = own + <usize>load<i32>(listed + ((<usize>position) << 2)) * ENTRY;
    gradient += load<i64>(entry);
    packed += load<i64>(entry, 8);
    const count = countOf(packed);
    if (count < State.minData) continue;
    if (totalCount - count < State.minData) break;
    const left = hessianOf(packed);
    if (left < State.minHessian) continue;
    const right = hessianOf(totalPacked - packed);
    if (right < State.minHessian) break;
    const gain =
      scoreOf(<f64>gradient * unit, left, lambda2) + scoreOf(<f64>(totalGradient - gradient) * unit, right, lambda2) - parentScore;
    if (gain > floorGain && gain > Best.gain) {
      Best.gain = gain;
      Best.feature = feature;
      Best.bin = -1;
      Best.gradient = gradient;
      Best.packed = packed;
      bestSize = size;
    }
  }
  if (bestSize === 0) return;
  memory.fill(Best.table, 2, MAX_BINS);
  for (let i = 0; i < used; i++) {
    const inside = fromEnd ? i >= used - bestSize : i < bestSize;
    store<u8>(Best.table + <usize>load<i32>(listed + ((<usize>i) << 2)), inside ? 1 : 0);
  }
}
