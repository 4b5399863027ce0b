// Loops over dense vectors and matrices, two numbers at a time. ../dense-kernel.ts drives them. All arguments named after vectors are byte
// addresses of f64 values; matrices are column-major with `stride` bytes from column to column. Every sum has a fixed order, so that results
// do not depend on the machine.

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

// @ts-expect-error: decorator
function total(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** Σ a b over `count` values, an even number. */
// @ts-expect-error: decorator
function dot(a: usize, b: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let left = count;
  for (; left >= 4; left -= 4) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    a += 32;
    b += 32;
  }
  if (left > 0) s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)));
  return total(f64x2.add(s0, s1));
}

/**
 * gram += XᵀX for a block of rows: X has `rows` rows (even) and `cols` columns (a multiple of 4), gram is [cols, cols]. Only entries on and
 * below the diagonal's tiles of 2 × 4 are kept up: gram[j × cols + k] for k ≥ j.
 */
export function addGram(x: usize, stride: usize, rows: i32, cols: i32, gram: usize): void {
  for (let j = 0; j < cols; j += 2) {
    const left = x + <usize>j * stride;
    for (let k = j & ~3; k < cols; k += 4) {
      let a = left;
      let b = x + <usize>k * stride;
      let s00 = f64x2.splat(0);
      let s01 = f64x2.splat(0);
      let s02 = f64x2.splat(0);
      let s03 = f64x2.splat(0);
      let s10 = f64x2.splat(0);
      let s11 = f64x2.splat(0);
      let s12 = f64x2.splat(0);
      let s13 = f64x2.splat(0);
      const b1 = stride;
      const b2 = stride + stride;
      const b3 = b2 + stride;
      for (let i = 0; i < rows; i += 2) {
        const a0 = v128.load(a);
        const a1 = v128.load(a + stride);
        let v = v128.load(b);
        s00 = f64x2.add(s00, f64x2.mul(a0, v));
        s10 = f64x2.add(s10, f64x2.mul(a1, v));
        v = v128.load(b + b1);
        s01 = f64x2.add(s01, f64x2.mul(a0, v));
        s11 = f64x2.add(s11, f64x2.mul(a1, v));
        v = v128.load(b + b2);
        s02 = f64x2.add(s02, f64x2.mul(a0, v));
        s12 = f64x2.add(s12, f64x2.mul(a1, v));
        v = v128.load(b + b3);
        s03 = f64x2.add(s03, f64x2.mul(a0, v));
        s13 = f64x2.add(s13, f64x2.mul(a1, v));
        a += 16;
        b += 16;
      }
      let at = gram + ((<usize>j * <usize>cols + <usize>k) << 3);
      addTotals(at, s00, s01, s02, s03);
      at += (<usize>cols) << 3;
      addTotals(at, s10, s11, s12, s13);
    }
  }
}

// @ts-expect-error: decorator
function addTotals(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  store<f64>(at, load<f64>(at) + total(a));
  store<f64>(at, load<f64>(at, 8) + total(b), 8);
  store<f64>(at, load<f64>(at, 16) + total(c), 16);
  store<f64>(at, load<f64>(at, 24) + total(d), 24);
}

/**
 * One step of the reduction of a symmetric matrix A [size, size] to three diagonals: column k is reflected to zero below its sub-diagonal, and
 * the reflection is applied to the rest from both sides. The reflector stays in column k below the diagonal. `size` is the even number of rows
 * with padding; `v` and `w` hold as many. Returns the reflector's factor and stores the sub-diagonal entry.
 */
