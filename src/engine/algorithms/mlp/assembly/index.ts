// The loops of a neural network in single precision, four numbers at a time. ../kernel.ts drives them; ../twin.ts is their double, to the bit.
// Addresses in bytes, 16-byte aligned. Matrices are row-major; their widths are multiples of 8, batches of 4 rows, the rest padded with zeros.
// Every sum has a fixed order, so results do not depend on the machine.
import { exponential } from "./math";

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

/**
 * c = a b, a of shape [rows, inner] with cell (i, k) at a + i × aRow + k × aStep, b [inner, cols], c [rows, cols]. `rows` is a multiple of 4, `cols`
 * of 8. Each cell of c is summed in the order of k.
 */
export function multiply(a: usize, aRow: usize, aStep: usize, b: usize, c: usize, rows: i32, inner: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  for (let j: usize = 0; j < stride; j += 32) {
    for (let i = 0; i < rows; i += 4) {
      let p0 = a + <usize>i * aRow;
      let p1 = p0 + aRow;
      let p2 = p1 + aRow;
      let p3 = p2 + aRow;
      let q = b + j;
      let s0 = f32x4.splat(0);
      let t0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let t1 = f32x4.splat(0);
      let s2 = f32x4.splat(0);
      let t2 = f32x4.splat(0);
      let s3 = f32x4.splat(0);
      let t3 = f32x4.splat(0);
      for (let k = 0; k < inner; k++) {
        const left = v128.load(q);
        const right = v128.load(q, 16);
        const x0 = v128.load32_splat(p0);
        const x1 = v128.load32_splat(p1);
        const x2 = v128.load32_splat(p2);
        const x3 = v128.load32_splat(p3);
        s0 = f32x4.add(s0, f32x4.mul(x0, left));
        t0 = f32x4.add(t0, f32x4.mul(x0, right));
        s1 = f32x4.add(s1, f32x4.mul(x1, left));
        t1 = f32x4.add(t1, f32x4.mul(x1, right));
        s2 = f32x4.add(s2, f32x4.mul(x2, left));
        t2 = f32x4.add(t2, f32x4.mul(x2, right));
        s3 = f32x4.add(s3, f32x4.mul(x3, left));
        t3 = f32x4.add(t3, f32x4.mul(x3, right));
        q += stride;
        p0 += aStep;
        p1 += aStep;
        p2 += aStep;
        p3 += aStep;
      }
      const out = c + <usize>i * stride + j;
      v128.store(out, s0);
      v128.store(out, t0, 16);
      v128.store(out + stride, s1);
      v128.store(out + stride, t1, 16);
      v128.store(out + 2 * stride, s2);
      v128.store(out + 2 * stride, t2, 16);
      v128.store(out + 3 * stride, s3);
      v128.store(out + 3 * stride, t3, 16);
    }
  }
}

/** out [cols, rows] = the transpose of w [rows, cols]. */
export function transpose(w: usize, rows: i32, cols: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) store<f32>(out + ((<usize>(j * rows + i)) << 2), load<f32>(w + ((<usize>(i * cols + j)) << 2)));
  }
}

/** z += bias, row by row; then kind 1: the positive part, kind 2: the hyperbolic tangent, kind 0: nothing. */
export function activate(z: usize, bias: usize, rows: i32, cols: i32, kind: i32): void {
  const stride = (<usize>cols) << 2;
  const zero = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < stride; j += 16) {
      let value = f32x4.add(v128.load(z + j), v128.load(bias + j));
      if (kind === 1) value = f32x4.pmax(zero, value);
      v128.store(z + j, value);
      if (kind === 2) for (let lane: usize = 0; lane < 16; lane += 4) store<f32>(z + j + lane, hyperbolic(load<f32>(z + j + lane)));
    }
    z += stride;
  }
}

function hyperbolic(z: f32): f32 {
  const e = exponential(-2 * abs<f64>(<f64>z));
  const size = (1 - e) / (1 + e);
  return <f32>(z < 0 ? -size : size);
}

/** d ×= the slope of the activation whose values are `a`: 1 or 0 where kind is 1, 1 − a² where it is 2. `count` is a multiple of 4. */
export function slope(d: usize, a: usize, count: i32, kind: i32): void {
  const end = d + ((<usize>count) << 2);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  while (d < end) {
    const value = v128.load(a);
    const step = v128.load(d);
    v128.store(d, kind === 1 ? v128.and(step, f32x4.gt(value, zero)) : f32x4.mul(step, f32x4.sub(one, f32x4.mul(value, value))));
    d += 16;
    a += 16;
  }
}

/** out[j] = Σ_i d[i, j]. */
export function columnSums(d: usize, rows: i32, cols: i32, out: usize): void {
  const stride = (<usize>cols) << 2;
  for (let j: usize = 0; j < stride; j += 16) {
    let sum = f32x4.splat(0);
    let at = d + j;
    for (let i = 0; i < rows; i++) {
      sum = f32x4.add(sum, v128.load(at));
      at += stride;
    }
    v128.store(out + j, sum);
  }
}

/** One step of Adam on `count` (a multiple of 4) parameters; gradients get `decay` × parameter added first. */
export function adam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  decay: f32,
): void {
  const end = w + ((<usize>count) << 2);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(1 - beta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(1 - beta2);
  const by = f32x4.splat(rate);
  const floor = f32x4.splat(epsilon);
  const shrink = f32x4.splat(decay);
  while (w < end) {
    const weight = v128.load(w);
    const gradient = f32x4.add(v128.load(g), f32x4.mul(shrink, weight));
    const first = f32x4.add(f32x4.mul(keep1, v128.load(m)), f32x4.mul(take1, gradient));
    const second = f32x4.add(f32x4.mul(keep2, v128.load(v)), f32x4.mul(f32x4.mul(take2, gradient), gradient));
    v128.store(m, first);
    v128.store(v, second);
    v128.store(w, f32x4.sub(weight, f32x4.div(f32x4.mul(by, first), f32x4.add(f32x4.sqrt(second), floor))));
    w += 16;
    g += 16;
    m += 16;
    v += 16;
  }
}
