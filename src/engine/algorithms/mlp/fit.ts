import { randomStream, shuffle } from "../../../core/random.ts";
import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { outcomeScale } from "../radial-svm/preparation.ts";
import type { Settings } from "./hyperparameters.ts";
import { type InputPlan, inputsOf, learnInputs, vectorsOf } from "./inputs.ts";
import { createKernel } from "./kernel.ts";
import { MlpModel } from "./model.ts";
import { type EmbeddingShape, Network, type NetworkShape, type OperationsFactory } from "./network.ts";
import { type Goal, meanLoss, outputsOf, trainEpoch } from "./training.ts";

/** Trains a network, one step per epoch. See `mlp.ts` for what is promised. */
export function* fitMlp(
  problem: Problem,
  settings: Settings,
  context: FitContext,
  create: OperationsFactory = createKernel,
): Generator<FitStep, MlpModel, void> {
  const { weights, rows } = countedRows(problem, settings.inverseFrequency);
  const plan = learnInputs(problem.features, weights);
  const inputs = inputsOf(plan, problem.features);
  const goal: Goal = { task: problem.task, ...outcomeScale(problem, weights, true) };
  const batch = Math.min(rows.length, settings.batch ?? Math.max(16, Math.min(256, Math.floor(rows.length / 16))));
  const network = new Network(shapeOf(plan, problem, settings), batch, create);
  const constant = constantOutputs(problem, rows);
  if (constant === null) network.initialise(randomStream(context.seed, 1));
  else network.setConstant(constant);
  const { validation } = context;
  const watched = validation === null ? null : inputsOf(plan, validation.features);
  const isRoot = problem.task === "regression";
  let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, parameters: network.parameters.slice() };
  let epochs = 0;
  let trainingLoss = Number.NaN;
  while (epochs < settings.epochs) {
    epochs++;
    const order = shuffle(rows.slice(), randomStream(context.seed, 2, epochs));
    const data = { inputs, target: problem.target, weights };
    trainingLoss = trainEpoch(network, goal, data, order, { rate: constant === null ? settings.rate : 0, alpha: settings.alpha });
    const values: Record<string, number> = { training: isRoot ? Math.sqrt(trainingLoss) : trainingLoss };
    if (validation !== null && watched !== null) {
      const loss = meanLoss(network, goal, watched, validation);
      values.validation = isRoot ? Math.sqrt(loss) : loss;
      if (loss < best.loss) best = { loss, epoch: epochs, parameters: network.parameters.slice() };
    }
    yield { step: epochs, total: settings.epochs, values, measure: isRoot ? "rmse" : "log-loss" };
    if (!Number.isFinite(trainingLoss) || constant !== null) break;
    if (settings.patience > 0 && best.epoch > 0 && epochs - best.epoch >= settings.patience) break;
  }
  const isStopped = settings.patience > 0 && best.epoch > 0;
  const diverged = !Number.isFinite(trainingLoss);
  return new MlpModel({
    classes: problem.classes.length,
    goal,
    plan,
    shape: network.shape,
    parameters: isStopped || diverged ? best.parameters : network.parameters.slice(),
    facts: {
      parameters: parametersOf(network.shape),
      epochs,
      best_epoch: isStopped ? best.epoch : null,
      stopped_early: isStopped && epochs < settings.epochs,
      diverged,
    },
  });
}

/** Rows that count, and all weights, scaled so that the mean of those rows is 1. */
function countedRows(problem: Problem, inverseFrequency: boolean): { weights: Float64Array; rows: Int32Array } {
  const weights = caseWeights(problem, inverseFrequency);
  const rows = Int32Array.from([...weights.keys()].filter((row) => weights[row]! > 0));
  return { weights: weights.map((weight) => (weight * rows.length) / problem.rows), rows };
}

/** Score of a class that training never saw, below the only one that it did: probability 1e-9. */
const ABSENT_SCORE = 20.7;

/** The answer when all rows that count have the same outcome, or null. */
function constantOutputs(problem: Problem, rows: Int32Array): number[] | null {
  const first = problem.target[rows[0]!]!;
  if (rows.some((row) => problem.target[row] !== first)) return null;
  if (problem.task === "regression") return [0];
  if (problem.task === "binary") return [first === 1 ? ABSENT_SCORE : -ABSENT_SCORE];
  return problem.classes.map((_, code) => (code === first ? ABSENT_SCORE : 0));
}

function shapeOf(plan: InputPlan, problem: Problem, settings: Settings): NetworkShape {
  let inputs = plan.numbers.design.cols;
  const embeddings: EmbeddingShape[] = plan.vectorOf.map((vectors) => {
    const levels = vectorsOf(vectors);
    const width = Math.min(32, Math.ceil(Math.sqrt(levels)));
    const first = inputs;
    inputs += width;
    return { levels, width, first };
  });
  return {
    inputs,
    embeddings,
    hidden: new Array<number>(settings.layers).fill(settings.units),
    outputs: outputsOf(problem.task, problem.classes.length),
    activation: settings.activation,
  };
}

/** Numbers that were learned, padding not counted. */
function parametersOf(shape: NetworkShape): number {
  const sizes = [shape.inputs, ...shape.hidden, shape.outputs];
  const layers = sizes.slice(1).reduce((sum, to, index) => sum + (sizes[index]! + 1) * to, 0);
  return shape.embeddings.reduce((sum, { levels, width }) => sum + levels * width, layers);
}
