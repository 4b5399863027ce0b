import type { CoreLayout } from "./core.ts";
import type { Settings } from "./settings.ts";

/** Integer sums of a leaf, and what one unit of them is worth. */
export interface Leaf {
  readonly gradient: number;
  readonly hessian: number;
  readonly count: number;
  readonly gradientUnit: number;
  readonly hessianUnit: number;
}

/** Integer sums of one feature's bins in one leaf. */
export interface LeafHistograms {
  readonly gradients: Float64Array;
  readonly hessians: Float64Array;
  readonly counts: Int32Array;
}

export interface Split {
  readonly gain: number;
  readonly feature: number;
  /** Numbers: the last bin on the left; -1 for categories. */
  readonly bin: number;
  readonly leftCount: number;
  /** Side of a bin; null for one that does not occur in the leaf, where the larger child is chosen. */
  goesLeft(bin: number): boolean | null;
}

/** A candidate is the list of bins on its left, with the L2 penalty it is judged by. */
interface Candidate {
  readonly feature: number;
  readonly bin: number;
  readonly left: readonly number[];
  readonly lambda2: number;
}

/** The best of all allowed splits of a leaf, or null. The first of equals wins. */
export function findBestSplit(
  leaf: Leaf,
  layout: CoreLayout,
  mask: Uint8Array,
  histogramOf: (feature: number) => LeafHistograms,
): Split | null {
  const { settings } = layout;
  const parent = scoreOf(leaf.gradient * leaf.gradientUnit, leaf.hessian * leaf.hessianUnit, settings.lambda2, settings);
  const floor = settings.minGain + 1e-12 * parent;
  let best: Split | null = null;
  for (const [feature, plan] of layout.features.entries()) {
    if (mask[feature] === 0) continue;
    const histogram = histogramOf(feature);
    const isOrdered = plan.kind === "numeric";
    const candidates = isOrdered ? prefixes(histogram, feature, settings.lambda2) : groups(histogram, feature, leaf, settings);
    for (const candidate of candidates) {
      const gain = gainOf(candidate, histogram, leaf, settings, parent);
      if (!(gain > floor && gain > (best?.gain ?? 0))) continue;
      best = splitOf(candidate, gain, histogram, isOrdered);
    }
  }
  return best;
}

function splitOf(candidate: Candidate, gain: number, histogram: LeafHistograms, isOrdered: boolean): Split {
  const left = new Set(candidate.left);
  const missing = histogram.counts.length - 1;
  const { counts } = histogram;
  return {
    gain,
    feature: candidate.feature,
    bin: candidate.bin,
    leftCount: candidate.left.reduce((sum, bin) => sum + counts[bin]!, 0),
    goesLeft: (bin) => {
      if (isOrdered && bin !== missing) return bin <= candidate.bin;
      return counts[bin] === 0 ? null : left.has(bin);
    },
  };
}

/** G² / (H + λ2), with |G| shrunk by λ1. */
function scoreOf(gradient: number, hessian: number, lambda2: number, settings: Settings): number {
  const shrunk = Math.max(Math.abs(gradient) - settings.lambda1, 0);
  return (shrunk * shrunk) / (hessian + lambda2);
}

/** Gain of a candidate; NaN when a side is too small. */
function gainOf(candidate: Candidate, histogram: LeafHistograms, leaf: Leaf, settings: Settings, parent: number): number {
  let gradient = 0;
  let hessian = 0;
  let count = 0;
  for (const bin of candidate.left) {
    gradient += histogram.gradients[bin]!;
    hessian += histogram.hessians[bin]!;
    count += histogram.counts[bin]!;
  }
  const left = hessian * leaf.hessianUnit;
  const right = (leaf.hessian - hessian) * leaf.hessianUnit;
  if (count < settings.minDataInLeaf || leaf.count - count < settings.minDataInLeaf) return Number.NaN;
  if (left < settings.minHessianInLeaf || right < settings.minHessianInLeaf) return Number.NaN;
  const { lambda2 } = candidate;
  return (
    scoreOf(gradient * leaf.gradientUnit, left, lambda2, settings) +
    scoreOf((leaf.gradient - gradient) * leaf.gradientUnit, right, lambda2, settings) -
    parent
  );
}

/** Every cut of an ordered feature: missing values on the right, then, where some occur, on the left. */
function prefixes(histogram: LeafHistograms, feature: number, lambda2: number): Candidate[] {
  const missing = histogram.counts.length - 1;
  const occurring = [...histogram.counts.keys()].filter((bin) => bin < missing && histogram.counts[bin]! > 0);
  const hasMissing = histogram.counts[missing]! > 0;
  const cut = (position: number, extra: readonly number[]): Candidate => ({
    feature,
    bin: occurring[position]!,
    left: [...extra, ...occurring.slice(0, position + 1)],
    lambda2,
  });
  const all = occurring.map((_, position) => position);
  const inner = all.filter((position) => occurring[position]! < missing - 1);
  const missingRight = (hasMissing ? all : inner).map((position) => cut(position, []));
  return hasMissing ? [...missingRight, ...inner.map((position) => cut(position, [missing]))] : missingRight;
}

/** Prefixes of the categories by gradient over hessian, from the low end and, with more than four levels, from the high end. */
function groups(histogram: LeafHistograms, feature: number, leaf: Leaf, settings: Settings): Candidate[] {
  const isFew = histogram.counts.length - 1 <= 4;
  const smooth = isFew ? 0 : settings.catSmooth;
  const lambda2 = isFew ? settings.lambda2 : settings.lambda2 + settings.catLambda2;
  const ratio = (bin: number): number =>
    (histogram.gradients[bin]! * leaf.gradientUnit) / Math.max(histogram.hessians[bin]! * leaf.hessianUnit + smooth, 1e-300);
  const order = [...histogram.counts.keys()].filter((bin) => histogram.counts[bin]! > 0).sort((a, b) => ratio(a) - ratio(b) || a - b);
  if (order.length < 2) return [];
  const limit = isFew ? order.length - 1 : Math.min(settings.maxCategories, (order.length + 1) >> 1);
  const sizes = Array.from({ length: limit }, (_, index) => index + 1);
  const group = (left: readonly number[]): Candidate => ({ feature, bin: -1, left, lambda2 });
  const fromLow = sizes.map((size) => group(order.slice(0, size)));
  return isFew ? fromLow : [...fromLow, ...sizes.map((size) => group(order.slice(order.length - size)))];
}
