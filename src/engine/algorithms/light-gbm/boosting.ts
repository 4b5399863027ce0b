import { InvalidArgumentError } from "../../../core/errors.ts";
import { randomStream } from "../../../core/random.ts";
import type { FitContext, FitStep, Model, Problem } from "../../algorithm.ts";
import type { Column } from "../../table.ts";
import { binCodes, type FeatureBins, numbersOf, planBins } from "./bins.ts";
import type { BoostingCore, CoreFactory, Part } from "./core.ts";
import { logarithm } from "./exponential.ts";
import { ForestWriter } from "./forest-writer.ts";
import { BoostedTrees, type ColumnHead } from "./model.ts";
import type { Settings } from "./settings.ts";

/** Histograms may take as much as the table in doubles, and 32 MB in any case. */
const HISTOGRAM_BYTES = 32 * 2 ** 20;
/** A class that never occurs starts from this share of the rows. */
const LEAST_SHARE = 1e-15;

/**
 * Gradient boosting of leaf-wise histogram trees: log-loss for classes (one tree per class and round beyond two), squared error
 * for numbers; Newton steps (Friedman 2001; Chen & Guestrin 2016; Ke et al. 2017). Yields after every round.
 *
 * Stops before `rounds` when no tree can be split, or when early stopping says so.
 * @throws {InvalidArgumentError} for no rows, a target that is not finite, or weights that are negative or all zero.
 */
export function* boost(
  problem: Problem,
  settings: Settings,
  context: FitContext,
  createCore: CoreFactory,
): Generator<FitStep, Model, void> {
  assertUsable(problem);
  const validation = context.validation !== null && totalWeight(context.validation) > 0 ? context.validation : null;
  const features = planBins(problem.features, problem.weights, settings.maxBin, context.seed);
  const outputs = problem.task === "multiclass" ? Math.max(1, problem.classes.length) : 1;
  const core = createCore({
    task: problem.task,
    rows: problem.rows,
    validationRows: validation?.rows ?? 0,
    features,
    outputs,
    isWeighted: problem.weights !== null,
    isValidationWeighted: validation !== null && validation.weights !== null,
    settings,
    slots: histogramSlots(features, problem, settings),
  });
  try {
    const start = startScores(problem, outputs);
    load(core, "training", problem, features, start);
    if (validation !== null) load(core, "validation", validation, features, start);
    const rounds = new Rounds(core, problem, validation, features, settings, context.seed, outputs);
    yield* rounds.run();
    return rounds.model(start);
  } finally {
    core.close();
  }
}

/** The rounds of one fit: grows trees, watches losses, decides when to stop. */
class Rounds {
  readonly #core: BoostingCore;
  readonly #problem: Problem;
  readonly #validation: Problem | null;
  readonly #features: readonly FeatureBins[];
  readonly #settings: Settings;
  readonly #seed: number;
  readonly #outputs: number;
  readonly #writer: ForestWriter;
  /** Rows of positive weight. */
  readonly #rows: Uint32Array;
  /** Those of them that trees learn from at the moment. */
  #bag: Uint32Array;
  readonly #losses: { training: number; validation: number | null }[] = [];
  #best = 0;
  #stoppedEarly = false;

  constructor(
    core: BoostingCore,
    problem: Problem,
    validation: Problem | null,
    features: readonly FeatureBins[],
    settings: Settings,
    seed: number,
    outputs: number,
  ) {
    this.#core = core;
    this.#problem = problem;
    this.#validation = validation;
    this.#features = features;
    this.#settings = settings;
    this.#seed = seed;
    this.#outputs = outputs;
    this.#writer = new ForestWriter(features);
    this.#rows = countedRows(problem);
    this.#bag = this.#rows;
  }

