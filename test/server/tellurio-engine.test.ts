import { describe, expect, test } from "vitest";
import { heldBytes } from "../support/held-bytes.ts";
import { chat, type Message, RawClient, type Rig, scriptedModel, tellurioRig } from "./tellurio-rig.ts";

async function connected(): Promise<{ client: RawClient; rig: Rig }> {
  const rig = await tellurioRig();
  return { rig, client: await RawClient.connect(rig.url) };
}
const message = (role: string) => `Placeholder for ${role}`;

/** Criticises with "only capital letters", and rewrites as told. */
function writer() {
  return scriptedModel((user) => {
    const value = /<VALUE>([\s\S]*?)<\/VALUE>/.exec(user)?.[1];
    if (value !== undefined) return `<NEW_VALUE>${user.includes("only capital letters") ? value.toUpperCase() : `${value}!`}</NEW_VALUE>`;
    return user.includes("under review") ? "only capital letters" : `echo ${user}`;
  });
}

async function optimizer(client: RawClient, model: object, params: object[], more: object = {}) {
  const roles = ["system", "user"].map((kind) => `Textual Gradient Descent optimizer ${kind} prompt`);
  const [system, user] = [await client.variable(message(roles[0]!), roles[0]!), await client.variable(message(roles[1]!), roles[1]!)];
  const defaults = {
    model_client: model,
    messages: chat(["system", system.ref], ["user", user.ref]),
    inputs: null,
    constraints: [],
    momentum: 0,
    completion_args: { model: "m" },
    ...more,
  };
  const made = await client.call("create_optimizer", { optimizer_name: "TGD", params, defaults });
  return { made, defaults, id: made.optimizer_id as string };
}

