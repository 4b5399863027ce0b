// What the checks of agreement share: bundled samples as columns, fits with defaults, differences. The tests of the learners ask the same questions.
import { readFileSync } from "node:fs";
import { algorithmOf } from "../../dist/engine/algorithms/registry.js";
import { categoricalColumn, numericColumn, takeRows } from "../../dist/engine/table.js";

/** A fixture of the tests, parsed. */
export function fixture(path) {
  return JSON.parse(readFileSync(new URL(`../../test/fixtures/${path}.json`, import.meta.url), "utf8"));
}

const isMissing = (cell) => cell === "" || cell === "NA";

/** Columns of a bundled sample: numeric where every value is, else categories. */
export function sampleColumns(name) {
  const [header, ...rows] = readFileSync(new URL(`../../samples/${name}.csv`, import.meta.url), "utf8")
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(",").map((cell) => cell.replace(/^"(.*)"$/, "$1")));
  return header.map((title, j) => {
    const cells = rows.map((row) => row[j] ?? "");
    const isNumeric = cells.every((cell) => isMissing(cell) || Number.isFinite(Number(cell)));
    const values = cells.map((cell) => (isMissing(cell) ? (isNumeric ? Number.NaN : null) : isNumeric ? Number(cell) : cell));
    return isNumeric ? numericColumn(title, values) : categoricalColumn(title, values);
  });
}

/** A problem from columns; weights 1, 2, 3, 1, 2, 3 … where `isWeighted`, as in the fixtures. */
export function problemOf(columns, target, { features = null, isWeighted = false } = {}) {
  const outcome = columns.find((column) => column.name === target);
  const classes = outcome.kind === "categorical" ? outcome.levels : [];
  const values = outcome.kind === "numeric" ? outcome.values : Float64Array.from(outcome.codes);
  return {
    task: outcome.kind === "numeric" ? "regression" : classes.length === 2 ? "binary" : "multiclass",
    rows: values.length,
    features: columns.filter((column) => column !== outcome && (features?.includes(column.name) ?? true)),
    target: values,
    classes,
    weights: isWeighted ? Float64Array.from(values, (_, i) => 1 + (i % 3)) : null,
  };
}

/** A sample whose last column is the outcome. */
export function sampleProblem(sample, options) {
  const columns = sampleColumns(sample);
  return problemOf(columns, columns.at(-1).name, options);
}

export function rowsOf(problem, rows) {
  return {
    ...problem,
    rows: rows.length,
    features: problem.features.map((column) => takeRows(column, rows)),
    target: Float64Array.from(rows, (row) => problem.target[row]),
    weights: problem.weights === null ? null : Float64Array.from(rows, (row) => problem.weights[row]),
  };
}

/** Even rows, to train on, and odd ones, to judge on. */
export function halves(problem) {
  return [0, 1].map((odd) =>
    rowsOf(
      problem,
      Int32Array.from({ length: Math.floor((problem.rows + 1 - odd) / 2) }, (_, i) => 2 * i + odd),
    ),
  );
}

/** What a generator returned at its end. */
export function drain(generator) {
  let next = generator.next();
  while (!next.done) next = generator.next();
  return next.value;
}

/** A model fitted with defaults but for `settings`. */
export function fitted(name, problem, settings = {}, seed = 1) {
  const algorithm = algorithmOf(name);
  const defaults = Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, schema.default]));
  return drain(algorithm.fit(problem, { ...defaults, ...settings }, { seed, validation: null }));
}

/** Root mean squared error, or mean log-loss where there are classes. */
export function lossOf(problem, predicted) {
  const k = problem.classes.length;
  const each = (y, i) => (k === 0 ? (y - predicted[i]) ** 2 : -Math.log(predicted[i * k + y]));
  const mean = problem.target.reduce((sum, y, i) => sum + each(y, i), 0) / problem.rows;
  return k === 0 ? Math.sqrt(mean) : mean;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
export const deviation = (values) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/** The largest of many differences; an entry that is missing on one side is infinitely far. */
export function largest(own, theirs, size = () => 1) {
  if (own.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < theirs.length; i++) {
    const apart = Math.abs(own[i] - theirs[i]) / size(theirs[i], i);
    if (!(apart <= most)) most = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
  }
  return most;
}

/** Distance of two means that chance explains, as a share of their mean: four deviations between the peer's seeds, and `share` for what differs by design. */
export function chance(own, theirs, share) {
  return {
    difference: Math.abs(mean(own) - mean(theirs)) / Math.abs(mean(theirs)),
    tolerance: (4 * Math.max(deviation(own), deviation(theirs))) / Math.abs(mean(theirs)) + share,
  };
}
