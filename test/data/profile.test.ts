import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { describeTable } from "../../src/data/describe.ts";
import { profileTable } from "../../src/data/profile.ts";
import { type CategoricalColumn, type Column, categoricalColumn, numericColumn, type Table } from "../../src/engine/table.ts";

const tableOf = (...columns: Column[]): Table => {
  const [first] = columns;
  return { rows: first === undefined ? 0 : first.kind === "numeric" ? first.values.length : first.codes.length, columns };
};
const profileOf = (column: Column) => profileTable(tableOf(column)).columns[0]!;
const kindsOf = (column: Column) => profileOf(column).checks.map((check) => check.kind);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const text = (name: string, labels: (string | null)[], type: CategoricalColumn["type"] = "factor") => ({
  ...categoricalColumn(name, labels),
  type,
});

describe("numbers", () => {
  test("quantiles interpolate, infinities and missing values are counted apart", () => {
    const { numeric, ...rest } = profileOf(numericColumn("x", [4, 1, Number.NaN, 3, 2, Infinity, -Infinity, -0, 0]));
    // Of -0, 0, 1, 2, 3, 4: R's quantile(x, c(.25, .5, .75)) and sd(x).
    expect(numeric).toMatchObject({ min: 0, max: 4, q25: 0.25, median: 1.5, q75: 2.75, n_infinite: 2 });
    expect(numeric!.mean).toBeCloseTo(10 / 6, 12);
    expect(numeric!.sd).toBeCloseTo(1.6329931618554521, 12);
    expect(rest).toMatchObject({ n_missing: 1, n_unique: 7, levels: null, n_other: 0 });
  });

  test("every finite value is in one bin, the bins have equal width and agree with a count by hand", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 200 }),
        (values) => {
          const { edges, counts, min, max } = profileOf(numericColumn("x", values)).numeric!;
          expect(counts.length).toBeLessThanOrEqual(24);
          expect(edges).toHaveLength(counts.length + 1);
          expect([edges[0], edges.at(-1)]).toEqual([min, max]);
          const byHand = counts.map((_, bin) => {
            const isLast = bin === counts.length - 1;
            return values.filter((value) => (isLast ? value >= edges[bin]! : value >= edges[bin]! && value < edges[bin + 1]!)).length;
          });
          expect(counts).toEqual(byHand);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  test("a few distinct integers get a bin each", () => {
    const { edges, counts } = profileOf(numericColumn("x", [0, 2, 2, 3], "integer")).numeric!;
    expect([edges, counts]).toEqual([
      [-0.5, 0.5, 1.5, 2.5, 3.5],
      [1, 0, 2, 1],
    ]);
  });

  test("huge values do not overflow, a single value has no spread", () => {
    expect(profileOf(numericColumn("x", [1e308, -1e308])).numeric).toMatchObject({ mean: 0, min: -1e308, max: 1e308 });
    expect(profileOf(numericColumn("x", [7])).numeric).toMatchObject({ sd: 0, median: 7, counts: [1] });
  });
});

test("levels come most frequent first; what is beyond 24 is counted as other", () => {
  const labels = range(30).flatMap((i) => Array<string>(30 - i).fill(`L${String(i).padStart(2, "0")}`));
  const profile = profileOf(text("x", [...labels, null]));
  expect(profile.levels).toHaveLength(24);
  expect(profile.levels!.slice(0, 2)).toEqual([
    { label: "L00", count: 30 },
    { label: "L01", count: 29 },
  ]);
  expect(profile).toMatchObject({ n_unique: 30, n_missing: 1, n_other: 6 + 5 + 4 + 3 + 2 + 1, numeric: null });
  expect(profileOf(numericColumn("x", [1, 0, 1, Number.NaN], "logical")).levels).toEqual([
    { label: "true", count: 2 },
    { label: "false", count: 1 },
  ]);
});