describe("variables", () => {
  test("T-20 – T-28: what is created and updated is read back in order, echoed exactly, and refused by field", async () => {
    const { client } = await connected();
    const list = await client.variable(["a", "b"], "list", true, "__parameter__");
    expect(await client.get(list.id)).toMatchObject({
      data: ["a", "b"],
      role: "list",
      requires_grad: true,
      is_leaf: true,
      _retain_grad: false,
      output_nr: 0,
      grad: [],
      obj_type: "__parameter__",
    });
    const x = await client.variable("x", "first", true);
    for (const [field, value] of [
      ["data", "y"],
      ["data", "z"],
      ["data", 1.5],
      ["role", "other"],
      ["requires_grad", false],
      ["is_leaf", true],
      ["_retain_grad", true],
      ["_output_nr", 3],
    ] as const) {
      expect(await client.call("update_variable", { variable_id: x.id, field, value })).toEqual({ variable_id: x.id, field, value });
    }
    expect(await client.get(x.id)).toMatchObject({
      data: 1.5,
      role: "other",
      requires_grad: false,
      is_leaf: true,
      _retain_grad: true,
      output_nr: 3,
    });
    await expect(client.call("update_variable", { variable_id: x.id, field: "colour", value: 1 })).rejects.toThrow(/no field "colour"/);
    await expect(client.call("update_variable", { variable_id: x.id, field: "_output_nr", value: -1 })).rejects.toThrow(/≥ 0/);
    await expect(client.call("update_variable", { variable_id: x.id, field: "data", value: null })).rejects.toThrow(
      /Variable data must be/,
    );
  });

  test("T-25: gradients are set and appended as references, in order", async () => {
    const { client } = await connected();
    const x = await client.variable("x", "x", true);
    const grads = await Promise.all(["g0", "g1", "g2"].map((text) => client.variable(text, "feedback")));
    await client.call("update_variable", { variable_id: x.id, field: "_grad", value: [grads[0]!.ref] });
    for (const { id, ref } of grads.slice(1)) {
      expect(await client.call("append_grad", { variable_id: x.id, gradient: ref })).toEqual({ variable_id: x.id, gradient_id: id });
    }
    expect((await client.get(x.id)).grad).toEqual(grads.map(({ ref }) => ref));
  });

  test("T-53: unknown ids in arguments are named with their kind, an absent one too", async () => {
    const { client } = await connected();
    await expect(client.run("Add", [{ __variable__: true, variable_id: "v9" }, null])).rejects.toThrow(/Variable with id "v9"/);
    await expect(client.run("Add", [{ __variable__: true, variable_id: null }, null])).rejects.toThrow(/Variable with id null/);
    await expect(client.run("ChatCompletion", [{ __model_client__: true, model_id: "m9" }, []])).rejects.toThrow(/Model with id "m9"/);
    await expect(client.run("MyOperation", [])).rejects.toThrow(/"MyOperation" is not known/);
    await expect(client.call("run_step", { optimizer_id: "o9" })).rejects.toThrow(/Optimizer with id "o9"/);
  });

  test("several changes by one message: all or none", async () => {
    const { client } = await connected();
    const x = await client.variable("x", "first", true);
    const y = await client.variable(["y"], "second", true, "__parameter__");
    const updates = [
      { variable_id: x.id, field: "data", value: "new" },
      { variable_id: y.id, field: "requires_grad", value: false },
      { variable_id: x.id, field: "_retain_grad", value: true },
    ];
    expect(await client.call("update_variables", { updates })).toEqual({ updates });
    expect([await client.get(x.id), await client.get(y.id)]).toMatchObject([{ data: "new", _retain_grad: true }, { requires_grad: false }]);
    const before = [await client.get(x.id), await client.get(y.id)];
    const spoilt = [
      { variable_id: x.id, field: "data", value: "newer" },
      { variable_id: y.id, field: "is_leaf", value: false },
      { variable_id: x.id, field: "role", value: 3 },
    ];
    await expect(client.call("update_variables", { updates: spoilt })).rejects.toThrow(/role must be a text/);
    expect([await client.get(x.id), await client.get(y.id)]).toEqual(before);
    await expect(client.call("update_variables", { updates: [{ variable_id: "v9", field: "data", value: 1 }] })).rejects.toThrow(
      /Variable with id/,
    );
  });

  test("whole numbers beyond 2^53 are refused by name, not changed; the call keeps its id and the session lives on", async () => {
    const { client } = await connected();
    const first = await client.request("create_variable", { data: Number.MAX_SAFE_INTEGER, role: "r", requires_grad: false });
    expect((await client.get(first.result.variable_id)).data).toBe(Number.MAX_SAFE_INTEGER);
    for (const value of ["9007199254740993", "-12345678901234567890", "[1,9007199254740993]"]) {
      const params = `{"run_uuid":"run","data":${value},"role":"r","requires_grad":false}`;
      client.send(`{"jsonrpc":"2.0","method":"create_variable","params":${params},"id":"big ${value}"}`);
      await client.until(() => client.heard.some(({ id, error }) => id === `big ${value}` && error?.code === -32602));
      const { error } = client.heard.find((message) => message.id === `big ${value}` && message.error?.code === -32602)!;
      expect(error.data.exception).toMatch(/whole number -?\d+ is beyond/);
    }
    const text = await client.call("create_variable", {
      data: "9007199254740993",
      role: "1e400 12345678901234567890",
      requires_grad: false,
    });
    expect((await client.get(text.variable_id)).data).toBe("9007199254740993");
    expect((await client.call("create_variable", { data: 1.5e300, role: "r", requires_grad: false })).variable_id).toBeTruthy();
  });

  test("several variables by one message: all or none; released ones are gone", async () => {
    const { client } = await connected();
    const one = { data: "x", role: "r", requires_grad: false };
    const { variable_ids: ids } = await client.call("create_variables", { variables: [one, one] });
    expect((await client.get(ids[1])).role).toBe("r");
    const { checksum } = await client.call("checksum", {});
    await expect(client.call("create_variables", { variables: [one, { ...one, data: null }] })).rejects.toThrow(/Variable data/);
    expect((await client.call("checksum", {})).checksum).toBe(checksum);
    expect(await client.call("release", { variable_ids: [ids[0], "other"] })).toEqual({ released: 1 });
    await expect(client.get(ids[0])).rejects.toThrow(/not known/);
  });
});

