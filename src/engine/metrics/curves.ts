import type { CalibrationBin, CalibrationCurve, RocCurve } from "../train/result.ts";
import { areas, forEachBin, type Ranked, rankRows } from "./binary.ts";
import { assertLength, assertPredictions, type ClassCodes, hasNaN, toNullable } from "./evaluator.ts";
import { fitRecalibration } from "./recalibration.ts";

/** Most vertices that a ROC or precision–recall curve has. */
export const MAX_VERTICES = 1000;

/** Whose curve it is; copied into the result. */
export interface CurveOf {
  /** `aggregate` or the fold's label. */
  readonly fold: string;
  readonly split: "training" | "test";
}

export interface PrCurve extends CurveOf {
  readonly class: string;
  /** From recall 0 upwards; `precision[i]` belongs to `recall[i]`. */
  readonly recall: readonly number[];
  readonly precision: readonly number[];
  /** Average precision; null without positives. */
  readonly pr_auc: number | null;
  /** Share of positives: the precision of a guess. */
  readonly prevalence: number | null;
}

/**
 * ROC curves: one for the positive class of two, else each class against the rest. From (0, 0) to (1, 1), one vertex per
 * distinct probability; vertices on a straight line are dropped, and past 1,000 they are thinned evenly along the curve,
 * which moves it by less than 0.002. `auc` is of the whole curve. No vertices and null when a class is absent or a
 * probability is NaN.
 *
 * @param actual        shape [n], class codes; rows with -1 or NaN count nowhere.
 * @param probabilities shape [n, K] row-major.
 * @throws {InvalidArgumentError} when shapes differ. Cost: O(K n log n). Source: Fawcett (2006), doi:10.1016/j.patrec.2005.10.010.
 */
export function rocCurve(
  actual: ClassCodes,
  probabilities: Float64Array,
  classes: readonly string[],
  of: CurveOf,
  weights: Float64Array | null = null,
): readonly RocCurve[] {
  return rankedClasses(actual, probabilities, classes, weights).map(({ level, ranked, weight }) => {
    const steps = countSteps(ranked, weight);
    const positives = steps.tp.at(-1)!;
    const negatives = steps.fp.at(-1)!;
    if (!(positives > 0 && negatives > 0)) return { class: level, ...of, fpr: [], tpr: [], auc: null };
    const corners = cornersOf(steps.fp, steps.tp);
    const fpr = corners.map((i) => steps.fp[i]! / negatives);
    const tpr = corners.map((i) => steps.tp[i]! / positives);
    const keep = thin(fpr.map((x, i) => (x + tpr[i]!) / 2));
    const auc = toNullable(areas(ranked, weight, positives, negatives).roc);
    return { class: level, ...of, fpr: keep.map((i) => fpr[i]!), tpr: keep.map((i) => tpr[i]!), auc };
  });
}

/**
 * Precision–recall curves, for the same classes and with the same limits as `rocCurve`; one vertex per distinct
 * probability that adds a positive, thinned evenly along recall. `pr_auc` is the average precision of the whole curve.
 */
export function prCurve(
  actual: ClassCodes,
  probabilities: Float64Array,
  classes: readonly string[],
  of: CurveOf,
  weights: Float64Array | null = null,
): readonly PrCurve[] {
  return rankedClasses(actual, probabilities, classes, weights).map(({ level, ranked, weight }) => {
    const { tp, fp } = countSteps(ranked, weight);
    const positives = tp.at(-1)!;
    const total = positives + fp.at(-1)!;
    const prevalence = toNullable(positives / total);
    if (!(positives > 0)) return { class: level, ...of, recall: [], precision: [], pr_auc: null, prevalence };
    const useful = tp.map((_, i) => i).filter((i) => i > 0 && tp[i]! > tp[i - 1]!);
    const keep = thin(useful.map((i) => tp[i]! / positives)).map((k) => useful[k]!);
    const precision = keep.map((i) => tp[i]! / (tp[i]! + fp[i]!));
    const area = areas(ranked, weight, positives, total - positives).pr;
    return {
      class: level,
      ...of,
      recall: [0, ...keep.map((i) => tp[i]! / positives)],
      precision: [precision[0]!, ...precision],
      pr_auc: toNullable(area),
      prevalence,
    };
  });
}

