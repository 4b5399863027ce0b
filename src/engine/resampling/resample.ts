import { InvalidArgumentError } from "../../core/errors.ts";
import { type Random, randomStream } from "../../core/random.ts";
import type { ResamplerConfig } from "../train/config.ts";
import { assignFolds } from "./folds.ts";
import { groupsOf, type StratifyOn, strataOf } from "./strata.ts";
import { chooseShare, drawWithReplacement, topUp } from "./subsample.ts";
import { rowsTimes, rowsWhere, type Units, unitsOf } from "./units.ts";

/** One split. Rows are 0-based and sorted; `train` may repeat rows (bootstraps), and never shares one with `test`. */
export interface Resample {
  readonly label: string;
  readonly train: Int32Array;
  readonly test: Int32Array;
}

export interface ResampleBy {
  /** What KFold, StratSub and StratBoot keep in proportion; null for nothing. */
  readonly stratify?: StratifyOn | null;
  /** Group of each row, shape [n]; rows of a group stay on one side. -1 is a group of one row. null: rows stand alone. */
  readonly groups?: Int32Array | null;
}

/** Row numbers in all splits together: 400 MB. */
const ROW_NUMBERS_MAX = 100_000_000;

/**
 * Splits n rows into training and test rows, several times.
 *
 *  - `KFold`: every row is tested once; fold sizes, and those of every stratum in them, differ by one at most (without groups).
 *  - `StratSub`: a share `train_p` of every stratum (of its groups, with groups) trains, the rest tests.
 *  - `StratBoot`: as StratSub, then training rows are drawn again with replacement, up to `target_length` rows (default n).
 *  - `Bootstrap`: n draws with replacement train (with groups: as many draws of groups as there are groups), the rows not drawn
 *    test. Not stratified: a rare class may be missing from a draw.
 *  - `LOOCV`: every row, or group, is tested alone.
 *
 * Labels: `Fold_1`, `Subsample_1`, `StratBoot_1`, `Bootstrap_1`, `LOO_1` …
 *
 * @param seed same seed, same splits; split i does not depend on how many there are, but for KFold.
 * @throws {InvalidArgumentError} when these rows cannot be split so: fewer rows or groups than folds, a share outside 0 … 1, a
 * `target_length` below the sample, or more than 100 million row numbers in all.
 * Cost: O(n log n) once, O(n) per split. Sources: Kohavi (1995), IJCAI 14 (stratified folds); Efron (1983), doi:10.2307/2288636.
 */
export function resample(config: ResamplerConfig, n: number, by: ResampleBy, seed: number): readonly Resample[] {
  const groups = groupsOf(by.groups ?? null, n);
  checkBounds(config, n, groups.count);
  const isStratified = config.type === "KFold" || config.type === "StratSub" || config.type === "StratBoot";
  if (by.stratify && by.stratify.values.length !== n) {
    throw new InvalidArgumentError(`stratify: expected ${n} values, got ${by.stratify.values.length}`);
  }
  const rowStratum = isStratified && by.stratify ? strataOf(by.stratify, config.strat_n_bins) : new Int32Array(n);
  const units = unitsOf(groups, rowStratum);
  const label = (i: number): string => `${LABELS[config.type]}_${i + 1}`;
  if (config.type === "KFold" || config.type === "LOOCV") {
    const k = config.type === "KFold" ? config.n_resamples : groups.count;
    const fold = config.type === "KFold" ? assignFolds(units, k, randomStream(seed, 0)) : Int32Array.from(units.rows, (_, unit) => unit);
    return Array.from({ length: k }, (_, f) => ({
      label: label(f),
      train: rowsWhere(units, (unit) => fold[unit] !== f),
      test: rowsWhere(units, (unit) => fold[unit] === f),
    }));
  }
  return Array.from({ length: config.n_resamples }, (_, i) => ({ label: label(i), ...split(config, n, units, randomStream(seed, i + 1)) }));
}

const LABELS = { KFold: "Fold", StratSub: "Subsample", StratBoot: "StratBoot", Bootstrap: "Bootstrap", LOOCV: "LOO" } as const;

function split(config: ResamplerConfig, n: number, units: Units, random: Random): { train: Int32Array; test: Int32Array } {
  if (config.type === "Bootstrap") {
    const times = drawWithReplacement(units.count, random);
    return { train: rowsTimes(units, times), test: rowsWhere(units, (unit) => times[unit] === 0) };
  }
  const chosen = chooseShare(units, config.train_p, random);
  const train = rowsWhere(units, (unit) => chosen[unit] === 1);
  const test = rowsWhere(units, (unit) => chosen[unit] === 0);
  if (train.length === 0 || test.length === 0) {
    throw new InvalidArgumentError(`${config.type}: train_p ${config.train_p} of ${n} rows leaves nothing to train or to test on`);
  }
  if (config.type === "StratSub") return { train, test };
  const length = config.target_length ?? n;
  if (length < train.length) {
    throw new InvalidArgumentError(
      `StratBoot: target_length is ${length}, but the sample already has ${train.length} rows; raise target_length or lower train_p`,
    );
  }
  return { train: topUp(train, length, units.rowStratum, random), test };
}

function checkBounds(config: ResamplerConfig, n: number, units: number): void {
  const { type, n_resamples: k, train_p: share, strat_n_bins: bins } = config;
  const what = units < n ? "groups" : "rows";
  const refuse = (message: string): never => {
    throw new InvalidArgumentError(`${type}: ${message}`);
  };
  if (units < 2) refuse(`needs at least 2 ${what} to train and to test, there ${units === 1 ? "is" : "are"} ${units}`);
  if (type !== "LOOCV" && !(Number.isInteger(k) && k >= (type === "KFold" ? 2 : 1))) {
    refuse(`n_resamples must be a whole number of at least ${type === "KFold" ? 2 : 1}, got ${k}`);
  }
  if (type === "KFold" && k > units) refuse(`${k} folds need at least ${k} ${what}, there are ${units}; use at most ${units} folds`);
  if ((type === "StratSub" || type === "StratBoot") && !(share > 0 && share < 1)) {
    refuse(`train_p must lie between 0 and 1, got ${share}`);
  }
  if (!(Number.isInteger(bins) && bins >= 1)) refuse(`strat_n_bins must be a whole number of at least 1, got ${bins}`);
  const resamples = type === "LOOCV" ? units : k;
  if (resamples * n > ROW_NUMBERS_MAX) {
    refuse(`${resamples} resamples of ${n} rows are too many to hold; use KFold, or at most ${Math.floor(ROW_NUMBERS_MAX / n)} resamples`);
  }
}

/** How many splits `resample` makes of n rows (of n groups, with groups). */
export function resampleCount(config: ResamplerConfig, n: number): number {
  return config.type === "LOOCV" ? n : config.n_resamples;
}
