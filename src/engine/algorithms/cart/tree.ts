import type { TreeFeature } from "./data.ts";
import { LEFT, RIGHT, type Split, UNSEEN } from "./split.ts";
import type { Surrogate } from "./surrogate.ts";

/** One node while the tree is in the making. Children are indices into the same list, −1 in a leaf; a child comes after its parent. */
export interface TreeNode {
  readonly depth: number;
  readonly parent: number;
  readonly rows: number;
  readonly weight: number;
  /** Regression: [mean]. Classification: weight of each class. */
  readonly summary: Float64Array;
  /** Resubstitution risk: weighted sum of squares, or weight of the misclassified. */
  readonly risk: number;
  /** Weighted impurity that splits decrease. */
  readonly impurity: number;
  split: Split | null;
  surrogates: readonly Surrogate[];
  /** Where rows go when the split and every surrogate are missing: the heavier child. */
  missingGoesLeft: boolean;
  left: number;
  right: number;
}

/** LEFT, RIGHT, or UNSEEN where the value is missing or a level that the question never met. */
export function sideOf(feature: TreeFeature, row: number, threshold: number, sides: Uint8Array | null, belowIsLeft: boolean): number {
  if (sides === null) {
    const value = feature.values![row]!;
    if (Number.isNaN(value)) return UNSEEN;
    return value < threshold === belowIsLeft ? LEFT : RIGHT;
  }
  const code = feature.codes![row]!;
  return code < 0 || code >= sides.length ? UNSEEN : sides[code]!;
}

/** LEFT or RIGHT: by the split, else by the first surrogate that has a value, else the heavier way. UNSEEN in a leaf. */
export function route(node: TreeNode, features: readonly TreeFeature[], row: number): number {
  const { split } = node;
  if (split === null) return UNSEEN;
  const side = sideOf(features[split.feature]!, row, split.threshold, split.sides, true);
  if (side !== UNSEEN) return side;
  for (const surrogate of node.surrogates) {
    const stand = sideOf(features[surrogate.feature]!, row, surrogate.threshold, surrogate.sides, surrogate.belowIsLeft);
    if (stand !== UNSEEN) return stand;
  }
  return node.missingGoesLeft ? LEFT : RIGHT;
}

/** Code of the heaviest class, the first among equals. */
export function heaviest(summary: Float64Array): number {
  let best = 0;
  for (let k = 1; k < summary.length; k++) if (summary[k]! > summary[best]!) best = k;
  return best;
}
