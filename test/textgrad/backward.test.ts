import { describe, expect, test } from "vitest";
import {
  add,
  backward,
  backwardTargets,
  chatCompletion,
  deterministicEvaluator,
  exactMatchEvaluator,
  lmJudgeEvaluator,
  Parameter,
  split,
  sum,
  Variable,
} from "../../src/textgrad/index.ts";
import { FakeModel } from "./fake-model.ts";

const leaf = (data: string, role = data) => new Variable(data, { role, requiresGrad: true });
const said = (text: string) => new Variable(text, { role: "feedback" });
const textsOf = (variable: Variable) => variable.grad.map((gradient) => String(gradient.data));

describe("rule-based operations", () => {
  test("T-80: add gives the input in need one gradient that ends with the feedback, and the other none", async () => {
    const x = leaf("abc", "first input");
    const y = new Variable("def", { role: "second input" });
    await backward(add(x, y), { gradients: [said("make it shorter")] });
    expect(x.grad).toHaveLength(1);
    expect(x.grad[0]).toMatchObject({ role: "feedback to first input", requiresGrad: false });
    expect(x.grad[0]!.data).toMatch(/first input.*make it shorter$/s);
    expect(y.grad).toEqual([]);
  });

  test("T-81: two paths to a leaf give it two gradients, the shorter path first", async () => {
    const [a, x, y, z] = [leaf("a"), leaf("x"), leaf("y"), leaf("z")];
    const b = add(a, x);
    const c = add(b, y);
    const d = add(c, z);
    const e = add(a, d);
    await backward(e, { gradients: [said("g")] });
    expect(a.grad).toHaveLength(2);
    expect(textsOf(a)[0]!.length).toBeLessThan(textsOf(a)[1]!.length);
    for (const variable of [x, y, z]) expect(variable.grad).toHaveLength(1);
  });

  test("T-84: split shows each feedback in its own position", async () => {
    const x = leaf("a b c", "words");
    const parts = split(x, { separator: " " });
    await backward(parts[0]!, { gradients: [said("first")], retainGraph: true });
    await backward(parts[2]!, { gradients: [said("last")], retainGraph: true });
    expect(textsOf(x)[0]).toMatch(/<ITEM>first<\/ITEM><ITEM><\/ITEM><ITEM><\/ITEM>$/);
    expect(textsOf(x)[1]).toMatch(/<ITEM><\/ITEM><ITEM><\/ITEM><ITEM>last<\/ITEM>$/);
    expect(x.grad).toHaveLength(2);
  });

  test("criticism does not multiply without bound where paths do", async () => {
    const x = leaf("x");
    let value = add(x, x);
    for (let depth = 0; depth < 12; depth++) value = add(value, value);
    await backward(value, { gradients: [said("g")] });
    expect(x.grad.length).toBeLessThanOrEqual(32);
    expect(x.grad.length).toBeGreaterThan(0);
  });
});

