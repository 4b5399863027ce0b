// The best split of one node by one feature. Values and two classes: largest fall of the sum of squares, which for 0/1 is half that of the
// Gini index. More classes: largest fall of the Gini index. Sums are of whole numbers, so they do not depend on the order of rows.
import { below } from "./random";
import { binColumn, getInt, getNumber, State } from "./state";

/** Where counting is cheaper than clearing and scanning every bin. */
const FEW_ROWS: i32 = 128;

/** The node at hand. */
// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
export class Node {
  static start: i32 = 0;
  static rows: i32 = 0;
  static weight: f64 = 0;
  /** Address of its sums. */
  static sums: usize = 0;
  /** Its own score; a split must beat it. */
  static score: f64 = 0;
}

/** The best split of the last feature that was searched; `score` is 0 when there is none. */
// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
export class Found {
  static score: f64 = 0;
  static bin: i32 = 0;
  static missingLeft: bool = false;
}

/** Bins that occur in the node: four words of 64. */
const present: usize = memory.data(32, 16);
/** Sums of the left side while bins are added to it. */
let leftWeight: f64 = 0;
let leftSum: f64 = 0;
let leftSquares: f64 = 0;
let rightSquares: f64 = 0;

/** Σ² / n of the node's sums, over all classes. */
export function scoreOfNode(sums: usize, weight: f64): f64 {
  let squares: f64 = 0;
  for (let k = 0; k < State.width; k++) squares += getNumber(sums, k) * getNumber(sums, k);
  return squares / weight;
}

/** Searches one feature; with `isShadow` the rows take each other's values, as shuffled. Fills `Found`. */
export function searchFeature(feature: i32, isShadow: bool, isExtra: bool): void {
  const bins = getInt(State.binCounts, feature);
  const isFew = Node.rows < FEW_ROWS;
  const stride: usize = State.width === 1 ? 16 : (<usize>State.width) << 2;
  store<u64>(present, 0);
  store<u64>(present, 0, 8);
  store<u64>(present, 0, 16);
  store<u64>(present, 0, 24);
  const column = binColumn(feature);
  const rows = isShadow ? State.shuffled : 0;
  if (State.width === 1) addPairs(column, rows, isFew);
  else addClasses(column, rows, isFew, stride);
  if (!isFew) markAll(bins, stride);
  scan(bins, stride, isExtra);
  // The histogram is left empty for the next search.
  if (isFew) clear(stride);
  else memory.fill(State.histogram, 0, <usize>bins * stride);
}

function binOf(column: usize, shuffled: usize, order: usize, i: i32): usize {
  let row = <usize>load<u32>(order + ((<usize>i) << 2));
  if (shuffled !== 0) row = <usize>load<u32>(shuffled + (row << 2));
  return <usize>load<u8>(column + row);
}

function mark(bin: usize): void {
  const word = present + ((bin >> 6) << 3);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (bin & 63)));
}

function addPairs(column: usize, shuffled: usize, isFew: bool): void {
  const order = State.order + ((<usize>Node.start) << 2);
  const histogram = State.histogram;
  const ordered = State.ordered;
  const count = Node.rows;
  for (let i = 0; i < count; i++) {
    const bin = binOf(column, shuffled, order, i);
    if (isFew) mark(bin);
    const entry = histogram + (bin << 4);
    v128.store(entry, f64x2.add(v128.load(entry), v128.load(ordered + ((<usize>i) << 4))));
  }
}

function addClasses(column: usize, shuffled: usize, isFew: bool, stride: usize): void {
  const order = State.order + ((<usize>Node.start) << 2);
  const histogram = State.histogram;
  const ordered = State.ordered;
  const count = Node.rows;
  for (let i = 0; i < count; i++) {
    const bin = binOf(column, shuffled, order, i);
    if (isFew) mark(bin);
    const own = ordered + ((<usize>i) << 3);
    const entry = histogram + bin * stride + ((<usize>load<i32>(own)) << 2);
    store<i32>(entry, load<i32>(entry) + load<i32>(own, 4));
  }
}

/** Whether any row of the node lies in the bin. */
function occurs(bin: i32, stride: usize): bool {
  const entry = State.histogram + <usize>bin * stride;
  if (State.width === 1) return load<f64>(entry, 8) > 0;
  for (let k = 0; k < State.width; k++) if (getInt(entry, k) > 0) return true;
  return false;
}

function markAll(bins: i32, stride: usize): void {
  for (let bin = 0; bin < bins; bin++) if (occurs(bin, stride)) mark(<usize>bin);
}

