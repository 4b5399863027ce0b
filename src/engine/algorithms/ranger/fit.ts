import { InvalidArgumentError } from "../../../core/errors.ts";
import { randomStream } from "../../../core/random.ts";
import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { type NumericColumn, numericColumn } from "../../table.ts";
import { planBins } from "../light-gbm/bins.ts";
import { ForestWriter } from "./forest-writer.ts";
import type { Settings } from "./hyperparameters.ts";
import { Kernel } from "./kernel.ts";
import { comparable, levelRanks } from "./level-order.ts";
import { RangerModel, type RangerParts } from "./model.ts";
import { OutOfBag, ValidationWatch } from "./watch.ts";

/** Bins per feature: with the one for missing values they fit in a byte. */
const MAX_VALUE_BINS = 254;
/** Whole units that the largest outcome is counted in: sums over all rows stay exact in doubles. */
const SUM_BITS = 52;
const MOST_UNIT_BITS = 40;

/** Grows the forest, one tree per step. See `ranger.ts` for what is promised. */
export function* fitRanger(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, RangerModel, void> {
  const weights = caseWeights(problem, settings.inverseFrequency);
  const columns = columnsOf(problem, weights);
  const features = planBins(columns.values, weights, MAX_VALUE_BINS, context.seed).filter((plan) => plan.kind === "numeric");
  const width = problem.classes.length > 2 ? problem.classes.length : 1;
  const counted = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const fraction = settings.fraction ?? (settings.replace ? 1 : 0.632);
  const draws = Math.max(1, Math.round(counted * fraction));
  const isWeighted = weights.some((weight) => weight !== weights[0]);
  const kernel = new Kernel({ rows: problem.rows, features: features.length, width, draws, isWeighted });
  for (const [index, plan] of features.entries()) kernel.mapNumbers(index, columns.values[plan.column]!.values, plan.edges);
  const units = unitsOf(problem);
  kernel.setTarget(units.target);
  if (isWeighted) kernel.setCumulative(runningSums(weights));
  const isCorrected = settings.importance === "impurity_corrected";
  if (isCorrected) {
    kernel.seed(randomStream(context.seed, 2));
    kernel.shuffleRows();
  }
  const tries = Math.min(features.length, settings.mtry ?? Math.max(1, Math.floor(Math.sqrt(features.length))));
  const minNode = settings.minNode ?? (problem.task === "regression" ? 5 : 10);
  const writer = new ForestWriter(
    features.map((plan) => plan.column),
    problem.features.length,
    width,
  );
  const outOfBag = new OutOfBag(problem, kernel, width, units.toValue);
  const watch = context.validation === null ? null : new ValidationWatch(context.validation, width);
  const cuts = cutsOf(features, problem.features.length);
  const shape = { task: problem.task, classes: problem.classes.length, width, ...columns.head, ...cuts };
  for (let tree = 1; tree <= settings.trees; tree++) {
    const random = randomStream(context.seed, 1, tree);
    kernel.seed(random);
    if (isWeighted && !settings.replace) kernel.setDrawn(weightedRows(weights, draws, random.next.bind(random)));
    else kernel.drawRows(draws, settings.replace);
    const grown = kernel.growTree(tries, minNode, settings.maxDepth, settings.isExtra, isCorrected);
    writer.add(grown, units.toValue);
    kernel.addOutOfBag();
    if (settings.importance === "permutation") kernel.permute(grown.nodes, problem.task !== "regression");
    const values: Record<string, number> = { "out-of-bag": outOfBag.error() };
    if (watch !== null)
      values.validation = watch.add(new RangerModel(partsOf(shape, oneTree(grown, features, problem, width, units.toValue))));
    yield { step: tree, total: settings.trees, values, measure: problem.task === "regression" ? "rmse" : "brier" };
  }
  const importance = importanceOf(settings, kernel, writer, features, units.scale, problem.task);
  const error = outOfBag.error();
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return new RangerModel({
    ...partsOf(shape, writer),
    measure: settings.importance === "none" ? null : settings.importance,
    importance,
    facts: {
      trees: settings.trees,
      leaves: writer.leaves,
      mtry: tries,
      min_node_size: minNode,
      [problem.task === "regression" ? "oob_rmse" : "oob_brier"]: finite(error),
      [problem.task === "regression" ? "oob_r_squared" : "oob_error"]: finite(outOfBag.second()),
      oob_rows: outOfBag.rows(),
    },
  });
}

function partsOf(shape: Omit<RangerParts, "forest" | "measure" | "importance" | "facts">, writer: ForestWriter): RangerParts {
  return { ...shape, forest: writer.forest(), measure: null, importance: new Float64Array(0), facts: {} };
}

/** The last tree alone, for the validation curve. */
function oneTree(
  grown: Parameters<ForestWriter["add"]>[0],
  features: readonly { readonly column: number }[],
  problem: Problem,
  width: number,
  toValue: (mean: number) => number,
): ForestWriter {
  const writer = new ForestWriter(
    features.map((plan) => plan.column),
    problem.features.length,
    width,
  );
  writer.add(grown, toValue);
  return writer;
}

interface Columns {
  readonly values: readonly NumericColumn[];
  readonly head: Pick<RangerParts, "variables" | "ranked" | "levels" | "ranks">;
}

/** Features as numbers to compare; unordered categories by the ranks of their levels. */
function columnsOf(problem: Problem, weights: Float64Array): Columns {
  const ranks = problem.features.map((column) =>
    column.kind === "categorical" && !column.ordered ? levelRanks(column, problem, weights) : null,
  );
  return {
    values: problem.features.map((column, j) => numericColumnOf(column.name, comparable(column, ranks[j]!))),
    head: {
      variables: problem.features.map((column) => column.name),
      ranked: ranks.map((own) => own !== null),
      levels: problem.features.map((column) => (column.kind === "categorical" ? column.levels.length : 0)),
      ranks: Float64Array.from(ranks.flatMap((own) => (own === null ? [] : [...own]))),
    },
  };
}

function numericColumnOf(name: string, values: Float64Array): NumericColumn {
  return { ...(numericColumn(name, []) as NumericColumn), values };
}

/** Outcomes in whole units, so that sums are exact; class codes as they are. */
function unitsOf(problem: Problem): { target: Float64Array; scale: number; toValue: (mean: number) => number } {
  const { target, rows, task, classes } = problem;
  for (let i = 0; i < rows; i++) {
    const y = target[i]!;
    const isFine = task === "regression" ? Math.abs(y) <= 1e140 : Number.isInteger(y) && y >= 0 && y < classes.length;
    if (!isFine)
      throw new InvalidArgumentError(`the target is ${y} in row ${i + 1}; leave the row out or correct it`, { details: { row: i } });
  }
  if (task !== "regression") return { target, scale: 1, toValue: (mean) => mean };
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const y of target) {
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  const middle = low / 2 + high / 2;
  const half = Math.max(high - middle, middle - low);
  if (half === 0) return { target: new Float64Array(rows), scale: 1, toValue: () => middle };
  const bits = Math.min(MOST_UNIT_BITS, SUM_BITS - Math.ceil(Math.log2(rows + 1)));
  const scale = 2 ** bits / half;
  return { target: target.map((y) => Math.round((y - middle) * scale)), scale, toValue: (mean) => middle + mean / scale };
}

function runningSums(weights: Float64Array): Float64Array {
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    return sum;
  });
}

