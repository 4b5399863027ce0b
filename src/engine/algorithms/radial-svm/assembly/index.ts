// The loops over rows of support vector machines with a radial kernel. ../kernel.ts drives them; ../twin.ts is their double, to the bit.
// Rows are stored in tiles of eight as [tile][column][8 rows]; `from` and `to` are row numbers, multiples of eight. Kernel values are kept in
// single precision, everything else in double.

const TILE: usize = 8;
const LOG2_E: f64 = Math.LOG2E;
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
/** Adding it rounds to the nearest integer, which then stands in the low bits. */
const ROUND: f64 = 6755399441055744;
/** Curvature of a step is held above this. */
const LEAST_CURVATURE: f64 = 1e-12;

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

let s0: v128 = f64x2.splat(0);
let s1: v128 = f64x2.splat(0);
let s2: v128 = f64x2.splat(0);
let s3: v128 = f64x2.splat(0);

/** −gamma × squared distances of a query, whose cells are `step` bytes apart, to the eight rows of a tile, into s0 … s3. */
// @ts-expect-error: a decorator of AssemblyScript
function exponents(tile: usize, query: usize, step: usize, columns: i32, gamma: v128): void {
  let t0 = f64x2.splat(0);
  let t1 = f64x2.splat(0);
  let t2 = f64x2.splat(0);
  let t3 = f64x2.splat(0);
  const end = tile + ((<usize>columns * TILE) << 3);
  while (tile < end) {
    const q = v128.load64_splat(query);
    const d0 = f64x2.sub(v128.load(tile), q);
    const d1 = f64x2.sub(v128.load(tile, 16), q);
    const d2 = f64x2.sub(v128.load(tile, 32), q);
    const d3 = f64x2.sub(v128.load(tile, 48), q);
    t0 = f64x2.add(t0, f64x2.mul(d0, d0));
    t1 = f64x2.add(t1, f64x2.mul(d1, d1));
    t2 = f64x2.add(t2, f64x2.mul(d2, d2));
    t3 = f64x2.add(t3, f64x2.mul(d3, d3));
    tile += TILE << 3;
    query += step;
  }
  s0 = f64x2.mul(gamma, t0);
  s1 = f64x2.mul(gamma, t1);
  s2 = f64x2.mul(gamma, t2);
  s3 = f64x2.mul(gamma, t3);
}

/** e^x for x <= 0, the operations of exponential.ts of boosting; 0 below -708. */
// @ts-expect-error: a decorator of AssemblyScript
function exponential(x: v128): v128 {
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), f64x2.splat(ROUND));
  const k = f64x2.sub(shifted, f64x2.splat(ROUND));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH))), f64x2.mul(k, f64x2.splat(LN2_LOW)));
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const a = f64x2.add(
    f64x2.add(f64x2.splat(1), r),
    f64x2.mul(r2, f64x2.add(f64x2.splat(0.5), f64x2.mul(r, f64x2.splat(0.16666666666666666)))),
  );
  const b = f64x2.add(
    f64x2.add(f64x2.splat(0.041666666666666664), f64x2.mul(r, f64x2.splat(0.008333333333333333))),
    f64x2.mul(r2, f64x2.add(f64x2.splat(0.001388888888888889), f64x2.mul(r, f64x2.splat(0.0001984126984126984)))),
  );
  const c = f64x2.add(
    f64x2.add(f64x2.splat(0.0000248015873015873), f64x2.mul(r, f64x2.splat(0.0000027557319223985893))),
    f64x2.mul(r2, f64x2.add(f64x2.splat(2.755731922398589e-7), f64x2.mul(r, f64x2.splat(2.505210838544172e-8)))),
  );
  const d = f64x2.add(f64x2.splat(2.08767569878681e-9), f64x2.mul(r, f64x2.splat(1.6059043836821613e-10)));
  const p = f64x2.add(a, f64x2.mul(r4, f64x2.add(b, f64x2.mul(r4, f64x2.add(c, f64x2.mul(r4, d))))));
  const power = i64x2.shl(i64x2.add(shifted, i64x2.splat(1023)), 52);
  return v128.and(f64x2.mul(p, power), f64x2.ge(x, f64x2.splat(-708)));
}

/** out[t] = exp(−gamma |x_row − x_t|²) for from ≤ t < to, in single precision; `out` is where row 0 would stand. */
export function fillRow(tiles: usize, columns: i32, row: i32, from: i32, to: i32, gamma: f64, out: usize): void {
  const tileBytes = (<usize>columns * TILE) << 3;
  const query = tiles + <usize>(row >> 3) * tileBytes + ((<usize>(row & 7)) << 3);
  const factor = f64x2.splat(-gamma);
  for (let t = from; t < to; t += 8) {
    exponents(tiles + <usize>(t >> 3) * tileBytes, query, TILE << 3, columns, factor);
    const at = out + ((<usize>t) << 2);
    const e0 = f32x4.demote_f64x2_zero(exponential(s0));
    const e1 = f32x4.demote_f64x2_zero(exponential(s1));
    const e2 = f32x4.demote_f64x2_zero(exponential(s2));
    const e3 = f32x4.demote_f64x2_zero(exponential(s3));
    v128.store(at, i64x2.shuffle(e0, e1, 0, 2));
    v128.store(at, i64x2.shuffle(e2, e3, 0, 2), 16);
  }
}