function clear(stride: usize): void {
  for (let word = 0; word < 4; word++) {
    let rest = load<u64>(present + ((<usize>word) << 3));
    while (rest !== 0) {
      const bin = (word << 6) + <i32>ctz<u64>(rest);
      memory.fill(State.histogram + <usize>bin * stride, 0, stride);
      rest &= rest - 1;
    }
  }
}

function scan(bins: i32, stride: usize, isExtra: bool): void {
  Found.score = 0;
  const missing = bins - 1;
  const missingWord = present + ((<usize>missing >> 6) << 3);
  const missingBit = (<u64>1) << (<u64>missing & 63);
  const hasMissing = (load<u64>(missingWord) & missingBit) !== 0;
  store<u64>(missingWord, load<u64>(missingWord) & ~missingBit);
  let low = 0;
  let high = missing;
  if (isExtra) {
    // One cut, equally likely anywhere between the lowest and the highest bin that occur.
    const least = lowest();
    const most = highest();
    if (least >= 0 && (most > least || hasMissing)) low = most > least ? least + below(most - least) : least;
    else low = missing;
    high = low;
  }
  start();
  pass(low, high, stride, false);
  // Values beyond those of the node stay with its values, not with what is missing.
  if (hasMissing && Found.bin >= highest()) Found.bin = missing - 1;
  if (hasMissing) {
    start();
    moveLeft(missing, stride);
    pass(low, high, stride, true);
  }
  if (hasMissing) store<u64>(missingWord, load<u64>(missingWord) | missingBit);
}

function lowest(): i32 {
  for (let word = 0; word < 4; word++) {
    const own = load<u64>(present + ((<usize>word) << 3));
    if (own !== 0) return (word << 6) + <i32>ctz<u64>(own);
  }
  return -1;
}

function highest(): i32 {
  for (let word = 3; word >= 0; word--) {
    const own = load<u64>(present + ((<usize>word) << 3));
    if (own !== 0) return (word << 6) + 63 - <i32>clz<u64>(own);
  }
  return -1;
}

function start(): void {
  leftWeight = 0;
  leftSum = 0;
  leftSquares = 0;
  rightSquares = 0;
  if (State.width === 1) return;
  for (let k = 0; k < State.width; k++) {
    store<f64>(State.left + ((<usize>k) << 3), 0);
    rightSquares += getNumber(Node.sums, k) * getNumber(Node.sums, k);
  }
}

/** Adds a bin to the left side. */
function moveLeft(bin: i32, stride: usize): void {
  const entry = State.histogram + <usize>bin * stride;
  if (State.width === 1) {
    leftSum += load<f64>(entry);
    leftWeight += load<f64>(entry, 8);
    return;
  }
  for (let k = 0; k < State.width; k++) {
    const added = <f64>getInt(entry, k);
    if (added === 0) continue;
    const at = State.left + ((<usize>k) << 3);
    const left = load<f64>(at);
    const right = getNumber(Node.sums, k) - left;
    leftSquares += added * (2 * left + added);
    rightSquares -= added * (2 * right - added);
    leftWeight += added;
    store<f64>(at, left + added);
  }
}

/** Cuts after each bin that occurs up to `high`; where `low` equals it, only there. */
function pass(low: i32, high: i32, stride: usize, missingLeft: bool): void {
  const isExtra = low === high;
  let last = -1;
  for (let word = 0; word < 4; word++) {
    let rest = load<u64>(present + ((<usize>word) << 3));
    while (rest !== 0) {
      const bin = (word << 6) + <i32>ctz<u64>(rest);
      rest &= rest - 1;
      if (bin > high) {
        rest = 0;
        word = 4;
        break;
      }
      moveLeft(bin, stride);
      last = bin;
      if (!isExtra) evaluate(bin, missingLeft);
    }
  }
  if (isExtra && last >= 0) evaluate(low, missingLeft);
}

function evaluate(bin: i32, missingLeft: bool): void {
  const rightWeight = Node.weight - leftWeight;
  if (rightWeight <= 0) return;
  let score: f64;
  if (State.width === 1) {
    const rightSum = load<f64>(Node.sums) - leftSum;
    score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / rightWeight;
  } else score = leftSquares / leftWeight + rightSquares / rightWeight;
  if (score > Found.score) {
    Found.score = score;
    Found.bin = bin;
    Found.missingLeft = missingLeft;
  }
}
