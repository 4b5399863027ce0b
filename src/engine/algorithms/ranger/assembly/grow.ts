// Grows one tree to its end, depth first, and sends rows through it.
import { below } from "./random";
import { Found, Node, scoreOfNode, searchFeature } from "./split";
import { binColumn, getInt, getNumber, State, setInt, setNumber } from "./state";

let nodes = 0;
/** Gains below this share of a node's own score are rounding. */
const LEAST_GAIN: f64 = 1e-12;

// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
class Options {
  static tries: i32 = 1;
  static minNode: f64 = 1;
  static isExtra: bool = false;
  static isCorrected: bool = false;
}

/** The best split over a node's candidates. */
let bestScore: f64 = 0;
let bestFeature: i32 = -1;
let bestBin: i32 = 0;
let bestMissingLeft: bool = false;

/** Grows a tree on the rows listed in `State.order`. Returns the number of nodes. */
export function growTree(tries: i32, minNode: i32, maxDepth: i32, isExtra: bool, isCorrected: bool): i32 {
  Options.tries = tries;
  Options.minNode = <f64>minNode;
  Options.isExtra = isExtra;
  Options.isCorrected = isCorrected;
  for (let i = 0; i < State.features; i++) setInt(State.candidates, i, i);
  nodes = 0;
  addNode();
  sumRows(0, State.inBag);
  let depthOfStack = 0;
  push(depthOfStack++, 0, 0, State.inBag, 0);
  while (depthOfStack > 0) {
    const at = State.stack + ((<usize>--depthOfStack) << 4);
    const node = load<i32>(at);
    const start = load<i32>(at, 4);
    const rows = load<i32>(at, 8);
    const depth = load<i32>(at, 12);
    if (maxDepth > 0 && depth >= maxDepth) continue;
    const leftRows = splitNode(node, start, rows);
    if (leftRows <= 0) continue;
    const left = getInt(State.nodeLeft, node);
    push(depthOfStack++, left + 1, start + leftRows, rows - leftRows, depth + 1);
    push(depthOfStack++, left, start, leftRows, depth + 1);
  }
  for (let node = 0; node < nodes; node++) {
    const weight = getNumber(State.nodeWeight, node);
    const sums = sumsOf(node);
    for (let k = 0; k < State.width; k++) setNumber(sums, k, getNumber(sums, k) / weight);
  }
  return nodes;
}

function push(place: i32, node: i32, start: i32, rows: i32, depth: i32): void {
  const at = State.stack + ((<usize>place) << 4);
  store<i32>(at, node);
  store<i32>(at, start, 4);
  store<i32>(at, rows, 8);
  store<i32>(at, depth, 12);
}

function sumsOf(node: i32): usize {
  return State.nodeValue + ((<usize>node * <usize>State.width) << 3);
}

function addNode(): i32 {
  const node = nodes++;
  setInt(State.nodeFeature, node, -1);
  setInt(State.nodeLeft, node, -1);
  store<u8>(State.nodeBin + node, 0);
  store<u8>(State.nodeMissingLeft + node, 0);
  setNumber(State.nodeGain, node, 0);
  setNumber(State.nodeWeight, node, 0);
  memory.fill(sumsOf(node), 0, (<usize>State.width) << 3);
  return node;
}

/** Sums of the last node over `rows` rows from `start`. */
function sumRows(start: i32, rows: i32): void {
  const node = nodes - 1;
  const sums = sumsOf(node);
  let weight: f64 = 0;
  let sum: f64 = 0;
  for (let i = start; i < start + rows; i++) {
    const row = getInt(State.order, i);
    const count = <f64>getInt(State.drawn, row);
    const y = getNumber(State.target, row);
    weight += count;
    if (State.width === 1) sum += count * y;
    else setNumber(sums, <i32>y, getNumber(sums, <i32>y) + count);
  }
  if (State.width === 1) store<f64>(sums, sum);
  setNumber(State.nodeWeight, node, weight);
}

/** Splits a node if it can be; how many of its rows go left, or 0. */
function splitNode(node: i32, start: i32, rows: i32): i32 {
  const weight = getNumber(State.nodeWeight, node);
  if (rows < 2 || weight <= Options.minNode) return 0;
  Node.start = start;
  Node.rows = rows;
  Node.weight = weight;
  Node.sums = sumsOf(node);
  Node.score = scoreOfNode(Node.sums, weight);
  if (isPure()) return 0;
  gatherRows();
  searchNode();
  const floor = Node.score * (1 + LEAST_GAIN);
  if (bestFeature < 0 || bestScore <= floor) return 0;
  setInt(State.nodeFeature, node, bestFeature);
  store<u8>(State.nodeBin + node, <u8>bestBin);
  setNumber(State.nodeGain, node, bestScore - Node.score);
  return divide(node, start, rows);
}

