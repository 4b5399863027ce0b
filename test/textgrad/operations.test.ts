import { describe, expect, test } from "vitest";
import { add, chatCompletion, noGrad, Parameter, split, sum, Variable } from "../../src/textgrad/index.ts";
import { fill } from "../../src/textgrad/prompts/template.ts";
import { FakeModel } from "./fake-model.ts";

const learned = (data: string | number[] | string[], role = "first input") => new Variable(data, { role, requiresGrad: true });
const fixed = (data: string | number[] | string[] | number, role = "second input") => new Variable(data, { role });

describe("add", () => {
  test("T-60: joins texts and roles and records two edges, the second to nowhere", () => {
    const result = add(learned("abc"), fixed("def"));
    expect(result).toMatchObject({ data: "abcdef", role: "first input and second input", requiresGrad: true, isLeaf: false, outputNr: 0 });
    expect(result.gradFn?.name).toMatch(/^AddBackward/);
    expect(result.gradFn?.edges.map(({ node, outputNr }) => [node?.name ?? null, outputNr])).toEqual([
      ["AccumulateGrad", 0],
      [null, 0],
    ]);
  });

  test("T-61: records nothing inside noGrad, also behind an await, and again afterwards", async () => {
    const x = learned("abc");
    const y = fixed("def");
    expect(noGrad(() => add(x, y))).toMatchObject({ data: "abcdef", requiresGrad: false, gradFn: null, isLeaf: true });
    const late = await noGrad(async () => {
      await Promise.resolve();
      return noGrad(() => add(x, y)).requiresGrad || add(x, y).requiresGrad;
    });
    expect(late).toBe(false);
    expect(() => noGrad(() => add(fixed("a"), fixed([1])))).toThrow(/cannot mix/);
    expect(add(x, y).requiresGrad).toBe(true);
  });

  test("T-65: goes through lists and refuses what does not fit", () => {
    expect(add(learned([1, 2, 3]), fixed([4, 5, 6])).data).toEqual([5, 7, 9]);
    expect(() => add(learned([1, 2]), fixed([1]))).toThrow(/equal lengths, got 2 and 1/);
    expect(() => add(learned([1, 2]), fixed("x"))).toThrow(/list and a single value/);
    expect(add(learned("n = "), fixed(3)).data).toBe("n = 3");
  });
});

describe("sum", () => {
  test("T-64: wraps texts as items and adds numbers position by position", () => {
    const result = sum([learned("abc"), fixed("def")]);
    expect(result).toMatchObject({ data: "<ITEM>abc</ITEM><ITEM>def</ITEM>", role: "first input and second input" });
    expect(sum([learned([1, 2, 3.5]), fixed([4, 5, 6])]).data).toEqual([5, 7, 9.5]);
    expect(() => sum([])).toThrow(/at least one/);
    expect(() => sum([learned([1]), fixed("a")])).toThrow(/cannot mix/);
  });
});

describe("split", () => {
  test("T-62: gives one output per part, each with one edge to the leaf", () => {
    const parts = split(learned("a b c"), { separator: " " });
    expect(parts.map((part) => [part.data, part.role, part.outputNr])).toEqual([
      ["a", "split part 0 of first input", 0],
      ["b", "split part 1 of first input", 1],
      ["c", "split part 2 of first input", 2],
    ]);
    for (const part of parts)
      expect(part.gradFn?.edges.map(({ node, outputNr }) => [node?.name, outputNr])).toEqual([["AccumulateGrad", 0]]);
  });

  test("T-63: fills up the shorter texts of a batch", () => {
    const parts = split(learned(["afnio is great!", "Deep learning"]), { maxSplit: 2 });
    expect(parts.map((part) => part.data)).toEqual([
      ["afnio", "Deep"],
      ["is", "learning"],
      ["great!", ""],
    ]);
  });

  test("cuts at runs of white space, at most so often, and keeps the rest", () => {
    expect(split(learned("  a  b   c "), {}).map((part) => part.data)).toEqual(["a", "b", "c"]);
    expect(split(learned("  a  b   c "), { maxSplit: 1 }).map((part) => part.data)).toEqual(["a", "b   c "]);
    expect(split(learned("a,,b,c"), { separator: ",", maxSplit: 2 }).map((part) => part.data)).toEqual(["a", "", "b,c"]);
    expect(() => split(learned("a"), { separator: "" })).toThrow(/not empty/);
    expect(() => split(learned([1, 2]), {})).toThrow(/needs text/);
  });
});

test("T-71: a leaf has one AccumulateGrad node, whoever uses it", () => {
  const x = learned("a");
  const nodes = [add(x, fixed("b")), add(fixed("c"), x)].flatMap((result) => result.gradFn!.edges.map((edge) => edge.node));
  expect(new Set(nodes.filter((node) => node !== null)).size).toBe(1);
});

describe("chat completion", () => {
  const echo = () => new FakeModel((user) => user.toUpperCase());

  test("T-69: asks for every position of a batch at once and keeps the order; single values give a text", async () => {
    const model = echo();
    const system = new Parameter("You shout.", { role: "system prompt" });
    const user = new Variable("{greeting} {name}{other}", { role: "user query" });
    const messages = [
      { role: "system", content: [system] },
      { role: "user", content: [user] },
    ];
    const inputs = { greeting: "hi", name: new Variable(["ann", "bob", "cy"], { role: "names" }) };
    const batch = await chatCompletion(model, messages, { inputs });
    expect(batch.data).toEqual(["HI ANN{OTHER}", "HI BOB{OTHER}", "HI CY{OTHER}"]);
    expect(model.mostOpen).toBe(3);
    expect(batch.gradFn?.edges.map((edge) => edge.node?.name ?? null)).toEqual(["AccumulateGrad", null, null]);
    expect((await chatCompletion(model, messages, { inputs: { greeting: "hi", name: "dee" } })).data).toBe("HI DEE{OTHER}");
    expect(model.usage.totalTokens).toBe(60);
  });

  test("refuses batches of unequal lengths and several answers", async () => {
    const messages = [{ role: "user", content: [learned(["a", "b"])] }];
    await expect(chatCompletion(echo(), messages, { inputs: { x: ["1"] } })).rejects.toThrow(/equal lengths/);
    await expect(chatCompletion(echo(), messages, { args: { n: 2 } })).rejects.toThrow(/n must be 1/);
  });
});

test("placeholders: only names that are given are filled, and values are not looked into again", () => {
  expect(fill('{a} {b} {"json": 1} {toString}', { a: "{b}" })).toBe('{b} {b} {"json": 1} {toString}');
});
