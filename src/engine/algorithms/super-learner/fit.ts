import { derivedSeed } from "../../../core/random.ts";
import type { Algorithm, FitContext, FitStep, Model, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { takeRows } from "../../table.ts";
import { assignFolds } from "../glmnet/cross-validation.ts";
import { defaultsOf, membersOf } from "./library.ts";
import { SuperLearnerModel } from "./model.ts";
import { type HeldOut, mixtureOf, onlyBest, riskOf } from "./weights.ts";

/** Cross-validates every member, weighs them, and fits those that count on all rows. See `super-learner.ts` for what is promised. */
export function* fitSuperLearner(
  given: Problem,
  values: Hyperparameters,
  context: FitContext,
): Generator<FitStep, SuperLearnerModel, void> {
  const weights = caseWeights(given, values.ifw === true);
  const problem: Problem = values.ifw === true ? { ...given, weights } : given;
  const members = membersOf(values);
  const work = new Work(problem);
  const folds = Math.min(values.nfolds as number, problem.rows);
  const canHoldOut = members.length > 1 && folds > 1;
  const heldOut: HeldOut[] = [];
  if (canHoldOut) {
    const fold = assignFolds(problem, folds, derivedSeed(context.seed, 1));
    for (const [index, algorithm] of members.entries())
      heldOut.push(yield* work.predictHeldOut(algorithm, fold, folds, derivedSeed(context.seed, 2, index)));
  }
  const mixture = canHoldOut ? mix(heldOut, problem, weights, values.discrete === true) : members.map(() => 1 / members.length);
  const kept: { algorithm: Algorithm; model: Model; weight: number }[] = [];
  const facts: Record<string, number | null> = { members: members.length, folds: canHoldOut ? folds : 0 };
  for (const [index, algorithm] of members.entries()) {
    const weight = mixture[index]!;
    facts[`weight_${algorithm.name}`] = weight;
    facts[`risk_${algorithm.name}`] = canHoldOut ? riskOf(heldOut[index]!, problem, weights) : null;
    if (weight === 0) continue;
    const model = yield* work.fit(algorithm, problem, derivedSeed(context.seed, 3, index));
    kept.push({ algorithm, model, weight });
  }
  const variables = problem.features.map((column) => column.name);
  return new SuperLearnerModel({ classes: problem.classes.length, variables, members: kept, facts });
}

function mix(heldOut: readonly HeldOut[], problem: Problem, weights: Float64Array, isDiscrete: boolean): Float64Array {
  return isDiscrete ? onlyBest(heldOut, problem, weights) : mixtureOf(heldOut, problem, weights);
}

class Work {
  readonly #problem: Problem;
  #steps = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
  }

  /** A member's predictions for every row, from fits without the row's fold. */
  *predictHeldOut(algorithm: Algorithm, fold: Int32Array, folds: number, seed: number): Generator<FitStep, HeldOut, void> {
    const problem = this.#problem;
    const width = Math.max(1, problem.classes.length);
    const out = new Float64Array(problem.rows * width);
    for (let f = 0; f < folds; f++) {
      const rows = Int32Array.from([...fold.keys()].filter((row) => fold[row] !== f));
      const held = Int32Array.from([...fold.keys()].filter((row) => fold[row] === f));
      if (held.length === 0) continue;
      const training = rowsOf(problem, rows);
      const isEmpty = rows.length === 0 || (training.weights?.every((weight) => weight === 0) ?? false);
      const model = yield* this.fit(algorithm, isEmpty ? problem : training, derivedSeed(seed, f));
      const predicted = model.predict(problem.features.map((column) => takeRows(column, held)));
      for (const [i, row] of held.entries()) out.set(predicted.subarray(i * width, (i + 1) * width), row * width);
    }
    return out;
  }

  /** One fit, each of its steps one of ours. */
  *fit(algorithm: Algorithm, problem: Problem, seed: number): Generator<FitStep, Model, void> {
    const running = algorithm.fit(problem, defaultsOf(algorithm), { seed, validation: null });
    for (;;) {
      const next = running.next();
      if (next.done === true) return next.value;
      this.#steps++;
      yield { step: this.#steps, total: null, values: {}, measure: "fits" };
    }
  }
}

function rowsOf(problem: Problem, rows: Int32Array): Problem {
  return {
    ...problem,
    rows: rows.length,
    features: problem.features.map((column) => takeRows(column, rows)),
    target: Float64Array.from(rows, (row) => problem.target[row]!),
    weights: problem.weights === null ? null : Float64Array.from(rows, (row) => problem.weights![row]!),
  };
}