describe("operations", () => {
  test("T-60: Add announces its nodes before its edges and those before the answer, which is a full record", async () => {
    const { client } = await connected();
    const [x, y] = [await client.variable("abc", "first input", true), await client.variable("def", "second input")];
    client.heard.length = 0;
    const { data } = await client.run("Add", [x.ref, y.ref]);
    const [accumulate, add] = client.pushed("create_node").map(({ params }) => params);
    expect([accumulate.name, add.name.slice(0, 11)]).toEqual(["AccumulateGrad", "AddBackward"]);
    expect(client.pushed("create_edge").map(({ params }) => params)).toEqual([
      { from_node_id: add.node_id, to_node_id: accumulate.node_id, output_nr: 0 },
      { from_node_id: add.node_id, to_node_id: null, output_nr: 0 },
    ]);
    expect(client.heard.map(({ method }) => method ?? "answer")).toEqual([
      "create_node",
      "create_node",
      "create_edge",
      "create_edge",
      "answer",
    ]);
    const { variable_id, ...rest } = data;
    expect(rest).toEqual({
      data: "abcdef",
      role: "first input and second input",
      requires_grad: true,
      _retain_grad: false,
      _grad: [],
      _output_nr: 0,
      _grad_fn: add.node_id,
      is_leaf: false,
    });
    expect((await client.get(variable_id)).data).toBe("abcdef");
  });

  test("T-61: without gradients nothing is announced", async () => {
    const { client } = await connected();
    const [x, y] = [await client.variable("abc", "a", true), await client.variable("def", "b")];
    const { data } = await client.run("Add", [x.ref, y.ref], {}, false);
    expect(data).toMatchObject({ data: "abcdef", requires_grad: false, _grad_fn: null, is_leaf: true });
    expect(client.pushed("create_node")).toEqual([]);
  });

  test("T-62 – T-65: Split takes its options by name, as literals or variables; Sum and Add follow their rules", async () => {
    const { client } = await connected();
    const x = await client.variable("a b c", "first input", true);
    const parts = (await client.run("Split", [x.ref, " "])).data;
    expect(parts.map((part: Message) => [part.data, part.role, part._output_nr])).toEqual(
      ["a", "b", "c"].map((text, i) => [text, `split part ${i} of first input`, i]),
    );
    const one = await client.variable(1, "cuts");
    expect((await client.run("Split", [x.ref], { maxsplit: one.ref })).data).toHaveLength(2);
    const batch = await client.variable(["afnio is great!", "Deep learning"], "batch");
    expect((await client.run("Split", [batch.ref, null, 2])).data[2].data).toEqual(["great!", ""]);
    const numbers = [await client.variable([1, 2, 3.5], "n"), await client.variable([4, 5, 6], "m")];
    expect((await client.run("Sum", [numbers.map(({ ref }) => ref)])).data.data).toEqual([5, 7, 9.5]);
    await expect(client.run("Add", [x.ref, batch.ref])).rejects.toThrow(/cannot mix/);
  });

  test("T-71: a leaf's node is announced once", async () => {
    const { client } = await connected();
    const x = await client.variable("a", "a", true);
    for (let i = 0; i < 3; i++) await client.run("Add", [x.ref, x.ref]);
    expect(client.pushed("create_node").filter(({ params }) => params.name === "AccumulateGrad")).toHaveLength(1);
  });

  test("T-66: an evaluator runs the client's function on plain values and gives score and explanation with two edges", async () => {
    const { client } = await connected();
    const [prediction, target] = [await client.variable("green", "colour", true), await client.variable("red", "target")];
    const seen: unknown[] = [];
    const score = client.fn((a, b) => {
      seen.push([a, b]);
      return a === b ? 1 : 0;
    });
    const { data } = await client.run("DeterministicEvaluator", [prediction.ref, target.ref, score, "colour match", null, null, null]);
    expect(seen).toEqual([["green", "red"]]);
    expect(data.map((one: Message) => [one.data, one.role, one.requires_grad, one._output_nr])).toEqual([
      [0, "Evaluation result score of colour", true, 0],
      [expect.stringContaining("colour match"), "Evaluation result explanation of colour", true, 1],
    ]);
    expect(client.pushed("create_edge")).toHaveLength(2);
  });

  test("T-67: a function that fails, is unknown or returns nonsense fails the operation with its own words, and the session lives on", async () => {
    const { client } = await connected();
    const x = await client.variable("green", "colour", true);
    const evaluate = (fn: object) => client.run("DeterministicEvaluator", [x.ref, "red", fn, "p", null, null, null]);
    const throwing = client.fn(() => {
      throw new Error("division by zero in my metric");
    });
    await expect(evaluate(throwing)).rejects.toThrow(/division by zero in my metric/);
    await expect(evaluate(client.fn(() => ({ no: "score" })))).rejects.toThrow(/must return a number/);
    expect((await evaluate(client.fn(() => 1))).data[0].data).toBe(1);
  });

  test("T-68: exact match with the client's own sum", async () => {
    const { client } = await connected();
    const x = await client.variable(["green", "blue"], "colour", true);
    const sum = client.fn((scores: number[]) => scores.reduce((a, b) => a + b, 0));
    const { data } = await client.run("ExactMatchEvaluator", [x.ref, ["red", "blue"], sum, "summation"]);
    expect([data[0].data, data[1].data]).toEqual([1, expect.stringContaining("summation")]);
    expect((await client.run("ExactMatchEvaluator", [x.ref, ["red", "blue"], null, null])).data[0].data).toEqual([0, 1]);
  });

  test("T-69, T-70: a completion takes placeholders and batches; usage arrives before the answer", async () => {
    const { client } = await connected();
    const server = await writer();
    const model = await client.model(server.baseUrl);
    const prompt = await client.variable("hello {name} {other}", "prompt", true);
    const names = await client.variable(["ann", "bob"], "names");
    const messages = chat(["user", prompt.ref]);
    const { data } = await client.run("ChatCompletion", [model.ref, messages, { name: names.ref }], { model: "gpt-4o", temperature: 0.1 });
    expect(data.data).toEqual(["echo hello ann {other}", "echo hello bob {other}"]);
    const [usage] = client.pushed("update_model");
    expect(usage!.params).toMatchObject({
      model_id: model.id,
      field: "_usage",
      value: { prompt_tokens: 6, completion_tokens: 8, total_tokens: 14, cost: { currency: "USD" } },
    });
    expect(usage!.params.value.cost.amount).toBeCloseTo((6 * 2.5 + 8 * 10) / 1e6, 12);
    expect((await client.run("ChatCompletion", [model.ref, messages, { name: "cy" }], { model: "m" })).data.data).toBe(
      "echo hello cy {other}",
    );
    await expect(client.run("ChatCompletion", [model.ref, messages, null], { model: "m", n: 2 })).rejects.toThrow(/n must be 1/);
  });

  test("a judge is asked with prediction and target", async () => {
    const { client } = await connected();
    const server = await scriptedModel((user) => JSON.stringify({ score: user.includes("good by gold") ? 0.9 : 0, explanation: "fine" }));
    const model = await client.model(server.baseUrl);
    const prompt = await client.variable("{prediction} by {target}", "judge");
    const x = await client.variable("good", "answer", true);
    const { data } = await client.run(
      "LMJudgeEvaluator",
      [model.ref, chat(["user", prompt.ref]), x.ref, "gold", null, null, null, null, true],
      { model: "m" },
    );
    expect(data.map((one: Message) => one.data)).toEqual([0.9, "fine"]);
  });
});

