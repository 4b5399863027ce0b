// Grows one tree, best leaf first (Ke et al. 2017; Shi 2007), and adds it to scores.
import { buildHistogram, subtractHistogram } from "./histogram";
import { Best, findBestSplit } from "./split";
import { allocate, BLOCK, binColumn, countOf, ENTRY, hessianOf, MAX_BINS, State } from "./state";

// Nodes of the tree, in the order they arise; a node's children are neighbours. `left` is -1 in a leaf.
export let nodeFeature: usize = 0;
export let nodeBin: usize = 0;
export let nodeLeft: usize = 0;
export let nodeCount: usize = 0;
export let nodeValue: usize = 0;
export let nodeGain: usize = 0;
export let nodeHessian: usize = 0;
/** MAX_BINS bytes per node: 1 where a bin of its feature goes left. */
export let nodeTable: usize = 0;

// Leaves: node, first row, sums, depth, histogram slot (-1: none), and the best split found.
let leafNode: usize = 0;
let leafStart: usize = 0;
let leafDepth: usize = 0;
let leafSlot: usize = 0;
let leafGradient: usize = 0;
let leafPacked: usize = 0;
let splitGain: usize = 0;
let splitFeature: usize = 0;
let splitBin: usize = 0;
let splitMissingLeft: usize = 0;
let splitGradient: usize = 0;
let splitPacked: usize = 0;
let splitTable: usize = 0;
let slotOwner: usize = 0;

let nodes = 0;
let leaves = 0;

/** Lays out room for trees of `State.maxLeaves` leaves. False when memory is at its end. */
export function layOutTree(): bool {
  const leafRoom = <usize>State.maxLeaves;
  const nodeRoom = leafRoom * 2;
  nodeFeature = allocate(nodeRoom * 4);
  nodeBin = allocate(nodeRoom * 4);
  nodeLeft = allocate(nodeRoom * 4);
  nodeCount = allocate(nodeRoom * 4);
  nodeValue = allocate(nodeRoom * 8);
  nodeGain = allocate(nodeRoom * 8);
  nodeHessian = allocate(nodeRoom * 8);
  nodeTable = allocate(nodeRoom * MAX_BINS);
  leafNode = allocate(leafRoom * 4);
  leafStart = allocate(leafRoom * 4);
  leafDepth = allocate(leafRoom * 4);
  leafSlot = allocate(leafRoom * 4);
  leafGradient = allocate(leafRoom * 8);
  leafPacked = allocate(leafRoom * 8);
  splitGain = allocate(leafRoom * 8);
  splitFeature = allocate(leafRoom * 4);
  splitBin = allocate(leafRoom * 4);
  splitMissingLeft = allocate(leafRoom * 4);
  splitGradient = allocate(leafRoom * 8);
  splitPacked = allocate(leafRoom * 8);
  splitTable = allocate(leafRoom * MAX_BINS);
  slotOwner = allocate(<usize>State.slots * 4);
  return slotOwner !== 0;
}

function getInt(base: usize, index: i32): i32 {
  return load<i32>(base + ((<usize>index) << 2));
}
function setInt(base: usize, index: i32, value: i32): void {
  store<i32>(base + ((<usize>index) << 2), value);
}
function getLong(base: usize, index: i32): i64 {
  return load<i64>(base + ((<usize>index) << 3));
}
function setLong(base: usize, index: i32, value: i64): void {
  store<i64>(base + ((<usize>index) << 3), value);
}
function getNumber(base: usize, index: i32): f64 {
  return load<f64>(base + ((<usize>index) << 3));
}
function setNumber(base: usize, index: i32, value: f64): void {
  store<f64>(base + ((<usize>index) << 3), value);
}

/** Grows one tree on the rows in the bag. Returns the number of nodes. */
export function growTree(): i32 {
  nodes = 0;
  leaves = 0;
  for (let slot = 0; slot < State.slots; slot++) setInt(slotOwner, slot, -1);
  memory.copy(State.order, State.bag, (<usize>State.inBag) << 2);
  let gradient: i64 = 0;
  let packed: i64 = 0;
  for (let i = 0; i < State.inBag; i++) {
    const pair = State.pairs + ((<usize>load<u32>(State.order + ((<usize>i) << 2))) << 4);
    gradient += load<i64>(pair);
    packed += load<i64>(pair, 8);
  }
  addLeaf(0, 0, gradient, packed);
  if (isSplittable(0)) {
    const slot = takeSlot(0, -1);
    buildHistogram(histogramAt(slot), 0, State.inBag);
    searchLeaf(0);
  }
  while (leaves < State.maxLeaves) {
    const leaf = leafOfHighestGain();
    if (leaf < 0) break;
    splitLeaf(leaf);
  }
  return nodes;
}

function histogramAt(slot: i32): usize {
  return State.histograms + <usize>slot * <usize>State.entries * ENTRY;
}

/** A new leaf with its node. The leaf takes the next place, its node too. */
function addLeaf(start: i32, depth: i32, gradient: i64, packed: i64): i32 {
  const leaf = leaves++;
  setInt(leafStart, leaf, start);
  fillLeaf(leaf, depth, gradient, packed);
  return leaf;
}

