import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState, Task } from "../../algorithm.ts";
import { designFromState, designMatrix, designState } from "../../design-matrix.ts";
import { inBlocks, rowCount } from "../../scaled-design.ts";
import type { Column } from "../../table.ts";
import { basisAt, type Term, widthOf } from "./basis.ts";
import { probability } from "./solver.ts";
import type { GamPlan } from "./terms.ts";

const CELLS_AT_ONCE = 2 ** 22;

export type Facts = Readonly<Record<string, number | boolean>>;

export interface GamParts {
  readonly task: Task;
  /** 0 for regression. */
  readonly classes: number;
  readonly plan: GamPlan;
  /** Shape [sets, width]: the intercept, then each term's coefficients. One set for numbers and two classes, one per class for more. */
  readonly coefficients: Float64Array;
  /** Per feature: standard deviation of its effect, and its effective degrees of freedom, summed over sets. */
  readonly spread: Float64Array;
  readonly edf: Float64Array;
  readonly facts: Facts;
}

/** A fitted additive model. */
export class GamModel implements Model {
  readonly parts: GamParts;

  constructor(parts: GamParts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { plan, classes } = this.parts;
    const width = Math.max(1, classes);
    const out = new Float64Array(rowCount(features) * width);
    inBlocks(features, Math.max(1, Math.floor(CELLS_AT_ONCE / (plan.design.cols + 1))), (part, start, count) => {
      const scores = this.#scores(part, count);
      for (let i = 0; i < count; i++) {
        const own = scores.map((set) => set[i]!);
        if (classes === 0) out[start + i] = own[0]!;
        else if (classes === 2) {
          const p = probability(own[0]!);
          out.set([1 - p, p], (start + i) * 2);
        } else {
          const shares = own.map((score) => Math.max(1e-12, probability(score)));
          const sum = shares.reduce((total, share) => total + share, 0);
          for (const [k, share] of shares.entries()) out[(start + i) * classes + k] = share / sum;
        }
      }
    });
    return out;
  }

  /** Linear predictors, shape [sets][count]. */
  #scores(part: readonly Column[], count: number): Float64Array[] {
    const { plan, coefficients } = this.parts;
    const matrix = designMatrix(plan.design, part);
    const width = 1 + plan.terms.reduce((sum, term) => sum + widthOf(term), 0);
    return Array.from({ length: coefficients.length / width }, (_, set) => {
      const own = coefficients.subarray(set * width, (set + 1) * width);
      const scores = new Float64Array(count).fill(own[0]!);
      let first = 1;
      for (const term of plan.terms) {
        addTerm(term, this.#columnsOf(term, matrix, count), own.subarray(first, first + widthOf(term)), scores);
        first += widthOf(term);
      }
      return scores;
    });
  }

  /** The columns of the design matrix that a term reads, one after the other. */
  #columnsOf(term: Term, matrix: Float64Array, count: number): Float64Array {
    const { features } = this.parts.plan.design;
    const first = term.kind === "linear" ? term.column : features[term.feature]!.first;
    const width = term.kind === "levels" ? term.shares.length : 1;
    return matrix.subarray(first * count, (first + width) * count);
  }

  /** `effect`: standard deviation of a feature's part of the linear predictor, summed over classes; `edf`: its effective degrees of freedom. */
  importance(): Importance {
    const { plan, spread, edf } = this.parts;
    return { variables: plan.design.features.map((feature) => feature.feature), measures: { effect: spread, edf } };
  }

  facts(): Facts {
    return this.parts.facts;
  }

  state(): ModelState {
    const { task, classes, plan, coefficients, spread, edf, facts } = this.parts;
    const design = designState(plan.design);
    return {
      meta: { version: 1, learner: "GAM", task, classes, facts, terms: plan.terms, design: design.meta },
      arrays: { ...design.arrays, coefficients, spread, edf },
    };
  }
}

/** Adds what a term says of each row to the scores. */
function addTerm(term: Term, values: Float64Array, coefficients: Float64Array, scores: Float64Array): void {
  const rows = scores.length;
  if (term.kind === "linear") {
    for (let i = 0; i < rows; i++) scores[i]! += (coefficients[0]! * (values[i]! - term.center)) / term.scale;
  } else if (term.kind === "levels") {
    for (const [j, share] of term.shares.entries()) {
      for (let i = 0; i < rows; i++) scores[i]! += coefficients[j]! * (values[j * rows + i]! - share);
    }
  } else {
    const basis = new Float64Array(term.size);
    for (let i = 0; i < rows; i++) {
      basisAt(term, values[i]!, basis);
      for (let m = 0; m < term.size; m++) scores[i]! += basis[m]! * coefficients[m]!;
    }
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): GamModel {
  const { meta } = state;
  const { coefficients, spread, edf } = state.arrays;
  const isWhole =
    meta.version === 1 &&
    meta.learner === "GAM" &&
    coefficients instanceof Float64Array &&
    spread instanceof Float64Array &&
    edf instanceof Float64Array;
  if (!isWhole) throw new InvalidArgumentError("this is not the state of a GAM of version 1; it is damaged or of another learner");
  return new GamModel({
    task: meta.task as Task,
    classes: meta.classes as number,
    plan: { design: designFromState(meta.design as Readonly<Record<string, unknown>>, state.arrays), terms: meta.terms as readonly Term[] },
    coefficients,
    spread,
    edf,
    facts: meta.facts as Facts,
  });
}
