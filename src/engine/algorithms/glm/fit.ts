import type { FitContext, FitStep, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import { designMatrix, learnDesign } from "../../design-matrix.ts";
import { type ScaledDesign, scaleDesign } from "./design.ts";
import { normalTails, studentTails } from "./distributions.ts";
import type { Settings } from "./hyperparameters.ts";
import { classLikelihood, type Likelihood, numericLikelihood } from "./likelihood.ts";
import { type CoefficientTable, type Facts, GlmModel, rawScores } from "./model.ts";
import { Newton } from "./newton.ts";
import { meanDeviance } from "./watch.ts";

/** Fits by Newton steps, one yielded each. See `glm.ts` for what is promised. */
export function* fitGlm(problem: Problem, settings: Settings, context: FitContext): Generator<FitStep, GlmModel, void> {
  const weights = absoluteWeights(problem, settings);
  const plan = learnDesign(problem.features, { dropReference: true, missingFlags: settings.missingFlags, weights });
  const design = scaleDesign(designMatrix(plan, problem.features), problem.rows, plan.cols, weights, settings.intercept);
  const present = presentClasses(problem, weights);
  const likelihood =
    problem.task === "regression" ? numericLikelihood(problem, weights, settings.family) : classLikelihood(problem, weights, present);
  const newton = new Newton(design, likelihood, settings, weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const nullDeviance = nullDevianceOf(likelihood, problem.rows, settings.intercept);
  const build = (table: CoefficientTable, facts: Facts): GlmModel =>
    new GlmModel({
      task: problem.task,
      classes: problem.classes.length,
      family: problem.task === "regression" ? settings.family : "classes",
      present,
      plan,
      table,
      deviations: design.deviations,
      facts,
    });
  const validation = context.validation;
  const watched = validation === null ? null : designMatrix(plan, validation.features);
  likelihood.update(newtonScores(newton, design));
  while (likelihood.sets > 0 && !newton.isDone) {
    newton.step();
    const values: Record<string, number> = { training: newton.state.deviance / total };
    if (validation !== null && watched !== null) {
      const table = tableOf(newton, design, likelihood, null);
      const scores = rawScores(watched, validation.rows, table);
      values.validation = meanDeviance(validation, scores, settings.family, present);
    }
    yield { step: newton.state.iterations, total: settings.maxit, values, measure: "deviance" };
  }
  newton.finish();
  const rows = weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
  const spread = spreadOf(newton, likelihood, rows);
  return build(tableOf(newton, design, likelihood, spread), factsOf(newton, design, likelihood, { nullDeviance, rows, spread }));
}

/** Case weights at the size they were given: standard errors of counts and classes depend on it. */
function absoluteWeights(problem: Problem, settings: Settings): Float64Array {
  const weights = caseWeights(problem, settings.inverseFrequency);
  if (problem.weights === null) return weights;
  const mean = problem.weights.reduce((sum, weight) => sum + weight, 0) / problem.rows;
  return weights.map((weight) => weight * mean);
}

function presentClasses(problem: Problem, weights: Float64Array): number[] {
  if (problem.task === "regression") return [];
  const seen = new Uint8Array(problem.classes.length);
  for (let i = 0; i < problem.rows; i++) if (weights[i]! > 0) seen[problem.target[i]!] = 1;
  return [...seen.keys()].filter((code) => seen[code] === 1);
}

/** The deviance with the intercept alone, or with no score at all. */
function nullDevianceOf(likelihood: Likelihood, rows: number, hasIntercept: boolean): number {
  return likelihood.update(Array.from(likelihood.start, (start) => new Float64Array(rows).fill(hasIntercept ? start : 0)));
}

/** Scores at the start: the intercepts alone. */
function newtonScores(newton: Newton, design: ScaledDesign): Float64Array[] {
  return newton.state.coefficients.map((own) => new Float64Array(design.rows).fill(design.hasIntercept ? (own[0] ?? 0) : 0));
}

export interface Spread {
  /** Factor of the variance of the coefficients: 1, or the estimated dispersion. NaN without degrees of freedom. */
  readonly dispersion: number;
  /** Rows that count, minus coefficients. */
  readonly freedom: number;
}

function spreadOf(newton: Newton, likelihood: Likelihood, rows: number): Spread {
  const freedom = rows - newton.state.kept.length;
  const dispersion = likelihood.hasDispersion ? (freedom > 0 ? likelihood.pearson() / freedom : Number.NaN) : 1;
  return { dispersion, freedom };
}

/** Coefficients in the units of the data; with `spread` also their standard errors and tests. Columns without a coefficient are NaN in the tests. */
function tableOf(newton: Newton, design: ScaledDesign, likelihood: Likelihood, spread: Spread | null): CoefficientTable {
  const { kept, coefficients, information, separated } = newton.state;
  const sets = likelihood.sets;
  const width = design.cols + (design.hasIntercept ? 0 : 1);
  const first = design.hasIntercept ? 1 : 0;
  const table: CoefficientTable = {
    sets,
    width,
    coefficients: new Float64Array(sets * width),
    errors: new Float64Array(sets * width).fill(Number.NaN),
    statistics: new Float64Array(sets * width).fill(Number.NaN),
    pValues: new Float64Array(sets * width).fill(Number.NaN),
  };
  for (let set = 0; set < sets; set++) {
    const own = coefficients[set]!;
    for (const [a, column] of kept.entries()) {
      if (column < first) {
        table.coefficients[set * width]! += own[a]!;
        continue;
      }
      const j = column - first;
      const slope = own[a]! / design.scales[j]!;
      table.coefficients[set * width + 1 + j] = slope;
      table.coefficients[set * width]! -= slope * design.centers[j]!;
    }
    if (spread === null || information === null || separated) continue;
    for (const [a, column] of kept.entries()) {
      const at = column < first ? 0 : 1 + column - first;
      const direction = rawDirection(kept, design, a, set, sets);
      fillTest(table, set * width + at, Math.sqrt(spread.dispersion * information.quadratic(direction)), likelihood, spread);
    }
  }
  return table;
}

/** The combination of scaled coefficients that a raw one is. */
function rawDirection(kept: readonly number[], design: ScaledDesign, a: number, set: number, sets: number): Float64Array {
  const first = design.hasIntercept ? 1 : 0;
  const direction = new Float64Array(kept.length * sets);
  const offset = set * kept.length;
  if (kept[a]! >= first) {
    direction[offset + a] = 1 / design.scales[kept[a]! - first]!;
    return direction;
  }
  for (const [b, column] of kept.entries()) {
    direction[offset + b] = column < first ? 1 : -design.centers[column - first]! / design.scales[column - first]!;
  }
  return direction;
}

function fillTest(table: CoefficientTable, at: number, error: number, likelihood: Likelihood, spread: Spread): void {
  const statistic = table.coefficients[at]! / error;
  table.errors[at] = error;
  table.statistics[at] = statistic;
  table.pValues[at] = likelihood.hasDispersion ? studentTails(statistic, spread.freedom) : normalTails(statistic);
}

function factsOf(
  newton: Newton,
  design: ScaledDesign,
  likelihood: Likelihood,
  given: { nullDeviance: number; rows: number; spread: Spread },
): Facts {
  const { kept, deviance, converged, separated, iterations } = newton.state;
  const parameters = kept.length * likelihood.sets;
  const minusTwoLog = likelihood.minusTwoLog(deviance);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    deviance: finite(deviance),
    null_deviance: finite(given.nullDeviance),
    aic: finite(minusTwoLog + 2 * (parameters + (likelihood.hasDispersion ? 1 : 0))),
    dispersion: finite(given.spread.dispersion),
    residual_df: given.rows * Math.max(1, likelihood.sets) - parameters,
    coefficients: parameters,
    dropped_columns: design.cols - kept.length,
    iterations,
    converged: converged || likelihood.sets === 0,
    separated,
  };
}