export function reflect(a: usize, stride: usize, size: i32, used: i32, k: i32, v: usize, w: usize, subdiagonal: usize): f64 {
  const column = a + <usize>k * stride;
  const first = k + 1;
  const alpha = load<f64>(column + ((<usize>first) << 3));
  let below: f64 = 0;
  for (let i = first + 1; i < used; i++) {
    const value = load<f64>(column + ((<usize>i) << 3));
    below += value * value;
  }
  if (below === 0) {
    store<f64>(subdiagonal, alpha);
    return 0;
  }
  const norm = Math.sqrt(alpha * alpha + below);
  const beta = alpha > 0 ? -norm : norm;
  const lead = alpha - beta;
  const factor = 2 / (lead * lead + below);
  store<f64>(subdiagonal, beta);
  store<f64>(column + ((<usize>first) << 3), lead);
  // Loops start at an even row; the one before the first counts for nothing.
  const from = first & ~1;
  const count = size - from;
  memory.fill(v, 0, (<usize>size) << 3);
  memory.fill(w, 0, (<usize>size) << 3);
  for (let i = first; i < used; i++) store<f64>(v + ((<usize>i) << 3), load<f64>(column + ((<usize>i) << 3)));
  const vFrom = v + ((<usize>from) << 3);
  const wFrom = w + ((<usize>from) << 3);
  for (let j = first; j < used; j++) {
    store<f64>(w + ((<usize>j) << 3), factor * dot(a + <usize>j * stride + ((<usize>from) << 3), vFrom, count));
  }
  const half = (factor * dot(vFrom, wFrom, count)) / 2;
  for (let j = first; j < used; j++) {
    const at = (<usize>j) << 3;
    store<f64>(w + at, load<f64>(w + at) - half * load<f64>(v + at));
  }
  for (let j = first; j < used; j++) {
    const vj = f64x2.splat(load<f64>(v + ((<usize>j) << 3)));
    const wj = f64x2.splat(load<f64>(w + ((<usize>j) << 3)));
    let at = a + <usize>j * stride + ((<usize>from) << 3);
    for (let i: usize = 0; i < (<usize>count) << 3; i += 16) {
      const change = f64x2.add(f64x2.mul(v128.load(vFrom + i), wj), f64x2.mul(v128.load(wFrom + i), vj));
      v128.store(at, f64x2.sub(v128.load(at), change));
      at += 16;
    }
  }
  return factor;
}

/** z −= factor v (v · z) for `count` values, an even number: what undoes `reflect` on a vector. */
export function unreflect(z: usize, v: usize, factor: f64, count: i32): void {
  const share = f64x2.splat(factor * dot(v, z, count));
  for (let i: usize = 0; i < (<usize>count) << 3; i += 16) {
    v128.store(z + i, f64x2.sub(v128.load(z + i), f64x2.mul(share, v128.load(v + i))));
  }
}

/**
 * Rotations of neighbouring columns of Z, from `first` up to `last`: columns i and i + 1 become c z_i − s z_{i+1} and s z_i + c z_{i+1}.
 * `cosines` and `sines` are indexed by i. `rows` is a multiple of 8; eight rows are carried through all columns at a time.
 */
export function rotateColumns(z: usize, stride: usize, rows: i32, first: i32, last: i32, cosines: usize, sines: usize): void {
  for (let row = 0; row < rows; row += 8) {
    let at = z + <usize>first * stride + ((<usize>row) << 3);
    let l0 = v128.load(at);
    let l1 = v128.load(at, 16);
    let l2 = v128.load(at, 32);
    let l3 = v128.load(at, 48);
    for (let i = first; i <= last; i++) {
      const c = v128.load_splat<u64>(cosines + ((<usize>i) << 3));
      const s = v128.load_splat<u64>(sines + ((<usize>i) << 3));
      const next = at + stride;
      const r0 = v128.load(next);
      const r1 = v128.load(next, 16);
      const r2 = v128.load(next, 32);
      const r3 = v128.load(next, 48);
      v128.store(at, f64x2.sub(f64x2.mul(c, l0), f64x2.mul(s, r0)));
      v128.store(at, f64x2.sub(f64x2.mul(c, l1), f64x2.mul(s, r1)), 16);
      v128.store(at, f64x2.sub(f64x2.mul(c, l2), f64x2.mul(s, r2)), 32);
      v128.store(at, f64x2.sub(f64x2.mul(c, l3), f64x2.mul(s, r3)), 48);
      l0 = f64x2.add(f64x2.mul(s, l0), f64x2.mul(c, r0));
      l1 = f64x2.add(f64x2.mul(s, l1), f64x2.mul(c, r1));
      l2 = f64x2.add(f64x2.mul(s, l2), f64x2.mul(c, r2));
      l3 = f64x2.add(f64x2.mul(s, l3), f64x2.mul(c, r3));
      at = next;
    }
    v128.store(at, l0);
    v128.store(at, l1, 16);
    v128.store(at, l2, 32);
    v128.store(at, l3, 48);
  }
}

