import { InvalidArgumentError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { alignFeatures } from "../model/features.ts";
import type { SavedModel } from "../model/model-file.ts";
import { applyRecipe } from "../preprocessing/recipe.ts";
import { type Column, categoricalColumn, columnOf, isMissing, numberLabel, numericColumn, type Table, takeRows } from "../table.ts";
import { bandOf, DEPENDENCE_ROWS, dependence } from "./partial-dependence.ts";
import { permutationImportance } from "./permutation.ts";

export const EXPLANATIONS = ["permutation", "partial_dependence", "ice", "contributions"] as const;
export type Explanation = (typeof EXPLANATIONS)[number];

export interface ExplainRequest {
  readonly kind: Explanation;
  /** The feature of `partial_dependence` and `ice`; otherwise null. */
  readonly feature: string | null;
  /** Shuffles per feature, for `permutation`. */
  readonly repeats: number;
  readonly seed: number;
}

export interface Explained {
  readonly table: Table;
  /** What the numbers are, JSON-safe. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Rows that contributions are answered for, at most. */
const CONTRIBUTION_ROWS = 10_000;
/** Rows that are shuffled, at most. */
const PERMUTATION_ROWS = 20_000;
/** Rows whose own curves are answered, at most. */
const ICE_ROWS = 100;

/**
 * Explains a saved model on a table's rows.
 *
 * - `permutation`: `feature`, `rise`, `deviation`, in the model's order of columns. The table needs the target. Rows without it are left out.
 * - `partial_dependence`: `value` (the feature's grid), `class` (classes only), `mean`, `low`, `high` (tenth and ninetieth percentile of rows).
 * - `ice`: `value`, `row` (1-based), `class`, `predicted`; up to 100 rows, evenly spaced.
 * - `contributions`: `row`, `class` (several outputs only), `baseline`, `contribution_<feature>` as the learner saw it, `score`; trees only.
 *
 * Larger tables are thinned evenly; `facts.rows` tells how many rows counted. Same table, model, request: same bits.
 * @throws {InvalidArgumentError} when the feature, the target or the learner's contributions are not there; it names what is.
 */
export function explainTable(saved: SavedModel, table: Table, request: ExplainRequest): Explained {
  const { columns, warnings } = alignFeatures(saved.header.features, table);
  switch (request.kind) {
    case "permutation":
      return { ...permutation(saved, table, columns, request), warnings };
    case "contributions":
      return { ...contributions(saved, columns, table.rows), warnings };
    default:
      return { ...dependent(saved, columns, table.rows, request), warnings };
  }
}

function predictor({ model, recipe }: SavedModel): (features: readonly Column[]) => Float64Array {
  return (features) => model.predict(recipe === null ? features : applyRecipe(recipe, features));
}

/** Up to `most` positions, evenly spaced. */
function spaced(rows: number, most: number): Int32Array {
  const count = Math.min(rows, most);
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count));
}

function permutation(
  saved: SavedModel,
  table: Table,
  columns: readonly Column[],
  { repeats, seed }: ExplainRequest,
): Omit<Explained, "warnings"> {
  const { target, classes, task } = saved.header;
  const outcome = columnOf(table, target);
  if (outcome === null) {
    throw new InvalidArgumentError(
      `The data has no column "${target}", and only with the outcome can one see how much worse predictions become.`,
      {
        details: { column: target },
      },
    );
  }
  const known = Int32Array.from({ length: table.rows }, (_, row) => row).filter(
    (row) => !isMissing(outcome, row) && codeOf(outcome, row, classes) >= 0,
  );
  if (known.length === 0) throw new InvalidArgumentError(`No row of "${target}" holds an outcome that the model knows.`);
  const rows = spaced(known.length, PERMUTATION_ROWS).map((at) => known[at]!);
  const found = permutationImportance({
    task,
    features: columns.map((column) => takeRows(column, rows)),
    target: Float64Array.from(rows, (row) => (classes.length === 0 ? numberOf(outcome, row) : codeOf(outcome, row, classes))),
    classes: classes.length,
    predict: predictor(saved),
    repeats,
    seed,
  });
  return {
    table: {
      rows: found.features.length,
      columns: [
        categoricalColumn("feature", found.features, found.features),
        numericColumn("rise", found.rise),
        numericColumn("deviation", found.deviation),
      ],
    },
    facts: { measure: found.measure, baseline: found.baseline, rows: rows.length, repeats },
  };
}

/** The class code of an outcome, by its label; 0 for regression, -1 for a class that training did not see or text instead of a number. */
function codeOf(outcome: Column, row: number, classes: readonly string[]): number {
  if (classes.length === 0) return Number.isFinite(numberOf(outcome, row)) ? 0 : -1;
  return classes.indexOf(
    outcome.kind === "numeric" ? numberLabel(outcome.type, outcome.values[row]!) : outcome.levels[outcome.codes[row]!]!,
  );
}

function numberOf(outcome: Column, row: number): number {
  return outcome.kind === "numeric" ? outcome.values[row]! : Number.NaN;
}