describe("backward", () => {
  test("T-80, T-85: gradients arrive before the answer, and clear_backward after it with every id of get_backprop_ids", async () => {
    const { client } = await connected();
    const [x, y, g] = [
      await client.variable("abc", "first input", true),
      await client.variable("def", "b"),
      await client.variable("shorter!", "feedback"),
    ];
    const { data } = await client.run("Add", [x.ref, y.ref]);
    const variables = { __variable__: true, variable_id: data.variable_id };
    const { variable_ids } = await client.call("get_backprop_ids", { variables });
    expect(variable_ids).toEqual([x.id]);
    client.heard.length = 0;
    const params = { variables, grad_variables: g.ref, retain_graph: null, create_graph: false, inputs: null };
    expect(await client.call("run_backward", params)).toEqual({ message: "Backward pass executed successfully." });
    await client.until(() => client.pushed("clear_backward").length > 0);
    expect(client.heard.map(({ method }) => method ?? "answer")).toEqual(["append_grad", "answer", "clear_backward"]);
    const [append, , clear] = client.heard;
    expect(append!.params).toEqual({
      variable_id: x.id,
      gradient_id: expect.any(String),
      gradient: { data: expect.stringMatching(/shorter!$/), role: "feedback to first input", requires_grad: false },
    });
    expect(clear!.params).toEqual({ variable_ids });
    expect((await client.get(x.id)).grad).toEqual([{ __variable__: true, variable_id: append!.params.gradient_id }]);
    await expect(client.call("run_backward", params)).rejects.toThrow(/freed/); // T-88
  });

  test("T-81: two paths to a leaf give two gradients", async () => {
    const { client } = await connected();
    const leaves = await Promise.all(["a", "x", "y", "z"].map((name) => client.variable(name, name, true)));
    const [a, x, y, z] = leaves.map(({ ref }) => ref);
    const add = async (p: unknown, q: unknown) => ({ __variable__: true, variable_id: (await client.run("Add", [p, q])).data.variable_id });
    const e = await add(a, await add(await add(await add(a, x), y), z));
    const g = await client.variable("g", "feedback");
    await client.call("run_backward", { variables: e, grad_variables: g.ref, retain_graph: null, create_graph: false, inputs: null });
    expect((await client.get(leaves[0]!.id)).grad).toHaveLength(2);
  });

  test("T-83: through a completion: one gradient on the system prompt; the backward model's usage comes before the flag drops", async () => {
    const { client } = await connected();
    const server = await writer();
    const model = await client.model(server.baseUrl);
    const system = await client.variable("Answer.", "system prompt", true, "__parameter__");
    const user = await client.variable("hello", "query");
    const { data } = await client.run("ChatCompletion", [model.ref, chat(["system", system.ref], ["user", user.ref]), null], {
      model: "m",
    });
    const params = {
      variables: { __variable__: true, variable_id: data.variable_id },
      grad_variables: null,
      retain_graph: null,
      create_graph: false,
      inputs: null,
    };
    await expect(client.call("run_backward", params)).rejects.toThrow(/none was chosen/);
    const back = await client.model(server.baseUrl);
    const chosen = {
      model_id: back.id,
      model_name: "gpt-4o",
      client_args: { api_key: "sk-wire-secret" },
      completion_args: { temperature: 0.3 },
    };
    expect(await client.call("set_model_singleton", chosen)).toEqual({ model_id: back.id, completion_args: { temperature: 0.3 } });
    client.heard.length = 0;
    await client.call("run_backward", params);
    await client.until(() => client.pushed("clear_backward").length > 0);
    expect(client.heard.map(({ method }) => method ?? "answer")).toEqual(["update_model", "append_grad", "answer", "clear_backward"]);
    expect(client.heard[0]!.params).toMatchObject({ model_id: back.id, field: "_usage" });
    expect(client.heard[0]!.params.value.total_tokens).toBeGreaterThan(0);
    expect(client.heard[1]!.params).toMatchObject({ variable_id: system.id, gradient: { data: "only capital letters" } });
  });

  test("T-86, T-89: a failing pass answers with an error and leaves no gradient; success asks no model", async () => {
    const { client } = await connected();
    const broken = await scriptedModel(() => {
      throw new Error("power cut");
    });
    const model = await client.model(broken.baseUrl);
    await client.call("set_model_singleton", { model_id: model.id, model_name: "openai/m", client_args: {}, completion_args: {} });
    const x = await client.variable("green", "colour", true);
    const evaluate = async (success: boolean) => {
      const { data } = await client.run("DeterministicEvaluator", [
        x.ref,
        "red",
        client.fn(() => 1),
        "p",
        client.fn(() => success),
        null,
        null,
      ]);
      return {
        variables: { __variable__: true, variable_id: data[1].variable_id },
        grad_variables: null,
        retain_graph: null,
        create_graph: false,
        inputs: null,
      };
    };
    await expect(client.call("run_backward", await evaluate(false))).rejects.toThrow(/power cut/);
    expect((await client.get(x.id)).grad).toEqual([]);
    const before = broken.requests;
    await client.call("run_backward", await evaluate(true));
    expect(client.pushed("append_grad").map(({ params }) => params.gradient.data)).toEqual([""]);
    expect(broken.requests).toBe(before);
  });
});