/** `size` rows without replacement, likelier with more weight (Efraimidis & Spirakis 2006, doi:10.1016/j.ipl.2005.11.003). */
function weightedRows(weights: Float64Array, size: number, next: () => number): Uint32Array {
  const keys = weights.map((weight) => (weight > 0 ? -Math.log(1 - next()) / weight : Number.POSITIVE_INFINITY));
  const rows = Uint32Array.from(weights.keys());
  rows.sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
  return rows.subarray(0, size);
}

function cutsOf(
  features: readonly { readonly column: number; readonly edges: Float64Array }[],
  columns: number,
): Pick<RangerParts, "cuts" | "firstCut"> {
  const firstCut = new Int32Array(columns + 1);
  for (const { column, edges } of features) firstCut[column + 1] = edges.length;
  for (let j = 0; j < columns; j++) firstCut[j + 1]! += firstCut[j]!;
  const cuts = new Float64Array(firstCut[columns]!);
  for (const { column, edges } of features) cuts.set(edges, firstCut[column]!);
  return { cuts, firstCut };
}

function importanceOf(
  settings: Settings,
  kernel: Kernel,
  writer: ForestWriter,
  features: readonly { readonly column: number }[],
  scale: number,
  task: Problem["task"],
): Float64Array {
  // Squares of whole units back to squares of the data's; two classes: the Gini index falls by twice the sum of squares.
  const unit = (task === "binary" ? 2 : 1) / (scale * scale);
  if (settings.importance === "impurity") return writer.gains.map((gain) => (gain * unit) / settings.trees);
  const all = new Float64Array(writer.gains.length);
  if (settings.importance === "none") return all;
  const factor = settings.importance === "impurity_corrected" ? unit : task === "regression" ? 1 / (scale * scale) : 1;
  const sums = kernel.importance();
  for (const [index, { column }] of features.entries()) all[column] = (sums[index]! * factor) / settings.trees;
  return all;
}