function dependent(
  saved: SavedModel,
  columns: readonly Column[],
  rows: number,
  { kind, feature }: ExplainRequest,
): Omit<Explained, "warnings"> {
  const names = columns.map((column) => column.name);
  const j = names.indexOf(feature ?? "");
  if (j < 0) {
    throw new InvalidArgumentError(
      feature === null
        ? `Name the feature to follow. Known: ${names.join(", ")}.`
        : `The model has no feature "${feature}".${didYouMean(feature, names)}`,
      { details: { feature, features: names } },
    );
  }
  const followed = spaced(rows, kind === "ice" ? ICE_ROWS : DEPENDENCE_ROWS);
  if (followed.length === 0) throw new InvalidArgumentError("The data has no rows.");
  const found = dependence(columns, j, followed, predictor(saved));
  const points = found.grid.kind === "numeric" ? found.grid.values.length : found.grid.codes.length;
  const { classes } = saved.header;
  // For two classes the second says it all.
  const outputs = classes.length === 0 ? [0] : classes.length === 2 ? [1] : [...classes.keys()];
  const facts = {
    feature,
    rows: followed.length,
    scale: classes.length === 0 ? "value" : "probability",
    classes: outputs.map((k) => classes[k] ?? null),
  };
  if (kind === "ice") return { table: curvesTable(found, points, followed, outputs, classes), facts };
  const grid = gridColumn(
    found.grid,
    Int32Array.from({ length: points * outputs.length }, (_, at) => at % points),
  );
  const bands = outputs.map((output) => bandOf(found, output));
  const joined = (part: "mean" | "low" | "high"): Float64Array => Float64Array.from(bands.flatMap((band) => [...band[part]]));
  const labels = outputs.flatMap((output) => new Array<string>(points).fill(classes[output] ?? ""));
  return {
    table: {
      rows: points * outputs.length,
      columns: [
        grid,
        ...(classes.length === 0 ? [] : [categoricalColumn("class", labels, classes)]),
        numericColumn("mean", joined("mean")),
        numericColumn("low", joined("low")),
        numericColumn("high", joined("high")),
      ],
    },
    facts,
  };
}

/** The grid's points as a column `value`. */
function gridColumn(grid: Column, points: Int32Array): Column {
  return { ...takeRows(grid, points), name: "value" };
}

function curvesTable(
  { grid, curves, width, rows }: ReturnType<typeof dependence>,
  points: number,
  followed: Int32Array,
  outputs: readonly number[],
  classes: readonly string[],
): Table {
  const count = outputs.length * rows * points;
  const predicted = new Float64Array(count);
  const row = new Float64Array(count);
  const point = new Int32Array(count);
  const labels = new Array<string>(count);
  let at = 0;
  for (const output of outputs) {
    for (let i = 0; i < rows; i++) {
      for (let p = 0; p < points; p++, at++) {
        predicted[at] = curves[(p * rows + i) * width + output]!;
        row[at] = followed[i]! + 1;
        point[at] = p;
        labels[at] = classes[output] ?? "";
      }
    }
  }
  const own = classes.length === 0 ? [] : [categoricalColumn("class", labels, classes)];
  return {
    rows: count,
    columns: [gridColumn(grid, point), numericColumn("row", row, "integer"), ...own, numericColumn("predicted", predicted)],
  };
}

function contributions({ model, recipe, header }: SavedModel, columns: readonly Column[], rows: number): Omit<Explained, "warnings"> {
  if (model.contributions === undefined) {
    throw new InvalidArgumentError(
      `${header.algorithm} has no exact contributions; trees have (LightGBM, LightRF, CART). Permutation and partial dependence work for every learner.`,
      { details: { algorithm: header.algorithm } },
    );
  }
  const kept = spaced(rows, CONTRIBUTION_ROWS);
  const taken = columns.map((column) => takeRows(column, kept));
  const seen = recipe === null ? taken : applyRecipe(recipe, taken);
  const { baseline, values, scale } = model.contributions(seen);
  const outputs = baseline.length;
  const p = seen.length;
  const count = kept.length * outputs;
  const score = Float64Array.from({ length: count }, (_, at) =>
    values.subarray(at * p, (at + 1) * p).reduce((sum, value) => sum + value, baseline[at % outputs]!),
  );
  const labels = Array.from({ length: count }, (_, at) => header.classes[at % outputs] ?? "");
  return {
    table: {
      rows: count,
      columns: [
        numericColumn(
          "row",
          Float64Array.from({ length: count }, (_, at) => kept[Math.floor(at / outputs)]! + 1),
          "integer",
        ),
        ...(outputs === 1 ? [] : [categoricalColumn("class", labels, header.classes)]),
        numericColumn(
          "baseline",
          Float64Array.from({ length: count }, (_, at) => baseline[at % outputs]!),
        ),
        ...seen.map((column, j) =>
          numericColumn(
            `contribution_${column.name}`,
            Float64Array.from({ length: count }, (_, at) => values[at * p + j]!),
          ),
        ),
        numericColumn("score", score),
      ],
    },
    facts: { scale, rows: kept.length, class: outputs === 1 && header.classes.length === 2 ? header.classes[1] : null },
  };
}