describe("the optimizer", () => {
  test("T-90, T-94: creation echoes the defaults and gives groups filled up with them; groups can be added", async () => {
    const { client } = await connected();
    const model = await client.model((await writer()).baseUrl);
    const [p, q] = [await client.variable("p", "p", true, "__parameter__"), await client.variable("q", "q", true, "__parameter__")];
    const { made, defaults, id } = await optimizer(client, model.ref, [p.ref]);
    expect(made).toEqual({ optimizer_id: id, defaults, state: [], param_groups: [{ ...defaults, params: [p.ref] }] });
    const added = await client.call("add_param_group", {
      optimizer_id: id,
      messages: defaults.messages,
      param_group: { params: [q.ref], momentum: 2 },
    });
    expect(added.param_group).toEqual({ ...defaults, momentum: 2, params: [q.ref] });
    await expect(optimizer(client, model.ref, [])).rejects.toThrow(/at least one/);
  });

  test("T-91, T-92, T-93: a step announces copies, new texts, usage, then answers, then lowers the flags", async () => {
    const { client } = await connected();
    const model = await client.model((await writer()).baseUrl);
    const params = await Promise.all([0, 1, 2, 3, 4].map((i) => client.variable(`Initial value ${i}`, `p${i}`, true, "__parameter__")));
    const grads = await Promise.all(params.map(() => client.variable("only capital letters", "feedback")));
    for (const [i, { id }] of params.entries()) await client.call("append_grad", { variable_id: id, gradient: grads[i]!.ref });
    const { id } = await optimizer(
      client,
      model.ref,
      params.map(({ ref }) => ref),
      { momentum: 1 },
    );
    client.heard.length = 0;
    const { message: said, state } = await client.call("run_step", { optimizer_id: id });
    expect(said).toBe("Optimizer step executed successfully.");
    await client.until(() => client.pushed("clear_step").length > 0);
    const order = client.heard.map(({ method }) => method ?? "answer");
    expect(order).toEqual([
      ...Array(5).fill("create_variable"),
      ...Array(5).fill("update_variable"),
      "update_model",
      "answer",
      "clear_step",
    ]);
    const copies = client.pushed("create_variable").map((push) => push.params);
    expect(copies[0]).toMatchObject({
      obj_type: "__parameter__",
      data: "Initial value 0",
      role: "p0",
      requires_grad: true,
      _grad: [],
      is_leaf: true,
    });
    expect(client.pushed("update_variable")[4]!.params).toEqual({ variable_id: params[4]!.id, field: "data", value: "INITIAL VALUE 4" });
    expect(state).toEqual(
      params.map(({ ref }, i) => ({
        key: ref,
        value: { momentum_buffer: [[{ __parameter__: true, variable_id: copies[i].variable_id }, [grads[i]!.ref]]] },
      })),
    );
    expect(client.pushed("clear_step")[0]!.params.variable_ids).toEqual(params.map((p) => p.id));
    expect((await client.get(params[2]!.id)).data).toBe("INITIAL VALUE 2");
    expect((await client.get(params[2]!.id)).grad).toHaveLength(1);
    expect(await client.call("clear_grad", { optimizer_id: id })).toEqual({ message: "Gradients cleared successfully." });
    expect((await client.get(params[2]!.id)).grad).toEqual([]);
  });

  test("T-96: only the newest m pairs are kept, and only new copies are announced", async () => {
    const { client } = await connected();
    const model = await client.model((await writer()).baseUrl);
    const p = await client.variable("v", "p", true, "__parameter__");
    const g = await client.variable("more", "feedback");
    await client.call("append_grad", { variable_id: p.id, gradient: g.ref });
    const { id } = await optimizer(client, model.ref, [p.ref], { momentum: 2 });
    let state: Message[] = [];
    for (let step = 0; step < 4; step++) state = (await client.call("run_step", { optimizer_id: id })).state;
    const copies = client.pushed("create_variable").map(({ params }) => params);
    expect(copies.map((copy) => copy.data)).toEqual(["v", "v!", "v!!", "v!!!"]);
    expect(state[0]!.value.momentum_buffer.map(([ref]: Message[]) => ref!.variable_id)).toEqual(
      copies.slice(2).map((copy) => copy.variable_id),
    );
  });

  test("T-95: the functional step honours both gradients and gives the buffers back as pairs", async () => {
    const { client } = await connected();
    const server = await writer();
    const model = await client.model(server.baseUrl);
    const p = await client.variable("Initial value", "p", true, "__parameter__");
    const grads = [await client.variable("be kind", "feedback"), await client.variable("only capital letters", "feedback")];
    const params = {
      params: [p.ref],
      grads: [grads.map(({ ref }) => ref)],
      momentum_buffer_list: [[]],
      model_client: model.ref,
      messages: [],
      inputs: null,
      constraints: [],
      momentum: 3,
      completion_args: { model: "m" },
    };
    const first = await client.call("run_optimizer_tgd", params);
    expect(first.message).toBe("Functional TGD optimization step executed successfully.");
    expect(first.momentum_buffer_list).toEqual([[[{ __parameter__: true, variable_id: expect.any(String) }, grads.map(({ ref }) => ref)]]]);
    expect((await client.get(p.id)).data).toBe("INITIAL VALUE");
    const second = await client.call("run_optimizer_tgd", { ...params, momentum_buffer_list: first.momentum_buffer_list });
    expect(second.momentum_buffer_list[0]).toHaveLength(2);
    expect(second.momentum_buffer_list[0][0]).toEqual(first.momentum_buffer_list[0][0]);
    expect(client.pushed("clear_step")[0]!.params).toEqual({ variable_ids: [p.id] });
  });

  test("T-97: when one parameter cannot be rewritten the step is an error and no text has changed", async () => {
    const { client } = await connected();
    const server = await scriptedModel((user) => (user.includes("<VALUE>bad") ? "no form" : "<NEW_VALUE>new</NEW_VALUE>"));
    const model = await client.model(server.baseUrl);
    const params = await Promise.all(["good", "bad"].map((text) => client.variable(text, text, true, "__parameter__")));
    const g = await client.variable("x", "feedback");
    for (const { id } of params) await client.call("append_grad", { variable_id: id, gradient: g.ref });
    const { id } = await optimizer(
      client,
      model.ref,
      params.map(({ ref }) => ref),
    );
    await expect(client.call("run_step", { optimizer_id: id })).rejects.toThrow(/asked 3 times/);
    expect((await client.get(params[0]!.id)).data).toBe("good");
    expect([client.pushed("update_variable"), client.pushed("clear_step")]).toEqual([[], []]);
  });
});

