import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PromptEntry, PromptGraphEdge, PromptGraphNode } from "../../src/client/index.ts";
import { BOX, layoutGraph, walkGraph } from "../../src/ui/view/prompts/graph-layout.ts";
import { causesOf, criticism, NOTHING, saidOf, scoreOf, withEntries } from "../../src/ui/view/prompts/prompt-state.ts";
import { type DiffPart, wordDiff } from "../../src/ui/view/prompts/word-diff.ts";

const text = (parts: readonly DiffPart[], without: DiffPart["kind"]): string =>
  parts
    .filter(({ kind }) => kind !== without)
    .map((part) => part.text)
    .join("");

describe("word diff", () => {
  test("names the words that changed and keeps the rest", () => {
    expect(wordDiff("Answer with one word.", "Answer with two short words.")).toEqual([
      { kind: "same", text: "Answer with " },
      { kind: "removed", text: "one word" },
      { kind: "added", text: "two short words" },
      { kind: "same", text: "." },
    ]);
    expect(wordDiff("same", "same")).toEqual([{ kind: "same", text: "same" }]);
    expect(wordDiff("", "new")).toEqual([{ kind: "added", text: "new" }]);
    expect(wordDiff("old", "")).toEqual([{ kind: "removed", text: "old" }]);
    expect(wordDiff("", "")).toEqual([]);
    expect(wordDiff("a\nb", "a\nb\nc").at(-1)).toEqual({ kind: "added", text: "\nc" });
  });

  test("gives both texts back, whatever they are", () => {
    const word = fc.constantFrom("a", "b", "cd", " ", "\n", ", ", ".", "é", "x_1", "🚂");
    const prose = fc.array(word, { maxLength: 40 }).map((words) => words.join(""));
    fc.assert(
      fc.property(prose, prose, (before, after) => {
        const parts = wordDiff(before, after);
        expect(text(parts, "added")).toBe(before);
        expect(text(parts, "removed")).toBe(after);
        expect(parts.every((part, index) => part.text !== "" && part.kind !== parts[index + 1]?.kind)).toBe(true);
      }),
    );
  });

  test("long texts are compared by lines, and longer ones as a whole; both still come back", () => {
    const long = (seed: number): string => Array.from({ length: 800 }, (_, i) => `line ${i % 7 === seed ? "x" : i} of many`).join("\n");
    const before = `${long(1)}\nend`;
    const after = `${long(3)}\nend`;
    const parts = wordDiff(before, after);
    expect([text(parts, "added") === before, text(parts, "removed") === after]).toEqual([true, true]);
    expect(parts.filter(({ kind }) => kind === "same").length).toBeGreaterThan(100);
    const huge = wordDiff("a\n".repeat(1500), `${"b\n".repeat(1500)}c`);
    expect(huge.map(({ kind }) => kind)).toEqual(["removed", "added"]);
  });
});

const node = (id: string, kind: PromptGraphNode["kind"] = "operation"): PromptGraphNode => ({
  id,
  kind,
  label: id,
  outputs: [],
  count: 1,
  variable: null,
});
const edge = (from: string, to: string): PromptGraphEdge => ({ from, to, count: 1 });