describe("the pass", () => {
  test("T-88: frees the graph; a second pass is an error unless it was kept", async () => {
    const x = leaf("x");
    const y = add(x, said("y"));
    await backward(y, { gradients: [said("one")], retainGraph: true });
    await backward(y, { gradients: [said("two")] });
    await expect(backward(y, { gradients: [said("three")] })).rejects.toMatchObject({ code: "closed" });
    expect(x.grad).toHaveLength(2);
  });

  test("T-87: refuses leaves; refuses lists without a gradient, and non-leaves in inputs", async () => {
    await expect(backward(leaf("x"))).rejects.toThrow(/is a leaf/);
    const list = add(new Variable(["a"], { requiresGrad: true }), new Variable(["b"]));
    await expect(backward(list)).rejects.toThrow(/pass the gradient/);
    const inner = add(leaf("a"), leaf("b"));
    await expect(backward(add(inner, leaf("c")), { inputs: [inner] })).rejects.toThrow(/not a leaf/);
  });

  test("gives results gradients only when they keep them, and names its targets beforehand", async () => {
    const x = leaf("x");
    const kept = add(x, leaf("y"));
    const plain = add(kept, leaf("z"));
    kept.retainGrad();
    const last = add(plain, leaf("w"));
    const targets = backwardTargets([last]);
    await backward(last, { gradients: [said("g")] });
    expect(targets.filter((target) => target.grad.length === 0)).toEqual([]);
    expect(targets.map((target) => target.role).sort()).toEqual(["w", "x", "x and y", "y", "z"]);
    expect(kept.grad).toHaveLength(1);
    expect(() => plain.grad).toThrow(/retainGrad/);
    expect(() => x.retainGrad()).toThrow(/is a leaf/);
  });

  test("inputs restrict what is filled and what is asked", async () => {
    const model = new FakeModel(() => "criticism");
    const [a, b] = [leaf("a"), leaf("b")];
    const answers = await Promise.all([a, b].map((prompt) => chatCompletion(model, [{ role: "user", content: [prompt] }])));
    const before = model.requests.length;
    await backward(sum(answers), { model, gradients: [said("g")], inputs: [b] });
    expect([a.grad.length, b.grad.length]).toEqual([0, 1]);
    expect(model.requests.length - before).toBe(1);
  });

  test("questions that do not depend on each other are asked at the same time; order does not depend on who answers first", async () => {
    const pass = async (isReversed: boolean) => {
      const gates: (() => void)[] = [];
      const about = (user: string) => `${/review is: (\S+)/.exec(user)![1]} after ${/<OUTPUT>(.*?)<\/OUTPUT>/.exec(user)![1]}`;
      const slow = new FakeModel((user) => new Promise((resolve) => gates.push(() => resolve(about(user)))));
      const answerer = new FakeModel((user) => `answer to ${user.split("\n")[1]}`);
      const shared = new Parameter("shared", { role: "shared" });
      const own = [0, 1, 2, 3].map((i) => leaf(`own${i}`));
      const answers = await Promise.all(own.map((prompt) => chatCompletion(answerer, [{ role: "user", content: [shared, prompt] }])));
      const done = backward(sum(answers), { model: slow, gradients: [said("g")] });
      while (gates.length < 8) await Promise.resolve();
      expect(slow.mostOpen).toBe(8);
      for (const open of isReversed ? gates.toReversed() : gates) {
        open();
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      }
      return (await done).map(({ gradient }) => gradient.data);
    };
    const appended = await pass(false);
    expect(appended).toEqual([
      ...[3, 2, 1, 0].map((i) => `shared after answer to own${i}`),
      ...[0, 1, 2, 3].map((i) => `own${i} after answer to own${i}`),
    ]);
    expect(await pass(true)).toEqual(appended);
  });

  test("T-86: when a question fails nothing has changed, the other questions are stopped, and the pass can be run again", async () => {
    let isBroken = true;
    const model = new FakeModel((user) => {
      if (isBroken && user.includes("is: b")) throw new Error("no power");
      return "criticism";
    });
    const [a, b] = [leaf("a"), leaf("b")];
    const answers = await Promise.all(
      [a, b].map((prompt) => chatCompletion(new FakeModel(() => "x"), [{ role: "user", content: [prompt] }])),
    );
    const all = sum(answers);
    await expect(backward(all, { model, gradients: [said("g")] })).rejects.toThrow("no power");
    expect([a.grad, b.grad]).toEqual([[], []]);
    isBroken = false;
    await backward(all, { model, gradients: [said("g")] });
    expect([a.grad.length, b.grad.length]).toEqual([1, 1]);
  });

  test("says before any question that a model is missing; asks three times for an answer that is not empty", async () => {
    const prompt = leaf("a");
    const answer = await chatCompletion(new FakeModel(() => "x"), [{ role: "user", content: [prompt] }]);
    await expect(backward(answer, { gradients: [said("g")] })).rejects.toMatchObject({ code: "refused" });
    const silent = new FakeModel(() => " ");
    await expect(backward(answer, { model: silent, gradients: [said("g")] })).rejects.toThrow(/asked 3 times/);
    expect(silent.requests).toHaveLength(3);
  });

  test("backward over 500 nodes with an instant model takes less than 200 ms", async () => {
    const model = new FakeModel(() => "ok");
    const build = async (): Promise<Variable> => {
      const prompt = new Parameter("p", { role: "prompt" });
      let value: Variable = leaf("seed");
      for (let i = 0; i < 250; i++) {
        const answer = await chatCompletion(model, [{ role: "user", content: [prompt, value] }]);
        value = add(answer, leaf(`tail${i}`));
      }
      return value;
    };
    // Processor time, and the best of ten: other processes on the machine are not our own time.
    const times: number[] = [];
    for (let round = 0; round < 10 && !times.some((time) => time < 200); round++) {
      const graph = await build();
      const start = process.cpuUsage();
      const appended = await backward(graph, { model, gradients: [said("g")] });
      const { user, system } = process.cpuUsage(start);
      times.push((user + system) / 1000);
      expect(appended).toHaveLength(501);
    }
    expect(Math.min(...times)).toBeLessThan(200);
  });
});

