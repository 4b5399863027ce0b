import { type Random, randomStream, shuffle } from "../../core/random.ts";
import type { Evaluator } from "./evaluator.ts";
import { metricInfo } from "./info.ts";
import { evaluatorOf, type Predictions } from "./predictions.ts";

export type Interval = readonly [low: number, high: number];

export interface BootstrapOptions {
  readonly draws?: number;
  /**
   * Shape [n]: which row of the table each prediction belongs to. Predictions of one row are drawn together, as resampling
   * with overlapping test sets needs it. Absent: every prediction is a row of its own.
   */
  readonly rowIds?: Int32Array | null;
  /** Predictions that enter the draws; beyond, a stratified subset stands for all. Absent: by the number of classes. */
  readonly maxRows?: number;
}

const DRAWS = 2000;
/** Beyond this, the pairwise `auc` is too slow to draw 2,000 times; its interval is then null. */
const MAX_AUC_CLASSES = 20;

/**
 * 95 % percentile intervals of all metrics, by bootstrap of held-out predictions, stratified by class (each draw has every
 * class as often as the data; regression has one stratum). They say how far the numbers would move with other test cases;
 * they do not contain what another training set would change.
 *
 * Up to 8,000 predictions (16,000 / K for K classes, 500 at least) this is Efron's bootstrap. Beyond, a stratified random
 * subset of that size is drawn once, small classes whole, and every draw gives its rows as many counts as the full data has
 * rows (the bag of little bootstraps with one bag, counts from a Poisson distribution scaled to each class's size); the
 * intervals are then shifted by the difference between the full data's and the subset's metric.
 *
 * @returns one entry per metric; null where the metric is undefined in more than half of the draws, with fewer than two rows,
 * and for `auc` of more than 20 classes. Deterministic by seed.
 * Cost: draws × min(n, 8,000); about half a second at most.
 * Sources: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13; Kleiner et al. (2014), doi:10.1111/rssb.12050.
 */
export function bootstrapIntervals(
  predictions: Predictions,
  seed: number,
  options: BootstrapOptions = {},
): Readonly<Record<string, Interval | null>> {
  const k = predictions.classes.length;
  const draws = options.draws ?? DRAWS;
  const maxRows = options.maxRows ?? Math.max(500, Math.floor(16_000 / Math.max(k, 2)));
  const units = unitsOf(predictions, options.rowIds ?? null);
  const plan = planDraws(units, maxRows, randomStream(seed, 0));
  const subset = plan.thinned ? takePredictions(predictions, plan.rows) : predictions;
  const evaluator = evaluatorOf(subset, k <= MAX_AUC_CLASSES);
  const values = evaluator.names.map(() => new Float64Array(draws).fill(Number.NaN));
  if (units.count >= 2) runDraws(plan, subset, evaluator, values, randomStream(seed, 1));
  const shift = plan.thinned ? shiftOf(predictions, subset, plan, k <= MAX_AUC_CLASSES) : null;
  return Object.fromEntries(evaluator.names.map((name, m) => [name, percentileInterval(name, values[m]!, shift?.[m] ?? 0)]));
}

/** A unit is one row of the table with all of its predictions; draws pick units, class by class. */
interface Units {
  readonly count: number;
  /** Unit of each prediction, shape [n]; -1 for those without an outcome, which take no part. */
  readonly of: Int32Array;
  /** Unit numbers by class. */
  readonly strata: readonly Int32Array[];
}

interface Plan {
  readonly thinned: boolean;
  /** The predictions that take part, shape [m], and the slot of each one's unit. */
  readonly rows: Int32Array;
  readonly slots: Int32Array;
  /** Slots first … first + kept - 1 belong to one class and stand for `size` units. */
  readonly strata: readonly { readonly first: number; readonly kept: number; readonly size: number }[];
}

function unitsOf({ task, actual }: Predictions, rowIds: Int32Array | null): Units {
  const of = new Int32Array(actual.length).fill(-1);
  const numberOf = new Map<number, number>();
  const strata = new Map<number, number[]>();
  let count = 0;
  for (let i = 0; i < actual.length; i++) {
    const outcome = actual[i]!;
    if (Number.isNaN(outcome) || (task !== "regression" && outcome < 0)) continue;
    const known = rowIds === null ? undefined : numberOf.get(rowIds[i]!);
    of[i] = known ?? count;
    if (known !== undefined) continue;
    if (rowIds !== null) numberOf.set(rowIds[i]!, count);
    const code = task === "regression" ? 0 : outcome;
    const members = strata.get(code);
    if (members === undefined) strata.set(code, [count]);
    else members.push(count);
    count++;
  }
  return { count, of, strata: [...strata].sort(([a], [b]) => a - b).map(([, members]) => Int32Array.from(members)) };
}

function planDraws(units: Units, maxRows: number, random: Random): Plan {
  const taking = units.of.reduce((n, unit) => (unit < 0 ? n : n + 1), 0);
  const thinned = taking > maxRows;
  const quota = thinned ? quotaFor(units.strata, Math.max(2, Math.floor((maxRows * units.count) / taking))) : units.count;
  const slotOf = new Int32Array(units.count).fill(-1);
  let slots = 0;
  const strata = units.strata.map((members) => {
    const kept = members.length > quota ? shuffle(members.slice(), random).subarray(0, quota) : members;
    const first = slots;
    for (const unit of kept) slotOf[unit] = slots++;
    return { first, kept: kept.length, size: members.length };
  });
  const rows = Int32Array.from(units.of, (_, i) => i).filter((i) => units.of[i]! >= 0 && slotOf[units.of[i]!]! >= 0);
  return { thinned, rows, slots: Int32Array.from(rows, (i) => slotOf[units.of[i]!]!), strata };
}