describe("models", () => {
  test("T-100, T-101: usage grows, is zeroed on the client before the answer, and grows from zero", async () => {
    const { client } = await connected();
    const model = await client.model((await writer()).baseUrl);
    const prompt = await client.variable("hello", "prompt");
    const ask = () => client.run("ChatCompletion", [model.ref, chat(["user", prompt.ref]), null], { model: "m" });
    await ask();
    const grown = client.pushed("update_model")[0]!.params.value;
    client.heard.length = 0;
    expect(await client.call("clear_model_usage", { model_id: model.id })).toEqual({ model_id: model.id });
    expect(client.heard[0]!.params.value).toEqual({
      completion_tokens: 0,
      prompt_tokens: 0,
      total_tokens: 0,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
      cost: { amount: 0, currency: "USD" },
    });
    await ask();
    expect(client.pushed("update_model")[1]!.params.value).toEqual(grown);
    await expect(client.call("create_model", { class_type: "OpenAI", provider: "openai", config: {}, usage: {} })).rejects.toThrow(
      /needs a key/,
    );
    await expect(client.call("create_model", { class_type: "OpenAI", provider: "other", config: { api_key: "k" } })).rejects.toThrow(
      /"other" is not known/,
    );
  });

  test("T-104: a key that the provider repeats reaches neither the client nor the log, and goes to its provider only", async () => {
    const { client, rig } = await connected();
    const server = await scriptedModel(() => {
      throw new Error("sk-wire-secret of header-secret-7 is over quota");
    });
    const config = {
      api_key: "sk-wire-secret",
      base_url: server.baseUrl,
      max_retries: 0,
      default_headers: { "X-Team": "header-secret-7" },
    };
    const { model_id } = await client.call("create_model", { class_type: "OpenAI", provider: "openai", config, usage: {} });
    const prompt = await client.variable("hello", "prompt");
    const args = [{ __model_client__: true, model_id }, chat(["user", prompt.ref]), null];
    await expect(client.run("ChatCompletion", args, { model: "m" })).rejects.toThrow(/\[key\] of \[key\] is over quota/);
    expect(JSON.stringify(client.heard) + rig.logs.join()).not.toMatch(/wire-secret|header-secret/);
    expect([...server.keys]).toEqual(["sk-wire-secret"]);
  });
});

