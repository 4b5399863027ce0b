import { derivedSeed, randomStream } from "../../core/random.ts";
import { type Column, takeRows } from "../table.ts";
import { countMissing, lengthOf } from "./columns.ts";
import { type Fill, fillMissing } from "./fills.ts";

/** Predicts one column from others. */
export interface Predictor {
  /** Numbers, or for categories level codes of `levels`, shape [n]; unitless. */
  predict(others: readonly Column[]): Float64Array;
  /** JSON with typed arrays; `Predictors.load` is its inverse. */
  state(): object;
  /** Share of the column's variation that is not explained, judged on rows not seen where possible; null when unknown. */
  readonly error: number | null;
}

export interface Predictors {
  readonly kind: ChainState["kind"];
  /** Categories are predicted as they are, without a donor. */
  readonly classifies: boolean;
  /** `target` holds values or level codes of the given rows only, all present. */
  fit(others: readonly Column[], target: Column, seed: number): Generator<null, Predictor, void>;
  load(state: object): Predictor;
}

/** One column of a chain. */
interface Link {
  readonly name: string;
  /** Levels that codes mean; empty for numbers. */
  readonly levels: readonly string[];
  readonly isWhole: boolean;
  readonly predictor: object;
  /** Training rows by prediction, ascending, and what was observed there; null where predictions are taken as they are. */
  readonly donors: { readonly predicted: Float64Array; readonly observed: Float64Array } | null;
}

export interface ChainState {
  readonly kind: "forest" | "linear";
  readonly seed: number;
  /** How many donors to choose from. */
  readonly near: number;
  readonly rounds: number;
  readonly links: readonly Link[];
}

export interface ChainOptions {
  readonly seed: number;
  readonly donors: number;
  readonly rounds: number;
}

/** More training rows than this are thinned evenly, by prediction, when they are kept as donors. */
const MAX_DONORS = 10_000;
/** Share of the error that a further round must take off. */
const LEAST_GAIN = 0.001;
/** Rounds over new rows; rows with a single gap are settled after the first. */
const REPLAY_ROUNDS = 4;

/**
 * Learns chained imputation: columns with gaps, fewest first, are predicted in turn from all other columns with their gaps filled as the
 * round before left them. Ends after `rounds`, or with a round that does not lower the mean error by a thousandth, which is not kept; where
 * errors are not known, all rounds are run and the last is kept.
 *
 * Predictive mean matching: a gap takes the observed value of one of the `near` training rows with the nearest predictions. Which one
 * depends on the seed and the prediction alone, so a row gets the same values whatever rows are beside it.
 * Sources: van Buuren & Groothuis-Oudshoorn (2011), doi:10.18637/jss.v045.i03; Stekhoven & Bühlmann (2012), doi:10.1093/bioinformatics/btr597.
 * Differs from both: parameters are not drawn anew, because one imputation is made, not several; the first fill is the mean or mode.
 */
export function* learnChain(
  columns: readonly Column[],
  fills: readonly Fill[],
  predictors: Predictors,
  { seed, donors, rounds }: ChainOptions,
): Generator<null, ChainState | null, void> {
  const gaps = columns
    .map((column, index) => ({ index, missing: countMissing(column) }))
    .filter(({ index, missing }) => missing > 0 && missing < lengthOf(columns[index]!))
    .sort((a, b) => a.missing - b.missing || a.index - b.index);
  if (gaps.length === 0 || columns.length < 2) return null;
  let current = fillMissing(columns, fills);
  let best: readonly Link[] = [];
  let bestError = Number.POSITIVE_INFINITY;
  const most = gaps.length === 1 ? 1 : Math.max(1, rounds);
  for (let round = 0; round < most; round++) {
    const links: Link[] = [];
    let error: number | null = 0;
    for (const { index } of gaps) {
      const link = yield* learnLink(columns[index]!, current, index, predictors, { seed, donors });
      links.push(link.link);
      error = error === null || link.error === null ? null : error + link.error;
      current = current.with(index, filledGaps(columns[index]!, current, index, link.link, predictors, { seed, near: donors }));
    }
    if (round > 0 && error !== null && !(error < bestError * (1 - LEAST_GAIN))) break;
    best = links;
    bestError = error ?? Number.POSITIVE_INFINITY;
  }
  return { kind: predictors.kind, seed, near: donors, rounds: gaps.length === 1 ? 1 : REPLAY_ROUNDS, links: best };
}

