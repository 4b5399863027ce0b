// Histograms of gradient pairs per feature and bin. Sums are of integers, so they are exact, whatever the order.
import { BLOCK, ENTRY, State } from "./state";

/** Fills `histogram` from the rows `order[start … start + count)`, for blocks that hold a feature this tree may use. */
export function buildHistogram(histogram: usize, start: i32, count: i32): void {
  memory.fill(histogram, 0, <usize>State.entries * ENTRY);
  const whole = count === State.rows;
  const order = State.order + ((<usize>start) << 2);
  const pairs = whole ? State.pairs : gatherPairs(order, count);
  for (let block = 0; block < State.blocks; block++) {
    const first = block * BLOCK;
    if (load<u32>(State.mask + first) === 0) continue;
    const base = State.bins + <usize>block * <usize>State.rows * BLOCK;
    const h0 = histogram + <usize>load<i32>(State.firstEntries + ((<usize>first) << 2)) * ENTRY;
    const h1 = histogram + <usize>load<i32>(State.firstEntries + ((<usize>first) << 2), 4) * ENTRY;
    const h2 = histogram + <usize>load<i32>(State.firstEntries + ((<usize>first) << 2), 8) * ENTRY;
    const h3 = histogram + <usize>load<i32>(State.firstEntries + ((<usize>first) << 2), 12) * ENTRY;
    if (whole) addAll(base, pairs, count, h0, h1, h2, h3);
    else addSome(base, order, pairs, count, h0, h1, h2, h3);
  }
}

/** The leaf's gradient pairs side by side, so that each block streams through them. */
function gatherPairs(order: usize, count: i32): usize {
  const pairs = State.pairs;
  const ordered = State.ordered;
  for (let i = 0; i < count; i++) {
    const row = load<u32>(order + ((<usize>i) << 2));
    v128.store(ordered + ((<usize>i) << 4), v128.load(pairs + ((<usize>row) << 4)));
  }
  return ordered;
}

function add(entry: usize, pair: v128): void {
  v128.store(entry, i64x2.add(v128.load(entry), pair));
}

function addAll(base: usize, pairs: usize, count: i32, h0: usize, h1: usize, h2: usize, h3: usize): void {
  for (let i = 0; i < count; i++) {
    const bins = load<u32>(base + ((<usize>i) << 2));
    const pair = v128.load(pairs + ((<usize>i) << 4));
    add(h0 + <usize>((bins & 0xff) << 4), pair);
    add(h1 + <usize>((bins >>> 4) & 0xff0), pair);
    add(h2 + <usize>((bins >>> 12) & 0xff0), pair);
    add(h3 + <usize>((bins >>> 24) << 4), pair);
  }
}

function addSome(base: usize, order: usize, pairs: usize, count: i32, h0: usize, h1: usize, h2: usize, h3: usize): void {
  for (let i = 0; i < count; i++) {
    const row = load<u32>(order + ((<usize>i) << 2));
    const bins = load<u32>(base + ((<usize>row) << 2));
    const pair = v128.load(pairs + ((<usize>i) << 4));
    add(h0 + <usize>((bins & 0xff) << 4), pair);
    add(h1 + <usize>((bins >>> 4) & 0xff0), pair);
    add(h2 + <usize>((bins >>> 12) & 0xff0), pair);
    add(h3 + <usize>((bins >>> 24) << 4), pair);
  }
}

/** `parent` becomes parent − child: the sibling's histogram (Ke et al. 2017, section 2.2). */
export function subtractHistogram(parent: usize, child: usize): void {
  const bytes = <usize>State.entries * ENTRY;
  for (let at: usize = 0; at < bytes; at += ENTRY) {
    v128.store(parent + at, i64x2.sub(v128.load(parent + at), v128.load(child + at)));
  }
}
