/** Held-out rows of a two-class problem by their probability of the positive class, ready to be cut anywhere. */
export class ThresholdCurve {
  /** Probabilities, largest first, and how many positives and negatives lie at or above each. */
  readonly #sorted: Float64Array;
  readonly #positives: Int32Array;
  readonly allPositive: number;
  readonly allNegative: number;

  /** @param probabilities of the positive class. @param isPositive 1 or 0. Rows without a probability are left out. */
  constructor(probabilities: Float64Array, isPositive: Uint8Array) {
    const rows = Int32Array.from(probabilities.keys())
      .filter((row) => !Number.isNaN(probabilities[row] ?? Number.NaN))
      .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0) || a - b);
    this.#sorted = Float64Array.from(rows, (row) => probabilities[row] ?? 0);
    this.#positives = new Int32Array(rows.length + 1);
    for (const [rank, row] of rows.entries()) this.#positives[rank + 1] = (this.#positives[rank] ?? 0) + (isPositive[row] ?? 0);
    this.allPositive = this.#positives[rows.length] ?? 0;
    this.allNegative = rows.length - this.allPositive;
  }

  /** Counts when rows at or above the threshold are called positive. Cost: O(log n). */
  at(threshold: number): ThresholdCounts {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? 0) >= threshold) low = middle + 1;
      else high = middle;
    }
    return this.#counts(low);
  }

  #counts(called: number): ThresholdCounts {
    const truePositive = this.#positives[called] ?? 0;
    const falsePositive = called - truePositive;
    const falseNegative = this.allPositive - truePositive;
    const trueNegative = this.allNegative - falsePositive;
    return { truePositive, falsePositive, falseNegative, trueNegative };
  }

  /** The largest threshold up to 1 at which a figure is greatest. Between two rows the middle is taken. Cost: O(n). */
  best(figure: (counts: ThresholdCounts) => number): number {
    let most = Number.NEGATIVE_INFINITY;
    let found = 0.5;
    const n = this.#sorted.length;
    for (let called = 0; called <= n; called++) {
      // No threshold parts equal probabilities, and none up to 1 leaves out a probability of 1.
      if (called < n && this.#sorted[called] === (this.#sorted[called - 1] ?? 1)) continue;
      const value = figure(this.#counts(called));
      if (value <= most) continue;
      most = value;
      found = ((this.#sorted[called - 1] ?? 1) + (this.#sorted[called] ?? 0)) / 2;
    }
    return found;
  }
}

export interface ThresholdCounts {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/** Rates at a threshold; NaN where nothing is there to divide by. */
export function ratesOf({ truePositive, falsePositive, falseNegative, trueNegative }: ThresholdCounts) {
  const sensitivity = truePositive / (truePositive + falseNegative);
  const specificity = trueNegative / (trueNegative + falsePositive);
  return {
    sensitivity,
    specificity,
    precision: truePositive / (truePositive + falsePositive),
    accuracy: (truePositive + trueNegative) / (truePositive + falsePositive + falseNegative + trueNegative),
    balancedAccuracy: (sensitivity + specificity) / 2,
  };
}