/** Fills the gaps of new rows; `filled` are the same columns with a first fill. */
export function replayChain(columns: readonly Column[], filled: readonly Column[], chain: ChainState, predictors: Predictors): Column[] {
  let current = [...filled];
  const open = chain.links.flatMap((link) => {
    const index = columns.findIndex((column) => column.name === link.name);
    return countMissing(columns[index]!) === 0 ? [] : [{ link, index }];
  });
  const rounds = open.length < 2 ? 1 : chain.rounds;
  for (let round = 0; round < rounds; round++) {
    for (const { link, index } of open) {
      current = current.with(index, filledGaps(columns[index]!, current, index, link, predictors, chain));
    }
  }
  return current;
}

function* learnLink(
  column: Column,
  current: readonly Column[],
  index: number,
  predictors: Predictors,
  { seed, donors: near }: { readonly seed: number; readonly donors: number },
): Generator<null, { readonly link: Link; readonly error: number | null }, void> {
  const known = rowsWhere(column, false);
  const others = current.filter((_, other) => other !== index).map((other) => takeRows(other, known));
  const target = takeRows(column, known);
  const predictor = yield* predictors.fit(others, target, derivedSeed(seed, index));
  const asIs = near === 0 || (column.kind === "categorical" && predictors.classifies);
  const link: Link = {
    name: column.name,
    levels: column.kind === "categorical" ? column.levels : [],
    isWhole: column.kind === "numeric" && column.type !== "double",
    predictor: predictor.state(),
    donors: asIs ? null : donorsOf(predictor.predict(others), target),
  };
  return { link, error: predictor.error };
}

function donorsOf(predicted: Float64Array, target: Column): NonNullable<Link["donors"]> {
  const observed = target.kind === "numeric" ? target.values : Float64Array.from(target.codes);
  // Equal predictions are ordered by what was observed, so that the order of rows does not matter.
  const order = Array.from(predicted.keys()).sort((a, b) => predicted[a]! - predicted[b]! || observed[a]! - observed[b]!);
  const count = Math.min(order.length, MAX_DONORS);
  const chosen = Array.from({ length: count }, (_, i) => order[Math.floor((i * order.length) / count)]!);
  return { predicted: Float64Array.from(chosen, (row) => predicted[row]!), observed: Float64Array.from(chosen, (row) => observed[row]!) };
}

/** The column with its gaps predicted from the other current columns. */
function filledGaps(
  column: Column,
  current: readonly Column[],
  index: number,
  link: Link,
  predictors: Predictors,
  { seed, near }: { readonly seed: number; readonly near: number },
): Column {
  const gaps = rowsWhere(column, true);
  if (gaps.length === 0) return current[index]!;
  const others = current.filter((_, other) => other !== index).map((other) => takeRows(other, gaps));
  const values = predictors.load(link.predictor).predict(others);
  if (link.donors !== null) matchDonors(values, link.donors, near, derivedSeed(seed, index));
  else if (link.isWhole || column.kind === "categorical") for (let i = 0; i < values.length; i++) values[i] = Math.round(values[i]!);
  if (column.kind === "numeric") {
    const filled = column.values.slice();
    gaps.forEach((row, i) => {
      filled[row] = values[i]!;
    });
    return { ...column, values: filled };
  }
  const codeOf = link.levels.map((level) => column.levels.indexOf(level));
  const codes = column.codes.slice();
  gaps.forEach((row, i) => {
    codes[row] = codeOf[Math.min(codeOf.length - 1, Math.max(0, values[i]!))]!;
  });
  return { ...column, codes };
}

/** Replaces each prediction by what one of the nearest donors showed. Cost: O(values × log donors). */
function matchDonors(values: Float64Array, donors: NonNullable<Link["donors"]>, near: number, seed: number): void {
  const { predicted, observed } = donors;
  const bits = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    let low = 0;
    let high = predicted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (predicted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    let from = low;
    let to = low;
    while (to - from < near && (from > 0 || to < predicted.length)) {
      const below = from > 0 ? value - predicted[from - 1]! : Number.POSITIVE_INFINITY;
      const above = to < predicted.length ? predicted[to]! - value : Number.POSITIVE_INFINITY;
      if (below <= above) from--;
      else to++;
    }
    bits.setFloat64(0, value);
    values[i] = observed[from + randomStream(seed, bits.getUint32(0), bits.getUint32(4)).integer(to - from)]!;
  }
}

function rowsWhere(column: Column, isMissing: boolean): Int32Array {
  const rows: number[] = [];
  const length = lengthOf(column);
  for (let row = 0; row < length; row++) {
    const gap = column.kind === "numeric" ? Number.isNaN(column.values[row]!) : column.codes[row]! < 0;
    if (gap === isMissing) rows.push(row);
  }
  return Int32Array.from(rows);
}
