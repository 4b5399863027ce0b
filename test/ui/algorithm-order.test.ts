import { expect, test } from "vitest";
import type { AlgorithmDetail } from "../../src/client/index.ts";
import { algorithmNote, orderedAlgorithms, shortList } from "../../src/ui/view/new/algorithm-order.ts";

const entry = (name: string, change: Partial<AlgorithmDetail> = {}): AlgorithmDetail => ({
  name,
  title: name,
  description: "",
  source: "",
  supports_classification: true,
  supports_regression: true,
  supports_survival: false,
  handles_missing: true,
  handles_categories: false,
  ...change,
});

const LIST = ["a", "b", "c", "d"].map((name) => entry(name, name === "b" ? { supports_regression: false } : {}));
const names = (list: readonly AlgorithmDetail[]): string[] => list.map(({ name }) => name);

test("what was used most often comes first; what cannot do the task last; ties keep the catalogue's order", () => {
  expect(names(orderedAlgorithms(LIST, "classification", []))).toEqual(["a", "b", "c", "d"]);
  expect(names(orderedAlgorithms(LIST, "classification", ["d", "d", "c", "gone"]))).toEqual(["d", "c", "a", "b"]);
  expect(names(orderedAlgorithms(LIST, "regression", ["b", "b", "c"]))).toEqual(["c", "a", "d", "b"]);
});

test("the chosen card is among the shown ones, and their number stays", () => {
  expect(names(shortList(LIST, "b", 2))).toEqual(["a", "b"]);
  expect(names(shortList(LIST, "d", 2))).toEqual(["a", "d"]);
  expect(names(shortList(LIST, null, 2))).toEqual(["a", "b"]);
});

test("a greyed card says why", () => {
  expect(algorithmNote(LIST[1]!, "regression")).toBe("Cannot estimate a number.");
  expect(algorithmNote(LIST[1]!, "classification")).toBe("Takes missing values.");
  expect(algorithmNote(entry("x", { handles_missing: false }), "regression")).toBe("Numbers only.");
});