function fillLeaf(leaf: i32, depth: i32, gradient: i64, packed: i64): void {
  const node = nodes++;
  setInt(leafNode, leaf, node);
  setInt(leafDepth, leaf, depth);
  setInt(leafSlot, leaf, -1);
  setLong(leafGradient, leaf, gradient);
  setLong(leafPacked, leaf, packed);
  setNumber(splitGain, leaf, 0);
  setInt(nodeFeature, node, -1);
  setInt(nodeBin, node, -1);
  setInt(nodeLeft, node, -1);
  setInt(nodeCount, node, countOf(packed));
  setNumber(nodeGain, node, 0);
  const hessian = hessianOf(packed);
  setNumber(nodeHessian, node, hessian);
  const g = <f64>gradient * State.gradientUnit;
  const shrunk = max<f64>(abs(g) - State.lambda1, 0);
  const below = hessian + State.lambda2;
  const step = below > 0 ? (State.learningRate * shrunk) / below : 0;
  setNumber(nodeValue, node, g > 0 ? -step : step);
}

function isSplittable(leaf: i32): bool {
  return countOf(getLong(leafPacked, leaf)) >= State.minData * 2 && (State.maxDepth <= 0 || getInt(leafDepth, leaf) < State.maxDepth);
}

function leafOfHighestGain(): i32 {
  let best = -1;
  let gain: f64 = 0;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const own = getNumber(splitGain, leaf);
    if (own > gain) {
      gain = own;
      best = leaf;
    }
  }
  return best;
}

/** Finds the leaf's best split; a leaf without one gives its histogram back. */
function searchLeaf(leaf: i32): void {
  Best.table = splitTable + <usize>leaf * MAX_BINS;
  findBestSplit(histogramAt(getInt(leafSlot, leaf)), getLong(leafGradient, leaf), getLong(leafPacked, leaf));
  setNumber(splitGain, leaf, Best.gain);
  setInt(splitFeature, leaf, Best.feature);
  setInt(splitBin, leaf, Best.bin);
  setInt(splitMissingLeft, leaf, <i32>Best.missingLeft);
  setLong(splitGradient, leaf, Best.gradient);
  setLong(splitPacked, leaf, Best.packed);
  if (Best.feature < 0) dropSlot(leaf);
}

function dropSlot(leaf: i32): void {
  const slot = getInt(leafSlot, leaf);
  if (slot >= 0) setInt(slotOwner, slot, -1);
  setInt(leafSlot, leaf, -1);
}

/** A histogram slot for `leaf`: a free one, else that of the leaf with the lowest gain (never that of `kept`). */
function takeSlot(leaf: i32, kept: i32): i32 {
  let taken = -1;
  let lowest: f64 = Infinity;
  for (let slot = 0; slot < State.slots; slot++) {
    const owner = getInt(slotOwner, slot);
    if (owner < 0) {
      taken = slot;
      break;
    }
    if (owner !== kept && getNumber(splitGain, owner) < lowest) {
      lowest = getNumber(splitGain, owner);
      taken = slot;
    }
  }
  const owner = getInt(slotOwner, taken);
  if (owner >= 0) setInt(leafSlot, owner, -1);
  setInt(slotOwner, taken, leaf);
  setInt(leafSlot, leaf, taken);
  return taken;
}

function splitLeaf(leaf: i32): void {
  const node = getInt(leafNode, leaf);
  const start = getInt(leafStart, leaf);
  const packed = getLong(leafPacked, leaf);
  const gradient = getLong(leafGradient, leaf);
  const leftPacked = getLong(splitPacked, leaf);
  const leftGradient = getLong(splitGradient, leaf);
  const leftCount = countOf(leftPacked);
  const count = countOf(packed);
  const depth = getInt(leafDepth, leaf) + 1;
  const slot = getInt(leafSlot, leaf);

  fillTable(leaf, node, leftCount * 2 >= count);
  partition(node, getInt(splitFeature, leaf), start, count);
  setInt(nodeFeature, node, getInt(splitFeature, leaf));
  setInt(nodeBin, node, getInt(splitBin, leaf));
  setNumber(nodeGain, node, getNumber(splitGain, leaf));
  setInt(nodeLeft, node, nodes);

  fillLeaf(leaf, depth, leftGradient, leftPacked);
  const sibling = addLeaf(start + leftCount, depth, gradient - leftGradient, packed - leftPacked);
  if (slot >= 0) setInt(slotOwner, slot, -1);
  if (leaves === State.maxLeaves) return;
  searchChildren(leaf, sibling, slot);
}

