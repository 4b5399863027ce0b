// Learners whose optimum is unique: what is compared are coefficients, predictors and decisions.
import { fitGlm } from "../../dist/engine/algorithms/glm/fit.js";
import { planPath, prepare, walkPath } from "../../dist/engine/algorithms/glmnet/fit.js";
import { mixtureOf } from "../../dist/engine/algorithms/super-learner/weights.js";
import { numericColumn, takeRows } from "../../dist/engine/table.js";
import { drain, fitted, fixture, halves, largest, problemOf, sampleColumns, sampleProblem } from "./_parts.mjs";

const atLeastOne = (value) => Math.max(1, Math.abs(value));
const relative = (value) => Math.max(Math.abs(value), 1e-12);

export function* glm() {
  for (const one of fixture("glm/reference").cases) {
    const problem = problemOf(sampleColumns(one.sample), one.target, { features: one.features, isWeighted: one.weighted });
    const family = one.family === "binomial" || one.family === "multinomial" ? "gaussian" : one.family;
    const settings = { inverseFrequency: false, family, intercept: one.intercept, missingFlags: false, epsilon: 1e-8, maxit: 50 };
    const { table } = drain(fitGlm(problem, settings, { seed: 1, validation: null })).parts;
    const own = (values) => [...values].filter((_, at) => at % table.width >= (one.intercept ? 0 : 1));
    const peer = one.family === "multinomial" ? "R: nnet" : "R: glm";
    const line = (what, mine, theirs) => ({ what, peer, difference: largest(mine, theirs, relative), tolerance: 1e-6 });
    yield line("coefficients, relative", own(table.coefficients), one.coefficients);
    yield line("standard errors, relative", own(table.errors), one.errors);
    yield line("test statistics, relative", own(table.statistics), one.statistics);
  }
}

const PATH = {
  ...{ lambda: null, rule: "lambda.1se", folds: 10, inverseFrequency: false, lambdas: 100, minRatio: null },
  ...{ standardize: true, intercept: true, missingFlags: false, thresh: 1e-20, maxit: 10_000_000 },
};

function pathProblem(one) {
  const all = sampleColumns(one.sample).filter((column) => !(one.family === "gaussian" && column.name === "diagnosis"));
  const index = Int32Array.from({ length: Math.ceil(all[0].values.length / one.step) }, (_, i) => i * one.step);
  const columns = all.map((column) => takeRows(column, index));
  return problemOf(columns, one.target, { isWeighted: one.weighted });
}

export function* glmnet() {
  const peer = "R: glmnet";
  for (const one of fixture("glmnet/paths").cases) {
    const { alpha, nlambda: lambdas, standardize, intercept } = one;
    const prepared = prepare(pathProblem(one), { ...PATH, alpha, lambdas, standardize, intercept });
    const plan = planPath(prepared);
    const options = { automatic: plan.automatic, fold: null, folds: 0, validation: null };
    const walk = drain(walkPath(prepared, plan.solver, plan.lambdas, options));
    // In standard deviations of the features, whose units differ by a factor of 100,000.
    const scale = [1, ...prepared.matrix.deviations];
    let most = 0;
    for (const [set, path] of one.coefficients.entries()) {
      for (const [k, theirs] of path.entries()) {
        const own = [walk.intercepts[k][set], ...walk.slopes[k][set]].slice(0, theirs.length);
        const scaled = theirs.map((value, j) => value * scale[j]);
        most = Math.max(
          most,
          largest(
            own.map((value, j) => value * scale[j]),
            scaled,
            atLeastOne,
          ),
        );
      }
    }
    yield { what: `${one.family}: coefficients along the path`, peer, difference: most, tolerance: 1e-6 };
  }
  for (const one of fixture("glmnet/cross-validation").cases) {
    const prepared = prepare(pathProblem(one), { ...PATH, alpha: one.alpha });
    const { solver } = planPath(prepared);
    const fold = Int32Array.from({ length: prepared.problem.rows }, (_, i) => i % one.folds);
    const options = { automatic: false, fold, folds: one.folds, validation: null };
    const { errors } = drain(walkPath(prepared, solver, Float64Array.from(one.lambda), options));
    const own = errors.map((error) => error.mean);
    yield { what: "cross-validated loss, relative", peer, difference: largest(own, one.mean, relative), tolerance: 1e-6 };
  }
}

