/**
 * The candidate closest to a misspelt name, or null when none is close enough to be a likely intention.
 * Optimal string alignment distance (Damerau 1964, doi:10.1145/363958.363994), case-insensitive.
 * Cost: O(candidates × length²).
 */
export function nearestName(given: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.ceil(given.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = alignmentDistance(given.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?` with its leading blank, or an empty string. */
export function didYouMean(given: string, candidates: Iterable<string>): string {
  const nearest = nearestName(given, candidates);
  return nearest === null ? "" : ` Did you mean "${nearest}"?`;
}

function alignmentDistance(a: string, b: string): number {
  const width = b.length + 1;
  let beforePrevious = new Uint32Array(width);
  let previous = Uint32Array.from({ length: width }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = new Uint32Array(width);
    current[0] = i;
    for (let j = 1; j < width; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, beforePrevious[j - 2]! + 1);
      }
      current[j] = distance;
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[width - 1]!;
}
