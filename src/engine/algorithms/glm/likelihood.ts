import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Problem } from "../../algorithm.ts";
import { logGamma } from "./distributions.ts";
import type { Settings } from "./hyperparameters.ts";

/** What a Newton step needs to know of a family; rows of weight zero count for nothing. */
export interface Likelihood {
  /** Linear scores per row: 1, or one per class beyond the reference. */
  readonly sets: number;
  /** Intercepts of the model without features. */
  readonly start: Float64Array;
  /** Size that changes of a linear score are measured against. */
  readonly scale: number;
  /** Whether the spread is a parameter of its own, so that tests use Student's t. */
  readonly hasDispersion: boolean;
  /** Takes linear scores, shape [sets][n]. Returns the deviance over all rows; not finite where the scores are out of range. */
  update(scores: readonly Float64Array[]): number;
  /** −½ × the deviance's derivative by the scores of a set, at the last update. */
  slope(set: number, into: Float64Array): void;
  /** ½ × its expected second derivative by the scores of two sets, at the last update. */
  curvature(a: number, b: number, into: Float64Array): void;
  /** Weighted Pearson statistic at the last update; divided by the degrees of freedom it is the dispersion. */
  pearson(): number;
  /** −2 × log-likelihood where it is defined, without the dispersion's own parameter; NaN where it is not. */
  minusTwoLog(deviance: number): number;
}

/** One family of a numeric outcome, with its canonical link or, for Gamma, the logarithm. */
interface Family {
  readonly least: number;
  readonly leastText: string;
  readonly isLog: boolean;
  readonly variance: (mean: number) => number;
  readonly deviance: (y: number, mean: number) => number;
  readonly slope: (y: number, mean: number) => number;
  readonly curvature: (mean: number) => number;
}

const FAMILIES: Record<Settings["family"], Family> = {
  gaussian: {
    least: Number.NEGATIVE_INFINITY,
    leastText: "",
    isLog: false,
    variance: () => 1,
    deviance: (y, mean) => (y - mean) ** 2,
    slope: (y, mean) => y - mean,
    curvature: () => 1,
  },
  poisson: {
    least: 0,
    leastText: "0 or more",
    isLog: true,
    variance: (mean) => mean,
    deviance: (y, mean) => 2 * ((y > 0 ? y * Math.log(y / mean) : 0) - (y - mean)),
    slope: (y, mean) => y - mean,
    curvature: (mean) => mean,
  },
  Gamma: {
    least: Number.MIN_VALUE,
    leastText: "above 0",
    isLog: true,
    variance: (mean) => mean * mean,
    deviance: (y, mean) => 2 * (y / mean - 1 - Math.log(y / mean)),
    slope: (y, mean) => y / mean - 1,
    curvature: () => 1,
  },
};

/** The mean that a linear score stands for. */
export function meanOf(family: Settings["family"], score: number): number {
  return FAMILIES[family].isLog ? Math.exp(score) : score;
}

/** Deviance of one row. */
export function unitDeviance(family: Settings["family"], y: number, mean: number): number {
  return FAMILIES[family].deviance(y, mean);
}

/** @throws {InvalidArgumentError} when the family cannot take an outcome. */
export function numericLikelihood(problem: Problem, weights: Float64Array, name: Settings["family"]): Likelihood {
  const family = FAMILIES[name];
  const { target } = problem;
  const { total, mean, spread } = momentsOf(target, weights, family, name);
  const means = new Float64Array(target.length);
  return {
    sets: 1,
    start: Float64Array.of(family.isLog ? Math.log(Math.max(mean, Number.MIN_VALUE)) : mean),
    scale: family.isLog ? 1 : Math.max(spread, Number.MIN_VALUE),
    hasDispersion: name !== "poisson",
    update([scores = new Float64Array(0)]) {
      let deviance = 0;
      for (let i = 0; i < means.length; i++) {
        means[i] = family.isLog ? Math.exp(scores[i]!) : scores[i]!;
        if (weights[i]! > 0) deviance += weights[i]! * family.deviance(target[i]!, means[i]!);
      }
      return deviance;
    },
    slope(_, into) {
      for (let i = 0; i < means.length; i++) into[i] = weights[i]! > 0 ? weights[i]! * family.slope(target[i]!, means[i]!) : 0;
    },
    curvature(_a, _b, into) {
      for (let i = 0; i < means.length; i++) into[i] = weights[i]! > 0 ? weights[i]! * family.curvature(means[i]!) : 0;
    },
    pearson() {
      let sum = 0;
      for (let i = 0; i < means.length; i++) {
        if (weights[i]! > 0) sum += (weights[i]! * (target[i]! - means[i]!) ** 2) / family.variance(means[i]!);
      }
      return sum;
    },
    minusTwoLog(deviance) {
      if (name === "gaussian") return gaussianMinusTwoLog(weights, deviance);
      if (name === "Gamma") return Number.NaN;
      let sum = 0;
      for (let i = 0; i < means.length; i++) {
        const y = target[i]!;
        if (weights[i]! > 0) sum += weights[i]! * ((y > 0 ? y * Math.log(means[i]!) : 0) - means[i]! - logGamma(y + 1));
      }
      return total > 0 ? -2 * sum : Number.NaN;
    },
  };
}

