import type { ModelState } from "../../algorithm.ts";
import { type Column, numericColumn } from "../../table.ts";
import { BY_CATEGORY, type ColumnHead, MISSING_LEFT, SET_WORDS } from "../light-gbm/model.ts";

/** Trees of a LightGBM model as its state holds them. */
export interface Trees {
  readonly columns: readonly ColumnHead[];
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly flags: Uint8Array;
  readonly sets: Uint32Array;
  readonly levelBins: Uint8Array;
}

/** The parts of a state that rules need. @throws {TypeError} never: the state was written by the same version of LightGBM. */
export function treesOf(state: ModelState): Trees {
  const { roots, feature, threshold, left, flags, sets, levelBins } = state.arrays;
  return {
    columns: (state.meta as unknown as { columns: readonly ColumnHead[] }).columns,
    roots: roots as Int32Array,
    feature: feature as Int32Array,
    threshold: threshold as Float64Array,
    left: left as Int32Array,
    flags: flags as Uint8Array,
    sets: sets as Uint32Array,
    levelBins: levelBins as Uint8Array,
  };
}

/** Whether a row goes left at a node, as in LightGBM's own prediction. */
function goesLeft(trees: Trees, node: number, features: readonly Column[], row: number): boolean {
  const index = trees.feature[node]!;
  const column = features[index]!;
  const flag = trees.flags[node]!;
  const x = column.kind === "numeric" ? column.values[row]! : binOf(trees, trees.columns[index]!.levels, column.codes[row]!);
  if (Number.isNaN(x)) return (flag & MISSING_LEFT) !== 0;
  if (flag < BY_CATEGORY) return x <= trees.threshold[node]!;
  return ((trees.sets[trees.threshold[node]! * SET_WORDS + (x >> 5)]! >>> (x & 31)) & 1) === 1;
}

function binOf(trees: Trees, levels: ColumnHead["levels"], code: number): number {
  if (code < 0) return Number.NaN;
  if (levels === null) return code;
  return code < levels[1] ? trees.levelBins[levels[0] + code]! : Number.NaN;
}

/** One 0/1 column per node of `nodes`: whether a row passes it on its way down its tree. Cost: O(rows × trees × depth). */
export function ruleColumns(trees: Trees, nodes: Int32Array, features: readonly Column[], rows: number): Column[] {
  const columns = Array.from(nodes, (_, index) => numericColumn(`rule ${index + 1}`, new Float64Array(rows), "integer"));
  const placeOf = new Int32Array(trees.feature.length).fill(-1);
  for (const [index, node] of nodes.entries()) placeOf[node] = index;
  for (const root of trees.roots) {
    for (let row = 0; row < rows; row++) {
      let node = root;
      while (trees.left[node]! >= 0) {
        node = trees.left[node]! + (goesLeft(trees, node, features, row) ? 0 : 1);
        if (placeOf[node]! >= 0) columns[placeOf[node]!]!.values[row] = 1;
      }
    }
  }
  return columns;
}

export interface Rule {
  readonly node: number;
  /** Features on the way to the node, each once. */
  readonly features: readonly number[];
  /** In words: `bmi <= 0.03 & smoker in {yes}`. */
  readonly text: string;
}

/** Every node but the roots, with the way to it. Trees come one after the other; children after their parents. */
export function rulesOf(trees: Trees, features: readonly Column[]): Rule[] {
  const rules: Rule[] = [];
  const walk = (node: number, path: readonly { feature: number; text: string }[]): void => {
    if (path.length > 0) {
      rules.push({ node, features: [...new Set(path.map((step) => step.feature))], text: path.map((step) => step.text).join(" & ") });
    }
    const child = trees.left[node]!;
    if (child < 0) return;
    const feature = trees.feature[node]!;
    walk(child, [...path, { feature, text: conditionOf(trees, node, features[feature]!, true) }]);
    walk(child + 1, [...path, { feature, text: conditionOf(trees, node, features[feature]!, false) }]);
  };
  for (const root of trees.roots) walk(root, []);
  return rules;
}

function conditionOf(trees: Trees, node: number, column: Column, isLeft: boolean): string {
  const missing = ((trees.flags[node]! & MISSING_LEFT) !== 0) === isLeft && hasMissing(column) ? " or missing" : "";
  if (column.kind === "numeric") return `${column.name} ${isLeft ? "<=" : ">"} ${Number(trees.threshold[node]!.toPrecision(6))}${missing}`;
  const named = column.levels.filter((_, code) => {
    const one = { ...column, codes: Int32Array.of(code) };
    const alone: Column[] = [];
    alone[trees.feature[node]!] = one;
    return goesLeft(trees, node, alone, 0) === isLeft;
  });
  return `${column.name} in {${named.join(", ")}}${missing}`;
}

function hasMissing(column: Column): boolean {
  return column.kind === "numeric" ? column.values.some(Number.isNaN) : column.codes.some((code) => code < 0);
}
