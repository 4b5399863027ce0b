import type { Problem, Task } from "../../algorithm.ts";
import { exponential, logarithm, logOnePlus } from "../light-gbm/exponential.ts";
import type { Inputs } from "./inputs.ts";
import type { Network } from "./network.ts";

/** What a network is trained towards. */
export interface Goal {
  readonly task: Task;
  /** Numeric outcomes are learned as (y − center) / spread. */
  readonly center: number;
  readonly spread: number;
}

/** Outputs that a task needs: the mean, the score of the second class, or a score per class. */
export function outputsOf(task: Task, classes: number): number {
  return task === "multiclass" ? Math.max(1, classes) : 1;
}

/** Sends all rows through, batch after batch; `use` reads the network's output of each. */
export function forwardAll(network: Network, inputs: Inputs, use: (start: number, count: number) => void): void {
  for (let start = 0; start < inputs.rows; start += network.batch) {
    const count = Math.min(network.batch, inputs.rows - start);
    const codes = loadRows(network, inputs, count, (i) => start + i);
    network.forward(count, codes);
    use(start, count);
  }
}

/** Writes rows of the inputs into the network's batch; their codes. */
export function loadRows(network: Network, inputs: Inputs, count: number, rowAt: (i: number) => number): Int32Array {
  const numbers = inputs.rows === 0 ? 0 : inputs.numbers.length / inputs.rows;
  const embeddings = inputs.rows === 0 ? 0 : inputs.codes.length / inputs.rows;
  const codes = new Int32Array(count * embeddings);
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    network.input.set(inputs.numbers.subarray(row * numbers, (row + 1) * numbers), i * network.inputWidth);
    for (let e = 0; e < embeddings; e++) codes[i * embeddings + e] = inputs.codes[row * embeddings + e]!;
  }
  return codes;
}

/**
 * Loss of one row of the network's output: squared error in the outcome's units, or the negative log-likelihood. When `scale` is above zero the
 * errors of the output are written too: the derivative of the loss (half the square, on the scaled outcome) × `scale`.
 */
export function rowLoss(network: Network, goal: Goal, i: number, y: number, scale: number): number {
  const at = i * network.outputWidth;
  const { output, errors } = network;
  if (goal.task === "regression") {
    const difference = output[at]! - (y - goal.center) / goal.spread;
    if (scale > 0) errors[at] = scale * difference;
    return (goal.spread * difference) ** 2;
  }
  if (goal.task === "binary") {
    const score = output[at]!;
    const e = exponential(-Math.abs(score));
    if (scale > 0) errors[at] = scale * ((score >= 0 ? 1 : e) / (1 + e) - y);
    return Math.max(y > 0.5 ? -score : score, 0) + logOnePlus(e);
  }
  const classes = network.shape.outputs;
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) top = Math.max(top, output[at + k]!);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += exponential(output[at + k]! - top);
  if (scale > 0) {
    for (let k = 0; k < classes; k++) errors[at + k] = scale * (exponential(output[at + k]! - top) / sum - (k === y ? 1 : 0));
  }
  return top + logarithm(sum) - output[at + y]!;
}

/** One pass over the rows in that order, a step of Adam per batch: the weighted mean loss on the way. */
export function trainEpoch(
  network: Network,
  goal: Goal,
  data: { readonly inputs: Inputs; readonly target: Float64Array; readonly weights: Float64Array },
  order: Int32Array,
  settings: { readonly rate: number; readonly alpha: number },
): number {
  let total = 0;
  let loss = 0;
  for (let start = 0; start < order.length; start += network.batch) {
    const count = Math.min(network.batch, order.length - start);
    const codes = loadRows(network, data.inputs, count, (i) => order[start + i]!);
    network.forward(count, codes);
    network.errors.fill(0);
    for (let i = 0; i < count; i++) {
      const row = order[start + i]!;
      const weight = data.weights[row]!;
      loss += weight * rowLoss(network, goal, i, data.target[row]!, weight / count);
      total += weight;
    }
    network.backward(count, codes);
    network.step(settings.rate, settings.alpha / count);
  }
  return loss / total;
}

/** Weighted mean loss of a problem's rows. NaN when no row counts. */
export function meanLoss(network: Network, goal: Goal, inputs: Inputs, problem: Problem): number {
  let total = 0;
  let loss = 0;
  forwardAll(network, inputs, (start, count) => {
    for (let i = 0; i < count; i++) {
      const weight = problem.weights === null ? 1 : problem.weights[start + i]!;
      if (weight === 0) continue;
      total += weight;
      loss += weight * rowLoss(network, goal, i, problem.target[start + i]!, 0);
    }
  });
  return loss / total;
}
