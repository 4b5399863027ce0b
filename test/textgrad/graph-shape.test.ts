import { describe, expect, test } from "vitest";
import { add, graphShape, Parameter, split, sum, Variable } from "../../src/textgrad/index.ts";

const fixed = (data: string, role = data) => new Variable(data, { role });

describe("the picture of a graph", () => {
  test("goes from inputs to results, with fixed inputs and parameters told apart", () => {
    const prompt = new Parameter("p", { role: "prompt" });
    const result = add(prompt, fixed("q", "query"));
    const { nodes, edges, isCut } = graphShape([result]);
    expect(nodes.map(({ id, kind, label, outputs }) => [id, kind, label, outputs])).toEqual([
      ["n0", "parameter", "prompt", []],
      ["n1", "fixed", "query", []],
      ["n2", "operation", "Add", ["prompt and query"]],
    ]);
    expect([nodes[0]!.variable === prompt, nodes[1]!.variable, isCut]).toEqual([true, null, false]);
    expect(edges).toEqual([
      { from: "n0", to: "n2", count: 1 },
      { from: "n1", to: "n2", count: 1 },
    ]);
  });

  test("equal parts appear once with a count; parameters of the same role stay apart", () => {
    const prompt = new Parameter("p", { role: "prompt" });
    const other = new Parameter("p", { role: "prompt" });
    const answers = Array.from({ length: 33 }, (_, i) => add(prompt, fixed(`row ${i}`, "row")));
    const { nodes, edges } = graphShape([sum([...answers, add(other, fixed("x", "row"))])]);
    expect(nodes.map(({ kind, label, count }) => [kind, label, count])).toEqual([
      ["parameter", "prompt", 1],
      ["fixed", "row", 34],
      ["operation", "Add", 33],
      ["parameter", "prompt", 1],
      ["operation", "Add", 1],
      ["operation", "Sum", 1],
    ]);
    expect(edges.find(({ from, to }) => from === "n2" && to === "n5")?.count).toBe(33);
  });

  test("outputs of one operation lead to one node; a leaf can be learned without being a parameter", () => {
    const text = new Variable("a b", { role: "text", requiresGrad: true });
    const [first, second] = split(text);
    const { nodes, edges } = graphShape([add(first!, second!)], { isLearned: (leaf) => leaf === text });
    expect(nodes.map(({ kind, label }) => `${kind} ${label}`)).toEqual(["parameter text", "operation Split", "operation Add"]);
    expect(edges).toEqual([
      { from: "n0", to: "n1", count: 1 },
      { from: "n1", to: "n2", count: 2 },
    ]);
  });

  test("what is too large loses what is farthest from the results, but no parameter", () => {
    const prompt = new Parameter("p", { role: "prompt" });
    let result: Variable = prompt;
    for (let i = 0; i < 50; i++) result = add(result, fixed(`x${i}`));
    const { nodes, edges, isCut } = graphShape([result], { nodesMax: 20 });
    expect([nodes.length, nodes[0]!.label, nodes.at(-1)!.label, isCut]).toEqual([21, "prompt", "Add", true]);
    const ids = new Set(nodes.map(({ id }) => id));
    expect(edges.every(({ from, to }) => ids.has(from) && ids.has(to))).toBe(true);
    expect(graphShape([prompt])).toEqual({ nodes: [], edges: [], isCut: false });
  });
});
