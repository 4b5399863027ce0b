// The loops of coordinate descent over rows, two at a time. ../kernel.ts drives them. All arguments named after vectors are byte addresses of
// f64 values, 16-byte aligned, padded with zeros to a multiple of `STEP` rows; `rows` is the padded length. Results do not depend on the machine:
// every sum has a fixed order.

/** Rows handled per turn of a loop. */
const STEP: usize = 8;

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

/** Σ a b. */
export function dot(a: usize, b: usize, rows: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = a + (rows << 3);
  while (a < end) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(a, 48), v128.load(b, 48)));
    a += STEP << 3;
    b += STEP << 3;
  }
  return total(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)));
}

/** out[0 … 3] = Σ a b for four columns b, each `stride` bytes after the one before: `a` is read once for all. */
export function dotFour(a: usize, b: usize, stride: usize, rows: usize, out: usize): void {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  let b1 = b + stride;
  let b2 = b1 + stride;
  let b3 = b2 + stride;
  const end = a + (rows << 3);
  while (a < end) {
    let x = v128.load(a);
    s0 = f64x2.add(s0, f64x2.mul(x, v128.load(b)));
    s1 = f64x2.add(s1, f64x2.mul(x, v128.load(b1)));
    s2 = f64x2.add(s2, f64x2.mul(x, v128.load(b2)));
    s3 = f64x2.add(s3, f64x2.mul(x, v128.load(b3)));
    x = v128.load(a, 16);
    s0 = f64x2.add(s0, f64x2.mul(x, v128.load(b, 16)));
    s1 = f64x2.add(s1, f64x2.mul(x, v128.load(b1, 16)));
    s2 = f64x2.add(s2, f64x2.mul(x, v128.load(b2, 16)));
    s3 = f64x2.add(s3, f64x2.mul(x, v128.load(b3, 16)));
    a += 32;
    b += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  store<f64>(out, total(s0));
  store<f64>(out, total(s1), 8);
  store<f64>(out, total(s2), 16);
  store<f64>(out, total(s3), 24);
}

/** Rows of all columns that stay in the cache while their products are summed. */
const BLOCK: usize = 256;

/**
 * table[j × width + k] = Σ v x_j x_k for k ≥ j, `width` = columns rounded up to a multiple of 4. Column j starts at x + j × stride; up to three
 * columns beyond the last one are read and must exist. `scratch` holds BLOCK values, `out` four.
 */
export function crossTable(x: usize, stride: usize, columns: i32, v: usize, rows: usize, table: usize, scratch: usize, out: usize): void {
  const width = (columns + 3) & ~3;
  memory.fill(table, 0, (<usize>columns * <usize>width) << 3);
  for (let from: usize = 0; from < rows; from += BLOCK) {
    const count = min(BLOCK, rows - from);
    for (let j = 0; j < columns; j++) {
      weigh(scratch, v + (from << 3), x + <usize>j * stride + (from << 3), 1, 0, count);
      for (let k = j & ~3; k < columns; k += 4) {
        dotFour(scratch, x + <usize>k * stride + (from << 3), stride, count, out);
        const at = table + ((<usize>j * <usize>width + <usize>k) << 3);
        v128.store(at, f64x2.add(v128.load(at), v128.load(out)));
        v128.store(at, f64x2.add(v128.load(at, 16), v128.load(out, 16)), 16);
      }
    }
  }
}

/** r −= v (slope x + offset). */
export function takeStep(r: usize, v: usize, x: usize, slope: f64, offset: f64, rows: usize): void {
  const by = f64x2.splat(slope);
  const plus = f64x2.splat(offset);
  const end = r + (rows << 3);
  while (r < end) {
    v128.store(r, f64x2.sub(v128.load(r), f64x2.mul(v128.load(v), f64x2.add(f64x2.mul(by, v128.load(x)), plus))));
    v128.store(r, f64x2.sub(v128.load(r, 16), f64x2.mul(v128.load(v, 16), f64x2.add(f64x2.mul(by, v128.load(x, 16)), plus))), 16);
    r += 32;
    v += 32;
    x += 32;
  }
}

/** out = v factor (x − offset). */
export function weigh(out: usize, v: usize, x: usize, factor: f64, offset: f64, rows: usize): void {
  const by = f64x2.splat(factor);
  const minus = f64x2.splat(offset);
  const end = out + (rows << 3);
  while (out < end) {
    v128.store(out, f64x2.mul(v128.load(v), f64x2.mul(by, f64x2.sub(v128.load(x), minus))));
    out += 16;
    v += 16;
    x += 16;
  }
}

/** out += slope (x − offset). */
export function addColumn(out: usize, x: usize, slope: f64, offset: f64, rows: usize): void {
  const by = f64x2.splat(slope);
  const minus = f64x2.splat(offset);
  const end = out + (rows << 3);
  while (out < end) {
    v128.store(out, f64x2.add(v128.load(out), f64x2.mul(by, f64x2.sub(v128.load(x), minus))));
    out += 16;
    x += 16;
  }
}

/** out[0] = Σ v x, out[1] = Σ v x². */
export function moments(v: usize, x: usize, rows: usize, out: usize): void {
  let first0 = f64x2.splat(0);
  let first1 = f64x2.splat(0);
  let second0 = f64x2.splat(0);
  let second1 = f64x2.splat(0);
  const end = v + (rows << 3);
  while (v < end) {
    let value = v128.load(x);
    let weighted = f64x2.mul(v128.load(v), value);
    first0 = f64x2.add(first0, weighted);
    second0 = f64x2.add(second0, f64x2.mul(weighted, value));
    value = v128.load(x, 16);
    weighted = f64x2.mul(v128.load(v, 16), value);
    first1 = f64x2.add(first1, weighted);
    second1 = f64x2.add(second1, f64x2.mul(weighted, value));
    v += 32;
    x += 32;
  }
  store<f64>(out, total(f64x2.add(first0, first1)));
  store<f64>(out, total(f64x2.add(second0, second1)), 8);
}

/** Σ v. */
export function sum(v: usize, rows: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  const end = v + (rows << 3);
  while (v < end) {
    s0 = f64x2.add(s0, v128.load(v));
    s1 = f64x2.add(s1, v128.load(v, 16));
    v += 32;
  }
  return total(f64x2.add(s0, s1));
}

function total(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}
