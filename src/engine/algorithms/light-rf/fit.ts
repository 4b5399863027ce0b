import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import type { Column } from "../../table.ts";
import { type FeatureBins, planBins } from "../light-gbm/bins.ts";
import { assertUsable, columnHeads, countedRows, histogramSlots, load, sampleOf, startScores } from "../light-gbm/boosting.ts";
import type { BoostingCore, CoreFactory, GrownTree } from "../light-gbm/core.ts";
import { ForestWriter } from "../light-gbm/forest-writer.ts";
import { BoostedTrees, type ColumnHead, type ForestHead } from "../light-gbm/model.ts";
import type { Settings } from "../light-gbm/settings.ts";
import { Averages } from "./averages.ts";
import { LightRfModel } from "./model.ts";

/** Grows the forest on the core of boosting: every tree from the same start, its step divided by the number of trees. One step per round. */
export function* fitForest(
  given: Problem,
  settings: Settings,
  inverseFrequency: boolean,
  context: FitContext,
  createCore: CoreFactory,
): Generator<FitStep, LightRfModel, void> {
  assertUsable(given);
  const problem = inverseFrequency ? { ...given, weights: caseWeights(given, true) } : given;
  const features = planBins(problem.features, problem.weights, settings.maxBin, context.seed);
  const outputs = problem.task === "multiclass" ? Math.max(1, problem.classes.length) : 1;
  const core = createCore({
    task: problem.task,
    rows: problem.rows,
    validationRows: 0,
    features,
    outputs,
    isWeighted: problem.weights !== null,
    isValidationWeighted: false,
    settings,
    slots: histogramSlots(features, problem, settings),
  });
  try {
    const start = startScores(problem, outputs);
    load(core, "training", problem, features, start);
    core.setMask(new Uint8Array(features.length).fill(1));
    // Gradients are those of the start throughout: scores and losses are not touched again.
    core.sumLoss("training");
    const forest = new Growing(core, given, problem, features, settings, context, start);
    for (let round = 1; round <= settings.rounds; round++) yield forest.grow(round);
    return forest.model();
  } finally {
    core.close();
  }
}

class Growing {
  readonly #core: BoostingCore;
  readonly #problem: Problem;
  readonly #features: readonly FeatureBins[];
  readonly #columns: readonly ColumnHead[];
  readonly #settings: Settings;
  readonly #context: FitContext;
  readonly #start: readonly number[];
  readonly #rows: Uint32Array;
  readonly #writer: ForestWriter;
  readonly #outOfBag: Averages;
  readonly #watch: Averages | null;

  constructor(
    core: BoostingCore,
    given: Problem,
    problem: Problem,
    features: readonly FeatureBins[],
    settings: Settings,
    context: FitContext,
    start: readonly number[],
  ) {
    this.#core = core;
    this.#problem = problem;
    this.#features = features;
    this.#columns = columnHeads(problem.features, features);
    this.#settings = settings;
    this.#context = context;
    this.#start = start;
    this.#rows = countedRows(problem);
    this.#writer = new ForestWriter(features);
    // Errors are counted with the weights as given, not with those that balance classes.
    this.#outOfBag = new Averages(given, start);
    this.#watch = context.validation === null ? null : new Averages(context.validation, start);
  }

  grow(round: number): FitStep {
    const { rounds, subsample, featureFraction } = this.#settings;
    const { seed, validation } = this.#context;
    const bag = sampleOf(this.#rows, Math.max(1, Math.round(this.#rows.length * subsample)), seed, 1, round);
    this.#core.setBag(bag);
    const own: Float64Array[] = [];
    const watched: Float64Array[] = [];
    for (let output = 0; output < this.#start.length; output++) {
      if (featureFraction < 1) this.#core.setMask(this.#drawFeatures(round, output));
      this.#core.computePairs(output);
      const tree = this.#core.growTree();
      if (tree.nodes === 1) tree.value[0] = 0;
      this.#writer.add(tree);
      const judge = this.#judgeOf(tree);
      own.push(judge(this.#problem.features));
      if (validation !== null) watched.push(judge(validation.features));
    }
    const isSeen = new Uint8Array(this.#problem.rows);
    for (const row of bag) isSeen[row] = 1;
    this.#outOfBag.add(own, isSeen);
    this.#watch?.add(watched, null);
    const values: Record<string, number> = { "out-of-bag": this.#outOfBag.loss() };
    if (this.#watch !== null) values.validation = this.#watch.loss();
    return { step: round, total: rounds, values, measure: this.#problem.task === "regression" ? "rmse" : "log-loss" };
  }

  #drawFeatures(round: number, output: number): Uint8Array {
    const count = this.#features.length;
    const mask = new Uint8Array(count);
    const all = Uint32Array.from({ length: count }, (_, index) => index);
    const size = Math.min(count, Math.max(1, Math.round(count * this.#settings.featureFraction)));
    for (const index of sampleOf(all, size, this.#context.seed, 2, round, output)) mask[index] = 1;
    return mask;
  }

  /** What the tree alone says about rows, as whole steps. */
  #judgeOf(tree: GrownTree): (columns: readonly Column[]) => Float64Array {
    const writer = new ForestWriter(this.#features);
    writer.add(tree);
    const model = new BoostedTrees(this.#head("regression", [0], 1), writer.forest(1, this.#columns));
    return (columns) => model.predict(columns).map((value) => value * this.#settings.rounds);
  }

  #head(task: Problem["task"], start: readonly number[], rounds: number): ForestHead {
    return {
      version: 1,
      task,
      outputs: start.length,
      classes: this.#problem.classes.length,
      start,
      columns: this.#columns,
      rounds,
      trainingLoss: null,
      validationLoss: null,
      stoppedEarly: false,
    };
  }

  model(): LightRfModel {
    const { rounds } = this.#settings;
    const trees = new BoostedTrees(
      this.#head(this.#problem.task, this.#start, rounds),
      this.#writer.forest(rounds * this.#start.length, this.#columns),
    );
    const loss = this.#outOfBag.loss();
    return new LightRfModel(trees, Number.isFinite(loss) ? loss : null, this.#problem.task);
  }
}
