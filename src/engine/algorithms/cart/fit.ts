import { randomStream, shuffle } from "../../../core/random.ts";
import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { type TreeData, treeData, treeFeatures } from "./data.ts";
import { Grower, type GrowOptions } from "./grow.ts";
import type { Settings } from "./hyperparameters.ts";
import { CartModel, type Facts } from "./model.ts";
import { complexities, lossesAlongSequence, penaltySequence, pruned } from "./prune.ts";
import { LEFT } from "./split.ts";
import { heaviest, route, type TreeNode } from "./tree.ts";

/** Grows, prunes, and packs a tree. One step per level, then one per fold when the pruning is cross-validated. */
export function* fitCart(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, CartModel, void> {
  const data = treeData(problem, caseWeights(problem, settings.inverseFrequency));
  const options: GrowOptions = { ...settings };
  const grower = new Grower(data, options, null);
  const step = yield* growWatched(grower, data, context.validation);
  const root = grower.nodes[0]!;
  const complexity = complexities(grower.nodes);
  const bound = Math.max(settings.cp, settings.pruneCp ?? 0);
  let choice: PruneChoice | null = null;
  if (settings.pruneCp === null && settings.folds >= 2 && root.left >= 0) {
    choice = yield* crossValidate(data, options, {
      seed: context.seed,
      folds: settings.folds,
      rule: settings.rule,
      complexity,
      root,
      step,
    });
  }
  const chosen = choice?.penalty ?? bound;
  grower.nodes.splice(0, grower.nodes.length, ...pruned(grower.nodes, complexity, chosen * root.risk));
  grower.addSurrogates();
  const { nodes } = grower;
  const variables = data.features.map((feature) => feature.name);
  return new CartModel({ task: problem.task, classes: data.classes, variables, nodes, facts: factsOf(nodes, chosen, choice, settings) });
}

/** Yields one step per level: training error so far, and that of the rows that are only watched. Returns the number of steps. */
function* growWatched(grower: Grower, data: TreeData, validation: Problem | null): Generator<FitStep, number, void> {
  const total = grower.nodes[0]!.weight;
  const measure = data.classes === 0 ? "rmse" : "misclassification";
  const error = (risk: number, weight: number): number => (data.classes === 0 ? Math.sqrt(risk / weight) : risk / weight);
  const watch = validation === null ? null : new Watcher(validation, data.classes);
  let step = 0;
  while (!grower.isDone) {
    grower.growLevel();
    step += 1;
    let risk = 0;
    for (const node of grower.nodes) if (node.left < 0) risk += node.risk;
    const values: Record<string, number> = { training: error(risk, total) };
    if (watch !== null) {
      const seen = watch.descend(grower.nodes);
      values.validation = error(seen.loss, seen.weight);
    }
    yield { step, total: null, values, measure };
  }
  return step;
}

/** Rows that are never trained on, walking down as the tree grows. */
class Watcher {
  readonly #problem: Problem;
  readonly #classes: number;
  readonly #features: ReturnType<typeof treeFeatures>;
  readonly #at: Int32Array;

  constructor(problem: Problem, classes: number) {
    this.#problem = problem;
    this.#classes = classes;
    this.#features = treeFeatures(problem.features);
    this.#at = new Int32Array(problem.rows);
  }

  descend(nodes: readonly TreeNode[]): { loss: number; weight: number } {
    const { rows, target, weights } = this.#problem;
    let loss = 0;
    let total = 0;
    for (let row = 0; row < rows; row++) {
      for (let node = nodes[this.#at[row]!]!; node.left >= 0; node = nodes[this.#at[row]!]!) {
        this.#at[row] = route(node, this.#features, row) === LEFT ? node.left : node.right;
      }
      const { summary } = nodes[this.#at[row]!]!;
      const weight = weights === null ? 1 : weights[row]!;
      total += weight;
      if (this.#classes === 0) loss += weight * (target[row]! - summary[0]!) ** 2;
      else if (heaviest(summary) !== target[row]) loss += weight;
    }
    return { loss, weight: total };
  }
}

interface PruneChoice {
  /** Share of the root's risk. */
  readonly penalty: number;
  /** Held-out risk at the choice as a share of the root's risk, and its standard error. */
  readonly error: number;
  readonly deviation: number;
}

interface CrossValidation {
  readonly seed: number;
  readonly folds: number;
  readonly rule: Settings["rule"];
  readonly complexity: Float64Array;
  readonly root: TreeNode;
  /** Steps yielded before. */
  readonly step: number;
}

/** Held-out risk of every subtree in the sequence (Breiman et al. 1984, section 3.4); folds by seed. */
function* crossValidate(data: TreeData, options: GrowOptions, given: CrossValidation): Generator<FitStep, PruneChoice, void> {
  const { root, seed, rule } = given;
  const penalties = penaltySequence(given.complexity, root.risk, options.cp);
  const fold = foldsOf(data, given.folds, seed);
  const folds = fold.reduce((most, f) => Math.max(most, f + 1), 0);
  const sums = new Float64Array(penalties.length);
  const squares = new Float64Array(penalties.length);
  let seen = 0;
  for (let f = 0; f < folds; f++) {
    const keep = Uint8Array.from(fold, (own) => (own === f || own < 0 ? 0 : 1));
    const grower = new Grower(data, options, keep);
    while (!grower.isDone) grower.growLevel();
    grower.addSurrogates();
    const tree = { nodes: grower.nodes, complexity: complexities(grower.nodes), features: data.features };
    const bounds = penalties.map((penalty) => (penalty * root.risk * grower.nodes[0]!.weight) / root.weight);
    for (let row = 0; row < data.rows; row++) {
      if (fold[row] !== f) continue;
      const weight = data.weights[row]!;
      seen += weight;
      for (const [i, loss] of lossesAlongSequence(tree, row, data.target[row]!, bounds, data.classes).entries()) {
        sums[i]! += weight * loss;
        squares[i]! += weight * loss * loss;
      }
    }
    const held = Math.min(...sums) / seen;
    const [value, measure] = data.classes === 0 ? [Math.sqrt(held), "rmse"] : [held, "misclassification"];
    yield { step: given.step + f + 1, total: given.step + folds, values: { "cross-validation": value }, measure };
  }
  return choosePenalty(penalties, sums, squares, root, rule);
}

function choosePenalty(
  penalties: readonly number[],
  sums: Float64Array,
  squares: Float64Array,
  root: TreeNode,
  rule: Settings["rule"],
): PruneChoice {
  const deviation = sums.map((sum, i) => Math.sqrt(Math.max(0, squares[i]! - (sum * sum) / root.weight)));
  let best = 0;
  for (let i = 1; i < sums.length; i++) if (sums[i]! < sums[best]!) best = i;
  let chosen = best;
  if (rule === "1se") {
    chosen = 0;
    while (sums[chosen]! > sums[best]! + deviation[best]!) chosen += 1;
  }
  return { penalty: penalties[chosen]!, error: sums[chosen]! / root.risk, deviation: deviation[chosen]! / root.risk };
}

/** Fold of each row, −1 for rows of weight zero. Classes are dealt in turn, so that every fold has its share of each. */
function foldsOf(data: TreeData, folds: number, seed: number): Int32Array {
  const random = randomStream(seed, 1);
  const fold = new Int32Array(data.rows).fill(-1);
  let next = 0;
  for (let code = 0; code < Math.max(1, data.classes); code++) {
    const rows: number[] = [];
    for (let row = 0; row < data.rows; row++)
      if (data.weights[row]! > 0 && (data.classes === 0 || data.target[row] === code)) rows.push(row);
    for (const row of shuffle(Int32Array.from(rows), random)) fold[row] = next++ % folds;
  }
  return fold;
}

function factsOf(nodes: readonly TreeNode[], penalty: number, choice: PruneChoice | null, settings: Settings): Facts {
  const leaves = nodes.reduce((count, node) => count + (node.left < 0 ? 1 : 0), 0);
  return {
    leaves,
    depth: nodes.reduce((deepest, node) => Math.max(deepest, node.depth), 0),
    cp: penalty,
    cv_folds: choice === null ? 0 : settings.folds,
    cv_relative_error: choice?.error ?? null,
    cv_standard_error: choice?.deviation ?? null,
  };
}
