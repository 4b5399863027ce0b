import { describe, expect, test } from "vitest";
import { candidateCount, parseCandidates, spacedValues } from "../../src/ui/kit/candidates.ts";
import { columnDigits, formatBytes, formatCount, formatDuration, formatMetric, formatShare, formatValue } from "../../src/ui/kit/format.ts";
import { parseNumber, rangeText, readNumber, stepNumber } from "../../src/ui/kit/number-text.ts";
import { rovingIndex, typeAhead } from "../../src/ui/kit/roving.ts";
import { applicableEntries, changedNames, problemOf, sameValue, visibleEntries, withValue } from "../../src/ui/kit/schema-form-model.ts";
import type { HyperparameterEntry } from "../../src/ui/kit/schema-types.ts";
import { rowWindow, sortedRows } from "../../src/ui/kit/table-window.ts";
import { treeKey, treeRows } from "../../src/ui/kit/tree-model.ts";

function entry(name: string, more: Partial<HyperparameterEntry> = {}): HyperparameterEntry {
  return { name, title: name, help: "", type: "double", default: 1, tunable: true, level: "basic", ...more };
}

describe("numbers as typed", () => {
  test.each([
    ["1e-3", 0.001],
    ["0,5", 0.5],
    ["0,500", 0.5],
    ["1,25", 1.25],
    ["10,000", 10_000],
    ["1,234,567.5", 1_234_567.5],
    ["12 000", 12_000],
    ["\u22123", -3],
    [".5", 0.5],
    ["5.", 5],
  ])("%s is %d", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  test.each(["abc", "1,2,3", "--1", "1e", "Infinity", "0x10", "1e999"])("%s is no number", (text) => {
    expect(parseNumber(text)).toBeNaN();
  });

  test("an empty text is no value and no fault", () => {
    expect(readNumber("  ", { min: 1 })).toEqual({ value: null, problem: null });
  });

  test("the fault names what was typed, or the range", () => {
    expect(readNumber("x1", {}).problem).toContain("x1");
    expect(readNumber("1.5", { integer: true }).problem).toContain("1.5");
    expect(readNumber("7", { min: 0, max: 1 }).problem).toBe("Give a value from 0 to 1.");
    expect(readNumber("0", { min: 1 }).problem).toBe("Give a value of at least 1.");
    expect(rangeText({})).toBe("");
  });

  test("arrows move the first digit and stay inside the rule", () => {
    expect(stepNumber(0.05, 1, {})).toBe(0.06);
    expect(stepNumber(0.1, -1, {})).toBe(0.09);
    expect(stepNumber(0.1, 1, {})).toBe(0.2);
    expect(stepNumber(31, 1, { integer: true })).toBe(32);
    expect(stepNumber(31, 1, { integer: true }, true)).toBe(41);
    expect(stepNumber(1, 1, { max: 1 })).toBe(1);
    expect(stepNumber(0, -1, { min: 0 })).toBe(0);
    expect(stepNumber(-0.1, 1, {})).toBe(-0.09);
  });
});

describe("values to tune over", () => {
  test("lists keep their order and drop repeats", () => {
    expect(parseCandidates("0.1 0.01; 0.1, 5e-3", entry("learning_rate")).values).toEqual([0.1, 0.01, 0.005]);
  });

  test("a range is even, or even on the logarithm when the entry says so", () => {
    expect(parseCandidates("0..1:5", entry("x")).values).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(parseCandidates("0.001..1:4", entry("x", { log: true })).values).toEqual([0.001, 0.01, 0.1, 1]);
    expect(parseCandidates("1..4:20", entry("n", { type: "integer" })).values).toEqual([1, 2, 3, 4]);
  });

  test("ends of a range are exact", () => {
    const values = spacedValues(1 / 3, 2 / 3, 7, false, false);
    expect(values[0]).toBeCloseTo(1 / 3, 6);
    expect(values.at(-1)).toBeCloseTo(2 / 3, 6);
  });

  test("faults are named and nothing is half taken", () => {
    expect(parseCandidates("1 2 x", entry("n", { type: "integer" }))).toEqual({ values: null, problem: "“x” is not a number." });
    expect(parseCandidates("0.5", entry("n", { type: "integer" })).problem).toContain("whole number");
    expect(parseCandidates("0..2:3", entry("p", { min: 0, max: 1 })).problem).toBe("Give a value from 0 to 1.");
    expect(parseCandidates("1..2:1", entry("p")).problem).toContain("2 to 200");
  });

  test("text values are taken as they are", () => {
    expect(parseCandidates("l1 l2", entry("penalty", { type: "character" })).values).toEqual(["l1", "l2"]);
  });

  test("the number of fits is the product of the candidates", () => {
    expect(candidateCount({ a: { candidates: [1, 2, 3] }, b: 5, c: { candidates: [1, 2] }, d: null })).toBe(6);
  });
});

describe("the schema form", () => {
  const entries = [
    entry("advanced_one", { level: "advanced" }),
    entry("rate", { default: 0.1 }),
    entry("only_binary", { tasks: ["binary"] }),
    entry("depth", { level: "advanced", default: null, automatic: "no limit", help: "How deep a tree grows" }),
  ];

  test("basic entries come first and those of other tasks are left out", () => {
    expect(applicableEntries(entries, "regression").map((e) => e.name)).toEqual(["rate", "advanced_one", "depth"]);
    expect(applicableEntries(entries, "binary").map((e) => e.name)).toEqual(["rate", "only_binary", "advanced_one", "depth"]);
    expect(applicableEntries(entries, null)).toHaveLength(4);
  });

  test("advanced entries show when asked for, searched, changed or faulty", () => {
    const names = (view: { all: boolean; search: string; pinned: ReadonlySet<string> }) => visibleEntries(entries, view).map((e) => e.name);
    expect(names({ all: false, search: "", pinned: new Set() })).toEqual(["rate", "only_binary"]);
    expect(names({ all: false, search: "", pinned: new Set(["depth"]) })).toEqual(["rate", "only_binary", "depth"]);
    expect(names({ all: false, search: "TREE deep", pinned: new Set() })).toEqual(["depth"]);
    expect(names({ all: true, search: "", pinned: new Set() })).toHaveLength(4);
  });

  test("a value equal to the default is no change; an explicit null is, unless it is the default", () => {
    expect(changedNames(entries, { rate: 0.1, depth: null })).toEqual([]);
    expect(changedNames(entries, { rate: { candidates: [0.1] }, depth: 3 })).toEqual(["rate", "depth"]);
    expect(sameValue({ candidates: [1, 2] }, { candidates: [1, 2] })).toBe(true);
    expect(sameValue([1], null)).toBe(false);
  });

  test("going back to the default leaves the name out", () => {
    expect(withValue({ rate: 1, depth: 2 }, "rate", undefined)).toEqual({ depth: 2 });
    expect(withValue({}, "depth", null)).toEqual({ depth: null });
  });

  test("a problem finds its field by the name in the path, not by part of a name", () => {
    const problems = [{ path: "/tuning/rate/2", message: "too large" }];
    expect(problemOf("rate", problems)).toBe("too large");
    expect(problemOf("rat", problems)).toBeNull();
    expect(problemOf("rate", [{ path: "hyperparameters.rate", message: "no" }])).toBe("no");
  });
});

describe("numbers as written", () => {
  test("metrics have at least three significant digits", () => {
    expect(formatMetric(0.914)).toBe("0.914");
    expect(formatMetric(12.44)).toBe("12.4");
    expect(formatMetric(0.001234)).toBe("0.00123");
    expect(formatMetric(3456.7)).toBe("3,457");
    expect(formatMetric(-0.25)).toBe("\u22120.250");
    expect(formatMetric(null)).toBe("–");
    expect(formatMetric(Number.NaN)).toBe("–");
    expect(formatMetric(Infinity)).toBe("∞");
    expect(formatMetric(4.2e-7)).toBe("4.20e\u22127");
    expect(formatMetric(0.9999, columnDigits([0.5, null, 12.3]))).toBe("1.0");
  });

  test("durations, sizes and shares", () => {
    expect([0.0123, 4.23, 9.97, 44.2, 59.7, 200, 3600, 7510].map(formatDuration)).toEqual([
      "12 ms",
      "4.2 s",
      "10 s",
      "44 s",
      "1 min",
      "3 min 20 s",
      "1 h",
      "2 h 5 min",
    ]);
    expect([812, 1000, 19_400, 999_600, 4_230_000].map(formatBytes)).toEqual(["812 B", "1.0 KB", "19 KB", "1.0 MB", "4.2 MB"]);
    expect([0, 0.004, 0.0001, 0.426, 0.996, 0.9999, 1].map(formatShare)).toEqual([
      "0 %",
      "0.4 %",
      "< 0.1 %",
      "43 %",
      "99.6 %",
      "> 99.9 %",
      "100 %",
    ]);
    expect(formatCount(53_940)).toBe("53,940");
    expect(formatValue(74)).toBe("74");
    expect(formatValue(74.25)).toBe("74.3");
  });
});

describe("keys", () => {
  test("arrows wrap, Home and End jump, others mean nothing", () => {
    expect(rovingIndex("ArrowRight", 2, 3)).toBe(0);
    expect(rovingIndex("ArrowLeft", 0, 3)).toBe(2);
    expect(rovingIndex("ArrowDown", 0, 3, "horizontal")).toBeNull();
    expect(rovingIndex("End", 0, 3)).toBe(2);
    expect(rovingIndex("x", 0, 3)).toBeNull();
    expect(rovingIndex("End", -1, 0)).toBeNull();
  });

  test("a letter goes to the next item that starts with it", () => {
    expect(typeAhead("d", ["Delete", "Export", "Download"], 0)).toBe(2);
    expect(typeAhead("d", ["Delete", "Export", "Download"], 2)).toBe(0);
    expect(typeAhead("z", ["Delete"], 0)).toBeNull();
  });

  test("a tree opens, closes and walks", () => {
    const nodes = [{ id: "job", children: [{ id: "f1", children: [{ id: "t" }] }, { id: "f2" }] }, { id: "other" }];
    const closed = treeRows(nodes, new Set());
    expect(closed.map((row) => row.node.id)).toEqual(["job", "other"]);
    const open = treeRows(nodes, new Set(["job"]));
    expect(open.map((row) => [row.node.id, row.level, row.position, row.siblings])).toEqual([
      ["job", 1, 1, 2],
      ["f1", 2, 1, 2],
      ["f2", 2, 2, 2],
      ["other", 1, 2, 2],
    ]);
    expect(treeKey("ArrowRight", closed, "job")).toEqual({ type: "toggle", id: "job" });
    expect(treeKey("ArrowRight", open, "job")).toEqual({ type: "focus", id: "f1" });
    expect(treeKey("ArrowLeft", open, "f2")).toEqual({ type: "focus", id: "job" });
    expect(treeKey("ArrowLeft", open, "job")).toEqual({ type: "toggle", id: "job" });
    expect(treeKey("ArrowDown", open, "other")).toBeNull();
    expect(treeKey("End", open, "job")).toEqual({ type: "focus", id: "other" });
  });
});

describe("tables", () => {
  test("only rows near the view are drawn, and the heights add up", () => {
    const view = rowWindow(10_000, 36, 36 * 500, 360, 8);
    expect(view).toEqual({ first: 492, last: 518, before: 492 * 36, after: (10_000 - 518) * 36 });
    expect(rowWindow(5, 36, 0, 360)).toEqual({ first: 0, last: 5, before: 0, after: 0 });
    expect(rowWindow(0, 36, 900, 360)).toEqual({ first: 0, last: 0, before: 0, after: 0 });
  });

  test("missing values sort last both ways, equal ones keep their order", () => {
    const rows = [
      { id: "a", v: 2 },
      { id: "b", v: null },
      { id: "c", v: 1 },
      { id: "d", v: 2 },
      { id: "e", v: Number.NaN },
    ];
    expect(sortedRows(rows, (row) => row.v, "ascending").map((row) => row.id)).toEqual(["c", "a", "d", "b", "e"]);
    expect(sortedRows(rows, (row) => row.v, "descending").map((row) => row.id)).toEqual(["a", "d", "c", "b", "e"]);
  });

  test("text with numbers sorts as people count", () => {
    expect(sortedRows(["fold 10", "fold 2"], (row) => row, "ascending")).toEqual(["fold 2", "fold 10"]);
  });
});