describe("evaluators", () => {
  test("T-68: exact match counts what is equal; only the rest is criticised", async () => {
    const model = new FakeModel(() => "look again");
    const prediction = new Variable(["green", "blue"], { role: "colour", requiresGrad: true });
    const { score, explanation } = await exactMatchEvaluator(prediction, ["red", "blue"]);
    expect(score).toMatchObject({ data: 1, role: "Evaluation result score of colour", outputNr: 0, requiresGrad: true });
    expect(explanation).toMatchObject({ role: "Evaluation result explanation of colour", outputNr: 1 });
    await backward(explanation, { model });
    expect(prediction.grad.map((gradient) => gradient.data)).toEqual([["look again", ""]]);
    expect(model.requests).toHaveLength(1);
    await expect(exactMatchEvaluator(prediction, ["red"])).rejects.toThrow(/equal lengths/);
    await expect(exactMatchEvaluator(prediction, "red")).rejects.toThrow(/list of targets/);
  });

  test("T-66: a function scores pairs in order; a target that is a variable is a second edge", async () => {
    const seen: unknown[] = [];
    const evaluate = (a: unknown, b: unknown) => seen.push([a, b]) - 1;
    const prediction = leaf("green", "colour");
    const { score, explanation } = await deterministicEvaluator(prediction, new Variable("red", { role: "target" }), evaluate, {
      purpose: "colour match",
    });
    expect(score.data).toBe(0);
    expect(explanation.data).toMatch(/colour match.*green.*red.*0/);
    expect(explanation.gradFn?.edges.map((edge) => edge.node?.name ?? null)).toEqual(["AccumulateGrad", null]);
    const batch = await deterministicEvaluator(new Variable(["a", "b"], { role: "p" }), ["c", "d"], evaluate, { reductionFn: null });
    expect(batch.score.data).toEqual([1, 2]);
    expect(seen).toEqual([
      ["green", "red"],
      ["a", "c"],
      ["b", "d"],
    ]);
    await expect(deterministicEvaluator(prediction, "red", () => ({}))).rejects.toThrow(/must return a number/);
  });

  test("T-89: success gives an empty gradient all the way down and asks nothing", async () => {
    const model = new FakeModel(() => "answer");
    const prompt = new Parameter("be right", { role: "prompt" });
    const answer = await chatCompletion(model, [{ role: "user", content: [prompt] }]);
    const { explanation } = await deterministicEvaluator(answer, "answer", () => 1, { successFn: (scores) => scores[0] === 1 });
    const before = model.requests.length;
    await backward(explanation, { model });
    expect(prompt.grad.map((gradient) => gradient.data)).toEqual([""]);
    expect(model.requests.length).toBe(before);
  });

  test("a judge reads its verdict out of prose, asks again for one, and criticises prediction or itself", async () => {
    let calls = 0;
    const judge = new FakeModel(() => (calls++ === 0 ? "hm" : 'Verdict {x}: {"score": 0.5, "explanation": "too long {really}"} done.'));
    const prediction = leaf("some text", "summary");
    const instruction = new Parameter("Judge {prediction} by {target}.", { role: "judge prompt" });
    const messages = [{ role: "user", content: [instruction] }];
    const { score, explanation } = await lmJudgeEvaluator(judge, messages, prediction, "gold");
    expect([score.data, explanation.data]).toEqual([0.5, "too long {really}"]);
    expect(judge.requests).toHaveLength(2);
    expect(judge.requests[0]!.messages[0]!.content).toMatch(/^Judge some text by gold\.\n\nAnswer with one JSON/);
    const model = new FakeModel((user) => (user.includes("judge prompt") ? "to the judge" : "to the summary"));
    await backward(explanation, { model, retainGraph: true });
    expect([textsOf(prediction), textsOf(instruction)]).toEqual([["to the summary"], []]);
    const other = await lmJudgeEvaluator(judge, messages, prediction, "gold", { evalMode: false });
    await backward(other.explanation, { model, gradients: [said("unfair")] });
    expect([textsOf(prediction), textsOf(instruction)]).toEqual([["to the summary"], ["to the judge"]]);
  });

  test("batch: one text for a prompt that served every position, items in order, without those that were right", async () => {
    const critic = new FakeModel((user) => `said of ${/<OUTPUT>answer (.*?)<\/OUTPUT>/.exec(user)?.[1] ?? "an answer"}`);
    const answerer = new FakeModel((user) => `answer ${user.split("\n")[1]}`);
    const prompt = new Parameter("p", { role: "prompt" });
    const words = new Variable(["a", "b", "c"], { role: "words" });
    const answer = await chatCompletion(answerer, [{ role: "user", content: [prompt, words] }]);
    const { explanation } = await exactMatchEvaluator(answer, ["?", "answer b", "?"]);
    await backward(explanation, { model: critic });
    expect(textsOf(prompt)).toEqual(["<ITEM>said of a</ITEM><ITEM>said of c</ITEM>"]);
    expect(critic.requests).toHaveLength(4);
  });
});
