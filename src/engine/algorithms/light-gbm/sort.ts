/** Bits per pass: six passes over 64 bits, with counters that stay in the first-level cache. */
const DIGIT_BITS = 11;
const PASSES = 6;
const DIGITS = 1 << DIGIT_BITS;
/** Below this the engine's own sort is as fast. */
const FEW = 512;

/**
 * Sorts the first `count` of `values` in place, ascending, by radix: several times faster than the engine's sort on long columns.
 * No NaN; -0 becomes 0. `spare` is at least as long. Cost: O(count).
 */
export function sortNumbers(values: Float64Array, count: number, spare: Float64Array): Float64Array {
  for (let i = 0; i < count; i++) values[i]! += 0;
  if (count < FEW) return values.subarray(0, count).sort();
  const counts = toKeys(values, count);
  let from = values;
  let to = spare;
  for (let pass = 0; pass < PASSES; pass++) {
    const places = counts.subarray(pass * DIGITS, (pass + 1) * DIGITS);
    if (!toPlaces(places, count)) continue;
    scatter(from, to, count, pass, places);
    [from, to] = [to, from];
  }
  fromKeys(from, count);
  if (from !== values) values.set(from.subarray(0, count));
  return values.subarray(0, count);
}

/** Turns doubles into unsigned keys of the same order, in place, and counts their digits. Little-endian hosts, as all are. */
function toKeys(values: Float64Array, count: number): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  const counts = new Uint32Array(PASSES * DIGITS);
  for (let i = 0; i < count; i++) {
    const sign = words[2 * i + 1]! >> 31;
    const low = words[2 * i]! ^ sign;
    const high = words[2 * i + 1]! ^ (sign | 0x80000000);
    words[2 * i] = low;
    words[2 * i + 1] = high;
    for (let pass = 0; pass < PASSES; pass++) counts[pass * DIGITS + digitOf(low, high, pass)]!++;
  }
  return counts;
}

function fromKeys(values: Float64Array, count: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  for (let i = 0; i < count; i++) {
    const sign = ~(words[2 * i + 1]! >> 31);
    words[2 * i]! ^= sign;
    words[2 * i + 1]! ^= sign | 0x80000000;
  }
}

function digitOf(low: number, high: number, pass: number): number {
  const shift = pass * DIGIT_BITS;
  if (shift >= 32) return (high >>> (shift - 32)) & (DIGITS - 1);
  if (shift + DIGIT_BITS <= 32) return (low >>> shift) & (DIGITS - 1);
  return ((low >>> shift) | (high << (32 - shift))) & (DIGITS - 1);
}

/** Counts become first places. False when all values have the same digit: nothing to do. */
function toPlaces(counts: Uint32Array, total: number): boolean {
  let place = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const own = counts[digit]!;
    if (own === total) return false;
    counts[digit] = place;
    place += own;
  }
  return true;
}

function scatter(from: Float64Array, to: Float64Array, count: number, pass: number, places: Uint32Array): void {
  const words = new Uint32Array(from.buffer, from.byteOffset, 2 * count);
  const target = new Uint32Array(to.buffer, to.byteOffset, 2 * count);
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    const place = places[digitOf(low, high, pass)]!++;
    // As words: a key read as a double could be a NaN, whose bits need not survive.
    target[2 * place] = low;
    target[2 * place + 1] = high;
  }
}