  *run(): Generator<FitStep, void, void> {
    const { rounds, patience } = this.#settings;
    const measure = this.#problem.task === "regression" ? "rmse" : "log-loss";
    this.#core.setBag(this.#rows);
    this.#core.setMask(new Uint8Array(this.#features.length).fill(1));
    this.#core.sumLoss("training");
    for (let round = 1; round <= rounds; round++) {
      if (!this.#growRound(round)) break;
      const training = this.#loss("training", this.#problem);
      const validation = this.#validation === null ? null : this.#loss("validation", this.#validation);
      this.#losses.push({ training, validation });
      const values = validation === null ? { training } : { training, validation };
      yield { step: round, total: rounds, values, measure };
      if (patience === 0 || validation === null) this.#best = round;
      else if (this.#best === 0 || validation < this.#losses[this.#best - 1]!.validation!) this.#best = round;
      else if (round - this.#best >= patience) {
        this.#stoppedEarly = true;
        break;
      }
    }
  }

  /** One tree per output. False, and nothing kept, when no tree can be split any more. */
  #growRound(round: number): boolean {
    this.#drawRows(round);
    let splits = 0;
    for (let output = 0; output < this.#outputs; output++) {
      this.#drawFeatures(round, output);
      this.#core.computePairs(output);
      const tree = this.#core.growTree();
      splits += tree.nodes >> 1;
      if (tree.nodes === 1) tree.value[0] = 0;
      this.#writer.add(tree);
      this.#core.addTree(output);
    }
    return splits > 0 || (this.#isRandom && this.#couldSplit());
  }

  get #isBagged(): boolean {
    return this.#settings.subsample < 1 && this.#settings.subsampleFrequency > 0;
  }

  /** Whether rounds differ by chance. */
  get #isRandom(): boolean {
    return this.#isBagged || this.#settings.featureFraction < 1;
  }

