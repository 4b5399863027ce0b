// The kernel of random forests: one instance per fit, driven by ../kernel.ts.
// Calls: setUp, then per feature mapNumbers, then per tree seed, drawRows (or listDrawn), growTree, addOutOfBag, permute.
import * as draw from "./draw";
import { growTree as grow, leafOf, meansOf } from "./grow";
import * as random from "./random";
import { allocate, binColumn, getInt, getNumber, MAX_BINS, State, setInt, setNumber } from "./state";

let staged: usize = 0;
let edges: usize = 0;

/** Lays out memory for a fit whose trees have at most `nodes` nodes. False when memory is at its end; the instance is then useless. */
export function setUp(rows: i32, features: i32, width: i32, nodes: i32, isWeighted: bool): bool {
  State.rows = rows;
  State.features = features;
  State.width = width;
  const n = <usize>rows;
  const p = <usize>features;
  const m = <usize>nodes;
  const w = <usize>width;
  edges = allocate(MAX_BINS * 8);
  State.binCounts = allocate(p * 4);
  State.bins = allocate(n * p);
  State.target = allocate(n * 8);
  if (isWeighted) State.cumulative = allocate(n * 8);
  State.drawn = allocate(n * 4);
  State.order = allocate((n + 1) * 4);
  State.spare = allocate(n * 4);
  State.ordered = allocate(n * 16);
  State.shuffled = allocate(n * 4);
  State.nodeFeature = allocate(m * 4);
  State.nodeBin = allocate(m);
  State.nodeMissingLeft = allocate(m);
  State.nodeLeft = allocate(m * 4);
  State.nodeGain = allocate(m * 8);
  State.nodeValue = allocate(m * w * 8);
  State.nodeWeight = allocate(m * 8);
  State.histogram = allocate(<usize>MAX_BINS * (width === 1 ? 16 : w * 4));
  State.candidates = allocate(p * 4);
  State.stack = allocate((m + 2) * 16);
  State.left = allocate(w * 8);
  State.outSum = allocate(n * w * 8);
  State.outCount = allocate(n * 4);
  State.importance = allocate(p * 8);
  staged = State.ordered;
  // Once memory is at its end every further request fails but very small ones; the large ones are looked at.
  return (
    State.bins !== 0 && State.ordered !== 0 && State.nodeValue !== 0 && State.stack !== 0 && State.outSum !== 0 && State.importance !== 0
  );
}

/** Bins the staged values of a feature: a value's bin is the number of edges below it; NaN goes to the last bin, which is edgeCount + 1. */
export function mapNumbers(feature: i32, edgeCount: i32): void {
  setInt(State.binCounts, feature, edgeCount + 2);
  const column = binColumn(feature);
  for (let i = edgeCount; i < MAX_BINS; i++) setNumber(edges, i, Infinity);
  let width = 1;
  while (width <= edgeCount) width <<= 1;
  for (let row = 0; row < State.rows; row++) {
    const value = getNumber(staged, row);
    let bin = 0;
    for (let step = width >> 1; step > 0; step >>= 1) bin += getNumber(edges, bin + step - 1) < value ? step : 0;
    store<u8>(column + row, <u8>(value <= Infinity ? bin : edgeCount + 1));
  }
}

export function seed(a: i32, b: i32, c: i32, d: i32): void {
  random.seed(a, b, c, d);
}

export function drawRows(size: i32, replace: bool): void {
  draw.drawRows(size, replace);
}

/** After the caller has written how often each row is drawn. */
export function listDrawn(): void {
  draw.listDrawn();
}

/** Shuffles the list of rows that shadows take their values from (Fisher & Yates). */
export function shuffleRows(): void {
  for (let row = 0; row < State.rows; row++) setInt(State.shuffled, row, row);
  shuffle(State.rows);
}

function shuffle(count: i32): void {
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = getInt(State.shuffled, i);
    setInt(State.shuffled, i, getInt(State.shuffled, j));
    setInt(State.shuffled, j, held);
  }
}

export function growTree(tries: i32, minNode: i32, maxDepth: i32, isExtra: bool, isCorrected: bool): i32 {
  return grow(tries, minNode, maxDepth, isExtra, isCorrected);
}

/** Adds the last tree's predictions for the rows it did not see. */
export function addOutOfBag(): void {
  for (let row = 0; row < State.rows; row++) {
    if (getInt(State.drawn, row) > 0) continue;
    const value = meansOf(leafOf(row, -1, 0));
    const sum = State.outSum + ((<usize>row * <usize>State.width) << 3);
    for (let k = 0; k < State.width; k++) setNumber(sum, k, getNumber(sum, k) + getNumber(value, k));
    setInt(State.outCount, row, getInt(State.outCount, row) + 1);
  }
}

/** Adds to each feature's importance how much worse the last tree does on rows it did not see with the feature's values shuffled among them. */
export function permute(nodes: i32, isClass: bool): void {
  let count = 0;
  for (let row = 0; row < State.rows; row++) {
    setInt(State.order, count, row);
    count += getInt(State.drawn, row) > 0 ? 0 : 1;
  }
  if (count === 0) return;
  let whole: f64 = 0;
  for (let i = 0; i < count; i++) whole += lossOf(getInt(State.order, i), -1, 0, isClass);
  for (let feature = 0; feature < State.features; feature++) {
    if (!isUsed(feature, nodes)) continue;
    memory.copy(State.shuffled, State.order, (<usize>count) << 2);
    shuffle(count);
    let shuffled: f64 = 0;
    for (let i = 0; i < count; i++) shuffled += lossOf(getInt(State.order, i), feature, getInt(State.shuffled, i), isClass);
    setNumber(State.importance, feature, getNumber(State.importance, feature) + (shuffled - whole) / <f64>count);
  }
}

/** Whether the last tree, of `nodes` nodes, splits by the feature. */
function isUsed(feature: i32, nodes: i32): bool {
  for (let node = 0; node < nodes; node++) if (getInt(State.nodeFeature, node) === feature) return true;
  return false;
}

/** Wrong class (1 or 0), or squared error. */
function lossOf(row: i32, changed: i32, donor: i32, isClass: bool): f64 {
  const value = meansOf(leafOf(row, changed, donor));
  const y = getNumber(State.target, row);
  if (!isClass) {
    const difference = y - load<f64>(value);
    return difference * difference;
  }
  if (State.width === 1) return load<f64>(value) > 0.5 === y > 0.5 ? 0 : 1;
  let best = 0;
  for (let k = 1; k < State.width; k++) if (getNumber(value, k) > getNumber(value, best)) best = k;
  return best === <i32>y ? 0 : 1;
}

/** Addresses of the arrays that the caller reads and writes, by number; the order is that of `ADDRESSES` in ../kernel.ts. */
export function addressOf(which: i32): usize {
  switch (which) {
    case 0:
      return staged;
    case 1:
      return edges;
    case 2:
      return State.target;
    case 3:
      return State.cumulative;
    case 4:
      return State.drawn;
    case 5:
      return State.nodeFeature;
    case 6:
      return State.nodeBin;
    case 7:
      return State.nodeMissingLeft;
    case 8:
      return State.nodeLeft;
    case 9:
      return State.nodeGain;
    case 10:
      return State.nodeValue;
    case 11:
      return State.outSum;
    case 12:
      return State.outCount;
    default:
      return State.importance;
  }
}
