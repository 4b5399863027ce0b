import type { Algorithm } from "../../algorithm.ts";
import { fitRules } from "./fit.ts";
import { HYPERPARAMETERS } from "./hyperparameters.ts";
import { loadModel } from "./model.ts";

/**
 * A sparse linear model of rules: every node of boosted trees but the roots is a rule (the conditions on the way to it), and an elastic net on
 * the rules' 0/1 columns, not standardised, chooses among them.
 *
 * - Missing values, categories, infinities: as LightGBM here. Rules that no or every training row keeps, and those that split the rows as an
 *   earlier one does, are left out. No split at all, one row or one class: the answer without features.
 * - Weights: in the trees and in the elastic net.
 * - No linear terms beside the rules, unlike the source: thresholds of single features stand for them.
 *
 * Same seed, same bits: it draws the rows of each tree and the folds. Cost: that of the boosting, and of an elastic net with as many columns as
 * rules, up to 64 million cells; where they would be more, rules of later trees are left out.
 * Source: Friedman & Popescu (2008), Ann Appl Stat 2(3):916–954, doi:10.1214/07-AOAS148.
 */
export const lightRuleFit: Algorithm = {
  name: "LightRuleFit",
  title: "Rules",
  description: "sparse linear model of rules from boosted trees",
  source: "Friedman & Popescu (2008), Ann Appl Stat 2(3):916–954, doi:10.1214/07-AOAS148",
  supports: { classification: true, regression: true, survival: false },
  handles: { missing: true, categories: true },
  hyperparameters: HYPERPARAMETERS,
  fit: fitRules,
  load: loadModel,
};
