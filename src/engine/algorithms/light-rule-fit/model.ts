import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Importance, Model, ModelState } from "../../algorithm.ts";
import { inBlocks, rowCount } from "../../scaled-design.ts";
import { type Column, numericColumn } from "../../table.ts";
import { type GlmnetModel, loadModel as loadNet } from "../glmnet/model.ts";
import { type Rule, ruleColumns, type Trees, treesOf } from "./rules.ts";

const ROWS_AT_ONCE = 4096;

interface Parts {
  readonly variables: readonly string[];
  readonly trees: Trees;
  /** Those with a coefficient, in the order of the net's columns; none when the answer is the mean. */
  readonly rules: readonly Rule[];
  readonly net: GlmnetModel;
  readonly facts: Readonly<Record<string, number | boolean>>;
}

/** A sparse linear model of rules. */
export class RuleModel implements Model {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  predict(features: readonly Column[]): Float64Array {
    const { trees, rules, net, variables } = this.parts;
    if (features.length !== variables.length) {
      throw new InvalidArgumentError(
        `the rules were made from ${variables.length} features and got ${features.length}; pass them all, in training order`,
      );
    }
    const width = Math.max(1, net.parts.classes);
    const out = new Float64Array(rowCount(features) * width);
    const nodes = Int32Array.from(rules, (rule) => rule.node);
    inBlocks(features, ROWS_AT_ONCE, (part, start, count) => {
      const columns = rules.length > 0 ? ruleColumns(trees, nodes, part, count) : [numericColumn("no rule", new Float64Array(count))];
      out.set(net.predict(columns), start * width);
    });
    return out;
  }

  /** The rules in words with their coefficients, one per set (several classes have several), largest first. */
  rules(): { readonly text: string; readonly coefficients: readonly number[] }[] {
    const { rules, net } = this.parts;
    const { slopes, plan } = net.parts;
    const size = (coefficients: readonly number[]): number => coefficients.reduce((sum, value) => sum + Math.abs(value), 0);
    return rules
      .map((rule, j) => ({
        text: rule.text,
        coefficients: Array.from({ length: slopes.length / plan.cols }, (_, k) => slopes[k * plan.cols + j]!),
      }))
      .sort((a, b) => size(b.coefficients) - size(a.coefficients));
  }

  /** `rules`: |coefficient| × standard deviation of every rule, shared equally among its features (Friedman & Popescu 2008, section 7). */
  importance(): Importance {
    const { variables, rules, net } = this.parts;
    const { slopes, plan, deviations } = net.parts;
    const shares = new Float64Array(variables.length);
    for (const [j, rule] of rules.entries()) {
      for (let at = j; at < slopes.length; at += plan.cols) {
        for (const feature of rule.features) shares[feature]! += (Math.abs(slopes[at]!) * deviations[j]!) / rule.features.length;
      }
    }
    return { variables, measures: { rules: shares } };
  }

  facts(): Parts["facts"] {
    return this.parts.facts;
  }

  state(): ModelState {
    const { variables, trees, rules, net, facts } = this.parts;
    const { columns, ...arrays } = trees;
    const inner = net.state();
    return {
      meta: { version: 1, learner: "LightRuleFit", variables, columns, rules, facts, net: inner.meta },
      arrays: { ...arrays, ...Object.fromEntries(Object.entries(inner.arrays).map(([name, array]) => [`net/${name}`, array])) },
    };
  }
}

/** The inverse of `state`. @throws {InvalidArgumentError} for another version's or learner's state. */
export function loadModel(state: ModelState): RuleModel {
  const { meta } = state;
  if (meta.version !== 1 || meta.learner !== "LightRuleFit") {
    throw new InvalidArgumentError("this is not the state of a LightRuleFit model of version 1; it is damaged or of another learner");
  }
  const inner = Object.entries(state.arrays).filter(([name]) => name.startsWith("net/"));
  return new RuleModel({
    variables: meta.variables as readonly string[],
    trees: treesOf(state),
    rules: meta.rules as readonly Rule[],
    net: loadNet({
      meta: meta.net as ModelState["meta"],
      arrays: Object.fromEntries(inner.map(([name, array]) => [name.slice(4), array])),
    }),
    facts: meta.facts as Parts["facts"],
  });
}
