// Nearest rows by brute force, two rows of the training table per instruction. ../kernel.ts drives it. Every distance is the sum of squared
// differences in the order of the columns, so it has the bits of a plain loop, and equal rows are at distance zero.

/** Training rows handled together; the table is padded with rows at infinity to a multiple of it. */
const TILE: usize = 8;

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

/**
 * The k nearest training rows of each query, nearest first, ties by row. `tiles` holds the training table as [tile][column][8 rows], `queries`
 * is [count, columns] row-major, `distances` (f64, squared) and `neighbours` (i32) are [count, k]; `sums` is room for 8 doubles.
 */
export function nearestRows(
  tiles: usize,
  tileCount: i32,
  columns: i32,
  queries: usize,
  count: i32,
  k: i32,
  distances: usize,
  neighbours: usize,
  sums: usize,
): void {
  const tileBytes = (<usize>columns * TILE) << 3;
  const queryBytes = (<usize>columns) << 3;
  for (let q = 0; q < count; q++) {
    const own = distances + ((<usize>q * <usize>k) << 3);
    for (let i = 0; i < k; i++) store<f64>(own + ((<usize>i) << 3), Infinity);
  }
  // Tiles outside, queries inside: a tile stays in the first cache while all queries of the block pass by.
  for (let tile = 0; tile < tileCount; tile++) {
    const start = tiles + <usize>tile * tileBytes;
    for (let q = 0; q < count; q++) {
      const own = distances + ((<usize>q * <usize>k) << 3);
      const last = own + ((<usize>(k - 1)) << 3);
      if (!measure(start, queries + <usize>q * queryBytes, columns, sums, load<f64>(last))) continue;
      const rows = neighbours + ((<usize>q * <usize>k) << 2);
      for (let lane = 0; lane < <i32>TILE; lane++) {
        const distance = load<f64>(sums + ((<usize>lane) << 3));
        if (distance < load<f64>(last)) insert(own, rows, k, distance, tile * <i32>TILE + lane);
      }
    }
  }
}

/** Distances of a query to the rows of a tile, into `sums`. Whether any is below `limit`. */
function measure(tile: usize, query: usize, columns: i32, sums: usize, limit: f64): bool {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = query + ((<usize>columns) << 3);
  while (query < end) {
    const q = v128.load64_splat(query);
    const d0 = f64x2.sub(v128.load(tile), q);
    const d1 = f64x2.sub(v128.load(tile, 16), q);
    const d2 = f64x2.sub(v128.load(tile, 32), q);
    const d3 = f64x2.sub(v128.load(tile, 48), q);
    s0 = f64x2.add(s0, f64x2.mul(d0, d0));
    s1 = f64x2.add(s1, f64x2.mul(d1, d1));
    s2 = f64x2.add(s2, f64x2.mul(d2, d2));
    s3 = f64x2.add(s3, f64x2.mul(d3, d3));
    tile += TILE << 3;
    query += 8;
  }
  const least = f64x2.pmin(f64x2.pmin(s0, s1), f64x2.pmin(s2, s3));
  if (!v128.any_true(f64x2.lt(least, f64x2.splat(limit)))) return false;
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  return true;
}

/** Puts a row where it belongs among the nearest so far; the farthest falls out. Rows come in order, so ties keep the earlier one first. */
function insert(distances: usize, rows: usize, k: i32, distance: f64, row: i32): void {
  let at = k - 1;
  while (at > 0 && load<f64>(distances + ((<usize>(at - 1)) << 3)) > distance) {
    store<f64>(distances + ((<usize>at) << 3), load<f64>(distances + ((<usize>(at - 1)) << 3)));
    store<i32>(rows + ((<usize>at) << 2), load<i32>(rows + ((<usize>(at - 1)) << 2)));
    at--;
  }
  store<f64>(distances + ((<usize>at) << 3), distance);
  store<i32>(rows + ((<usize>at) << 2), row);
}

/** Numbers of the training rows whose squared distance to a query is exactly `distance`, into `rows` (i32, room for all), ascending. How many. */
export function rowsAt(tiles: usize, tileCount: i32, columns: i32, query: usize, distance: f64, rows: usize, sums: usize): i32 {
  const tileBytes = (<usize>columns * TILE) << 3;
  let count = 0;
  for (let tile = 0; tile < tileCount; tile++) {
    if (!measure(tiles + <usize>tile * tileBytes, query, columns, sums, Infinity)) continue;
    for (let lane = 0; lane < <i32>TILE; lane++) {
      if (load<f64>(sums + ((<usize>lane) << 3)) !== distance) continue;
      store<i32>(rows + ((<usize>count) << 2), tile * <i32>TILE + lane);
      count++;
    }
  }
  return count;
}
