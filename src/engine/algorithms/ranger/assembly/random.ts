// xoshiro128++ 1.0 (Blackman & Vigna 2021); its state comes from the caller, one stream per tree.
let a: u32 = 1;
let b: u32 = 0;
let c: u32 = 0;
let d: u32 = 0;

export function seed(first: i32, second: i32, third: i32, fourth: i32): void {
  a = <u32>first | 1;
  b = <u32>second;
  c = <u32>third;
  d = <u32>fourth;
}

export function bits(): u32 {
  const result = rotl<u32>(a + d, 7) + a;
  const t = b << 9;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= t;
  d = rotl<u32>(d, 11);
  return result;
}

/** Uniform integer in [0, bound) by multiplication (Lemire 2019); its bias of bound / 2³² is left in. */
export function below(bound: i32): i32 {
  return <i32>((<u64>bits() * <u64>bound) >> 32);
}

/** Uniform in [0, 1), 53 bits. */
export function uniform(): f64 {
  const high = <f64>(bits() >>> 5);
  const low = <f64>(bits() >>> 6);
  return (high * 67108864 + low) / 9007199254740992;
}