function momentsOf(
  target: Float64Array,
  weights: Float64Array,
  family: Family,
  name: string,
): { total: number; mean: number; spread: number } {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < target.length; i++) {
    const y = target[i]!;
    if (!(weights[i]! > 0)) continue;
    if (!Number.isFinite(y)) throw new InvalidArgumentError(`the target is ${y} in row ${i + 1}; leave the row out or correct it`);
    if (y < family.least) {
      throw new InvalidArgumentError(
        `the target is ${y} in row ${i + 1}, but the family ${name} needs ${family.leastText}; choose family gaussian or correct the row`,
      );
    }
    total += weights[i]!;
    sum += weights[i]! * y;
  }
  const mean = sum / total;
  let square = 0;
  for (let i = 0; i < target.length; i++) if (weights[i]! > 0) square += weights[i]! * (target[i]! - mean) ** 2;
  return { total, mean, spread: Math.sqrt(square / total) };
}

function gaussianMinusTwoLog(weights: Float64Array, deviance: number): number {
  let rows = 0;
  let logs = 0;
  for (const weight of weights) {
    if (weight <= 0) continue;
    rows += 1;
    logs += Math.log(weight);
  }
  return rows * (Math.log((2 * Math.PI * deviance) / rows) + 1) - logs;
}

/**
 * Two or more classes, the first of `present` as the reference: the binomial family with logit link for two, multinomial logits beyond.
 * `present` lists the class codes that occur.
 */
export function classLikelihood(problem: Problem, weights: Float64Array, present: readonly number[]): Likelihood {
  const sets = present.length - 1;
  const rows = problem.rows;
  const own = new Int32Array(problem.classes.length).fill(-1);
  for (const [position, code] of present.entries()) own[code] = position - 1;
  const place = Int32Array.from(problem.target, (code) => own[code]!);
  const totals = new Float64Array(present.length);
  for (let i = 0; i < rows; i++) if (weights[i]! > 0) totals[place[i]! + 1]! += weights[i]!;
  const probabilities = Array.from({ length: sets }, () => new Float64Array(rows));
  return {
    sets,
    start: Float64Array.from({ length: sets }, (_, k) => Math.log(totals[k + 1]! / totals[0]!)),
    scale: 1,
    hasDispersion: false,
    update(scores) {
      let deviance = 0;
      for (let i = 0; i < rows; i++) {
        let top = 0;
        for (let k = 0; k < sets; k++) top = Math.max(top, scores[k]![i]!);
        let sum = Math.exp(-top);
        for (let k = 0; k < sets; k++) sum += probabilities[k]![i] = Math.exp(scores[k]![i]! - top);
        for (let k = 0; k < sets; k++) probabilities[k]![i]! /= sum;
        const chosen = place[i]! < 0 ? 0 : scores[place[i]!]![i]!;
        if (weights[i]! > 0) deviance += 2 * weights[i]! * (top - chosen + Math.log(sum));
      }
      return deviance;
    },
    slope(set, into) {
      const p = probabilities[set]!;
      for (let i = 0; i < rows; i++) into[i] = weights[i]! > 0 ? weights[i]! * ((place[i] === set ? 1 : 0) - p[i]!) : 0;
    },
    curvature(a, b, into) {
      const p = probabilities[a]!;
      const q = probabilities[b]!;
      if (a === b) for (let i = 0; i < rows; i++) into[i] = weights[i]! * p[i]! * (1 - p[i]!);
      else for (let i = 0; i < rows; i++) into[i] = -weights[i]! * p[i]! * q[i]!;
    },
    pearson: () => Number.NaN,
    minusTwoLog: (deviance) => deviance,
  };
}
