import type { TreeData } from "./data.ts";

/** Up to this many levels in a node, all two-way groupings are tried with three or more classes. */
const EXHAUSTIVE_LEVELS = 10;
/** A gain counts as larger only by more than this share, so that equal partitions found by different sums stay ties: the first feature wins. */
const TIE = 1e-10;

export type Criterion = "gini" | "information";

/** A question about one feature. Left when value < threshold, or when the level's side is `LEFT`. */
export interface Split {
  readonly feature: number;
  /** NaN for a category. */
  readonly threshold: number;
  /** Per level: UNSEEN, LEFT or RIGHT. Null for a number. */
  readonly sides: Uint8Array | null;
  /** Decrease of weighted impurity: of the sum of squares, or of weight × (Gini index or entropy). */
  readonly gain: number;
}

export const UNSEEN = 0;
export const LEFT = 1;
export const RIGHT = 2;

/** The rows of one node: `orders[f][start … end)` for each number, `rows[start … end)` for the rest; the same set of rows in each. */
export interface NodeRows {
  readonly orders: readonly (Int32Array | null)[];
  readonly rows: Int32Array;
  readonly start: number;
  readonly end: number;
}

export interface SplitOptions {
  readonly criterion: Criterion;
  /** Fewest rows on each side, among those where the feature is present. */
  readonly minBucket: number;
}

/** Finds the best split of a node: largest gain, then first feature, then smallest threshold. Holds the scratch space of the search. */
export class SplitSearch {
  readonly #data: TreeData;
  readonly #options: SplitOptions;
  readonly #left: Float64Array;
  readonly #right: Float64Array;
  #best: Split | null = null;

  constructor(data: TreeData, options: SplitOptions) {
    this.#data = data;
    this.#options = options;
    this.#left = new Float64Array(Math.max(1, data.classes));
    this.#right = new Float64Array(Math.max(1, data.classes));
  }

  /** `center` is the node's mean (regression), `impurity` its weighted impurity: the scale against which a gain is noise. */
  best(node: NodeRows, center: number, impurity: number): Split | null {
    this.#best = null;
    const floor = TIE * impurity;
    for (let f = 0; f < this.#data.features.length; f++) {
      if (this.#data.features[f]!.codes !== null) this.#splitCategory(f, node, center, floor);
      else if (this.#data.classes === 0) this.#splitRegression(f, node, center, floor);
      else this.#splitClasses(f, node, floor);
    }
    return this.#best;
  }

  #offer(gain: number, floor: number, split: () => Omit<Split, "gain">): void {
    const bar = this.#best === null ? floor : this.#best.gain * (1 + TIE);
    if (gain > bar) this.#best = { ...split(), gain };
  }

  #splitRegression(f: number, node: NodeRows, center: number, floor: number): void {
    const { features, target, weights } = this.#data;
    const values = features[f]!.values!;
    const order = node.orders[f]!;
    const end = presentEnd(order, values, node.start, node.end);
    const { minBucket } = this.#options;
    let total = 0;
    let weight = 0;
    for (let i = node.start; i < end; i++) {
      const row = order[i]!;
      total += weights[row]! * (target[row]! - center);
      weight += weights[row]!;
    }
    const parent = (total * total) / weight;
    let left = 0;
    let leftWeight = 0;
    let best = -1;
    let bestGain = floor;
    const last = end - minBucket;
    for (let i = node.start; i < last; i++) {
      const row = order[i]!;
      left += weights[row]! * (target[row]! - center);
      leftWeight += weights[row]!;
      if (i - node.start + 1 < minBucket || values[row] === values[order[i + 1]!]) continue;
      const right = total - left;
      const gain = (left * left) / leftWeight + (right * right) / (weight - leftWeight) - parent;
      if (gain > bestGain * (1 + TIE)) {
        bestGain = gain;
        best = i;
      }
    }
    if (best >= 0) this.#offer(bestGain, floor, () => numericSplit(f, values[order[best]!]!, values[order[best + 1]!]!));
  }