  /** Whether a tree with all rows and features would be split, where those drawn gave nothing. */
  #couldSplit(): boolean {
    this.#core.setBag(this.#rows);
    this.#core.setMask(new Uint8Array(this.#features.length).fill(1));
    let isFound = false;
    for (let output = 0; output < this.#outputs && !isFound; output++) {
      this.#core.computePairs(output);
      isFound = this.#core.growTree().nodes > 1;
    }
    this.#core.setBag(this.#bag);
    return isFound;
  }

  /** Draws a new bag when it is time. */
  #drawRows(round: number): void {
    const { subsample, subsampleFrequency } = this.#settings;
    if (!this.#isBagged || (round - 1) % subsampleFrequency !== 0) return;
    const size = Math.max(1, Math.round(this.#rows.length * subsample));
    this.#bag = sampleOf(this.#rows, size, this.#seed, 1, round);
    this.#core.setBag(this.#bag);
  }

  #drawFeatures(round: number, output: number): void {
    const { featureFraction } = this.#settings;
    const count = this.#features.length;
    if (featureFraction >= 1 || count === 0) return;
    const all = Uint32Array.from({ length: count }, (_, index) => index);
    const size = Math.max(1, Math.round(count * featureFraction));
    const mask = new Uint8Array(count);
    for (const index of sampleOf(all, size, this.#seed, 2, round, output)) mask[index] = 1;
    this.#core.setMask(mask);
  }

  #loss(part: Part, problem: Problem): number {
    const mean = this.#core.sumLoss(part) / totalWeight(problem);
    return problem.task === "regression" ? Math.sqrt(mean) : mean;
  }

  model(start: readonly number[]): BoostedTrees {
    const rounds = this.#best;
    const losses = this.#losses[rounds - 1];
    const columns = columnHeads(this.#problem.features, this.#features);
    const head = {
      version: 1 as const,
      task: this.#problem.task,
      outputs: this.#outputs,
      classes: this.#problem.classes.length,
      start,
      columns,
      rounds,
      trainingLoss: losses?.training ?? null,
      validationLoss: losses?.validation ?? null,
      stoppedEarly: this.#stoppedEarly,
    };
    return new BoostedTrees(head, this.#writer.forest(rounds * this.#outputs, columns));
  }
}

export function assertUsable(problem: Problem): void {
  if (problem.rows === 0) throw new InvalidArgumentError("There are no rows to fit. Check the target for missing values.");
  const { target, weights, task, classes } = problem;
  for (let i = 0; i < target.length; i++) {
    const value = target[i]!;
    if (task === "regression") {
      if (!(Math.abs(value) <= 1e140))
        throw new InvalidArgumentError(`The target is ${value} in row ${i + 1}. Leave the row out or rescale the target.`);
    } else if (!(Number.isInteger(value) && value >= 0 && value < classes.length)) {
      throw new InvalidArgumentError(
        `The target is ${value} in row ${i + 1}, which is not the code of one of the ${classes.length} classes.`,
      );
    }
  }
  if (weights === null) return;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(`The case weight is ${weight} in row ${i + 1}. Weights must be zero or more, and finite.`);
    }
  }
  if (!(totalWeight(problem) > 0)) throw new InvalidArgumentError("All case weights are zero. Give at least one row a weight above zero.");
}

function totalWeight(problem: Problem): number {
  return problem.weights === null ? problem.rows : problem.weights.reduce((sum, weight) => sum + weight, 0);
}

export function countedRows(problem: Problem): Uint32Array {
  const rows = new Uint32Array(problem.rows);
  let counted = 0;
  for (let i = 0; i < problem.rows; i++) if (problem.weights === null || problem.weights[i]! > 0) rows[counted++] = i;
  return rows.subarray(0, counted);
}

/** The best constant: mean, log odds of the second class, or log shares. */
export function startScores(problem: Problem, outputs: number): number[] {
  const { target, weights, task } = problem;
  const total = totalWeight(problem);
  const sums = new Float64Array(task === "multiclass" ? outputs : 1);
  for (let i = 0; i < target.length; i++) {
    const weight = weights === null ? 1 : weights[i]!;
    if (task === "multiclass") sums[target[i]!]! += weight;
    else sums[0]! += weight * target[i]!;
  }
  if (task === "regression") return [sums[0]! / total];
  const shares = [...sums].map((sum) => Math.min(Math.max(sum / total, LEAST_SHARE), 1 - LEAST_SHARE));
  if (task === "binary") return [ln(shares[0]! / (1 - shares[0]!))];
  return shares.map(ln);
}

function ln(value: number): number {
  return value >= 1 ? logarithm(value) : -logarithm(1 / value);
}

/** Fills the core with bins, target and start scores. */
export function load(core: BoostingCore, part: Part, problem: Problem, features: readonly FeatureBins[], start: readonly number[]): void {
  const bins = new Uint8Array(problem.rows);
  for (const [index, plan] of features.entries()) {
    const column = problem.features[plan.column]!;
    if (plan.kind === "numeric") core.mapNumbers(part, index, numbersOf(column));
    else if (column.kind === "categorical") core.placeBins(part, index, binCodes(column.codes, plan, bins));
  }
  core.setTarget(part, problem.target, problem.weights);
  for (const [output, score] of start.entries()) core.setScore(part, output, score);
}

export function histogramSlots(features: readonly FeatureBins[], problem: Problem, settings: Settings): number {
  const bytes = (features.reduce((sum, feature) => sum + feature.bins, 0) + 1) * 16;
  const budget = Math.max(HISTOGRAM_BYTES, problem.rows * problem.features.length * 8);
  return Math.max(2, Math.min(settings.maxLeaves, Math.floor(budget / bytes)));
}

/** `size` of `values` without replacement, order kept (selection sampling: Knuth, vol. 2, algorithm S). */
export function sampleOf(values: Uint32Array, size: number, seed: number, ...path: number[]): Uint32Array {
  const random = randomStream(seed, ...path);
  const chosen = new Uint32Array(size);
  let taken = 0;
  for (let i = 0; taken < size; i++) {
    if (random.next() * (values.length - i) < size - taken) chosen[taken++] = values[i]!;
  }
  return chosen;
}

export function columnHeads(columns: readonly Column[], features: readonly FeatureBins[]): ColumnHead[] {
  let first = 0;
  return columns.map((column, index) => {
    const plan = features.find((feature) => feature.column === index);
    if (plan?.kind !== "categorical") return { name: column.name, levels: null };
    const levels: [number, number] = [first, plan.binOfLevel.length];
    first += plan.binOfLevel.length;
    return { name: column.name, levels };
  });
}