/**
 * Calibration: rows sorted by predicted probability in 10 bins of equal counts (equal probabilities share a bin, so there
 * may be fewer), each with its observed share and Wilson's 95 % interval; and `intercept` and `slope` of a logistic
 * regression of the outcome on logit(probability), 0 and 1 for perfect calibration. Same classes as `rocCurve`.
 * Cases count equally: weights do not apply.
 *
 * @returns intercept and slope are null when a class is absent, or when the probabilities separate the classes or are all equal.
 * Cost: O(K n log n). Sources: Wilson (1927), doi:10.1080/01621459.1927.10502953; Cox (1958), doi:10.1093/biomet/45.3-4.562.
 */
export function calibrationCurve(actual: ClassCodes, probabilities: Float64Array, classes: readonly string[]): readonly CalibrationCurve[] {
  return rankedClasses(actual, probabilities, classes, null).map(({ level, ranked, weight }) => {
    const bins: CalibrationBin[] = [];
    forEachBin(ranked, weight, ranked.row.length, (bin) => {
      const observed = bin.observed / bin.weight;
      const [low, high] = wilsonInterval(bin.observed, bin.weight);
      bins.push({ mean_predicted: bin.predicted / bin.weight, observed, n: bin.weight, low, high });
    });
    return { class: level, bins: bins.reverse(), ...fitRecalibration(ranked.score, ranked.positive) };
  });
}

const NORMAL_975 = 1.959963984540054;

/** Wilson's 95 % score interval of a proportion. `n` > 0. Source: Wilson (1927), doi:10.1080/01621459.1927.10502953. */
export function wilsonInterval(successes: number, n: number): readonly [low: number, high: number] {
  const share = successes / n;
  const spread = NORMAL_975 ** 2 / n;
  const centre = (share + spread / 2) / (1 + spread);
  const half = (NORMAL_975 * Math.sqrt((share * (1 - share)) / n + spread / (4 * n))) / (1 + spread);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

interface RankedClass {
  readonly level: string;
  readonly ranked: Ranked;
  /** Weights in ranked order. */
  readonly weight: Float64Array;
}

function rankedClasses(
  actual: ClassCodes,
  probabilities: Float64Array,
  classes: readonly string[],
  weights: Float64Array | null,
): readonly RankedClass[] {
  assertPredictions(actual, probabilities, classes.length);
  if (weights !== null) assertLength("weights", weights.length, actual.length);
  const unusable = hasNaN(probabilities);
  return classes
    .map((level, code) => {
      const ranked = unusable ? NO_ROWS : rankRows(actual, probabilities, classes.length, code);
      return { level, ranked, weight: Float64Array.from(ranked.row, (row) => weights?.[row] ?? 1) };
    })
    .slice(classes.length === 2 ? 1 : 0);
}

const NO_ROWS: Ranked = { row: new Int32Array(0), score: new Float64Array(0), positive: new Uint8Array(0) };

/** Cumulative weights of negatives and positives after each distinct score, from 0. */
function countSteps({ score, positive }: Ranked, weight: Float64Array): { fp: number[]; tp: number[] } {
  const fp = [0];
  const tp = [0];
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < score.length; i++) {
    if (positive[i] === 1) positives += weight[i]!;
    else negatives += weight[i]!;
    if (i + 1 < score.length && score[i + 1] === score[i]) continue;
    fp.push(negatives);
    tp.push(positives);
  }
  return { fp, tp };
}

/** Positions of the first, the last and every vertex where the direction changes. */
function cornersOf(x: readonly number[], y: readonly number[]): number[] {
  const kept = [0];
  for (let i = 1; i + 1 < x.length; i++) {
    const from = kept.at(-1)!;
    const cross = (x[i]! - x[from]!) * (y[i + 1]! - y[i]!) - (x[i + 1]! - x[i]!) * (y[i]! - y[from]!);
    if (cross !== 0) kept.push(i);
  }
  if (x.length > 1) kept.push(x.length - 1);
  return kept;
}

/** At most `MAX_VERTICES` - 1 positions, evenly along `progress` (rising within [0, 1]), first and last included. */
function thin(progress: readonly number[]): number[] {
  const all = progress.map((_, i) => i);
  if (progress.length < MAX_VERTICES) return all;
  const slots = MAX_VERTICES - 2;
  const slotOf = (i: number): number => Math.min(slots - 1, Math.floor(progress[i]! * slots));
  return all.filter((i) => i === 0 || i === progress.length - 1 || slotOf(i) !== slotOf(i - 1));
}
