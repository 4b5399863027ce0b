import { InvalidArgumentError } from "../../core/errors.ts";
import { type Random, shuffle } from "../../core/random.ts";
import { rowsByCode } from "./strata.ts";
import type { Units } from "./units.ts";

/**
 * Chooses a share of the units of every stratum; 1 where chosen, shape [units]. The total is the rounded share, spread over
 * strata by largest remainders. A stratum of two or more units is on both sides; a single one is chosen.
 */
export function chooseShare(units: Units, share: number, random: Random): Uint8Array {
  const members = rowsByCode(units.stratum, units.strata);
  const quotas = quotasOf(
    members.map((rows) => rows.length),
    share,
  );
  const chosen = new Uint8Array(units.count);
  for (const [s, rows] of members.entries()) {
    for (const unit of shuffle(rows.slice(), random).subarray(0, quotas[s]!)) chosen[unit] = 1;
  }
  return chosen;
}

function quotasOf(sizes: readonly number[], share: number): readonly number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const quotas = sizes.map((size) => Math.floor(size * share));
  let left = Math.round(total * share) - quotas.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = sizes.map((_, s) => s).sort((a, b) => sizes[b]! * share - quotas[b]! - (sizes[a]! * share - quotas[a]!) || a - b);
  for (const s of byRemainder) {
    if (left <= 0) break;
    quotas[s]!++;
    left--;
  }
  return quotas.map((quota, s) => (sizes[s]! < 2 ? sizes[s]! : Math.min(Math.max(quota, 1), sizes[s]! - 1)));
}

/** `rows` and, drawn from them with replacement stratum by stratum, as many again as make `length` rows in all; sorted. */
export function topUp(rows: Int32Array, length: number, rowStratum: Int32Array, random: Random): Int32Array {
  const strata = [...new Set(rows.map((row) => rowStratum[row]!))].sort((a, b) => a - b);
  const members = strata.map((code) => rows.filter((row) => rowStratum[row] === code));
  const result = new Int32Array(length);
  result.set(rows);
  let at = rows.length;
  const extra = length - rows.length;
  let before = 0;
  for (const own of members) {
    // Rounded running totals: every stratum gets its share of the extra rows, and the sum is exact.
    const until = rows.length + Math.round((extra * (before + own.length)) / rows.length);
    before += own.length;
    while (at < until) result[at++] = own[random.integer(own.length)]!;
  }
  return result.sort();
}

/** How often each unit is drawn in `units` draws with replacement, shape [units]; at least one unit is left out. */
export function drawWithReplacement(units: number, random: Random): Int32Array {
  for (let attempt = 0; attempt < 100; attempt++) {
    const times = new Int32Array(units);
    for (let draw = 0; draw < units; draw++) times[random.integer(units)]!++;
    if (times.includes(0)) return times;
  }
  throw new InvalidArgumentError(`Bootstrap: no draw of ${units} rows left any row out to test on; use more rows`);
}
