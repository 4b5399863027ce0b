import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  chatCompletion,
  collate,
  DataLoader,
  decodeCheckpoint,
  encodeCheckpoint,
  exactMatchEvaluator,
  Module,
  Parameter,
  randomSampler,
  TextualGradientDescent,
  Trainer,
  Variable,
  weightedSampler,
} from "../../src/textgrad/index.ts";
import { FakeModel } from "./fake-model.ts";

const criticised = (data: string, ...texts: string[]) => {
  const parameter = new Parameter(data, { role: "prompt" });
  parameter.grad = texts.map((text) => new Variable(text, { role: "feedback to prompt" }));
  return parameter;
};
const rewriting = (rewrite: (value: string) => string) =>
  new FakeModel((user) => `Sure. <NEW_VALUE>${rewrite(/<VALUE>([\s\S]*?)<\/VALUE>/.exec(user)![1]!)}</NEW_VALUE>`);

describe("textual gradient descent", () => {
  test("T-91, T-95: rewrites a parameter by all its gradients, under constraints and with examples", async () => {
    const model = rewriting((value) => value.toUpperCase());
    const parameter = criticised("Initial value", "only capital letters", "be brief");
    const optimizer = new TextualGradientDescent([parameter], { model, constraints: ["one line"], examples: ["LIKE THIS"] });
    await optimizer.step();
    expect(parameter).toMatchObject({ data: "INITIAL VALUE", role: "prompt", requiresGrad: true });
    const question = model.requests[0]!.messages[1]!.content;
    for (const part of ["only capital letters", "be brief", "- one line", "<EXAMPLE>LIKE THIS</EXAMPLE>"]) expect(question).toContain(part);
    expect(question).not.toContain("Earlier versions");
    expect(parameter.grad).toHaveLength(2);
    const list = parameter.grad;
    optimizer.clearGrad();
    expect([list.length, parameter.grad === list]).toEqual([0, true]); // T-93
  });

  test("T-96: momentum keeps the newest m versions with what was said of them, and shows them", async () => {
    const model = rewriting((value) => `${value}+`);
    const parameter = criticised("v", "more");
    const optimizer = new TextualGradientDescent([parameter], { model, momentum: 2 });
    for (let step = 0; step < 4; step++) await optimizer.step();
    expect(parameter.data).toBe("v++++");
    expect(optimizer.pastOf(parameter).map(({ value, gradients }) => [value.data, value instanceof Parameter, gradients.length])).toEqual([
      ["v++", true, 1],
      ["v+++", true, 1],
    ]);
    expect(model.requests[3]!.messages[1]!.content).toMatch(/<VERSION>\n<VALUE>v\+<\/VALUE>[\s\S]*<VALUE>v\+\+<\/VALUE>/);
    const other = new TextualGradientDescent([criticised("v")], { model, momentum: 2 });
    other.loadStateDict(JSON.parse(JSON.stringify(optimizer.stateDict())));
    expect(other.stateDict()).toEqual(optimizer.stateDict());
    expect(() => new TextualGradientDescent([criticised("a"), criticised("b")], { model }).loadStateDict(optimizer.stateDict())).toThrow(
      /groups of 1/,
    );
  });

  test("asks for all parameters at the same time; without criticism, or with an empty one, a parameter is left alone", async () => {
    const model = rewriting((value) => `${value}!`);
    const parameters = [criticised("a", "x"), criticised("b"), criticised("c", ""), criticised("d", "y")];
    const optimizer = new TextualGradientDescent([{ params: parameters.slice(0, 2) }, { params: parameters.slice(2) }], { model });
    await optimizer.step();
    expect(parameters.map((parameter) => parameter.data)).toEqual(["a!", "b", "c", "d!"]);
    expect([model.requests.length, model.mostOpen]).toEqual([2, 2]);
    expect(() => optimizer.addGroup({ params: [parameters[0]!] })).toThrow(/already/);
  });

  test("T-97: an answer without the form is asked for again; when one parameter fails no other has changed", async () => {
    const model = new FakeModel((user) => (user.includes("<VALUE>bad") ? "no tags" : "<NEW_VALUE>new</NEW_VALUE>"));
    const [good, bad] = [criticised("good", "x"), criticised("bad", "x")];
    await expect(new TextualGradientDescent([good!, bad!], { model }).step()).rejects.toThrow(/asked 3 times for a new text/);
    expect([good!.data, bad!.data]).toEqual(["good", "bad"]);
  });

  test("custom messages are filled and may do without tags; numbers and lists keep their kind", async () => {
    const model = new FakeModel((user) => user);
    const own = [{ role: "user", content: [new Variable("{value} {tone} {unknown}")] }];
    const parameter = criticised("hello", "x");
    await new TextualGradientDescent([parameter], { model, messages: own, inputs: { tone: "kindly" } }).step();
    expect(parameter.data).toBe("hello kindly {unknown}");
    const count = new Parameter(3, { role: "count" });
    count.grad = [new Variable("more")];
    await new TextualGradientDescent([count], { model: new FakeModel(() => "<NEW_VALUE> 5 </NEW_VALUE>") }).step();
    expect(count.data).toBe(5);
    const list = new Parameter(["a", "b"], { role: "list" });
    list.grad = [new Variable("more")];
    await new TextualGradientDescent([list], { model: rewriting((value) => value.toUpperCase()) }).step();
    expect(list.data).toEqual(["A", "B"]);
  });
});

