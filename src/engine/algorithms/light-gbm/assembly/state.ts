// What one fit holds: sizes, settings and the addresses of its flat arrays. Everything is laid out once, by `setUp`, with a bump
// pointer over `memory.grow`; nothing is ever freed, because the instance lives exactly as long as the fit.

/** Features per block. Bins are stored [block][row][BLOCK], so that one 32-bit load brings a row's bins of four features. */
export const BLOCK: i32 = 4;
/** Histogram entry: gradient sum (i64), then hessian sum and row count packed into one i64. */
export const ENTRY: i32 = 16;
/** Bins of one feature, the last of them for missing and unknown values. */
export const MAX_BINS: i32 = 256;

// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
export class State {
  static top: usize = 0;

  // Sizes
  static rows: i32 = 0;
  static validationRows: i32 = 0;
  static features: i32 = 0;
  static blocks: i32 = 0;
  static outputs: i32 = 0;
  static entries: i32 = 0;
  static slots: i32 = 0;

  // Settings
  static maxLeaves: i32 = 0;
  static maxDepth: i32 = 0;
  static minData: i32 = 0;
  static minHessian: f64 = 0;
  static lambda1: f64 = 0;
  static lambda2: f64 = 0;
  static minGain: f64 = 0;
  static learningRate: f64 = 0;
  static catSmooth: f64 = 0;
  static catLambda2: f64 = 0;
  static maxCategories: i32 = 0;

  // Data: [rows] of training, then the same of validation
  static bins: usize = 0;
  static validationBins: usize = 0;
  static target: usize = 0;
  static validationTarget: usize = 0;
  /** 0 when all weights are one. */
  static weights: usize = 0;
  static validationWeights: usize = 0;
  static scores: usize = 0;
  static validationScores: usize = 0;
  /** Binary: probability of class 1. Multiclass: log of the sum of exponentials. */
  static links: usize = 0;
  static validationLinks: usize = 0;

  // Features
  static binCounts: usize = 0;
  static firstEntries: usize = 0;
  static categorical: usize = 0;
  /** One byte per feature: whether this tree may use it. */
  static mask: usize = 0;

  // Rows in play: those a tree may learn from, ascending, and the same in the order of the leaves
  static bag: usize = 0;
  static order: usize = 0;
  static spare: usize = 0;
  static inBag: i32 = 0;
  /** Quantised gradient pairs by row id, and those of the leaf at hand in its row order. */
  static pairs: usize = 0;
  static ordered: usize = 0;
  /** 1 / scale of the quantised gradients and hessians; powers of two. */
  static gradientUnit: f64 = 1;
  static hessianUnit: f64 = 1;
  /** Low bits of a packed hessian that count rows. */
  static countBits: i64 = 0;

  static histograms: usize = 0;
}

/** The next `bytes` bytes, aligned to a cache line. 0 when memory is at its end. */
export function allocate(bytes: usize): usize {
  if (State.top === 0) State.top = (__heap_base + 63) & ~63;
  const start = State.top;
  const end = (start + bytes + 63) & ~63;
  if (end < start) return 0;
  const pages = <i32>((end + 0xffff) >>> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) return 0;
  State.top = end;
  return start;
}

/** Where bin `feature` of row 0 lies; the next row's is BLOCK bytes on. */
export function binColumn(bins: usize, rows: i32, feature: i32): usize {
  return bins + <usize>(feature / BLOCK) * <usize>rows * BLOCK + <usize>(feature % BLOCK);
}

export function countOf(packed: i64): i32 {
  return <i32>(packed & (((<i64>1) << State.countBits) - 1));
}

export function hessianOf(packed: i64): f64 {
  return <f64>(packed >> State.countBits) * State.hessianUnit;
}

/** Weight of a row; `weights` is 0 when all are one. */
export function weightOf(weights: usize, row: i32): f64 {
  return weights === 0 ? 1.0 : load<f64>(weights + ((<usize>row) << 3));
}