/** Whether all draws have one class. Values are found to be alike by the search. */
function isPure(): bool {
  if (State.width === 1) return false;
  for (let k = 0; k < State.width; k++) if (getNumber(Node.sums, k) === Node.weight) return true;
  return false;
}

function gatherRows(): void {
  for (let i = 0; i < Node.rows; i++) {
    const row = getInt(State.order, Node.start + i);
    const count = getInt(State.drawn, row);
    const y = getNumber(State.target, row);
    if (State.width === 1) {
      const pair = State.ordered + ((<usize>i) << 4);
      store<f64>(pair, y * <f64>count);
      store<f64>(pair, <f64>count, 8);
    } else {
      const own = State.ordered + ((<usize>i) << 3);
      store<i32>(own, <i32>y);
      store<i32>(own, count, 4);
    }
  }
}

/** The candidate at a place: where all are tried in their own order, so that ties go to the first. */
function drawCandidate(place: i32): i32 {
  if (Options.tries === State.features) return place;
  const other = place + below(State.features - place);
  const feature = getInt(State.candidates, other);
  setInt(State.candidates, other, getInt(State.candidates, place));
  setInt(State.candidates, place, feature);
  return feature;
}

/** Draws candidates without replacement and keeps the best split. With correction, shadows compete for importance but are never split by. */
function searchNode(): void {
  bestScore = 0;
  bestFeature = -1;
  let shadowScore: f64 = 0;
  let shadowFeature = -1;
  for (let i = 0; i < Options.tries; i++) {
    const feature = drawCandidate(i);
    searchFeature(feature, false, Options.isExtra);
    if (Found.score > bestScore) {
      bestScore = Found.score;
      bestFeature = feature;
      bestBin = Found.bin;
      bestMissingLeft = Found.missingLeft;
    }
    if (!Options.isCorrected) continue;
    searchFeature(feature, true, Options.isExtra);
    if (Found.score > shadowScore) {
      shadowScore = Found.score;
      shadowFeature = feature;
    }
  }
  if (!Options.isCorrected) return;
  const winner = shadowScore > bestScore ? shadowFeature : bestFeature;
  if (winner < 0) return;
  const gain = max<f64>(0, max<f64>(shadowScore, bestScore) - Node.score);
  const sign: f64 = shadowScore > bestScore ? -1 : shadowScore === bestScore ? 0 : 1;
  setNumber(State.importance, winner, getNumber(State.importance, winner) + sign * gain);
}

/** Sorts the node's rows into two new nodes, keeping their order. What is missing but was not in the node goes with the larger one. */
function divide(node: i32, start: i32, rows: i32): i32 {
  const column = binColumn(bestFeature);
  const missing = getInt(State.binCounts, bestFeature) - 1;
  const order = State.order + ((<usize>start) << 2);
  let left = 0;
  let right = 0;
  let hasMissing = false;
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(order + ((<usize>i) << 2));
    const bin = <i32>load<u8>(column + row);
    hasMissing = hasMissing || bin === missing;
    const goesLeft = bin === missing ? bestMissingLeft : bin <= bestBin;
    store<u32>(order + ((<usize>left) << 2), row);
    store<u32>(State.spare + ((<usize>right) << 2), row);
    left += goesLeft ? 1 : 0;
    right += goesLeft ? 0 : 1;
  }
  memory.copy(order + ((<usize>left) << 2), State.spare, (<usize>right) << 2);
  if (left === 0 || right === 0) {
    setInt(State.nodeFeature, node, -1);
    setNumber(State.nodeGain, node, 0);
    return 0;
  }
  const child = addNode();
  sumRows(start, left);
  addNode();
  sumRows(start + left, right);
  setInt(State.nodeLeft, node, child);
  const isLeftLarger = getNumber(State.nodeWeight, child) >= getNumber(State.nodeWeight, child + 1);
  store<u8>(State.nodeMissingLeft + node, hasMissing ? <u8>bestMissingLeft : <u8>isLeftLarger);
  return left;
}

/** The leaf of a row. `changed` takes its value from `donor` instead; -1 for none. */
export function leafOf(row: i32, changed: i32, donor: i32): i32 {
  let node = 0;
  for (let left = getInt(State.nodeLeft, 0); left >= 0; left = getInt(State.nodeLeft, node)) {
    const feature = getInt(State.nodeFeature, node);
    const bin = <i32>load<u8>(binColumn(feature) + (feature === changed ? donor : row));
    const isMissing = bin === getInt(State.binCounts, feature) - 1;
    const goesLeft = isMissing ? load<u8>(State.nodeMissingLeft + node) !== 0 : bin <= <i32>load<u8>(State.nodeBin + node);
    node = goesLeft ? left : left + 1;
  }
  return node;
}

/** Address of a node's means. */
export function meansOf(node: i32): usize {
  return sumsOf(node);
}