  #splitClasses(f: number, node: NodeRows, floor: number): void {
    const { features, target, weights } = this.#data;
    const values = features[f]!.values!;
    const order = node.orders[f]!;
    const end = presentEnd(order, values, node.start, node.end);
    const { minBucket, criterion } = this.#options;
    const left = this.#left.fill(0);
    const right = this.#right.fill(0);
    let weight = 0;
    for (let i = node.start; i < end; i++) {
      right[target[order[i]!]!]! += weights[order[i]!]!;
      weight += weights[order[i]!]!;
    }
    const gini = criterion === "gini";
    let rightSquares = 0;
    for (const share of right) rightSquares += share * share;
    const parent = gini ? rightSquares / weight : -entropy(right, weight);
    let leftSquares = 0;
    let leftWeight = 0;
    let best = -1;
    let bestGain = floor;
    const last = end - minBucket;
    for (let i = node.start; i < last; i++) {
      const row = order[i]!;
      const w = weights[row]!;
      const k = target[row]!;
      leftSquares += w * (2 * left[k]! + w);
      rightSquares -= w * (2 * right[k]! - w);
      left[k]! += w;
      right[k]! -= w;
      leftWeight += w;
      if (i - node.start + 1 < minBucket || values[row] === values[order[i + 1]!]) continue;
      const rightWeight = weight - leftWeight;
      const gain = gini
        ? leftSquares / leftWeight + rightSquares / rightWeight - parent
        : -entropy(left, leftWeight) - entropy(right, rightWeight) - parent;
      if (gain > bestGain * (1 + TIE)) {
        bestGain = gain;
        best = i;
      }
    }
    if (best >= 0) this.#offer(bestGain, floor, () => numericSplit(f, values[order[best]!]!, values[order[best + 1]!]!));
  }

  #splitCategory(f: number, node: NodeRows, center: number, floor: number): void {
    const tally = new LevelTally(this.#data, f, node, center);
    if (tally.present.length < 2) return;
    const offer = (gain: number, sides: Uint8Array): void =>
      this.#offer(gain, floor, () => ({ feature: f, threshold: Number.NaN, sides: sides.slice() }));
    const { criterion, minBucket } = this.#options;
    const { classes } = this.#data;
    if (classes === 0) tally.offerAlong(tally.orderBy(0), criterion, minBucket, offer);
    else if (classes === 2) tally.offerAlong(tally.orderBy(1), criterion, minBucket, offer);
    else if (tally.present.length <= EXHAUSTIVE_LEVELS) tally.offerAll(criterion, minBucket, offer);
    else for (let k = 0; k < classes; k++) tally.offerAlong(tally.orderBy(k), criterion, minBucket, offer);
  }
}

/**
 * What each level of one feature holds in one node. For regression and two classes the best grouping lies along the levels sorted by mean, or
 * by share of a class (Fisher 1958; Breiman et al. 1984, section 4.2). With more classes all groupings are tried up to 10 levels; beyond, those
 * along the levels sorted by the share of each class in turn, which need not hold the best one.
 */
class LevelTally {
  readonly present: number[] = [];
  readonly #levels: number;
  readonly #width: number;
  readonly #regression: boolean;
  readonly #counts: Float64Array;
  readonly #weights: Float64Array;
  /** Sums of weight × centred value, or of weights by class: shape [levels, width]. */
  readonly #sums: Float64Array;

