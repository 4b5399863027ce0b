/** Which cells a fold × candidate grid shows, and what its keys do. Pure. */

export type CellState = "empty" | "queued" | "running" | "done" | "failed" | "skipped";

export interface GridCell {
  /** 1-based, as in the folds given. */
  readonly fold: number;
  /** 1-based, as in the candidates given. */
  readonly candidate: number;
  readonly state: CellState;
  readonly value?: number | null | undefined;
  /** One more fact, e.g. `1.2 s on daemon 3`. */
  readonly note?: string | undefined;
}

export interface GridFold {
  readonly index: number;
  readonly label: string;
  /** At the row's end: the fold's own metric, or its state in words. */
  readonly result?: string | undefined;
}

export interface GridCandidate {
  readonly index: number;
  /** Its hyperparameters in short, e.g. `learning_rate 0.05, max_depth 4`. */
  readonly label: string;
}

export const MOST_CANDIDATES = 200;
export const BEST_SHOWN = 60;

export function cellKey(fold: number, candidate: number): string {
  return `${fold}:${candidate}`;
}

/** Mean of the finished cells per candidate; NaN without any. */
export function candidateMeans(cells: readonly GridCell[]): Map<number, number> {
  const sums = new Map<number, { sum: number; n: number }>();
  for (const cell of cells) {
    if (cell.state !== "done" || cell.value === null || cell.value === undefined || !Number.isFinite(cell.value)) continue;
    const entry = sums.get(cell.candidate) ?? { sum: 0, n: 0 };
    sums.set(cell.candidate, { sum: entry.sum + cell.value, n: entry.n + 1 });
  }
  return new Map([...sums].map(([candidate, { sum, n }]) => [candidate, sum / n]));
}

/** Candidates in the order of the plan, or best mean first; above 200 only the best 60, those without a mean last. */
export function orderedCandidates(
  candidates: readonly GridCandidate[],
  cells: readonly GridCell[],
  options: { readonly byMean: boolean; readonly maximize: boolean },
): readonly GridCandidate[] {
  const tooMany = candidates.length > MOST_CANDIDATES;
  if (!options.byMean && !tooMany) return candidates;
  const means = candidateMeans(cells);
  const sign = options.maximize ? -1 : 1;
  const sorted = [...candidates].sort((a, b) => {
    const [left, right] = [means.get(a.index), means.get(b.index)];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined) || a.index - b.index;
    return sign * (left - right) || a.index - b.index;
  });
  return tooMany ? sorted.slice(0, BEST_SHOWN) : sorted;
}

/** Lowest and highest finished value; null while there is none. */
export function valueRange(cells: readonly GridCell[]): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const cell of cells) {
    if (cell.state !== "done" || typeof cell.value !== "number" || !Number.isFinite(cell.value)) continue;
    low = Math.min(low, cell.value);
    high = Math.max(high, cell.value);
  }
  return low === Infinity ? null : [low, high];
}

/** How good a value is among all, in [0, 1]: 1 is the best seen, whichever way is better. */
export function goodness(value: number, range: readonly [number, number], maximize: boolean): number {
  if (range[0] === range[1]) return 1;
  const share = (value - range[0]) / (range[1] - range[0]);
  return maximize ? share : 1 - share;
}

/** Row and column after a key, inside rows × columns; null when the key means nothing here. */
export function gridKey(
  event: { readonly key: string; readonly ctrlKey: boolean },
  at: readonly [number, number],
  rows: number,
  columns: number,
): readonly [number, number] | null {
  const [row, column] = at;
  switch (event.key) {
    case "ArrowRight":
      return [row, Math.min(columns - 1, column + 1)];
    case "ArrowLeft":
      return [row, Math.max(0, column - 1)];
    case "ArrowDown":
      return [Math.min(rows - 1, row + 1), column];
    case "ArrowUp":
      return [Math.max(0, row - 1), column];
    case "Home":
      return [event.ctrlKey ? 0 : row, 0];
    case "End":
      return [event.ctrlKey ? rows - 1 : row, columns - 1];
    default:
      return null;
  }
}