describe("checks", () => {
  const many = range(60);
  test.each<[string, Column, string[], string]>([
    ["all missing", numericColumn("x", [Number.NaN, Number.NaN]), ["all_missing"], "skip"],
    ["constant", text("x", ["a", "a", null]), ["constant"], "skip"],
    ["mostly missing", numericColumn("x", [1, 2, Number.NaN, Number.NaN, Number.NaN]), ["mostly_missing"], "target"],
    ["infinite", numericColumn("x", [1, Infinity]), ["infinite"], "target"],
    [
      "row numbers",
      numericColumn(
        "n",
        many.map((i) => i + 1),
        "integer",
      ),
      ["identifier"],
      "skip",
    ],
    [
      "an id with gaps",
      numericColumn(
        "PatientID",
        many.map((i) => 7 * i),
        "integer",
      ),
      ["identifier"],
      "skip",
    ],
    [
      "distinct measurements are no id",
      numericColumn(
        "weight",
        many.map((i) => 7 * i),
        "integer",
      ),
      [],
      "target",
    ],
    [
      "distinct names",
      text(
        "name",
        many.map((i) => `n${i}`),
        "character",
      ),
      ["identifier"],
      "skip",
    ],
    ["free text", text("note", [...many.map((i) => `n${i}`), "n0"], "character"), ["free_text"], "skip"],
    [
      "many levels",
      text(
        "x",
        [...many, ...many].map((i) => `n${i}`),
      ),
      ["many_levels"],
      "target",
    ],
    ["codes", text("zip", ["00123", "04567", "00123"]), ["digit_codes"], "target"],
    ["plain", text("x", ["a", "b", "a"]), [], "target"],
  ])("%s", (_, column, kinds, role) => {
    expect(kindsOf(column)).toEqual(kinds);
    expect(profileOf(column).suggested_role).toBe(role);
  });

  test("almost numeric names the first bad value and its row", () => {
    const labels = [...many.map((i) => `${i % 30}.5`), "12,5", "n.d."];
    const column = text("x", [...labels.slice(0, 10), "n.d.", ...labels.slice(10)]);
    const [check] = profileOf(column).checks;
    expect(check).toMatchObject({ severity: "problem", kind: "almost_numeric" });
    expect(check!.message).toMatch(/3 rows are not; the first is "n\.d\." in row 11/);
    expect(kindsOf(text("x", [...many.map((i) => `${i % 30}`), "a", "b", "c", "d"]))).not.toContain("almost_numeric");
  });

  test("a column that repeats another is named and skipped", () => {
    const a = numericColumn("a", [1, 2, Number.NaN]);
    const profile = profileTable(tableOf(a, { ...a, name: "b" }, numericColumn("c", [1, 2, 3])));
    expect(profile.columns.map((column) => column.suggested_role)).toEqual(["feature", "skip", "target"]);
    expect(profile.columns[1]!.checks[0]!.message).toMatch(/same values as "a"/);
  });
});

describe("suggestions", () => {
  const column = (name: string) => numericColumn(name, [0.5, 1.5, 2.5]);
  test.each([
    [["carat", "price", "x", "y", "z"], "price"],
    [["Class", "Sex", "Age", "Survived"], "Survived"],
    [["id", "Diagnosis", "radius"], "Diagnosis"],
    [["y", "a", "b"], "y"],
    [["a", "y", "b"], "b"],
    [["a", "b", "c"], "c"],
  ])("of %j it is %s", (names, target) => {
    const columns = names.map((name, i) => ({ ...column(name), values: column(name).values.map((value) => value + i) }));
    expect(profileTable(tableOf(...columns)).suggested_target).toBe(target);
  });

  test.each<[string, Column, string]>([
    ["text", text("x", ["a", "b", "b"]), "classification"],
    ["logical", numericColumn("x", [0, 1, 1], "logical"), "classification"],
    ["ten integers", numericColumn("x", [...range(10), 5], "integer"), "classification"],
    ["eleven integers", numericColumn("x", [...range(11), 5], "integer"), "regression"],
    ["two doubles", numericColumn("x", [0, 1, 1]), "classification"],
    ["doubles", numericColumn("x", [0.1, 0.2, 0.3, 0.4]), "regression"],
  ])("%s", (_, target, task) => {
    expect(profileTable(tableOf(target)).suggested_task).toBe(task);
  });

  test("a table without a usable column has none", () => {
    expect(profileTable(tableOf(numericColumn("x", [1, 1])))).toMatchObject({ suggested_target: null, suggested_task: null });
  });
});

test("describe gives the fields of the protocol, no others", () => {
  const described = describeTable(
    tableOf(
      numericColumn("acidity", [0.5, 5, Number.NaN, 2]),
      numericColumn("organic", [1, 0, 0, Number.NaN], "logical"),
      categoricalColumn("grade", ["b", "a", "b", "c"], ["c", "b", "a", "unused"]),
      numericColumn("day", [0, 0, 86_400_000, Number.NaN], "date"),
      numericColumn("empty", Array(4).fill(Number.NaN)),
    ),
  );
  expect(described).toEqual({
    rows: 4,
    cols: 5,
    columns: [
      { name: "acidity", type: "double", n_missing: 1, n_unique: 3, summary: { min: 0.5, max: 5, mean: 2.5 } },
      { name: "organic", type: "logical", n_missing: 1, n_unique: 2, summary: { n_true: 1, n_false: 2 } },
      { name: "grade", type: "factor", n_missing: 0, n_unique: 3, summary: { top: { b: 2, c: 1, a: 1 } } },
      { name: "day", type: "date", n_missing: 1, n_unique: 2, summary: null },
      { name: "empty", type: "double", n_missing: 4, n_unique: 0, summary: { min: null, max: null, mean: null } },
    ],
  });
});

test("a profile is exact on larger data: quantiles and distinct values agree with a full sort", () => {
  const random = randomStream(5);
  const values = Float64Array.from({ length: 10_001 }, () => Math.floor(random.next() * 5000) / 7);
  const sorted = [...values].sort((a, b) => a - b);
  const { numeric, n_unique } = profileOf(numericColumn("x", values));
  expect([numeric!.q25, numeric!.median, numeric!.q75]).toEqual([sorted[2500], sorted[5000], sorted[7500]]);
  expect(n_unique).toBe(new Set(values).size);
});