  constructor(data: TreeData, f: number, node: NodeRows, center: number) {
    const codes = data.features[f]!.codes!;
    this.#levels = data.features[f]!.levels;
    this.#regression = data.classes === 0;
    this.#width = Math.max(1, data.classes);
    this.#counts = new Float64Array(this.#levels);
    this.#weights = new Float64Array(this.#levels);
    this.#sums = new Float64Array(this.#levels * this.#width);
    for (let i = node.start; i < node.end; i++) {
      const row = node.rows[i]!;
      const code = codes[row]!;
      if (code < 0) continue;
      const weight = data.weights[row]!;
      this.#counts[code]! += 1;
      this.#weights[code]! += weight;
      if (this.#regression) this.#sums[code]! += weight * (data.target[row]! - center);
      else this.#sums[code * this.#width + data.target[row]!]! += weight;
    }
    for (let code = 0; code < this.#levels; code++) if (this.#counts[code]! > 0) this.present.push(code);
  }

  /** Present levels by rising mean, or share of class `k`; equal ones by code. */
  orderBy(k: number): number[] {
    const key = (code: number): number => this.#sums[code * this.#width + k]! / this.#weights[code]!;
    return this.present.toSorted((a, b) => key(a) - key(b) || a - b);
  }

  offerAlong(order: readonly number[], criterion: Criterion, minBucket: number, offer: (gain: number, sides: Uint8Array) => void): void {
    const sides = new Uint8Array(this.#levels);
    for (const code of order) sides[code] = RIGHT;
    const balance = this.#balance();
    for (const code of order.slice(0, -1)) {
      this.#move(balance, code, 1);
      sides[code] = LEFT;
      this.#judge(balance, criterion, minBucket, sides, offer);
    }
  }

  /** All groupings, one level changing sides at a time (Gray code); the last level stays right, as the mirror image is the same split. */
  offerAll(criterion: Criterion, minBucket: number, offer: (gain: number, sides: Uint8Array) => void): void {
    const sides = new Uint8Array(this.#levels);
    for (const code of this.present) sides[code] = RIGHT;
    const balance = this.#balance();
    const groupings = 2 ** (this.present.length - 1);
    for (let step = 1; step < groupings; step++) {
      const code = this.present[31 - Math.clz32(step & -step)]!;
      const toLeft = sides[code] === RIGHT;
      this.#move(balance, code, toLeft ? 1 : -1);
      sides[code] = toLeft ? LEFT : RIGHT;
      this.#judge(balance, criterion, minBucket, sides, offer);
    }
  }

  #balance(): Balance {
    const total = new Float64Array(this.#width);
    let weight = 0;
    let count = 0;
    for (const code of this.present) {
      weight += this.#weights[code]!;
      count += this.#counts[code]!;
      for (let k = 0; k < this.#width; k++) total[k]! += this.#sums[code * this.#width + k]!;
    }
    return { left: new Float64Array(this.#width), total, right: new Float64Array(this.#width), weight, count, leftWeight: 0, leftCount: 0 };
  }

  #move(balance: Balance, code: number, sign: number): void {
    balance.leftWeight += sign * this.#weights[code]!;
    balance.leftCount += sign * this.#counts[code]!;
    for (let k = 0; k < this.#width; k++) balance.left[k]! += sign * this.#sums[code * this.#width + k]!;
  }

  #judge(
    balance: Balance,
    criterion: Criterion,
    minBucket: number,
    sides: Uint8Array,
    offer: (gain: number, sides: Uint8Array) => void,
  ): void {
    if (balance.leftCount < minBucket || balance.count - balance.leftCount < minBucket) return;
    const { left, right, total, weight, leftWeight } = balance;
    for (let k = 0; k < left.length; k++) right[k] = total[k]! - left[k]!;
    const value = (sums: Float64Array, w: number): number =>
      this.#regression || criterion === "gini" ? squares(sums) / w : -entropy(sums, w);
    offer(value(left, leftWeight) + value(right, weight - leftWeight) - value(total, weight), sides);
  }
}

interface Balance {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly total: Float64Array;
  readonly weight: number;
  readonly count: number;
  leftWeight: number;
  leftCount: number;
}

/** A threshold between two neighbouring values: their mean, or the upper one where the mean is not above the lower one. */
function numericSplit(feature: number, below: number, above: number): Omit<Split, "gain"> {
  const middle = below / 2 + above / 2;
  return { feature, threshold: middle > below ? middle : above, sides: null };
}

/** End of the rows where the feature is present. */
export function presentEnd(order: Int32Array, values: Float64Array, start: number, end: number): number {
  let last = end;
  while (last > start && Number.isNaN(values[order[last - 1]!]!)) last -= 1;
  return last;
}

function squares(sums: Float64Array): number {
  let total = 0;
  for (const sum of sums) total += sum * sum;
  return total;
}

/** Weight × entropy in nats. */
export function entropy(sums: Float64Array, weight: number): number {
  let total = 0;
  for (const sum of sums) if (sum > 0) total -= sum * Math.log(sum / weight);
  return total;
}
