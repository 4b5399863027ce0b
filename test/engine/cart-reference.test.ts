import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fitCart } from "../../src/engine/algorithms/cart/fit.ts";
import type { Settings } from "../../src/engine/algorithms/cart/hyperparameters.ts";
import type { Column } from "../../src/engine/table.ts";
import { drain, problemOf, sampleColumns } from "../support/sample-columns.ts";

// The fixtures come from R's rpart with xval 0 (make.R beside them): the same questions, rows, risks and predictions.
interface Case {
  sample: string;
  target: string;
  cp: number;
  minsplit: number;
  minbucket: number;
  maxdepth: number;
  criterion: "gini" | "information";
  weighted: boolean;
  holes: number;
  drop: string[];
  column: (number | null)[];
  threshold: (number | null)[];
  rows: number[];
  risk: number[];
  predicted: number[];
}

const cases = JSON.parse(readFileSync(new URL("../fixtures/cart/rpart.json", import.meta.url), "utf8")).cases as Case[];

/** Removes every `step`-th value of each column but the target, starting one row later from column to column. */
function withHoles(columns: readonly Column[], target: string, step: number): Column[] {
  return columns.map((column, j) => {
    if (step === 0 || column.name === target) return column;
    const missing = (i: number): boolean => i >= j && (i - j) % step === 0;
    if (column.kind === "numeric") return { ...column, values: column.values.map((value, i) => (missing(i) ? Number.NaN : value)) };
    return { ...column, codes: column.codes.map((code, i) => (missing(i) ? -1 : code)) };
  });
}

function question(column: string | null, threshold: number | null, rows: number, risk: number): string {
  const cut = threshold === null || Number.isNaN(threshold) ? "levels" : threshold.toPrecision(10);
  return `${rows} rows, risk ${Math.max(0, risk).toFixed(4)}: ${column === null ? "leaf" : `${column} at ${cut}`}`;
}

describe("the tree is rpart's", () => {
  for (const one of cases) {
    const variant = [one.criterion, one.weighted ? "weighted" : "", one.holes > 0 ? `holes ${one.holes}` : ""].filter(
      (word) => word !== "",
    );
    test(`${one.sample}, ${one.target}, cp ${one.cp}, minsplit ${one.minsplit}, ${variant.join(", ")}`, () => {
      const columns = withHoles(sampleColumns(one.sample), one.target, one.holes).filter((column) => !one.drop.includes(column.name));
      const rows = columns[0]?.kind === "numeric" ? columns[0].values.length : (columns[0]?.codes.length ?? 0);
      const weights = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3));
      const problem = problemOf(columns, one.target, one.weighted ? { weights } : {});
      const settings: Settings = {
        cp: one.cp,
        maxDepth: one.maxdepth,
        minSplit: one.minsplit,
        minBucket: one.minbucket,
        folds: 0,
        inverseFrequency: false,
        pruneCp: null,
        rule: "1se",
        criterion: one.criterion,
        maxSurrogates: 5,
      };
      const { result: model } = drain(fitCart(problem, settings, { seed: 1, validation: null }));

      const mean = one.weighted ? weights.reduce((sum, weight) => sum + weight, 0) / rows : 1; // risks are counted in weights of mean 1
      const own = model.parts.nodes.map(({ split, rows: count, risk }) =>
        question(split === null ? null : problem.features[split.feature]!.name, split?.threshold ?? null, count, risk * mean),
      );
      const theirs = one.column.map((column, t) =>
        question(column === null ? null : columns[column]!.name, one.threshold[t]!, one.rows[t]!, one.risk[t]!),
      );
      expect(own.sort()).toEqual(theirs.sort());

      const predicted = model.predict(problem.features);
      const width = Math.max(1, problem.classes.length);
      const every = one.sample === "titanic" ? 41 : 7;
      for (const [at, expected] of one.predicted.entries()) {
        const row = Math.floor(at / width) * every;
        expect(predicted[row * width + (at % width)]! / Math.max(1, Math.abs(expected))).toBeCloseTo(
          expected / Math.max(1, Math.abs(expected)),
          10,
        );
      }
    });
  }
});
