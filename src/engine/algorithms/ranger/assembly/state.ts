// What one fit holds: sizes and the addresses of its flat arrays. Laid out once by `setUp` with a bump pointer; nothing is ever freed,
// because the instance lives exactly as long as the fit.

/** Bins of one feature, the last of them for missing values. */
export const MAX_BINS: i32 = 256;

// biome-ignore lint/complexity/noStaticOnlyClass: static fields become WebAssembly globals
export class State {
  static top: usize = 0;

  // Sizes
  static rows: i32 = 0;
  static features: i32 = 0;
  /** Numbers per leaf and histogram entry: 1 for values and two classes, else the number of classes. */
  static width: i32 = 1;

  // Data. Bins are stored [feature][row].
  static bins: usize = 0;
  static binCounts: usize = 0;
  /** [rows] f64: values in whole units, 0/1, or class codes. */
  static target: usize = 0;
  /** [rows] f64: running sums of the weights rows are drawn by; 0 when all are equal. */
  static cumulative: usize = 0;

  // The tree at hand
  /** [rows] i32: how often each row was drawn. */
  static drawn: usize = 0;
  /** Rows in the bag in the order of the nodes, u32. */
  static order: usize = 0;
  static spare: usize = 0;
  static inBag: i32 = 0;
  /** The node's rows side by side: (count × value, count) as two f64, or class and count as two i32. */
  static ordered: usize = 0;
  /** [rows] u32: a shuffled list of rows, for the shadows of features. */
  static shuffled: usize = 0;

  // Nodes in the order they arise; the children of a node are neighbours. `nodeLeft` is -1 in a leaf.
  static nodeFeature: usize = 0;
  static nodeBin: usize = 0;
  static nodeMissingLeft: usize = 0;
  static nodeLeft: usize = 0;
  static nodeGain: usize = 0;
  /** [nodes][width] f64: sums while the tree grows, then means. */
  static nodeValue: usize = 0;
  /** [nodes] f64: draws that reached the node. */
  static nodeWeight: usize = 0;

  // Work space
  static histogram: usize = 0;
  static candidates: usize = 0;
  static stack: usize = 0;
  static left: usize = 0;

  // Sums over trees
  /** [rows][width] f64 and [rows] i32: predictions of trees that did not see the row. */
  static outSum: usize = 0;
  static outCount: usize = 0;
  /** [features] f64 */
  static importance: usize = 0;
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

export function getInt(base: usize, index: i32): i32 {
  return load<i32>(base + ((<usize>index) << 2));
}
export function setInt(base: usize, index: i32, value: i32): void {
  store<i32>(base + ((<usize>index) << 2), value);
}
export function getNumber(base: usize, index: i32): f64 {
  return load<f64>(base + ((<usize>index) << 3));
}
export function setNumber(base: usize, index: i32, value: f64): void {
  store<f64>(base + ((<usize>index) << 3), value);
}
export function binColumn(feature: i32): usize {
  return State.bins + <usize>feature * <usize>State.rows;
}
