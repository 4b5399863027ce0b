import type { FitContext, FitStep, Model, Problem } from "../../algorithm.ts";
import { caseWeights } from "../../case-weights.ts";
import type { Hyperparameters } from "../../hyperparameter.ts";
import { type Column, numericColumn } from "../../table.ts";
import { fitGlmnet } from "../glmnet/fit.ts";
import { settingsOf } from "../glmnet/hyperparameters.ts";
import { GlmnetModel } from "../glmnet/model.ts";
import { boost } from "../light-gbm/boosting.ts";
import { createKernel } from "../light-gbm/kernel.ts";
import { toSettings } from "../light-gbm/settings.ts";
import { boostingValues, elasticNetValues } from "./hyperparameters.ts";
import { RuleModel } from "./model.ts";
import { type Rule, ruleColumns, rulesOf, treesOf } from "./rules.ts";

/** More rules than fit in this many cells beside the rows are thinned: trees are taken from the first on. */
const MOST_CELLS = 2 ** 26;

/** Boosts trees, takes their rules, and lets an elastic net choose among them. One step per round and per penalty. */
export function* fitRules(given: Problem, values: Hyperparameters, context: FitContext): Generator<FitStep, RuleModel, void> {
  const problem = values.ifw === true ? { ...given, weights: caseWeights(given, true) } : given;
  const counter = { steps: 0 };
  const boosted = yield* counted(
    boost(problem, toSettings(boostingValues(values)), { seed: context.seed, validation: null }, createKernel),
    counter,
    false,
  );
  const trees = treesOf(boosted.state());
  const offered = rulesOf(trees, problem.features).slice(0, Math.max(1, Math.floor(MOST_CELLS / problem.rows)));
  const { rules, columns } = distinct(offered, ruleColumns(trees, nodesOf(offered), problem.features, problem.rows));
  // With nothing to choose from the answer is the mean; one empty column tells the elastic net how many rows there are.
  const features = columns.length > 0 ? columns : [numericColumn("no rule", new Float64Array(problem.rows))];
  const watched =
    context.validation === null ? null : { ...context.validation, features: watchedColumns(context.validation, trees, rules) };
  const net = yield* counted(
    fitGlmnet({ ...problem, features }, settingsOf(elasticNetValues(values)), { seed: context.seed, validation: watched }),
    counter,
    true,
  );
  const { used, model } = withoutZeros(net);
  const chosen = columns.length === 0 ? [] : used.map((index) => rules[index]!);
  return new RuleModel({
    variables: problem.features.map((column) => column.name),
    trees,
    rules: chosen,
    net: model,
    facts: {
      rules_offered: rules.length,
      rules_kept: chosen.length,
      lambda: Number(net.facts().lambda),
      converged: net.facts().converged === true,
    },
  });
}

function watchedColumns(validation: Problem, trees: ReturnType<typeof treesOf>, rules: readonly Rule[]): Column[] {
  if (rules.length === 0) return [numericColumn("no rule", new Float64Array(validation.rows))];
  return ruleColumns(trees, nodesOf(rules), validation.features, validation.rows);
}

function nodesOf(rules: readonly Rule[]): Int32Array {
  return Int32Array.from(rules, (rule) => rule.node);
}

/** Passes steps on with numbers that go on; values only where they belong to the answer. */
function* counted<M extends Model>(
  fit: Generator<FitStep, M, void>,
  counter: { steps: number },
  isShown: boolean,
): Generator<FitStep, M, void> {
  for (;;) {
    const next = fit.next();
    if (next.done === true) return next.value;
    counter.steps++;
    yield {
      step: counter.steps,
      total: null,
      values: isShown ? next.value.values : {},
      measure: isShown ? next.value.measure : "deviance",
    };
  }
}

/** Rules that split the training rows, each split once: of a rule and its opposite, or of equal ones, the first stays. */
function distinct(rules: readonly Rule[], columns: readonly Column[]): { rules: Rule[]; columns: Column[] } {
  const seen = new Map<number, number[]>();
  const kept: number[] = [];
  for (const [index, column] of columns.entries()) {
    if (column.kind !== "numeric") continue;
    const first = column.values[0]!;
    if (column.values.every((value) => value === first)) continue;
    // The same for a column and its opposite.
    let key = 17;
    for (const value of column.values) key = (Math.imul(key, 31) + (value === first ? 1 : 2)) | 0;
    const others = seen.get(key) ?? [];
    if (others.some((other) => saysTheSame(columns[other]!, column))) continue;
    seen.set(key, [...others, index]);
    kept.push(index);
  }
  return { rules: kept.map((index) => rules[index]!), columns: kept.map((index) => columns[index]!) };
}

function saysTheSame(a: Column, b: Column): boolean {
  if (a.kind !== "numeric" || b.kind !== "numeric") return false;
  const isOpposite = a.values[0] !== b.values[0];
  return a.values.every((value, i) => (value === b.values[i]) !== isOpposite);
}

/** The columns that any set uses, and the elastic net without the others; at least one column stays in it. */
function withoutZeros(net: GlmnetModel): { used: number[]; model: GlmnetModel } {
  const { plan, slopes } = net.parts;
  const sets = slopes.length / plan.cols;
  const used = Array.from({ length: plan.cols }, (_, j) => j).filter((j) =>
    Array.from({ length: sets }, (_, k) => slopes[k * plan.cols + j]!).some((slope) => slope !== 0),
  );
  const kept = used.length > 0 ? used : [0];
  const pick = (values: Float64Array): Float64Array => Float64Array.from(kept, (j) => values[j]!);
  const smaller = {
    features: kept.map((j, place) => ({ ...plan.features[j]!, first: place })),
    cols: kept.length,
    names: kept.map((j) => plan.names[j]!),
    centers: pick(plan.centers),
    lows: pick(plan.lows),
    highs: pick(plan.highs),
  };
  const model = new GlmnetModel({
    ...net.parts,
    plan: smaller,
    slopes: Float64Array.from(
      { length: sets * kept.length },
      (_, at) => slopes[Math.floor(at / kept.length) * plan.cols + kept[at % kept.length]!]!,
    ),
    deviations: pick(net.parts.deviations),
  });
  return { used, model };
}
