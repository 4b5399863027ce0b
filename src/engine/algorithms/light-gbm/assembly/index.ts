// The kernel of histogram boosting: one instance per fit. ../kernel.ts drives it, ../twin.ts does the same in plain TypeScript.
// Calls: configure, setUp, then per feature mapNumbers or placeBins, then per round computePairs, grow, and sumLoss.
import * as tree from "./grow";
import * as loss from "./loss";
import { allocate, BLOCK, binColumn, ENTRY, State } from "./state";

let task: i32 = 0;
let staged: usize = 0;
let edges: usize = 0;

export function configure(
  maxLeaves: i32,
  maxDepth: i32,
  minData: i32,
  minHessian: f64,
  lambda1: f64,
  lambda2: f64,
  minGain: f64,
  learningRate: f64,
  catSmooth: f64,
  catLambda2: f64,
  maxCategories: i32,
): void {
  State.maxLeaves = maxLeaves;
  State.maxDepth = maxDepth;
  State.minData = minData;
  State.minHessian = minHessian;
  State.lambda1 = lambda1;
  State.lambda2 = lambda2;
  State.minGain = minGain;
  State.learningRate = learningRate;
  State.catSmooth = catSmooth;
  State.catLambda2 = catLambda2;
  State.maxCategories = maxCategories;
}

/**
 * Lays out memory for a fit. `entries` counts the bins of all features, `slots` the histograms kept (at least 2).
 * False when memory is at its end; the instance is then useless.
 */
export function setUp(
  ofTask: i32,
  rows: i32,
  validationRows: i32,
  features: i32,
  outputs: i32,
  entries: i32,
  slots: i32,
  isWeighted: bool,
  isValidationWeighted: bool,
): bool {
  task = ofTask;
  State.rows = rows;
  State.validationRows = validationRows;
  State.features = features;
  State.blocks = (features + BLOCK - 1) / BLOCK;
  State.outputs = outputs;
  State.entries = entries + 1;
  State.slots = slots;
  State.countBits = 32 - clz(rows);
  const n = <usize>rows;
  const v = <usize>validationRows;
  const padded = <usize>State.blocks * BLOCK;
  State.binCounts = allocate(padded * 4);
  State.firstEntries = allocate(padded * 4);
  State.categorical = allocate(padded);
  State.mask = allocate(padded);
  edges = allocate(256 * 8);
  State.bins = allocate(n * padded);
  State.validationBins = allocate(v * padded);
  State.target = allocate(n * 8);
  State.validationTarget = allocate(v * 8);
  if (isWeighted) State.weights = allocate(n * 8);
  if (isValidationWeighted) State.validationWeights = allocate(v * 8);
  State.scores = allocate(n * 8 * outputs);
  State.validationScores = allocate(v * 8 * outputs);
  State.links = allocate(n * 8);
  State.validationLinks = allocate(v * 8);
  State.bag = allocate(n * 4);
  State.order = allocate(n * 4);
  State.spare = allocate(n * 4);
  State.pairs = allocate(max(n * 16, v * 8));
  State.ordered = allocate(n * 16);
  staged = State.pairs;
  State.histograms = allocate(<usize>slots * <usize>State.entries * ENTRY);
  if (State.histograms === 0 || State.bins === 0 || State.scores === 0 || State.validationBins === 0) return false;
  if (!tree.layOutTree()) return false;
  // Features that only fill the last block count into one entry of their own.
  for (let i = features; i < <i32>padded; i++) store<i32>(State.firstEntries + ((<usize>i) << 2), entries);
  return true;
}

/** Declares feature `feature`: how many bins with the one for missing values, where they start, and whether they are categories. */
export function describeFeature(feature: i32, bins: i32, firstEntry: i32, isCategorical: bool): void {
  store<i32>(State.binCounts + ((<usize>feature) << 2), bins);
  store<i32>(State.firstEntries + ((<usize>feature) << 2), firstEntry);
  store<u8>(State.categorical + feature, isCategorical ? 1 : 0);
}

/** Where the caller writes a column's values (f64) or bins (u8) before `mapNumbers` or `placeBins`. */
export function stagedAddress(): usize {
  return staged;
}
/** Where the caller writes up to 254 ascending bin edges (f64). */
export function edgesAddress(): usize {
  return edges;
}

/** Bins the staged values: a value's bin is the number of edges below it; NaN goes to the last bin. */
export function mapNumbers(isValidation: bool, feature: i32, edgeCount: i32): void {
  const rows = isValidation ? State.validationRows : State.rows;
  const column = binColumn(isValidation ? State.validationBins : State.bins, rows, feature);
  const missing = edgeCount + 1;
  for (let i = edgeCount; i < 256; i++) store<f64>(edges + ((<usize>i) << 3), Infinity);
  let width = 1;
  while (width <= edgeCount) width <<= 1;
  for (let row = 0; row < rows; row++) {
    const value = load<f64>(staged + ((<usize>row) << 3));
    let bin = 0;
    // As many steps for every value, without a branch to mispredict.
    for (let step = width >> 1; step > 0; step >>= 1) bin += load<f64>(edges + ((<usize>(bin + step - 1)) << 3)) < value ? step : 0;
    store<u8>(column + <usize>row * BLOCK, <u8>(value <= Infinity ? bin : missing));
  }
}

/** Takes the staged bytes as bins. */
export function placeBins(isValidation: bool, feature: i32): void {
  const rows = isValidation ? State.validationRows : State.rows;
  const column = binColumn(isValidation ? State.validationBins : State.bins, rows, feature);
  for (let row = 0; row < rows; row++) store<u8>(column + <usize>row * BLOCK, load<u8>(staged + <usize>row));
}

/** Sum of the weighted loss over the training or validation rows. */
export function sumLoss(isValidation: bool): f64 {
  if (isValidation) {
    return loss.sumLoss(
      task,
      State.validationRows,
      State.validationScores,
      State.validationTarget,
      State.validationWeights,
      State.validationLinks,
    );
  }
  return loss.sumLoss(task, State.rows, State.scores, State.target, State.weights, State.links);
}

export function computePairs(output: i32): void {
  loss.computePairs(task, output);
}

export function setBag(count: i32): void {
  State.inBag = count;
}

export function growTree(): i32 {
  return tree.growTree();
}

/** Adds the last tree to the scores of `output`, training and validation. */
export function addTree(output: i32): void {
  tree.addToScores(output);
  if (State.validationRows === 0) return;
  tree.route(State.validationBins, State.validationRows, State.validationScores + <usize>output * ((<usize>State.validationRows) << 3));
}

/** Addresses of the arrays that the caller reads and writes, by number; the order is that of `ADDRESSES` in ../kernel.ts. */
export function addressOf(which: i32): usize {
  switch (which) {
    case 0:
      return State.target;
    case 1:
      return State.weights;
    case 2:
      return State.scores;
    case 3:
      return State.validationTarget;
    case 4:
      return State.validationWeights;
    case 5:
      return State.validationScores;
    case 6:
      return State.mask;
    case 7:
      return State.bag;
    case 8:
      return tree.nodeFeature;
    case 9:
      return tree.nodeBin;
    case 10:
      return tree.nodeLeft;
    case 11:
      return tree.nodeCount;
    case 12:
      return tree.nodeValue;
    case 13:
      return tree.nodeGain;
    case 14:
      return tree.nodeHessian;
    default:
      return tree.nodeTable;
  }
}