/** out[t] = exp(−gamma |query − x_t|²) for all rows of `tileCount` tiles, in double precision; the query's cells are one after the other. */
export function kernelValues(tiles: usize, tileCount: i32, columns: i32, query: usize, gamma: f64, out: usize): void {
  const tileBytes = (<usize>columns * TILE) << 3;
  const factor = f64x2.splat(-gamma);
  for (let tile = 0; tile < tileCount; tile++) {
    exponents(tiles + <usize>tile * tileBytes, query, 8, columns, factor);
    v128.store(out, exponential(s0));
    v128.store(out, exponential(s1), 16);
    v128.store(out, exponential(s2), 32);
    v128.store(out, exponential(s3), 48);
    out += TILE << 3;
  }
}

let best: f64 = 0;
let bestAt: i32 = -1;

/** What the last search found, and, after selectSecond, the least value. */
export function bestValue(): f64 {
  return best;
}

let least: f64 = 0;
export function leastValue(): f64 {
  return least;
}

export function startSearch(): void {
  best = -Infinity;
  bestAt = -1;
  least = Infinity;
}

// @ts-expect-error: a decorator of AssemblyScript
function keep(values: v128, places: v128): void {
  const first = f64x2.extract_lane(values, 0);
  const second = f64x2.extract_lane(values, 1);
  const firstAt = <i32>f64x2.extract_lane(places, 0);
  const secondAt = <i32>f64x2.extract_lane(places, 1);
  if (first > best) {
    best = first;
    bestAt = firstAt;
  }
  if (second > best || (second === best && secondAt < bestAt && second > -Infinity)) {
    best = second;
    bestAt = secondAt;
  }
}

/**
 * f −= delta (k_i − k_j) for from ≤ t < to, and goes on searching the row with the largest f + up, the first of equal ones. Row numbers of all
 * ranges searched together ascend. -1 while there is none.
 */
export function update(f: usize, up: usize, ki: usize, kj: usize, delta: f64, from: i32, to: i32): i32 {
  const by = f64x2.splat(delta);
  let top = f64x2.splat(-Infinity);
  let topAt = f64x2.splat(-1);
  let at = f64x2.replace_lane(f64x2.splat(<f64>from), 1, <f64>(from + 1));
  const two = f64x2.splat(2);
  const end = f + ((<usize>to) << 3);
  f += (<usize>from) << 3;
  up += (<usize>from) << 3;
  ki += (<usize>from) << 2;
  kj += (<usize>from) << 2;
  while (f < end) {
    const a = v128.load(ki);
    const b = v128.load(kj);
    let moved = f64x2.mul(by, f64x2.sub(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)));
    let value = f64x2.sub(v128.load(f), moved);
    v128.store(f, value);
    let score = f64x2.add(value, v128.load(up));
    let isBetter = f64x2.gt(score, top);
    top = v128.bitselect(score, top, isBetter);
    topAt = v128.bitselect(at, topAt, isBetter);
    at = f64x2.add(at, two);
    const a2 = i64x2.shuffle(a, a, 1, 1);
    const b2 = i64x2.shuffle(b, b, 1, 1);
    moved = f64x2.mul(by, f64x2.sub(f64x2.promote_low_f32x4(a2), f64x2.promote_low_f32x4(b2)));
    value = f64x2.sub(v128.load(f, 16), moved);
    v128.store(f, value, 16);
    score = f64x2.add(value, v128.load(up, 16));
    isBetter = f64x2.gt(score, top);
    top = v128.bitselect(score, top, isBetter);
    topAt = v128.bitselect(at, topAt, isBetter);
    at = f64x2.add(at, two);
    f += 32;
    up += 32;
    ki += 16;
    kj += 16;
  }
  keep(top, topAt);
  return bestAt;
}

/**
 * Goes on searching the row that with the first one promises the largest fall of the objective: (first − v)² / curvature over rows with
 * v = f + low below `first`. The least v is kept beside it.
 */
export function selectSecond(f: usize, low: usize, ki: usize, first: f64, from: i32, to: i32): i32 {
  const high = f64x2.splat(first);
  const zero = f64x2.splat(0);
  const two = f64x2.splat(2);
  const floor = f64x2.splat(LEAST_CURVATURE);
  let top = f64x2.splat(-Infinity);
  let topAt = f64x2.splat(-1);
  let bottom = f64x2.splat(Infinity);
  let at = f64x2.replace_lane(f64x2.splat(<f64>from), 1, <f64>(from + 1));
  const end = f + ((<usize>to) << 3);
  f += (<usize>from) << 3;
  low += (<usize>from) << 3;
  ki += (<usize>from) << 2;
  while (f < end) {
    const value = f64x2.add(v128.load(f), v128.load(low));
    bottom = f64x2.pmin(bottom, value);
    const difference = f64x2.sub(high, value);
    const k = f64x2.promote_low_f32x4(v128.load64_zero(ki));
    const curvature = f64x2.pmax(floor, f64x2.sub(two, f64x2.add(k, k)));
    const gain = f64x2.div(f64x2.mul(difference, difference), curvature);
    const isBetter = v128.and(f64x2.gt(gain, top), f64x2.gt(difference, zero));
    top = v128.bitselect(gain, top, isBetter);
    topAt = v128.bitselect(at, topAt, isBetter);
    at = f64x2.add(at, two);
    f += 16;
    low += 16;
    ki += 8;
  }
  keep(top, topAt);
  least = min(least, min(f64x2.extract_lane(bottom, 0), f64x2.extract_lane(bottom, 1)));
  return bestAt;
}
