import type { Column, NumericColumn } from "../table.ts";
import { countMissing, factor, isNumber, replaceNamed } from "./columns.ts";
import type { Settings } from "./settings.ts";
import { type Step, simpleStep } from "./step.ts";

/** Bins of one column: bin i holds the values in (breaks[i], breaks[i + 1]]. */
interface ColumnBins {
  readonly name: string;
  /** Ascending, at least two. */
  readonly breaks: Float64Array;
  readonly levels: readonly string[];
}

function binning(
  name: string,
  chosen: (columns: readonly Column[], settings: Settings) => readonly NumericColumn[],
  breaksOf: (values: Float64Array, settings: Settings) => Float64Array,
  lowestIncluded: boolean,
): Step {
  return simpleStep<{ readonly columns: readonly ColumnBins[] }>(
    name,
    (columns, settings) => {
      const found = chosen(columns, settings).flatMap((column) => {
        const finite = column.values.filter(Number.isFinite);
        if (finite.length === 0) return [];
        const breaks = breaksOf(finite, settings);
        return { name: column.name, breaks, levels: binNames(breaks, settings.numeric_cut_labels, lowestIncluded) };
      });
      return found.length === 0 ? null : { columns: found };
    },
    (columns, state) =>
      replaceNamed(columns, state.columns, (column, bins) =>
        column.kind === "numeric" ? factor(column.name, binCodes(column.values, bins.breaks), bins.levels) : column,
      ),
  );
}

/**
 * Equal-width bins as R's `cut(x, n)` makes them: n + 1 equidistant breaks over the range, the outermost 0.1 % of the range further out.
 * Values beyond the training rows' range fall in the outermost bins, infinite ones too.
 */
export const cutBins = binning(
  "numeric_cut",
  (columns, settings) => (settings.numeric_cut_n === 0 ? [] : columns.filter(isNumber)),
  (values, settings) => equalBreaks(values, settings.numeric_cut_n),
  false,
);

/** Bins between quantiles (type 7 of Hyndman & Fan 1996, doi:10.1080/00031305.1996.10473566); equal quantiles make one break. */
export const quantileBins = binning(
  "numeric_quant",
  (columns, settings) =>
    settings.numeric_quant_n === 0
      ? []
      : columns.filter(isNumber).filter((column) => !settings.numeric_quant_NAonly || countMissing(column) > 0),
  (values, settings) => quantileBreaks(values, settings.numeric_quant_n),
  true,
);

function equalBreaks(values: Float64Array, n: number): Float64Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  if (range === 0) {
    const around = (low === 0 ? 1 : Math.abs(low)) / 1000;
    return equidistant(low - around, high + around, n);
  }
  const breaks = equidistant(low, high, n);
  breaks[0] = low - range / 1000;
  breaks[n] = high + range / 1000;
  return breaks;
}

/** As R's `seq.int(low, high, length.out = n + 1)`. */
function equidistant(low: number, high: number, n: number): Float64Array {
  const width = (high - low) / n;
  const breaks = Float64Array.from({ length: n + 1 }, (_, i) => low + i * width);
  breaks[n] = high;
  return breaks;
}

function quantileBreaks(values: Float64Array, n: number): Float64Array {
  const sorted = values.toSorted();
  const breaks = new Set<number>();
  for (let i = 0; i <= n; i++) breaks.add(quantile(sorted, i / n));
  const distinct = Float64Array.from(breaks);
  if (distinct.length > 1) return distinct;
  return Float64Array.of(distinct[0]!, distinct[0]!); // one value: one bin
}

/** Type 7: linear between order statistics, x_h with h = 1 + (n − 1) p. `sorted` is not empty. */
export function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at + 4 * Number.EPSILON); // as R: a product that should be whole may fall just short
  const share = at - below;
  const low = sorted[below]!;
  return share > 1e-12 && below + 1 < sorted.length ? low + share * (sorted[below + 1]! - low) : low;
}

/** Cost: O(rows × log bins). */
function binCodes(values: Float64Array, breaks: Float64Array): Int32Array {
  const last = breaks.length - 2;
  const codes = new Int32Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) {
      codes[row] = -1;
      continue;
    }
    let low = 0; // the bin is the number of inner breaks below the value
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value > breaks[middle + 1]!) low = middle + 1;
      else high = middle;
    }
    codes[row] = low;
  }
  return codes;
}

/** Numbers from 1, or ranges with as many digits, from 3 up, as make all breaks differ. */
function binNames(breaks: Float64Array, byRange: boolean, lowestIncluded: boolean): string[] {
  const bins = Array.from({ length: breaks.length - 1 }, (_, i) => i);
  if (!byRange) return bins.map((i) => String(i + 1));
  const short = (digits: number): string[] => Array.from(breaks, (value) => String(Number(value.toPrecision(digits))));
  let texts = short(3);
  for (let digits = 4; digits <= 17 && new Set(texts).size < breaks.length; digits++) texts = short(digits);
  return bins.map((i) => `${i === 0 && lowestIncluded ? "[" : "("}${texts[i]},${texts[i + 1]}]`);
}