describe("layout of the graph", () => {
  const nodes = [node("prompt", "parameter"), node("query", "fixed"), node("chat"), node("target", "fixed"), node("judge")];
  const edges = [edge("prompt", "chat"), edge("query", "chat"), edge("chat", "judge"), edge("target", "judge")];

  test("values flow to the right, inputs stand before who reads them, and no two boxes share a place", () => {
    const layout = layoutGraph(nodes, edges);
    const layers = Object.fromEntries(layout.nodes.map(({ node: { id }, layer }) => [id, layer]));
    expect(layers).toEqual({ prompt: 0, query: 0, chat: 1, target: 1, judge: 2 });
    expect(new Set(layout.nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(nodes.length);
    expect(layout.nodes.every(({ x, y }) => x >= 0 && y >= 0 && x + BOX.width <= layout.width && y + BOX.height <= layout.height)).toBe(
      true,
    );
    expect(layout.edges.every(({ path }) => /^M[\d.]+ [\d.]+C[-\d. ]+$/.test(path))).toBe(true);
  });

  test("places within a layer follow the neighbours, so that edges cross less", () => {
    const crossed = layoutGraph(
      [node("a", "fixed"), node("b", "fixed"), node("x"), node("y"), node("end")],
      [edge("a", "y"), edge("b", "x"), edge("x", "end"), edge("y", "end")],
    );
    const rowOf = (id: string): number => crossed.nodes.find((one) => one.node.id === id)!.row;
    expect(rowOf("a") < rowOf("b")).toBe(rowOf("y") < rowOf("x"));
  });

  test("arrow keys follow edges and walk through a layer; ends lead nowhere", () => {
    const layout = layoutGraph(nodes, edges);
    expect(walkGraph(layout, "prompt", "ArrowRight")).toBe("chat");
    expect(walkGraph(layout, "judge", "ArrowLeft")).toMatch(/^(chat|target)$/);
    const other = walkGraph(layout, "chat", "ArrowDown") ?? walkGraph(layout, "chat", "ArrowUp");
    expect(other).toBe("target");
    expect([walkGraph(layout, "judge", "ArrowRight"), walkGraph(layout, "prompt", "ArrowLeft"), walkGraph(layout, "chat", "x")]).toEqual([
      null,
      null,
      null,
    ]);
    expect(layout.nodes.find(({ node: { id } }) => id === walkGraph(layout, "chat", "Home"))?.layer).toBe(0);
    expect(walkGraph(layout, "chat", "End")).toBe("judge");
  });

  test("a large graph, a chain, and nothing at all are laid out", () => {
    const many = Array.from({ length: 300 }, (_, i) => node(`n${i}`));
    const chain = many.slice(1).map(({ id }, i) => edge(`n${i}`, id));
    expect(layoutGraph(many, chain).nodes.at(-1)?.layer).toBe(299);
    expect(layoutGraph([], [])).toMatchObject({ nodes: [], edges: [] });
    expect(layoutGraph([node("a")], [edge("a", "missing")]).edges).toEqual([]);
  });
});

describe("what the page knows of a training", () => {
  const base = { type: "entry", at: 1 } as const;
  const entries: PromptEntry[] = [
    { ...base, seq: 1, kind: "score", split: "validation", step: 0, mean: 0.3, count: 18 },
    { ...base, seq: 2, kind: "variable", variable: "v1", role: "instructions" },
    { ...base, seq: 3, kind: "version", variable: "v1", version: 0, text: "Route.", step: 0, by: "start", gradients: [] },
    {
      ...base,
      seq: 4,
      kind: "gradient",
      variable: "v1",
      version: 0,
      text: "<ITEM>be clear</ITEM><ITEM></ITEM><ITEM>name all</ITEM>",
      step: 0,
    },
    { ...base, seq: 5, kind: "score", split: "training", step: 0, mean: 0.4, count: 6 },
    { ...base, seq: 6, kind: "version", variable: "v1", version: 1, text: "Route well.", step: 1, by: "optimizer", gradients: [4] },
    { ...base, seq: 7, kind: "step", step: 1, calls: 9, tokens: 100, cost_usd: 0.5 },
    { ...base, seq: 8, kind: "score", split: "validation", step: 1, mean: 0.8, count: 18 },
    { ...base, seq: 9, kind: "score", split: "training", step: 1, mean: 1, count: 6 },
  ];

  test("versions, their causes and their scores; entries may come in any portions", () => {
    const state = withEntries(NOTHING, entries);
    const [learned] = state.learned;
    expect(learned?.versions.map(({ version }) => version)).toEqual([0, 1]);
    const [first, second] = learned!.versions;
    expect([causesOf(state, first!), causesOf(state, second!)]).toEqual([[], ["be clear", "name all"]]);
    expect([saidOf(state, first!), saidOf(state, second!)]).toEqual([["be clear", "name all"], []]);
    expect([scoreOf(state, learned!, first!)?.mean, scoreOf(state, learned!, second!)?.mean]).toEqual([0.3, 0.8]);
    expect(entries.reduce((so, entry) => withEntries(so, [entry]), NOTHING)).toEqual(state);
    expect([state.spent?.calls, state.graph, NOTHING.gradients.size]).toEqual([9, null, 0]);
  });

  test("criticism of one sample is one piece, and empty criticism is none", () => {
    expect([criticism("be clear"), criticism(""), criticism("<ITEM> a </ITEM>")]).toEqual([["be clear"], [], ["a"]]);
  });
});
