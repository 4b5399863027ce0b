// One epoch of moving points. ../layout.ts drives it. Vectors are given by their byte addresses: points as f64 row by row, pairs as i32 indices and
// f64 times. Results do not depend on the machine: no call leaves this module.

const LONGEST_MOVE: f64 = 4;
const TWO_OVER_LN2: f64 = 2.8853900817779268;
const LN2: f64 = Math.LN2;

/** Memory of at least `bytes`, as the address where it starts, or 0 when there is not enough. */
export function reserve(bytes: usize): usize {
  const start: usize = (__heap_base + 15) & ~15;
  const wanted = i32((start + bytes + 65535) >>> 16);
  const pages = memory.size();
  if (wanted > pages && memory.grow(wanted - pages) < 0) return 0;
  return start;
}

// Marsaglia (2003), Xorshift RNGs, doi:10.18637/jss.v008.i14.
let s0: u32 = 1;
let s1: u32 = 0;
let s2: u32 = 0;
let s3: u32 = 0;

/** At least one of them is not 0. */
export function seed(a: u32, b: u32, c: u32, d: u32): void {
  s0 = a;
  s1 = b;
  s2 = c;
  s3 = d;
}

function below(count: i32): i32 {
  let t = s3;
  const s = s0;
  s3 = s2;
  s2 = s1;
  s1 = s;
  t ^= t << 11;
  t ^= t >>> 8;
  s0 = t ^ s ^ (s >>> 19);
  return i32((u64(s0) * u64(count)) >>> 32);
}

/**
 * x to the power b to nine digits, x > 0 and normal: 2^(b log2 x), the logarithm by its series in (m − 1) / (m + 1), the power by its own.
 */
export function power(x: f64, b: f64): f64 {
  const bits = reinterpret<i64>(x);
  let exponent = i32(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent++;
  }
  const t = (m - 1) / (m + 1);
  const u = t * t;
  const series = 1 + u * (1.0 / 3.0 + u * (1.0 / 5.0 + u * (1.0 / 7.0 + u * (1.0 / 9.0 + u * (1.0 / 11.0)))));
  const y = b * (f64(exponent) + TWO_OVER_LN2 * t * series);
  if (y < -1000) return 0;
  const whole = nearest(y);
  const f = (y - whole) * LN2;
  const e =
    1 +
    f *
      (1 +
        f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0 + f * (1.0 / 5040.0 + f * (1.0 / 40320.0))))))));
  return e * reinterpret<f64>((i64(whole) + 1023) << 52);
}

function clipped(move: f64): f64 {
  return max<f64>(-LONGEST_MOVE, min<f64>(LONGEST_MOVE, move));
}

/** Distances too small for `power` count as none. */
const LEAST: f64 = 1e-300;

function attract(head: usize, tail: usize, dims: i32, rate: f64, a: f64, b: f64, moves: bool): void {
  let squared: f64 = 0;
  for (let d: usize = 0; d < (<usize>dims) << 3; d += 8) {
    const gap = load<f64>(head + d) - load<f64>(tail + d);
    squared += gap * gap;
  }
  if (squared < LEAST) return;
  const p = power(squared, b);
  const force = (-2 * a * b * p) / (squared * (1 + a * p));
  for (let d: usize = 0; d < (<usize>dims) << 3; d += 8) {
    const move = rate * clipped(force * (load<f64>(head + d) - load<f64>(tail + d)));
    store<f64>(head + d, load<f64>(head + d) + move);
    if (moves) store<f64>(tail + d, load<f64>(tail + d) - move);
  }
}

function repel(head: usize, other: usize, dims: i32, rate: f64, a: f64, b: f64): void {
  if (dims === 2) {
    const x = load<f64>(head) - load<f64>(other);
    const y = load<f64>(head, 8) - load<f64>(other, 8);
    const squared = x * x + y * y;
    if (squared < LEAST) return;
    const force = (2 * b) / ((0.001 + squared) * (1 + a * power(squared, b)));
    store<f64>(head, load<f64>(head) + rate * clipped(force * x));
    store<f64>(head, load<f64>(head, 8) + rate * clipped(force * y), 8);
    return;
  }
  let squared: f64 = 0;
  for (let d: usize = 0; d < (<usize>dims) << 3; d += 8) {
    const gap = load<f64>(head + d) - load<f64>(other + d);
    squared += gap * gap;
  }
  if (squared < LEAST) return;
  const force = (2 * b) / ((0.001 + squared) * (1 + a * power(squared, b)));
  for (let d: usize = 0; d < (<usize>dims) << 3; d += 8) {
    store<f64>(head + d, load<f64>(head + d) + rate * clipped(force * (load<f64>(head + d) - load<f64>(other + d))));
  }
}

/**
 * Each pair whose turn it is pulls together and pushes others away. `every` and `next` hold, pair by pair, how many epochs lie between turns and when the
 * next one is; `pushNext` the same for pushes, which come `pushes` times as often.
 */
export function runEpoch(
  heads: usize,
  tails: usize,
  count: i32,
  dims: i32,
  pairs: i32,
  headOf: usize,
  tailOf: usize,
  every: usize,
  next: usize,
  pushNext: usize,
  pushes: f64,
  epoch: f64,
  rate: f64,
  a: f64,
  b: f64,
): void {
  const moves = heads === tails;
  const width = (<usize>dims) << 3;
  for (let pair: usize = 0; pair < <usize>pairs; pair++) {
    const at = pair << 3;
    const due = load<f64>(next + at);
    if (due > epoch) continue;
    const between = load<f64>(every + at);
    const own = load<i32>(headOf + (pair << 2));
    const head = heads + <usize>own * width;
    attract(head, tails + <usize>load<i32>(tailOf + (pair << 2)) * width, dims, rate, a, b, moves);
    store<f64>(next + at, due + between);
    const betweenPushes = between / pushes;
    const owed = i32((epoch - load<f64>(pushNext + at)) / betweenPushes);
    for (let i = 0; i < owed; i++) {
      const other = below(count);
      if (moves && other === own) continue;
      repel(head, tails + <usize>other * width, dims, rate, a, b);
    }
    store<f64>(pushNext + at, load<f64>(pushNext + at) + f64(owed) * betweenPushes);
  }
}