class Shared extends Module {
  prompt = new Parameter("p", { role: "prompt" });
  again = this.prompt;
}
class Tree extends Module {
  parts = [new Shared(), new Shared()];
  chat = [{ role: "system", content: [new Variable("s", { role: "system" }), new Parameter("t", { role: "tail" })] }];
  _cache = new Parameter("not state", {});
}

describe("modules", () => {
  test("find variables in modules, lists and chats, each once", () => {
    const tree = new Tree();
    expect(tree.namedVariables().map(([name]) => name)).toEqual([
      "parts.0.prompt",
      "parts.1.prompt",
      "chat.0.content.0",
      "chat.0.content.1",
    ]);
    expect(tree.parameters()).toHaveLength(3);
    expect(
      tree
        .eval()
        .modules()
        .map((module) => module.isTraining),
    ).toEqual([false, false, false]);
  });

  test("T-124: a state is loaded in place, or refused as a whole with every fault", () => {
    const tree = new Tree();
    const state = JSON.parse(JSON.stringify(tree.stateDict()));
    state["parts.0.prompt"].data = "new";
    const parameter = tree.parts[0]!.prompt;
    tree.loadStateDict(state);
    expect([parameter.data, tree.parts[0]!.prompt === parameter]).toEqual(["new", true]);
    state["parts.0.prompt"].data = "newer";
    state["chat.0.content.1"].data = ["a list"];
    state.extra = state["parts.1.prompt"];
    delete state["parts.1.prompt"];
    expect(() => tree.loadStateDict(state)).toThrow(/"parts.1.prompt" is missing; "extra" is unexpected; "chat.0.content.1" is a list/);
    expect(parameter.data).toBe("new");
  });
});

describe("data", () => {
  test("T-122: batches put variables into one, keep tuples and objects, and honour drop_last", () => {
    const batch = collate([
      [new Variable("a", { role: "text" }), { label: 1 }],
      [new Variable("b", { role: "other" }), { label: 2 }],
    ]) as [Variable, { label: number[] }];
    expect([batch[0].data, batch[0].role, batch[1]]).toEqual([["a", "b"], "text", { label: [1, 2] }]);
    const loader = new DataLoader([1, 2, 3, 4, 5], { batchSize: 2, dropLast: true });
    expect([[...loader.batches()], loader.length]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      2,
    ]);
    expect(new DataLoader([1, 2, 3], { batchSize: 2 }).length).toBe(2);
    expect(() => new DataLoader([1], { shuffle: true, sampler: () => [0] })).toThrow(/exclude/);
    expect(() => collate([{ a: 1 }, { b: 1 }])).toThrow(/no "a"/);
  });

  test("shuffling repeats for a seed and epoch and differs between epochs; every sample appears once", () => {
    const order = (epoch: number) => [...new DataLoader([...Array(20).keys()], { shuffle: true, seed: 3 }).batches(epoch)].flat();
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1).toSorted((a, b) => Number(a) - Number(b))).toEqual([...Array(20).keys()]);
    const twice = randomSampler({ seed: 1, count: 7 })(3, 0);
    expect([twice.length, new Set(twice.slice(0, 3)).size, new Set(twice.slice(3, 6)).size]).toEqual([7, 3, 3]);
  });

  test("weights decide, with and without replacement", () => {
    const drawn = weightedSampler({ seed: 1, weights: [0, 1, 3], count: 4000 })(3, 0);
    const share = (index: number) => drawn.filter((one) => one === index).length / 4000;
    expect([share(0), share(1) > 0.22 && share(1) < 0.28]).toEqual([0, true]);
    const first = Array.from({ length: 2000 }, (_, epoch) =>
      weightedSampler({ seed: 2, weights: [1, 9, 0], count: 2, replacement: false })(3, epoch),
    );
    expect(first.every((order) => order.toSorted().join() === "0,1")).toBe(true);
    expect(first.filter((order) => order[0] === 1).length / 2000).toBeGreaterThan(0.87);
    expect(() => weightedSampler({ seed: 1, weights: [1, 0], count: 2, replacement: false })).toThrow(/at most 1/);
  });
});