export function* gam() {
  for (const one of fixture("gam/reference").cases) {
    const problem = problemOf(sampleColumns(one.sample), one.target, { features: one.features, isWeighted: one.weighted });
    const isClass = problem.classes.length > 0;
    const spread = Math.sqrt(one.predictor.reduce((sum, value) => sum + value * value, 0) / one.predictor.length);
    const predictor = (settings) => {
      const p = fitted("GAM", problem, { k: one.k, ...settings }).predict(problem.features);
      return Array.from({ length: problem.rows }, (_, i) => (isClass ? Math.log(p[2 * i + 1] / p[2 * i]) : p[i]));
    };
    const fixed = largest(predictor({ lambda: 10 }), one.fixed_predictor, () => Math.max(1, spread));
    yield { what: "predictor at the same smoothness", peer: "R: mgcv", difference: fixed, tolerance: 1e-6 };
    const chosen = largest(predictor({}), one.predictor, () => spread);
    const what = `predictor at the smoothness chosen, ${isClass ? "classes" : "regression"}`;
    yield { what, peer: "R: mgcv", difference: chosen, tolerance: isClass ? 0.05 : 0.002 };
  }
}

export function* linearSvm() {
  for (const one of fixture("svm/reference").linear) {
    const problem = sampleProblem(one.sample, { isWeighted: one.weighted });
    const own = fitted("LinearSVM", problem, { cost: one.cost, tolerance: 1e-9, maxit: 1_000_000 }).parts.coefficients;
    yield { what: "coefficients", peer: "LIBLINEAR", difference: largest(own, one.coefficients), tolerance: 1e-6 };
  }
}

export function* radialSvm() {
  for (const one of fixture("svm/reference").radial) {
    const problem = sampleProblem(one.sample, { isWeighted: one.weighted });
    const own = fitted("RadialSVM", problem, { cost: one.cost, gamma: one.gamma, tolerance: 1e-9 }).decisions(problem.features);
    // Kernel values are kept in single precision on both sides; the cost multiplies their rounding.
    const size = Math.max(1, one.cost / 10);
    yield { what: "decisions, per 10 of cost", peer: "libsvm", difference: largest(own, one.decisions) / size, tolerance: 1e-6 };
  }
}

export function* isotonic() {
  for (const one of fixture("isotonic/reference").cases) {
    const problem = sampleProblem(one.sample, { features: [one.feature], isWeighted: one.weighted });
    const p = fitted("Isotonic", problem, { direction: one.direction }).predict([numericColumn(one.feature, one.fresh)]);
    const own = one.predicted.map((_, i) => (problem.classes.length === 0 ? p[i] : p[2 * i + 1]));
    yield { what: "predictions", peer: "scikit-learn", difference: largest(own, one.predicted, atLeastOne), tolerance: 2e-9 };
  }
}

export function* nnls() {
  for (const one of fixture("nnls/reference").cases) {
    const whole = sampleProblem(one.sample, { isWeighted: one.weighted });
    const target = whole.classes.length === 0 ? whole.target : whole.target.map((code) => (code === 1 ? 1 : 0));
    const problem = { ...whole, task: "regression", classes: [], target };
    const { coefficients, deviations } = fitted("NNLS", problem, { intercept: one.intercept }).parts;
    const size = (_, at) => 1 / (at === 0 ? 1e-3 : deviations[at - 1]);
    const own = one.coefficients.map((_, at) => coefficients[at]);
    yield { what: "coefficients", peer: "R: nnls", difference: largest(own, one.coefficients, size), tolerance: 1e-6 };
  }
}

export function* superLearner() {
  for (const one of fixture("super-learner/reference").cases) {
    const problem = {
      task: "regression",
      rows: one.outcome.length,
      features: [],
      target: Float64Array.from(one.outcome),
      classes: [],
      weights: null,
    };
    const members = one.predictions.map((values) => Float64Array.from(values));
    const own = mixtureOf(members, problem, Float64Array.from(one.weights));
    yield { what: "weights of the members", peer: "R: nnls", difference: largest(own, one.mixture), tolerance: 1e-9 };
  }
}

export function* knn() {
  for (const one of fixture("knn/reference").cases) {
    const [training, fresh] = halves(sampleProblem(one.sample));
    const model = fitted("KNN", training, { k: one.k, weights: one.weights, scale: one.scale });
    const own = model.predict(fresh.features);
    const width = own.length / one.clear.length;
    // Where the last neighbour is a tie, either answer is right.
    const clear = (_, at) => one.clear[Math.floor(at / width)] !== 0;
    const difference = largest(own.filter(clear), one.predicted.filter(clear), atLeastOne);
    yield { what: "shares and means", peer: "scikit-learn", difference, tolerance: 1e-9 };
  }
}
