import type { TreeData } from "./data.ts";
import { LEFT, type NodeRows, presentEnd, RIGHT, UNSEEN } from "./split.ts";

/** A stand-in for a split whose feature is missing. */
export interface Surrogate {
  readonly feature: number;
  readonly threshold: number;
  /** Numbers: whether values below the threshold go left. */
  readonly belowIsLeft: boolean;
  readonly sides: Uint8Array | null;
  /** Weight of the rows that it sends the way of the split, over the weight of the rows where the split's feature is present. */
  readonly agreement: number;
}

/** Fewest rows that a surrogate must send each way. */
const FEWEST = 2;

/**
 * The best stand-in from each other feature, best first, at most `most`: those that agree with the split more often than always going the heavier
 * way does (Breiman et al. 1984, section 5.3). Rows where the split's feature is missing do not count.
 *
 * @param side per row: LEFT or RIGHT under the split, UNSEEN where its feature is missing.
 */
export function findSurrogates(data: TreeData, node: NodeRows, primary: number, side: Uint8Array, most: number): Surrogate[] {
  if (most === 0) return [];
  let left = 0;
  let right = 0;
  for (let i = node.start; i < node.end; i++) {
    const row = node.rows[i]!;
    if (side[row] === LEFT) left += data.weights[row]!;
    else if (side[row] === RIGHT) right += data.weights[row]!;
  }
  const majority = Math.max(left, right);
  const found: Surrogate[] = [];
  for (let f = 0; f < data.features.length; f++) {
    if (f === primary) continue;
    const best = data.features[f]!.codes === null ? bestThreshold(data, node, f, side) : bestSides(data, node, f, side);
    if (best !== null && best.agreement > majority * (1 + 1e-10)) found.push({ ...best, agreement: best.agreement / (left + right) });
  }
  return found.sort((a, b) => b.agreement - a.agreement || a.feature - b.feature).slice(0, most);
}

function bestThreshold(data: TreeData, node: NodeRows, f: number, side: Uint8Array): Surrogate | null {
  const values = data.features[f]!.values!;
  const order = node.orders[f]!;
  const end = presentEnd(order, values, node.start, node.end);
  let leftAbove = 0;
  let rightAbove = 0;
  let count = 0;
  for (let i = node.start; i < end; i++) {
    const row = order[i]!;
    if (side[row] === UNSEEN) continue;
    count += 1;
    if (side[row] === LEFT) leftAbove += data.weights[row]!;
    else rightAbove += data.weights[row]!;
  }
  let best: Surrogate | null = null;
  let leftBelow = 0;
  let rightBelow = 0;
  let below = 0;
  let previous = Number.NaN;
  for (let i = node.start; i < end; i++) {
    const row = order[i]!;
    const value = values[row]!;
    if (value !== previous && below >= FEWEST && count - below >= FEWEST) {
      const same = leftBelow + rightAbove;
      const mirrored = rightBelow + leftAbove;
      const agreement = Math.max(same, mirrored);
      if (best === null || agreement > best.agreement) {
        const middle = previous / 2 + value / 2;
        best = { feature: f, threshold: middle > previous ? middle : value, belowIsLeft: same >= mirrored, sides: null, agreement };
      }
    }
    // Rows without the split's feature still mark where values lie, as in rpart.
    previous = value;
    if (side[row] === UNSEEN) continue;
    const weight = data.weights[row]!;
    if (side[row] === LEFT) {
      leftBelow += weight;
      leftAbove -= weight;
    } else {
      rightBelow += weight;
      rightAbove -= weight;
    }
    below += 1;
  }
  return best;
}

function bestSides(data: TreeData, node: NodeRows, f: number, side: Uint8Array): Surrogate | null {
  const { codes, levels } = data.features[f]!;
  const balance = new Float64Array(2 * levels);
  const counts = new Float64Array(levels);
  for (let i = node.start; i < node.end; i++) {
    const row = node.rows[i]!;
    const code = codes![row]!;
    if (code < 0 || side[row] === UNSEEN) continue;
    counts[code]! += 1;
    balance[2 * code + (side[row] === LEFT ? 0 : 1)]! += data.weights[row]!;
  }
  const sides = new Uint8Array(levels);
  const sent = [0, 0];
  let agreement = 0;
  for (let code = 0; code < levels; code++) {
    if (counts[code] === 0) continue;
    const left = balance[2 * code]!;
    const right = balance[2 * code + 1]!;
    sides[code] = left > right ? LEFT : RIGHT;
    sent[left > right ? 0 : 1]! += counts[code]!;
    agreement += Math.max(left, right);
  }
  if (sent[0]! < FEWEST || sent[1]! < FEWEST) return null;
  return { feature: f, threshold: Number.NaN, belowIsLeft: true, sides, agreement };
}
