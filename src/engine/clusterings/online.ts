import { type Random, shuffle } from "../../core/random.ts";
import type { FitStep } from "../algorithm.ts";
import type { HyperparameterSchema } from "../hyperparameter.ts";
import { type Dist, nearest, type Points, rank } from "./parts.ts";

/** Addition to the catalogue's. */
export const EPOCHS_SCHEMA: HyperparameterSchema = {
  name: "epochs",
  title: "Passes",
  help: "How often every row is shown. More let the centres settle further and take longer.",
  type: "integer",
  default: 40,
  min: 1,
  max: 100_000,
  tunable: false,
  level: "advanced",
};

/** How far centres move towards a row: a share that falls from the first to the last row shown. */
const FIRST_SHARE = 0.5;
const LAST_SHARE = 0.005;

/** How many centres move with the nearest one, as a decay over ranks: from k / 2 to next to none. */
export const LAST_RANGE = 0.01;

/**
 * Shows the rows one by one, in a new random order each pass, and moves centres [k, p] towards them, in place. `range` null: only the nearest
 * centre moves. Else all move, by their rank of nearness r as exp(−r / range(t)), t from 0 to 1. After each pass the sum of distances (squared for
 * euclidean) from the nearest centres is yielded. Cost: O(passes · n k p), and a factor log k with ranks.
 */
export function* learnOnline(
  points: Points,
  centers: Float64Array,
  options: { readonly dist: Dist; readonly epochs: number; readonly random: Random; readonly range: ((time: number) => number) | null },
): Generator<FitStep, number, void> {
  const { rows, cols } = points;
  const { dist, epochs, random, range } = options;
  const k = centers.length / cols;
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const away = new Float64Array(k);
  const ranks = Array.from({ length: k }, (_, c) => c);
  for (let epoch = 0; ; epoch++) {
    shuffle(order, random);
    for (const [shown, i] of order.entries()) {
      const time = (epoch * rows + shown) / (epochs * rows);
      const share = FIRST_SHARE * (LAST_SHARE / FIRST_SHARE) ** time;
      if (range === null) {
        moveTowards(points, i, centers, nearest(points, i, centers, k, dist), share);
        continue;
      }
      for (let c = 0; c < k; c++) away[c] = rank(points, i, centers, c, dist);
      ranks.sort((a, b) => away[a]! - away[b]! || a - b);
      const width = range(time);
      for (let r = 0; r < k; r++) {
        const part = share * Math.exp(-r / width);
        if (part < 1e-12) break;
        moveTowards(points, i, centers, ranks[r]!, part);
      }
    }
    let within = 0;
    for (let i = 0; i < rows; i++) within += rank(points, i, centers, nearest(points, i, centers, k, dist), dist);
    yield { step: epoch + 1, total: epochs, values: { training: within }, measure: "within" };
    if (epoch + 1 >= epochs) return within;
  }
}

function moveTowards({ cols, values }: Points, i: number, centers: Float64Array, c: number, share: number): void {
  for (let j = 0; j < cols; j++) centers[c * cols + j]! += share * (values[i * cols + j]! - centers[c * cols + j]!);
}
