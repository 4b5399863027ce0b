/** Below this many values a comparison sort is as fast and needs no tables. */
const SMALL = 1500;
const DIGITS = 1 << 16;

/**
 * Row numbers by score, largest first; equal scores (−0 and 0 are equal) in row order. Not NaN; infinities are fine.
 * Cost: O(n) above 1,500 values, by radix on the bits of the doubles, 16 at a time.
 */
export function descendingOrder(score: Float64Array): Int32Array {
  const order = Int32Array.from(score, (_, i) => i);
  if (score.length <= SMALL) return order.sort((a, b) => (score[a]! === score[b]! ? a - b : score[b]! - score[a]!));
  const keys = descendingKeys(score);
  let from = order;
  let to = new Int32Array(score.length);
  const starts = new Uint32Array(DIGITS + 1);
  for (let digit = 0; digit < 4; digit++) {
    starts.fill(0);
    for (let i = 0; i < score.length; i++) starts[keys[4 * i + digit]! + 1]!++;
    if (starts.includes(score.length)) continue; // one digit for all: nothing moves
    for (let d = 1; d <= DIGITS; d++) starts[d]! += starts[d - 1]!;
    for (let i = 0; i < from.length; i++) {
      const row = from[i]!;
      to[starts[keys[4 * row + digit]!]!++] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Four 16-bit digits per value, lowest first, that rise as the value falls. */
function descendingKeys(score: Float64Array): Uint16Array {
  const value = new Float64Array(1);
  const bits = new Uint32Array(value.buffer);
  const [low, high] = isLittleEndian() ? [0, 1] : [1, 0];
  const keys = new Uint16Array(4 * score.length);
  for (let i = 0; i < score.length; i++) {
    value[0] = score[i]! + 0; // −0 becomes 0
    const isNegative = bits[high]! >>> 31 === 1;
    const a = isNegative ? bits[low]! : ~bits[low]!;
    const b = isNegative ? bits[high]! : ~bits[high]! ^ 0x80000000;
    keys[4 * i] = a;
    keys[4 * i + 1] = a >>> 16;
    keys[4 * i + 2] = b;
    keys[4 * i + 3] = b >>> 16;
  }
  return keys;
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}