/** The most units per class such that all classes together have at most `total`; small classes stay whole. */
function quotaFor(strata: readonly Int32Array[], total: number): number {
  let left = total;
  let quota = total;
  const sizes = strata.map((members) => members.length).sort((a, b) => a - b);
  for (const [i, size] of sizes.entries()) {
    quota = Math.max(1, Math.floor(left / (sizes.length - i)));
    if (size > quota) return quota;
    left -= size;
  }
  return quota;
}

function takePredictions(predictions: Predictions, rows: Int32Array): Predictions {
  const width = predictions.task === "regression" ? 1 : predictions.classes.length;
  const predicted = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    for (let c = 0; c < width; c++) predicted[i * width + c] = predictions.predicted[rows[i]! * width + c]!;
  }
  const weights = predictions.weights ? Float64Array.from(rows, (i) => predictions.weights![i]!) : null;
  return { ...predictions, actual: Float64Array.from(rows, (i) => predictions.actual[i]!), predicted, weights };
}

/** Writes the metrics of every draw to `values[metric][draw]`. */
function runDraws(plan: Plan, subset: Predictions, evaluator: Evaluator, values: readonly Float64Array[], random: Random): void {
  const last = plan.strata.at(-1)!;
  const counts = new Float64Array(last.first + last.kept);
  const weights = new Float64Array(subset.actual.length);
  const out = new Float64Array(values.length);
  const caseWeights = subset.weights ?? new Float64Array(subset.actual.length).fill(1);
  const samplers = plan.strata.map(({ kept, size }) => (kept < size ? poissonSampler(size / kept) : null));
  for (let draw = 0; draw < values[0]!.length; draw++) {
    counts.fill(0);
    for (const [s, { first, kept, size }] of plan.strata.entries()) {
      const sampler = samplers[s]!;
      if (sampler !== null) fillCounts(counts.subarray(first, first + kept), size, sampler, random);
      else for (let i = 0; i < size; i++) counts[first + Math.floor((random.bits() / 2 ** 32) * kept)]!++;
    }
    for (let i = 0; i < plan.slots.length; i++) {
      const position = plan.thinned ? i : plan.rows[i]!;
      weights[position] = counts[plan.slots[i]!]! * caseWeights[position]!;
    }
    evaluator.evaluate(weights, out);
    for (let m = 0; m < values.length; m++) values[m]![draw] = out[m]!;
  }
}

/** Independent counts, scaled so that they add up to `size`. */
function fillCounts(counts: Float64Array, size: number, sampler: (random: Random) => number, random: Random): void {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    counts[i] = sampler(random);
    sum += counts[i]!;
  }
  const scale = sum > 0 ? size / sum : 0;
  for (let i = 0; i < counts.length; i++) counts[i]! *= scale;
}

/** Poisson counts by the alias method (Walker 1977, doi:10.1145/355744.355749), cut where less than 1e-12 is left. */
function poissonSampler(mean: number): (random: Random) => number {
  const reach = Math.ceil(mean + 10 * Math.sqrt(mean) + 20);
  const chance = new Float64Array(reach);
  let logChance = -mean;
  for (let count = 0; count < reach; count++) {
    if (count > 0) logChance += Math.log(mean / count);
    chance[count] = Math.exp(logChance) * reach;
  }
  const alias = Int32Array.from(chance, (_, i) => i);
  const small = [...alias].filter((i) => chance[i]! < 1);
  const large = [...alias].filter((i) => chance[i]! >= 1);
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large.at(-1)!;
    alias[low] = high;
    chance[high]! -= 1 - chance[low]!;
    if (chance[high]! < 1) small.push(large.pop()!);
  }
  for (const i of [...small, ...large]) chance[i] = 1;
  return (random) => {
    const at = (random.bits() / 2 ** 32) * reach;
    const cell = Math.floor(at);
    return at - cell < chance[cell]! ? cell : alias[cell]!;
  };
}

/** Full data's metrics minus the subset's, every class weighted to its full size. */
function shiftOf(full: Predictions, subset: Predictions, plan: Plan, withAuc: boolean): Float64Array {
  const evaluate = (predictions: Predictions, weights: Float64Array): Float64Array => {
    const evaluator = evaluatorOf(predictions, withAuc);
    const out = new Float64Array(evaluator.names.length);
    evaluator.evaluate(weights, out);
    return out;
  };
  const scaleOf = new Float64Array(plan.strata.reduce((n, { kept }) => n + kept, 0));
  for (const { first, kept, size } of plan.strata) scaleOf.fill(size / kept, first, first + kept);
  const scaled = Float64Array.from(plan.slots, (slot, i) => scaleOf[slot]! * (subset.weights?.[i] ?? 1));
  const whole = evaluate(full, full.weights ?? new Float64Array(full.actual.length).fill(1));
  const part = evaluate(subset, scaled);
  return whole.map((value, m) => value - part[m]!);
}

function percentileInterval(name: string, values: Float64Array, shift: number): Interval | null {
  const defined = values.filter(Number.isFinite).sort();
  if (defined.length * 2 < values.length || !Number.isFinite(shift)) return null;
  const [low = null, high = null] = metricInfo(name)?.range ?? [];
  const within = (value: number): number =>
    Math.min(high ?? Number.POSITIVE_INFINITY, Math.max(low ?? Number.NEGATIVE_INFINITY, value + shift));
  return [within(quantile(defined, 0.025)), within(quantile(defined, 0.975))];
}

/** Quantile of sorted values with linear interpolation (Hyndman & Fan 1996, type 7). */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const from = sorted[below]!;
  return from + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)]! - from);
}
