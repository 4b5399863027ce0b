import { type Random, shuffle } from "../../core/random.ts";
import { rowsByCode } from "./strata.ts";
import type { Units } from "./units.ts";

/**
 * Fold of each unit, 0 … k-1. Single rows are dealt out stratum by stratum, so that sizes of folds, and of every stratum in
 * them, differ by one at most. Groups go largest first to the fold where they disturb the strata least.
 */
export function assignFolds(units: Units, k: number, random: Random): Int32Array {
  return units.isGrouped ? assignGroups(units, k, random) : dealRows(units, k, random);
}

function dealRows(units: Units, k: number, random: Random): Int32Array {
  const fold = new Int32Array(units.count);
  let next = 0;
  for (const members of rowsByCode(units.stratum, units.strata)) {
    for (const unit of shuffle(members.slice(), random)) fold[unit] = next++ % k;
  }
  return fold;
}

/**
 * Greedy: each group goes where the sum over strata of squared counts, relative to the stratum's size, grows least; on equal
 * terms to the fold with the fewest rows, then the first. The k largest groups land in k different folds, so none stays empty.
 * Cost: O(groups × k × strata of a group).
 */
function assignGroups(units: Units, k: number, random: Random): Int32Array {
  const totals = new Float64Array(units.strata);
  for (const code of units.rowStratum) totals[code]!++;
  const counts = Array.from({ length: k }, () => new Float64Array(units.strata));
  const sizes = new Float64Array(k);
  const order = shuffle(
    Int32Array.from({ length: units.count }, (_, unit) => unit),
    random,
  );
  const bySize = Array.from(order).sort((a, b) => units.rows[b]!.length - units.rows[a]!.length);
  const fold = new Int32Array(units.count);
  for (const unit of bySize) {
    const own = new Map<number, number>();
    for (const row of units.rows[unit]!) own.set(units.rowStratum[row]!, (own.get(units.rowStratum[row]!) ?? 0) + 1);
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let f = 0; f < k; f++) {
      let cost = 0;
      for (const [code, n] of own) cost += (n * (2 * counts[f]![code]! + n)) / totals[code]!;
      if (cost < bestCost || (cost === bestCost && sizes[f]! < sizes[best]!)) {
        best = f;
        bestCost = cost;
      }
    }
    for (const [code, n] of own) counts[best]![code]! += n;
    sizes[best]! += units.rows[unit]!.length;
    fold[unit] = best;
  }
  return fold;
}