test("an open call can be cancelled", async () => {
  const { client } = await connected();
  const server = await scriptedModel(() => new Promise(() => {}));
  const model = await client.model(server.baseUrl);
  const prompt = await client.variable("hello", "prompt");
  const args = [model.ref, chat(["user", prompt.ref]), null];
  const open = client.request(
    "run_function",
    { function_name: "ChatCompletion", grad_enabled: true, args, kwargs: { model: "m" } },
    "slow",
  );
  while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await client.call("cancel", { id: "slow" })).toEqual({ cancelled: true });
  expect((await open).error.data).toMatchObject({ type: "cancelled" });
  expect(await client.call("cancel", { id: "slow" })).toEqual({ cancelled: false });
});

test("50 sessions of 2,000 variables each take less than 500 MB", async () => {
  const { url } = await tellurioRig();
  const before = heldBytes();
  const variables = Array.from({ length: 2000 }, (_, i) => ({
    data: `variable number ${i}, `.repeat(10),
    role: `role ${i}`,
    requires_grad: true,
  }));
  for (let i = 0; i < 50; i++) {
    const client = await RawClient.connect(url);
    await client.call("create_variables", { variables });
    client.heard.length = 0;
  }
  expect((heldBytes() - before) / 2 ** 20).toBeLessThan(500);
});
