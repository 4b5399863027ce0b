import type { Task } from "../../algorithm.ts";
import type { FeatureBins } from "./bins.ts";
import type { Settings } from "./settings.ts";

/** Everything that is fixed for the time of one fit. */
export interface CoreLayout {
  readonly task: Task;
  readonly rows: number;
  readonly validationRows: number;
  /** Only features that can split; each knows its column. */
  readonly features: readonly FeatureBins[];
  /** Trees per round: K for many classes, else 1. */
  readonly outputs: number;
  readonly isWeighted: boolean;
  readonly isValidationWeighted: boolean;
  readonly settings: Settings;
  /** Leaf histograms kept at a time, at least 2. */
  readonly slots: number;
}

export type Part = "training" | "validation";

/** One grown tree, by node. Views into the core's memory: read them before the next call. */
export interface GrownTree {
  readonly nodes: number;
  /** Index into the layout's features; -1 in a leaf. */
  readonly feature: Int32Array;
  /** Numbers: bins up to this one go left. */
  readonly bin: Int32Array;
  /** Left child; the right one is its neighbour. -1 in a leaf. */
  readonly left: Int32Array;
  readonly count: Int32Array;
  /** Step of a leaf, learning rate included. */
  readonly value: Float64Array;
  readonly gain: Float64Array;
  readonly hessian: Float64Array;
  /** 256 bytes per node: 1 where a bin of its feature goes left. The feature's last bin is that of missing values. */
  readonly table: Uint8Array;
}

/**
 * The arithmetic of boosting, once in WebAssembly (`kernel.ts`) and once in plain TypeScript (`twin.ts`), with equal bits.
 * Gradients and hessians are rounded to integers of about 50 bits, so their sums are exact: they depend neither on the order of
 * rows nor on whether a histogram was built or got by subtraction.
 */
export interface BoostingCore {
  /** Bins a column: a value's bin is the number of edges below it, NaN's is the last. */
  mapNumbers(part: Part, feature: number, values: Float64Array): void;
  /** Takes bins as they are. */
  placeBins(part: Part, feature: number, bins: Uint8Array): void;
  setTarget(part: Part, target: Float64Array, weights: Float64Array | null): void;
  /** Starts every row of `output` from `score`. */
  setScore(part: Part, output: number, score: number): void;
  /** Rows that trees may learn from, ascending. */
  setBag(rows: Uint32Array): void;
  /** Per feature: 1 when the next tree may use it. */
  setMask(mask: Uint8Array): void;
  /** Weighted sum of log-loss or squared error; also what `computePairs` starts from. */
  sumLoss(part: Part): number;
  /** Gradients and hessians of one output at the scores of the last `sumLoss`. */
  computePairs(output: number): void;
  growTree(): GrownTree;
  /** Adds the last tree to the scores of `output`, training and validation. */
  addTree(output: number): void;
  /** Lets go of its memory. The core is not usable afterwards. */
  close(): void;
}

export type CoreFactory = (layout: CoreLayout) => BoostingCore;
