import type { Algorithm, FitStep, Problem } from "../../algorithm.ts";
import type { HyperparameterSchema } from "../../hyperparameter.ts";
import { absoluteWeights } from "../radial-svm/preparation.ts";
import { BALANCE_CLASSES } from "../shared-hyperparameters.ts";
import { widthOf } from "./basis.ts";
import { GamModel, loadModel } from "./model.ts";
import { type GamState, Solver } from "./solver.ts";
import { type Block, blocksOf, learnPlan } from "./terms.ts";

/** `k` and `ifw` are the catalogue's names. */
const HYPERPARAMETERS: readonly HyperparameterSchema[] = [
  {
    name: "k",
    title: "Basis functions",
    help: "How many splines make up a feature's curve, at most. More allow finer detail; the smoothness is chosen from the data either way.",
    type: "integer",
    default: 5,
    min: 4,
    max: 100,
    tunable: true,
    level: "basic",
    suggest: [5, 10, 20],
  },
  {
    name: "lambda",
    title: "Smoothness",
    help: "Penalty on the bends of every curve and on the effects of levels. Leave it automatic to let restricted likelihood choose one per feature.",
    type: "double",
    default: null,
    automatic: "chosen per feature by restricted maximum likelihood",
    min: 0,
    tunable: true,
    level: "advanced",
    suggest: [0.1, 1, 10, 100],
    log: true,
  },
  BALANCE_CLASSES,
];

/**
 * Additive models: a smooth curve per numeric feature (P-splines: cubic B-splines on even knots with a penalty on second differences), a
 * effect per level of a category drawn towards their mean (a random effect), gaussian for numbers, logistic for classes; smoothness by REML.
 *
 * - A number with fewer than `k` distinct values, a logical value or an ordered category has a straight line. Missing numbers: the training mean;
 *   infinities: the ends; missing and unseen levels have no effect of their own. Beyond the training range a curve goes on straight for one range, then flat.
 * - Three and more classes: one model per class against the rest, probabilities scaled to sum 1.
 * - Smoothness: the Fellner–Schall update, which for classes leaves out how the weights depend on it. `lambda` given: that one for all.
 * - Weights: as precision for numbers, as counts for classes. Zero: the same as no row.
 * - Separated classes: the fit stops where the mean deviance falls below 0.001, and `separated` is true in `facts()`.
 * - Features that say the same share their effect. One class, one row, a constant outcome: a constant answer (probabilities 1e-9 off 0 and 1).
 *
 * Deterministic; the seed does not matter. Cost per round: O(rows × coefficients²); memory one column per coefficient.
 * Sources: Eilers & Marx (1996), Statistical Science 11(2):89–121; Wood (2011), J R Stat Soc B 73(1):3–36, doi:10.1111/j.1467-9868.2010.00749.x;
 * Wood & Fasiolo (2017), Biometrics 73(4):1071–1081, doi:10.1111/biom.12666.
 */
export const gam: Algorithm = {
  name: "GAM",
  title: "Additive model",
  description: "generalised additive model of smooth curves",
  source:
    "Eilers & Marx (1996), Statistical Science 11(2):89–121; Wood & Fasiolo (2017), Biometrics 73(4):1071–1081, doi:10.1111/biom.12666",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: (problem, values) => fitGam(problem, values.k as number, values.lambda as number | null, values.ifw === true),
  load: loadModel,
};

function* fitGam(problem: Problem, size: number, lambda: number | null, inverseFrequency: boolean): Generator<FitStep, GamModel, void> {
  const weights = absoluteWeights(problem, inverseFrequency);
  const plan = learnPlan(problem.features, weights, size);
  const blocks = blocksOf(plan, problem.features, weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const codes = problem.task === "multiclass" ? problem.classes.map((_, code) => code) : [1];
  const fixed = lambda === null ? null : Float64Array.from(blocks, (block) => (block.penalty === null ? 0 : lambda));
  const states: (GamState | number)[] = [];
  let steps = 0;
  for (const code of codes) {
    const y = problem.task === "regression" ? problem.target : problem.target.map((value) => (value === code ? 1 : 0));
    const constant = constantOf(y, weights);
    if (constant !== null) {
      states.push(constant);
      continue;
    }
    const running = new Solver(blocks, y, weights, problem.task !== "regression").run(fixed);
    let next = running.next();
    while (next.done !== true) {
      steps++;
      yield { step: steps, total: null, values: { training: next.value.deviance / total }, measure: "deviance" };
      next = running.next();
    }
    states.push(next.value);
  }
  if (steps === 0) yield { step: 1, total: null, values: {}, measure: "deviance" };
  return modelOf(problem, plan, blocks, weights, states);
}

/** The outcome of all rows that count when it is one and the same, else null. */
function constantOf(y: Float64Array, weights: Float64Array): number | null {
  const first = y[weights.findIndex((weight) => weight > 0)]!;
  return y.some((value, i) => weights[i]! > 0 && value !== first) ? null : first;
}

/** Score of a probability 1e-9 off 1. */
const CERTAIN = 20.72;

/** Coefficients in each term's own basis, and how much each feature moves the predictor. */
function modelOf(
  problem: Problem,
  plan: GamModel["parts"]["plan"],
  blocks: readonly Block[],
  weights: Float64Array,
  states: readonly (GamState | number)[],
): GamModel {
  const widths = plan.terms.map(widthOf);
  const width = 1 + widths.reduce((sum, own) => sum + own, 0);
  const coefficients = new Float64Array(states.length * width);
  const spread = new Float64Array(problem.features.length);
  const edf = new Float64Array(problem.features.length);
  for (const [set, state] of states.entries()) {
    const own = coefficients.subarray(set * width, (set + 1) * width);
    if (typeof state === "number") {
      own[0] = problem.task === "regression" ? state : state === 1 ? CERTAIN : -CERTAIN;
      continue;
    }
    own[0] = state.beta[0]!;
    let from = 1;
    let to = 1;
    for (const [index, block] of blocks.entries()) {
      const beta = state.beta.subarray(from, from + block.columns.length);
      for (let m = 0; m < widths[index]!; m++) {
        for (let j = 0; j < beta.length; j++) own[to + m]! += block.toBasis[m * beta.length + j]! * beta[j]!;
      }
      const { feature } = plan.terms[index]!;
      spread[feature]! += deviationOf(block, beta, weights);
      edf[feature]! += state.edf[index]!;
      from += beta.length;
      to += widths[index]!;
    }
  }
  const fitted = states.filter((state) => typeof state !== "number");
  return new GamModel({
    task: problem.task,
    classes: problem.classes.length,
    plan,
    coefficients,
    spread,
    edf,
    facts: {
      effective_degrees: fitted.reduce((sum, state) => sum + 1 + state.edf.reduce((a, b) => a + b, 0), 0),
      smooth_terms: plan.terms.filter((term) => term.kind === "smooth").length,
      deviance: fitted.reduce((sum, state) => sum + state.deviance, 0),
      converged: fitted.every((state) => state.converged),
      separated: fitted.some((state) => state.separated),
    },
  });
}

/** Weighted standard deviation of a term over training rows; its mean is zero. */
function deviationOf(block: Block, beta: Float64Array, weights: Float64Array): number {
  let total = 0;
  let square = 0;
  for (let i = 0; i < weights.length; i++) {
    let value = 0;
    for (let j = 0; j < beta.length; j++) value += block.columns[j]![i]! * beta[j]!;
    total += weights[i]!;
    square += weights[i]! * value * value;
  }
  return Math.sqrt(square / total);
}
