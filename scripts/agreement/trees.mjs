// Trees, forests and networks: one tree is compared exactly, what depends on chance within the peer's own variation over seeds.
import { fitCart } from "../../dist/engine/algorithms/cart/fit.js";
import { fitRanger } from "../../dist/engine/algorithms/ranger/fit.js";
import {
  chance,
  deviation,
  drain,
  fitted,
  fixture,
  halves,
  largest,
  lossOf,
  mean,
  problemOf,
  rowsOf,
  sampleColumns,
  sampleProblem,
} from "./_parts.mjs";

const CONTEXT = { seed: 1, validation: null };

/** Removes every `step`-th value of each feature, starting one row later from column to column. */
function withHoles(columns, target, step) {
  return columns.map((column, j) => {
    if (step === 0 || column.name === target) return column;
    const isHole = (i) => i >= j && (i - j) % step === 0;
    if (column.kind === "numeric") return { ...column, values: column.values.map((value, i) => (isHole(i) ? Number.NaN : value)) };
    return { ...column, codes: column.codes.map((code, i) => (isHole(i) ? -1 : code)) };
  });
}

export function* cart() {
  for (const one of fixture("cart/rpart").cases) {
    const columns = withHoles(sampleColumns(one.sample), one.target, one.holes).filter((column) => !one.drop.includes(column.name));
    const problem = problemOf(columns, one.target, { isWeighted: one.weighted });
    const settings = {
      ...{ cp: one.cp, maxDepth: one.maxdepth, minSplit: one.minsplit, minBucket: one.minbucket, criterion: one.criterion },
      ...{ folds: 0, inverseFrequency: false, pruneCp: null, rule: "1se", maxSurrogates: 5 },
    };
    const model = drain(fitCart(problem, settings, CONTEXT));
    yield { what: "nodes of the tree", peer: "R: rpart", difference: Math.abs(model.parts.nodes.length - one.rows.length), tolerance: 0 };
    const predicted = model.predict(problem.features);
    const width = Math.max(1, problem.classes.length);
    const every = one.sample === "titanic" ? 41 : 7;
    const own = one.predicted.map((_, at) => predicted[Math.floor(at / width) * every * width + (at % width)]);
    const difference = largest(own, one.predicted, (value) => Math.max(1, Math.abs(value)));
    yield { what: "predictions", peer: "R: rpart", difference, tolerance: 1e-10 };
  }
}

export function* ranger() {
  for (const one of fixture("ranger/reference").cases) {
    const problem = problemOf(sampleColumns(one.sample), one.target);
    const isExtra = one.rule === "extratrees";
    const settings = {
      ...{ trees: one.trees, mtry: null, minNode: null, fraction: null, importance: "none", inverseFrequency: false },
      ...{ replace: one.replace, isExtra, maxDepth: 0 },
    };
    const name = problem.task === "regression" ? "oob_rmse" : "oob_brier";
    const own = [1, 2, 3].map((seed) => Number(drain(fitRanger(problem, settings, { seed, validation: null })).facts()[name]));
    yield { what: `out-of-bag error, relative, ${one.rule}`, peer: "R: ranger", ...chance(own, one.errors, isExtra ? 0.05 : 0.02) };
  }
}

export function* lightCart() {
  for (const one of fixture("light-cart/reference").cases) {
    const problem = sampleProblem(one.sample);
    const model = fitted("LightCART", problem, { max_leaves: one.leaves, min_data_in_leaf: one.size });
    const difference = Math.abs(lossOf(problem, model.predict(problem.features)) / one.loss - 1);
    yield { what: "loss of one tree, relative", peer: "scikit-learn", difference, tolerance: 0.03 };
  }
}

export function* lightRf() {
  for (const { sample, rounds, losses } of fixture("light-rf/reference").cases) {
    const [training, fresh] = halves(sampleProblem(sample));
    const own = [1, 2, 3].map((seed) => lossOf(fresh, fitted("LightRF", training, { nrounds: rounds }, seed).predict(fresh.features)));
    yield { what: "loss on new rows, relative", peer: "LightGBM", ...chance(own, losses, 0.03) };
  }
}

export function* mlp() {
  for (const one of fixture("mlp/reference").cases) {
    const [training, fresh] = halves(sampleProblem(one.sample));
    const settings = {
      ...{ activation: one.activation, hidden_layers: one.hidden.length, hidden_units: one.hidden[0] },
      ...{ batch_size: 16, epochs: 60, alpha: 0.01, early_stopping_rounds: 0 },
    };
    const own = [1, 2, 3, 4].map((seed) => lossOf(fresh, fitted("MLP", training, settings, seed).predict(fresh.features)));
    const spread = deviation(one.losses) / mean(one.losses);
    const { difference } = chance(own, one.losses, 0);
    yield { what: "loss on new rows, relative", peer: "scikit-learn", difference, tolerance: 4 * spread + 0.03 };
  }
}

/** Held-out loss over the fixture's folds. Better than the peer is no disagreement. */
export function* lightGbm() {
  const { settings, sets } = fixture("light-gbm/reference");
  for (const name of ["breast_cancer", "wine", "diabetes"]) {
    const problem = sampleProblem(name);
    const dealt = sets[name].repetitions.filter(({ folds }) => folds !== null);
    const measure = problem.task === "regression" ? "rmse" : "log_loss";
    const own = mean(dealt.map(({ folds }) => heldOutLoss(problem, folds, settings)));
    const theirs = mean(dealt.map(({ scores }) => scores[measure]));
    const spread = deviation(sets[name].repetitions.map(({ scores }) => scores[measure]));
    const difference = Math.max(0, own - theirs) / theirs;
    yield { what: "held-out loss above the peer's, relative", peer: "scikit-learn", difference, tolerance: (2 * spread) / theirs };
  }
}

function heldOutLoss(problem, folds, { max_iter, max_leaf_nodes, min_samples_leaf, learning_rate }) {
  const width = Math.max(1, problem.classes.length);
  const predicted = new Float64Array(problem.rows * width);
  const hyperparameters = { nrounds: max_iter, max_leaves: max_leaf_nodes, min_data_in_leaf: min_samples_leaf, learning_rate };
  for (const fold of new Set(folds)) {
    const all = Int32Array.from(folds, (_, row) => row);
    const test = all.filter((row) => folds[row] === fold);
    const training = rowsOf(
      problem,
      all.filter((row) => folds[row] !== fold),
    );
    const model = fitted("LightGBM", training, { ...hyperparameters, feature_fraction: 1, lambda_l2: 0 });
    const part = model.predict(rowsOf(problem, test).features);
    for (const [i, row] of test.entries()) predicted.set(part.subarray(i * width, (i + 1) * width), row * width);
  }
  return lossOf(problem, predicted);
}
