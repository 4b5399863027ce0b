import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { TellurioClient } from "../../src/client/tellurio-client.ts";
import type { TellurioClientOptions } from "../../src/client/tellurio-link.ts";
import { TellurioVariable } from "../../src/client/tellurio-mirrors.ts";
import type { TextSocketConstructor } from "../../src/client/tellurio-socket.ts";
import { KEY, type Message, scriptedModel, tellurioRig } from "../server/tellurio-rig.ts";

/** Every socket that clients of these tests opened, newest last. */
const sockets: WebSocket[] = [];
class NodeSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}
const Socket = NodeSocket as unknown as TextSocketConstructor;

function clientOf(url: string, options: TellurioClientOptions = {}): TellurioClient {
  const client = new TellurioClient(url, { WebSocket: Socket, runUuid: "run", ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A server made by hand: greets, records, and answers what the test tells it to. */
async function handMade(
  answer: (message: Message, send: (body: object) => void, protocols: string) => void = () => {},
  welcome: object = {},
) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "trainyard.textgrad" });
  await new Promise((resolve) => server.once("listening", resolve));
  const heard: Message[] = [];
  const protocols: string[] = [];
  const waiting: (() => void)[] = [];
  const state: { socket: WebSocket | null } = { socket: null };
  server.on("connection", (socket, request) => {
    state.socket = socket;
    protocols.push(String(request.headers["sec-websocket-protocol"]));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: null, result: { session_id: `s${protocols.length}`, ...welcome } }));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      heard.push(message);
      if (message.method !== undefined)
        answer(message, (body) => socket.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...body })), protocols.at(-1)!);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  let next = 0;
  /** Sends a request of the server and gives the client's answer. */
  const push = async (method: string, params: object): Promise<Message> => {
    const id = next++;
    state.socket!.send(JSON.stringify({ jsonrpc: "2.0", method, params, id }));
    await until(() => heard.some((message) => message.method === undefined && message.id === id));
    return heard.find((message) => message.method === undefined && message.id === id)!;
  };
  return { url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/ws/v0/rpc/`, heard, protocols, push, until, state };
}
const record = (variable_id: string, more: object = {}) => ({
  variable_id,
  obj_type: "__variable__",
  data: "x",
  role: "r",
  requires_grad: true,
  _retain_grad: false,
  _grad: [],
  _output_nr: 0,
  _grad_fn: null,
  is_leaf: true,
  ...more,
});
const OK = { message: "Ok" };

/** Time that passes when the test says so. */
class StepClock {
  #now = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];
  now = () => this.#now;
  random = () => 0.5;
  setTimeout = (run: () => void, delayMs: number) => {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return timer;
  };
  clearTimeout = (timer: unknown) => {
    this.#timers = this.#timers.filter((one) => one !== timer);
  };
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.clearTimeout(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}

describe("the link", () => {
  test("T-14: tries three times and then fails with one clear error; a wrong key is not tried again", async () => {
    const delays: number[] = [];
    const clock = {
      now: () => 0,
      random: () => 0.5,
      clearTimeout: () => {},
      setTimeout: (run: () => void, delayMs: number) => {
        delays.push(delayMs);
        run();
      },
    };
    const before = sockets.length;
    const nobody = clientOf("ws://127.0.0.1:1/ws/v0/rpc/", { clock });
    await expect(nobody.connect(KEY)).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("ECONNREFUSED") });
    expect([delays, sockets.length - before]).toEqual([[5000, 5000], 3]);
    const { url } = await tellurioRig();
    await expect(clientOf(url).connect("wrong")).rejects.toMatchObject({ code: "refused" });
    expect(sockets.length - before).toBe(4);
    await expect(clientOf(url).connect("")).rejects.toThrow(/needs an API key/);
  });

  test("T-15: after close there is no session, no call and no socket", async () => {
    const { url, door } = await tellurioRig();
    const client = clientOf(url);
    expect(await client.connect(KEY)).toBe(client.link.sessionId);
    const open = client.call("run_function", { function_name: "Add", args: [] });
    client.close();
    client.close();
    await expect(open).rejects.toMatchObject({ name: "LinkLostError" });
    await expect(client.call("checksum")).rejects.toThrow(/not open/);
    expect([client.link.sessionId, client.link.pendingCount, client.link.isOpen]).toEqual([null, 0, false]);
    while (door.sessionCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sockets.at(-1)!.readyState).toBeGreaterThanOrEqual(2);
  });

  test("T-16, T-17: without resume, calls fail at once when the socket drops, and the link comes back with the same key", async () => {
    const server = await handMade();
    const client = clientOf(server.url, { resume: false });
    await client.connect("my key");
    client.link.registry.addRecord(record("v1"));
    const open = client.call("run_backward", {});
    await server.until(() => server.heard.length === 1);
    const back = new Promise<boolean>((resolve) => {
      client.link.onReconnect = resolve;
    });
    server.state.socket!.terminate();
    await expect(open).rejects.toMatchObject({ name: "LinkLostError", sent: true, retryable: true });
    expect(await back).toBe(false);
    expect(server.protocols[1]).toBe(server.protocols[0]);
    expect(server.protocols[0]).toContain(`key.${Buffer.from("my key").toString("base64url")}`);
    expect([client.link.sessionId, client.link.registry.variables.size]).toEqual(["s2", 0]);
  });

  test("a call has a deadline; heartbeats put off that of a long one only", async () => {
    const server = await handMade();
    const clock = new StepClock();
    const client = clientOf(server.url, { timeoutMs: 1000, clock });
    await client.connect(KEY);
    const plain = client.call("get_variable", {});
    clock.advance(1000);
    await expect(plain).rejects.toMatchObject({ name: "CallTimeoutError" });
    const open = client.call("run_step", { optimizer_id: "o" });
    let isOver = false;
    void open.catch(() => (isOver = true));
    await server.until(() => server.heard.length === 2);
    for (let beat = 0; beat < 8; beat++) {
      clock.advance(400);
      server.state.socket!.send(JSON.stringify({ jsonrpc: "2.0", method: "heartbeat", params: { id: server.heard[1]!.id } }));
      await server.push("create_node", { node_id: `n${beat}`, name: "AddBackward0" }); // answered: the beat before it was heard
    }
    expect(isOver).toBe(false);
    clock.advance(2000);
    await expect(open).rejects.toMatchObject({ name: "CallTimeoutError" });
  });

  test("without a run nothing is sent", async () => {
    const server = await handMade();
    const client = clientOf(server.url, { runUuid: null });
    await client.connect(KEY);
    await expect(client.call("checksum")).rejects.toThrow(/no active run/);
    expect(server.heard).toEqual([]);
  });
});

describe("what the server may do", () => {
  async function pushed(pendingMs = 60_000) {
    const server = await handMade();
    const client = clientOf(server.url, { pendingMs });
    await client.connect(KEY);
    return { ...server, client, registry: client.link.registry };
  }

  test("T-31, T-34: each field of a mirror is set, answered Ok with the same id, and not echoed", async () => {
    const { push, registry, heard } = await pushed();
    const variable = registry.addRecord(record("v1"));
    await push("create_node", { node_id: "n1", name: "AddBackward0" });
    for (const [field, value] of [
      ["data", "new"],
      ["role", "other"],
      ["requires_grad", false],
      ["is_leaf", false],
      ["_retain_grad", true],
      ["output_nr", 2],
      ["_grad_fn", "n1"],
      ["_grad", [{ data: "g", role: "f", requires_grad: false }]],
    ] as const) {
      expect((await push("update_variable", { variable_id: "v1", field, value })).result).toEqual(OK);
    }
    expect(variable).toMatchObject({
      data: "new",
      role: "other",
      requiresGrad: false,
      isLeaf: false,
      retainsGrad: true,
      outputNr: 2,
      gradFn: { name: "AddBackward0" },
    });
    expect(variable.grad.map((gradient) => gradient.data)).toEqual(["g"]);
    expect(heard.every((message) => message.method === undefined)).toBe(true);
  });

  test("T-32, T-43, T-102: what is unknown is an internal error that names it; what is missing names the key", async () => {
    const { push, registry } = await pushed();
    registry.addRecord(record("v1"));
    const failures: [string, object, RegExp][] = [
      ["update_variable", { variable_id: "v9", field: "data", value: 1 }, /Variable with id "v9"/],
      ["update_variable", { variable_id: "v1", field: "_grad_fn", value: "n9" }, /Node with id "n9"/],
      ["create_edge", { from_node_id: "n8", to_node_id: null, output_nr: 0 }, /Node with id "n8"/],
      ["update_model", { model_id: "m9", field: "_usage", value: {} }, /Model with id "m9"/],
      ["run_callable", { callable_id: "f9" }, /Callable with id "f9"/],
      ["create_variable", record("v2", { obj_type: "__thing__" }), /obj_type __thing__/],
      ["append_grad", { variable_id: "v1", gradient_id: "g", gradient: { data: "x", colour: 1 } }, /no colour/],
    ];
    for (const [method, params, said] of failures) {
      const { error } = await push(method, params);
      expect(error).toMatchObject({ code: -32603, message: "Internal error", data: { exception: expect.stringMatching(said) } });
    }
    expect((await push("append_grad", { variable_id: "v1" })).error).toMatchObject({ code: -32602, data: { missing_key: "gradient_id" } });
    expect((await push("create_variable", { variable_id: "v3" })).error).toMatchObject({ code: -32602, data: { missing_key: "obj_type" } });
    expect((await push("no_such", {})).error).toMatchObject({ code: -32601, data: { method: "no_such" } });
  });

  test("T-30, T-33: variables of both kinds appear, and gradients keep the identity of their list", async () => {
    const { push, registry } = await pushed();
    const variable = registry.addRecord(record("v1"));
    const list = variable.grad;
    await push("append_grad", {
      variable_id: "v1",
      gradient_id: "g1",
      gradient: { data: "better", role: "feedback", requires_grad: false },
    });
    expect([list.length, variable.grad === list, registry.variable("g1") === list[0]]).toEqual([1, true, true]);
    await push("create_variable", record("p1", { obj_type: "__parameter__", _grad: [{ __variable__: true, variable_id: "g1" }] }));
    expect([registry.variable("p1").isParameter, registry.variable("p1").grad[0] === list[0]]).toEqual([true, true]);
  });

  test("T-29, T-40, T-41, T-42, T-44: nodes and edges; a variable waits for its node, at most so long", async () => {
    const { push, registry } = await pushed();
    const early = registry.addRecord(record("v1", { _grad_fn: "n1", is_leaf: false }));
    const waiting = early.readGradFn();
    await push("create_node", { node_id: "n1", name: "AddBackward0" });
    await push("create_node", { node_id: "n2", name: "AccumulateGrad" });
    expect((await waiting)?.name).toBe("AddBackward0");
    await push("create_edge", { from_node_id: "n1", to_node_id: "n2", output_nr: 1 });
    await push("create_edge", { from_node_id: "n1", to_node_id: null, output_nr: 0 });
    expect(early.gradFn?.nextFunctions.map(({ node, outputNr }) => [node?.name ?? null, outputNr])).toEqual([
      ["AccumulateGrad", 1],
      [null, 0],
    ]);
    expect(() => Object.assign(early, { gradFn: null })).toThrow(TypeError);
    const hasty = await pushed(20);
    const late = hasty.registry.addRecord(record("v2", { _grad_fn: "n9" }));
    await expect(late.readGradFn()).rejects.toThrow(/v2 still waits for its node/);
    await hasty.push("create_node", { node_id: "n9", name: "SumBackward0" });
    expect((await late.readGradFn())?.name).toBe("SumBackward0");
  });

  test("T-82: flags hold up readers until they are lowered", async () => {
    const { push, registry } = await pushed();
    const variable = registry.addRecord(record("v1"));
    variable.pendingData.raise();
    const reading = variable.readData();
    await push("update_variable", { variable_id: "v1", field: "data", value: "new text" });
    await push("clear_step", { variable_ids: ["v1"] });
    expect(await reading).toBe("new text");
    const hasty = await pushed(20);
    const other = hasty.registry.addRecord(record("v1"));
    other.pendingGrad.raise();
    await expect(other.readGrad()).rejects.toMatchObject({ code: "timeout", message: expect.stringContaining("gradients") });
    expect((await hasty.push("clear_backward", { variable_ids: ["v1", "v9"] })).error.data.exception).toMatch(/v9/);
    expect(await other.readGrad()).toEqual([]);
  });

  test("functions may be asynchronous; what JSON cannot hold is refused; usage and other fields of models are set", async () => {
    const { push, registry } = await pushed();
    const wire = registry.encode(async (a: number, b: number) => a + b) as Message;
    expect((await push("run_callable", { callable_id: wire.callable_id, args: [1, 2], kwargs: {} })).result).toEqual({
      message: "Ok",
      data: 3,
    });
    const bad = registry.encode(() => () => 1) as Message;
    expect((await push("run_callable", { callable_id: bad.callable_id })).error.data.exception).toMatch(/JSON cannot hold/);
    const model = registry.addModel("m1");
    await push("update_model", { model_id: "m1", field: "_usage", value: { total_tokens: 3 } });
    expect(model.usage).toEqual({ total_tokens: 3 });
  });

  test("T-50, T-51, T-52: objects travel as references and come back as the very same; others are refused by class", async () => {
    const { registry } = await pushed();
    const variable = registry.addRecord(record("v1"));
    const parameter = registry.addRecord(record("p1", { obj_type: "__parameter__" }));
    const model = registry.addModel("m1");
    const sent = registry.encode({ list: [variable, parameter, [model]], text: "a", none: null, flag: true, number: 1.5 });
    expect(sent).toEqual({
      list: [
        { __variable__: true, variable_id: "v1" },
        { __parameter__: true, variable_id: "p1" },
        [{ __model_client__: true, model_id: "m1" }],
      ],
      text: "a",
      none: null,
      flag: true,
      number: 1.5,
    });
    const back = registry.decode(sent) as { list: [unknown, unknown, [unknown]] };
    expect([back.list[0] === variable, back.list[1] === parameter, back.list[2][0] === model]).toEqual([true, true, true]);
    for (const [value, name] of [
      [new Map(), "Map"],
      [new Date(), "Date"],
      [Number.NaN, "NaN"],
      [1n, "bigint"],
      [2 ** 53, "9007199254740992"],
    ] as const) {
      expect(() => registry.encode(value)).toThrow(name);
    }
    expect(() => registry.decode({ __variable__: true, variable_id: "v9" })).toThrow(/Variable with id "v9"/);
  });
});

describe("with the server", () => {
  test("T-87: trains a prompt: forward, judgement by a function that uses the client, backward, step; a leaf is refused without a call", async () => {
    const { url } = await tellurioRig();
    const server = await scriptedModel((user, messages) => {
      const value = /<VALUE>([\s\S]*?)<\/VALUE>/.exec(user)?.[1];
      if (value !== undefined) return `<NEW_VALUE>${value.toUpperCase()}</NEW_VALUE>`;
      return user.includes("under review") ? "only capital letters" : `${messages[0]!.content}: ${user}`;
    });
    const client = clientOf(url);
    await client.connect(KEY);
    await expect(client.model({ apiKey: "sk-1234", shareKey: false })).rejects.toThrow(/shareKey/); // T-105
    const model = await client.model({ apiKey: "sk-1234", baseUrl: server.baseUrl, shareKey: true });
    await client.setBackwardModel(model, "openai/gpt-4o");
    await expect(client.setBackwardModel(model, "gpt-4o")).rejects.toThrow(/openai\/<name>/); // T-103
    const prompt = await client.parameter("be loud", { role: "system prompt" });
    const [query, target] = await client.variables([
      ["hello", { role: "query" }],
      ["BE LOUD: hello", { role: "target" }],
    ]);
    const answer = await client.chat(
      model,
      [
        { role: "system", content: [prompt] },
        { role: "user", content: [query!] },
      ],
      {},
      { model: "gpt-4o" },
    );
    expect([answer.data, answer.gradFn?.name]).toEqual(["be loud: hello", "ChatCompletionBackward0"]);
    const score = async (a: string, b: string) => {
      const inner = await client.variable(`${a} / ${b}`, { role: "note" });
      return String(inner.data).startsWith("BE LOUD") ? 1 : 0;
    };
    const outputs = await client.run("DeterministicEvaluator", [answer, target, score, "loudness", null, null, null]);
    expect([outputs.length, Object.isFrozen(outputs), outputs[0]!.data]).toEqual([2, true, 0]);
    await client.backward(outputs[1]!);
    expect((await prompt.readGrad()).map((gradient) => gradient.data)).toEqual(["only capital letters"]);
    const optimizer = await client.optimizer([prompt], { model, args: { model: "gpt-4o" }, momentum: 1 });
    await optimizer.step();
    expect(prompt.pendingData.isUp || prompt.data === "BE LOUD").toBe(true);
    expect(await prompt.readData()).toBe("BE LOUD");
    const [{ key, value }] = optimizer.state as [{ key: unknown; value: { momentum_buffer: [[TellurioVariable, TellurioVariable[]]] } }];
    const [[copy, gradients]] = value.momentum_buffer;
    expect([key === prompt, copy.data, copy.isParameter, gradients[0] === prompt.grad[0]]).toEqual([true, "be loud", true, true]);
    const list = prompt.grad;
    await optimizer.clearGrad();
    expect([list.length, prompt.grad === list]).toEqual([0, true]);
    expect(Number((model.usage.cost as Message).amount)).toBeGreaterThan(0);
    await client.clearUsage(model);
    expect(model.usage.total_tokens).toBe(0);
    await expect(client.backward(prompt)).rejects.toThrow(/is a leaf/);
    expect(await client.isInStep()).toBe(true);
    await client.update(query!, { data: "bye", role: "other" });
    await client.updateAll([
      [query!, { data: "ciao" }],
      [prompt, { data: "be loud again", requiresGrad: true }],
    ]);
    expect([query!.data, prompt.data]).toEqual(["ciao", "be loud again"]);
    await expect(
      client.updateAll([
        [query!, { data: "lost" }],
        [prompt, { role: null as never }],
      ]),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    expect(query!.data).toBe("ciao");
    await client.release([target!]);
    expect(await client.isInStep()).toBe(true);
  });

  test("the connection is cut in the middle of a backward pass: the session resumes, the pass ends, both sides hold the same", async () => {
    const { url } = await tellurioRig();
    let release = (): void => {};
    const reached = { resolve: (): void => {} };
    const isAsked = new Promise<void>((resolve) => (reached.resolve = resolve));
    const server = await scriptedModel((user) => {
      if (!user.includes("under review")) return "answer";
      reached.resolve();
      return new Promise((resolve) => (release = () => resolve("criticism")));
    });
    const client = clientOf(url);
    const session = await client.connect(KEY);
    const model = await client.model({ apiKey: "sk-1234", baseUrl: server.baseUrl, shareKey: true });
    await client.setBackwardModel(model, "openai/m");
    const prompt = await client.parameter("p", { role: "prompt" });
    const answer = await client.chat(model, [{ role: "user", content: [prompt] }], {}, { model: "m" });
    const pass = client.backward(answer);
    await isAsked;
    const back = new Promise<boolean>((resolve) => {
      client.link.onReconnect = resolve;
    });
    sockets.at(-1)!.terminate();
    release();
    expect(await back).toBe(true);
    await pass;
    expect((await prompt.readGrad()).map((gradient) => gradient.data)).toEqual(["criticism"]);
    expect(client.link.sessionId).toBe(session);
    expect(await client.isInStep()).toBe(true);
  });

  test("the server goes away for good: calls fail with what happened, within the time for reconnecting", async () => {
    const { url, door } = await tellurioRig();
    const client = clientOf(url, { resumeForMs: 300 });
    await client.connect(KEY);
    const server = await scriptedModel(() => new Promise(() => {}));
    const model = await client.model({ apiKey: "sk-1234", baseUrl: server.baseUrl, shareKey: true });
    const prompt = await client.parameter("p", { role: "prompt" });
    const open = client.chat(model, [{ role: "user", content: [prompt] }], {}, { model: "m" });
    while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await door.close();
    await expect(open).rejects.toMatchObject({ name: "LinkLostError" });
    expect(prompt).toBeInstanceOf(TellurioVariable);
  });

  test("a call that is cancelled here is cancelled there", async () => {
    const { url } = await tellurioRig();
    const client = clientOf(url);
    await client.connect(KEY);
    const server = await scriptedModel(() => new Promise(() => {}));
    const model = await client.model({ apiKey: "sk-1234", baseUrl: server.baseUrl, shareKey: true });
    const prompt = await client.parameter("p", { role: "prompt" });
    const stop = new AbortController();
    const open = client.run(
      "ChatCompletion",
      [model, [{ role: "user", content: [prompt] }], null],
      { model: "m" },
      { signal: stop.signal },
    );
    while (server.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("enough"));
    await expect(open).rejects.toThrow("enough");
    await client.call("checksum");
    expect(client.link.pendingCount).toBe(0);
  });
});