/** Answers with its prompt; right when the prompt is `goal`. */
class Parrot extends Module {
  prompt = new Parameter("a", { role: "prompt" });
  readonly #model: FakeModel;
  constructor(model: FakeModel) {
    super();
    this.#model = model;
  }
  override async trainingStep(batch: unknown) {
    const answer = await chatCompletion(this.#model, [{ role: "user", content: [this.prompt] }]);
    return exactMatchEvaluator(answer, String((batch as string[])[0]), {});
  }
}
const parrotModel = (next: (value: string) => string) =>
  new FakeModel((user) => {
    const value = /<VALUE>([\s\S]*?)<\/VALUE>/.exec(user);
    if (value !== null) return `<NEW_VALUE>${next(value[1]!)}</NEW_VALUE>`;
    return user.includes("under review") ? "go on" : user;
  });

describe("the trainer", () => {
  test("T-120, T-123: logs means per epoch from 1 and a cost that counts every call once; the test has no epoch", async () => {
    const model = parrotModel((value) => (value === "aaa" ? value : `${value}a`));
    const module = new Parrot(model);
    const lines: [string, number, number | null][] = [];
    const trainer = new Trainer({ maxEpochs: 3, backward: { model }, models: [model], log: (...line) => lines.push(line) });
    const loader = new DataLoader(["aaa"]);
    const report = await trainer.fit(module, new TextualGradientDescent(module.parameters(), { model }), loader, { validation: loader });
    expect(module.prompt.data).toBe("aaa");
    expect(lines.filter(([name]) => name === "train_loss").map(([, value, epoch]) => [value, epoch])).toEqual([
      [0, 1],
      [0, 2],
      [1, 3],
    ]);
    expect(lines.filter(([name]) => name === "val_loss").map(([, value]) => value)).toEqual([0, 1, 1]);
    expect(report.costUsd).toBeCloseTo(model.requests.length * 0.01, 10);
    expect(report).toMatchObject({ epochs: 3, bestEpoch: 2, stopped: "finished" });
    await trainer.test(module, loader);
    expect(lines.slice(-2).map(([name, , epoch]) => [name, epoch])).toEqual([
      ["test_loss", null],
      ["total_cost($)", null],
    ]);
  });

  test("stops early, puts the best state back, and goes on from a checkpoint in JSON", async () => {
    const model = parrotModel((value) => `${value}a`);
    const module = new Parrot(model);
    const optimizer = new TextualGradientDescent(module.parameters(), { model, momentum: 1 });
    const saved: string[] = [];
    const onCheckpoint = (checkpoint: Checkpoint) => void saved.push(encodeCheckpoint(checkpoint));
    const train = new DataLoader(["never"]);
    const validation = new DataLoader(["aa"]);
    const options = { maxEpochs: 10, backward: { model }, onCheckpoint, earlyStopping: { patience: 2 } };
    const report = await new Trainer(options).fit(module, optimizer, train, { validation });
    expect(report).toMatchObject({ stopped: "early", epochs: 3, bestEpoch: 1 });
    expect(module.prompt.data).toBe("aa");
    const again = new Parrot(model);
    const resumed = new TextualGradientDescent(again.parameters(), { model, momentum: 1 });
    const from = decodeCheckpoint(saved[1]!);
    await new Trainer({ ...options, maxEpochs: 3, keepBest: false }).fit(again, resumed, train, { validation, from });
    expect(again.prompt.data).toBe("aaaa");
    expect(saved[3]).toBe(saved[2]);
    expect(() => decodeCheckpoint(saved[0]!.slice(0, 50))).toThrow(/not JSON/);
    expect(() => decodeCheckpoint('{"format":"x"}')).toThrow(/no checkpoint/);
  });

  test("tries a batch again when the failure may pass, three times at most; other failures end it", async () => {
    for (const [retryable, calls] of [
      [true, 3],
      [false, 1],
    ] as const) {
      let seen = 0;
      const module = new Parrot(parrotModel((value) => value));
      module.trainingStep = () => {
        seen++;
        return Promise.reject(Object.assign(new Error("flaky"), { retryable }));
      };
      const model = parrotModel((value) => value);
      const fit = new Trainer({ backward: { model } }).fit(
        module,
        new TextualGradientDescent(module.parameters(), { model }),
        new DataLoader(["x"]),
      );
      await expect(fit).rejects.toThrow("flaky");
      expect(seen).toBe(calls);
    }
  });
});