/** Histograms of two new leaves, the smaller one from its rows, the larger one from the parent's where that is still there. */
function searchChildren(left: i32, right: i32, parentSlot: i32): void {
  const leftCount = countOf(getLong(leafPacked, left));
  const rightCount = countOf(getLong(leafPacked, right));
  const smaller = leftCount <= rightCount ? left : right;
  const larger = leftCount <= rightCount ? right : left;
  if (!isSplittable(larger)) return;
  if (parentSlot >= 0) {
    setInt(slotOwner, parentSlot, larger);
    setInt(leafSlot, larger, parentSlot);
    const own = takeSlot(smaller, larger);
    buildHistogram(histogramAt(own), getInt(leafStart, smaller), countOf(getLong(leafPacked, smaller)));
    subtractHistogram(histogramAt(parentSlot), histogramAt(own));
  } else {
    const own = takeSlot(larger, -1);
    buildHistogram(histogramAt(own), getInt(leafStart, larger), countOf(getLong(leafPacked, larger)));
    if (isSplittable(smaller)) {
      const other = takeSlot(smaller, larger);
      buildHistogram(histogramAt(other), getInt(leafStart, smaller), countOf(getLong(leafPacked, smaller)));
    }
  }
  if (isSplittable(smaller)) searchLeaf(smaller);
  else dropSlot(smaller);
  searchLeaf(larger);
}

/** Writes which bins go left at `node`; what does not occur in the leaf goes with the larger child. */
function fillTable(leaf: i32, node: i32, leftIsLarger: bool): void {
  const feature = getInt(splitFeature, leaf);
  const table = nodeTable + <usize>node * MAX_BINS;
  const bins = getInt(State.binCounts, feature) - 1;
  if (load<u8>(State.categorical + feature) !== 0) {
    const found = splitTable + <usize>leaf * MAX_BINS;
    for (let bin = 0; bin < MAX_BINS; bin++) {
      const side = load<u8>(found + bin);
      store<u8>(table + bin, side === 2 ? <u8>leftIsLarger : side);
    }
    return;
  }
  const cut = getInt(splitBin, leaf);
  for (let bin = 0; bin < bins; bin++) store<u8>(table + bin, bin <= cut ? 1 : 0);
  const missing = missingOccurs(leaf, feature, bins);
  store<u8>(table + bins, missing ? <u8>(getInt(splitMissingLeft, leaf) !== 0) : <u8>leftIsLarger);
}

/** Whether a row of the leaf misses `feature`. */
function missingOccurs(leaf: i32, feature: i32, bins: i32): bool {
  const slot = getInt(leafSlot, leaf);
  if (slot >= 0) {
    const own = histogramAt(slot) + <usize>(getInt(State.firstEntries, feature) + bins) * ENTRY;
    return countOf(load<i64>(own, 8)) > 0;
  }
  const column = binColumn(State.bins, State.rows, feature);
  const start = getInt(leafStart, leaf);
  const end = start + countOf(getLong(leafPacked, leaf));
  for (let i = start; i < end; i++) {
    if (<i32>load<u8>(column + <usize>(load<u32>(State.order + ((<usize>i) << 2)) * BLOCK)) === bins) return true;
  }
  return false;
}

/** Sorts the leaf's rows into left and right, keeping their order. */
function partition(node: i32, feature: i32, start: i32, count: i32): void {
  const table = nodeTable + <usize>node * MAX_BINS;
  const column = binColumn(State.bins, State.rows, feature);
  let left = State.order + ((<usize>start) << 2);
  let right = State.spare;
  const end = left + ((<usize>count) << 2);
  for (let at = left; at < end; at += 4) {
    const row = load<u32>(at);
    const goesLeft = <usize>load<u8>(table + <usize>load<u8>(column + <usize>row * BLOCK));
    store<u32>(left, row);
    store<u32>(right, row);
    left += goesLeft << 2;
    right += (goesLeft ^ 1) << 2;
  }
  memory.copy(left, State.spare, right - State.spare);
}

/** Adds the tree to the training scores of `output`: leaf by leaf, or by its splits when some rows were left out of the bag. */
export function addToScores(output: i32): void {
  const scores = State.scores + <usize>output * ((<usize>State.rows) << 3);
  if (State.inBag < State.rows) {
    route(State.bins, State.rows, scores);
    return;
  }
  for (let leaf = 0; leaf < leaves; leaf++) {
    const value = getNumber(nodeValue, getInt(leafNode, leaf));
    const start = getInt(leafStart, leaf);
    const end = start + countOf(getLong(leafPacked, leaf));
    for (let i = start; i < end; i++) {
      const at = scores + ((<usize>load<u32>(State.order + ((<usize>i) << 2))) << 3);
      store<f64>(at, load<f64>(at) + value);
    }
  }
}

/** Sends each row down the tree by its bins and adds the leaf's value to its score. */
export function route(bins: usize, rows: i32, scores: usize): void {
  for (let row = 0; row < rows; row++) {
    let node = 0;
    for (let left = getInt(nodeLeft, 0); left >= 0; left = getInt(nodeLeft, node)) {
      const bin = load<u8>(binColumn(bins, rows, getInt(nodeFeature, node)) + <usize>row * BLOCK);
      node = left + 1 - <i32>load<u8>(nodeTable + <usize>node * MAX_BINS + <usize>bin);
    }
    const at = scores + ((<usize>row) << 3);
    store<f64>(at, load<f64>(at) + getNumber(nodeValue, node));
  }
}