/** The sum of squared differences of `cols` values: four sums side by side, the rest to the first of them. */
// @ts-expect-error: decorator
function gap(x: usize, c: usize, cols: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let left = cols;
  for (; left >= 4; left -= 4) {
    const d0 = f64x2.sub(v128.load(x), v128.load(c));
    const d1 = f64x2.sub(v128.load(x, 16), v128.load(c, 16));
    s0 = f64x2.add(s0, f64x2.mul(d0, d0));
    s1 = f64x2.add(s1, f64x2.mul(d1, d1));
    x += 32;
    c += 32;
  }
  let sum = f64x2.extract_lane(s0, 0);
  for (; left > 0; left--) {
    const d = load<f64>(x) - load<f64>(c);
    sum += d * d;
    x += 8;
    c += 8;
  }
  return sum + f64x2.extract_lane(s0, 1) + total(s1);
}

/** Squared distances of one row from `k` centres, to `out`; four centres at a time. Rows and centres are stored row by row. */
export function gaps(x: usize, centers: usize, k: i32, cols: i32, out: usize): void {
  const width = (<usize>cols) << 3;
  const whole = cols & ~3;
  let at = 0;
  for (; at + 4 <= k; at += 4) {
    const c0 = centers + <usize>at * width;
    const c1 = c0 + width;
    const c2 = c1 + width;
    const c3 = c2 + width;
    let a0 = f64x2.splat(0);
    let a1 = f64x2.splat(0);
    let b0 = f64x2.splat(0);
    let b1 = f64x2.splat(0);
    let d0 = f64x2.splat(0);
    let d1 = f64x2.splat(0);
    let e0 = f64x2.splat(0);
    let e1 = f64x2.splat(0);
    for (let j: usize = 0; j < (<usize>whole) << 3; j += 32) {
      const x0 = v128.load(x + j);
      const x1 = v128.load(x + j, 16);
      let d = f64x2.sub(x0, v128.load(c0 + j));
      a0 = f64x2.add(a0, f64x2.mul(d, d));
      d = f64x2.sub(x1, v128.load(c0 + j, 16));
      a1 = f64x2.add(a1, f64x2.mul(d, d));
      d = f64x2.sub(x0, v128.load(c1 + j));
      b0 = f64x2.add(b0, f64x2.mul(d, d));
      d = f64x2.sub(x1, v128.load(c1 + j, 16));
      b1 = f64x2.add(b1, f64x2.mul(d, d));
      d = f64x2.sub(x0, v128.load(c2 + j));
      d0 = f64x2.add(d0, f64x2.mul(d, d));
      d = f64x2.sub(x1, v128.load(c2 + j, 16));
      d1 = f64x2.add(d1, f64x2.mul(d, d));
      d = f64x2.sub(x0, v128.load(c3 + j));
      e0 = f64x2.add(e0, f64x2.mul(d, d));
      d = f64x2.sub(x1, v128.load(c3 + j, 16));
      e1 = f64x2.add(e1, f64x2.mul(d, d));
    }
    const to = out + ((<usize>at) << 3);
    store<f64>(to, closed(a0, a1, x, c0, whole, cols));
    store<f64>(to, closed(b0, b1, x, c1, whole, cols), 8);
    store<f64>(to, closed(d0, d1, x, c2, whole, cols), 16);
    store<f64>(to, closed(e0, e1, x, c3, whole, cols), 24);
  }
  for (; at < k; at++) store<f64>(out + ((<usize>at) << 3), gap(x, centers + <usize>at * width, cols));
}

// @ts-expect-error: decorator
function closed(s0: v128, s1: v128, x: usize, c: usize, whole: i32, cols: i32): f64 {
  let sum = f64x2.extract_lane(s0, 0);
  for (let j = whole; j < cols; j++) {
    const d = load<f64>(x + ((<usize>j) << 3)) - load<f64>(c + ((<usize>j) << 3));
    sum += d * d;
  }
  return sum + f64x2.extract_lane(s0, 1) + total(s1);
}
