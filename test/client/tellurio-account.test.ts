import { describe, expect, onTestFinished, test, vi } from "vitest";
import WebSocket from "ws";
import { assertConsent } from "../../src/client/consent.ts";
import { TellurioClient } from "../../src/client/tellurio-client.ts";
import type { TellurioClientOptions } from "../../src/client/tellurio-link.ts";
import type { TellurioVariable } from "../../src/client/tellurio-mirrors.ts";
import type { TextSocketConstructor } from "../../src/client/tellurio-socket.ts";
import { TellurioTrainer } from "../../src/client/tellurio-trainer.ts";
import { KEY, scriptedModel, tellurioRig } from "../server/tellurio-rig.ts";

const Socket = WebSocket as unknown as TextSocketConstructor;

function clientOf(url: string, options: TellurioClientOptions = {}): TellurioClient {
  const client = new TellurioClient(url, { WebSocket: Socket, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Notes what a client sends. */
function listening(): { readonly Socket: TextSocketConstructor; readonly methods: string[] } {
  const methods: string[] = [];
  class Listening extends WebSocket {
    override send(data: unknown): void {
      const { method } = JSON.parse(String(data)) as { method?: string };
      if (method !== undefined) methods.push(method);
      super.send(data as string);
    }
  }
  return { Socket: Listening as unknown as TextSocketConstructor, methods };
}

/** The status that the server keeps of a run. */
async function statusOf(http: string, project: string, uuid: string): Promise<string> {
  const response = await fetch(`${http}/api/v0/testuser/projects/${project}/runs/${uuid}/`, {
    headers: { Authorization: `Api-Key ${KEY}` },
  });
  return ((await response.json()) as { status: string }).status;
}

describe("consent", () => {
  test("T-105: the setting goes before what is remembered, and that before a person; only yes and always pass", async () => {
    const ask = vi.fn(() => "no");
    await assertConsent({ setting: "TRUE", ask });
    await assertConsent({ setting: "false", remembered: true, ask });
    expect(ask).not.toHaveBeenCalled();
    await expect(assertConsent({ setting: "false", ask })).rejects.toMatchObject({ code: "refused" });
    expect(ask).toHaveBeenCalledTimes(1);
    await expect(assertConsent({ setting: "maybe", remembered: true })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(assertConsent({})).rejects.toThrow(/nobody allowed it/);
    const remember = vi.fn();
    await assertConsent({ ask: async () => "Yes", remember });
    expect(remember).not.toHaveBeenCalled();
    await assertConsent({ ask: () => "always", remember });
    expect(remember).toHaveBeenCalledTimes(1);
  });

  test("T-105, T-100: without consent, or without a key, no model is registered", async () => {
    const { url } = await tellurioRig();
    const { Socket: Noting, methods } = listening();
    const client = clientOf(url, { WebSocket: Noting, runUuid: "run" });
    await client.connect(KEY);
    await expect(client.model({ apiKey: "sk-1234", shareKey: { ask: () => "later" } })).rejects.toMatchObject({ code: "refused" });
    await expect(client.model({ apiKey: "", shareKey: true })).rejects.toThrow(/needs a key/);
    expect(methods).toEqual([]);
    await client.model({ apiKey: "sk-1234", shareKey: { ask: () => "yes" } });
    expect(methods).toEqual(["create_model"]);
  });
});

test("T-103: the backward model has a path with a known provider, is an error until it is chosen, and is sent again only when it changes", async () => {
  const { url } = await tellurioRig();
  const { Socket: Noting, methods } = listening();
  const client = clientOf(url, { WebSocket: Noting, runUuid: "run" });
  await client.connect(KEY);
  const model = await client.model({ apiKey: "sk-1234", baseUrl: "http://127.0.0.1:9/v1", shareKey: true });
  expect(() => client.backwardModel).toThrow(/No model was chosen/);
  for (const path of ["gpt-4o", "openai/", "/gpt-4o"]) await expect(client.setBackwardModel(model, path)).rejects.toThrow(/openai\/<name>/);
  await expect(client.setBackwardModel(model, "acme/gpt-4o")).rejects.toThrow(/provider "acme" is not known/);
  const prompt = await client.parameter("p", { role: "prompt" });
  const [part] = await client.run("Split", [prompt, " "]);
  const judged = await client.run("DeterministicEvaluator", [part, "q", () => 0, "sameness", null, null, null]);
  await expect(client.backward(judged[1]!)).rejects.toMatchObject({ code: "refused", message: expect.stringMatching(/none was chosen/) });
  const chosen = (): number => methods.filter((method) => method === "set_model_singleton").length;
  await client.setBackwardModel(model, "openai/gpt-4o", { temperature: 0 });
  await client.setBackwardModel(model, "openai/gpt-4o", { temperature: 0 });
  expect([chosen(), client.backwardModel === model]).toEqual([1, true]);
  await client.setBackwardModel(model, "openai/gpt-4o", { temperature: 1 });
  expect(chosen()).toBe(2);
});

describe("login", () => {
  function store(key: string | null) {
    const kept: { key: string | null; username: string } = { key, username: "" };
    return { kept, read: () => kept.key, write: (username: string, apiKey: string) => void Object.assign(kept, { username, key: apiKey }) };
  }

  test("T-110, T-116: a valid key from argument or environment is stored; one from the store is used and not written again", async () => {
    const { url } = await tellurioRig();
    const keys = store("old");
    const client = clientOf(url);
    const account = await client.login({ apiKey: KEY, env: { TELLURIO_API_KEY: "other" }, keys });
    expect(account).toMatchObject({ username: "testuser", email: "testuser@localhost", sessionId: client.link.sessionId });
    expect(keys.kept).toEqual({ key: KEY, username: "testuser" });
    const fromEnv = store(null);
    await clientOf(url).login({ env: { TELLURIO_API_KEY: KEY }, keys: fromEnv });
    expect(fromEnv.kept.key).toBe(KEY);
    const silent = { read: () => KEY, write: vi.fn() };
    expect((await clientOf(url).login({ keys: silent })).username).toBe("testuser");
    expect(silent.write).not.toHaveBeenCalled();
    const locked = { read: () => null, write: () => Promise.reject(new Error("the keyring is locked")) };
    expect((await clientOf(url).login({ apiKey: KEY, keys: locked })).username).toBe("testuser");
  });

  test("T-110, T-116: a wrong key stores nothing and closes the link; logging in again replaces the key, and needs one", async () => {
    const { url } = await tellurioRig();
    const keys = store("old");
    const client = clientOf(url);
    await expect(client.login({ apiKey: "wrong", keys })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(/^The key is not valid/),
    });
    await expect(client.login({ apiKey: "wrong", keys, isRelogin: true })).rejects.toThrow(/^The new key is not valid/);
    await expect(client.login({ keys, isRelogin: true })).rejects.toThrow(/needs a new key/);
    await expect(client.login({})).rejects.toThrow(/There is no key/);
    expect([keys.kept.key, client.link.isOpen]).toEqual(["old", false]);
    await client.login({ apiKey: KEY, keys, isRelogin: true });
    expect([keys.kept.key, client.link.isOpen]).toEqual([KEY, true]);
  });
});

describe("runs", () => {
  test("T-112, T-114: a run and its project are made; a new run fails the old one; leaving completes; an error crashes", async () => {
    const { url, http } = await tellurioRig();
    const client = clientOf(url);
    await client.connect(KEY);
    const first = await client.startRun("My Prompts", { name: "one", description: "the first" });
    expect([first.projectSlug, client.link.runUuid, client.activeRun === first]).toEqual(["my-prompts", first.uuid, true]);
    const second = await client.startRun("My Prompts");
    expect([await statusOf(http, "my-prompts", first.uuid), client.activeRun === second]).toEqual(["FAILED", true]);
    await second.finish();
    await second.finish();
    expect([await statusOf(http, "my-prompts", second.uuid), client.activeRun]).toEqual(["COMPLETED", null]);
    let crashed = "";
    const work = client.withRun("My Prompts", {}, async ({ uuid }) => {
      crashed = uuid;
      throw new Error("no luck");
    });
    await expect(work).rejects.toThrow("no luck");
    expect(await statusOf(http, "my-prompts", crashed)).toBe("CRASHED");
    expect(await client.withRun("My Prompts", {}, async ({ uuid }) => statusOf(http, "my-prompts", uuid))).toBe("RUNNING");
    const left = await client.startRun("My Prompts");
    await client[Symbol.asyncDispose]();
    expect([await statusOf(http, "my-prompts", left.uuid), client.link.isOpen]).toEqual(["COMPLETED", false]);
  });

  test("T-115: metrics are numbered from 0 by name, or keep the step that they came with", async () => {
    const { url } = await tellurioRig();
    const client = clientOf(url);
    await client.connect(KEY);
    const run = await client.startRun("Metrics");
    expect([
      await run.log("score", 0.5),
      await run.log("score", 0.6),
      await run.log("other", "text"),
      await run.log("score", 1, 7),
    ]).toEqual([0, 1, 0, 7]);
    expect(await run.log("score", 1)).toBe(8);
  });
});

test("T-120, T-121, T-123: a batch is exactly clear_grad, its operations, get_backprop_ids, run_backward, run_step, one clearing per model", async () => {
  const { url } = await tellurioRig();
  const model = await scriptedModel((user) => (user.includes("<VALUE>") ? "<NEW_VALUE>better</NEW_VALUE>" : "an answer"));
  const { Socket: Noting, methods } = listening();
  const client = clientOf(url, { WebSocket: Noting, runUuid: "run" });
  await client.connect(KEY);
  const lm = await client.model({ apiKey: "sk-1234", baseUrl: model.baseUrl, shareKey: true });
  const critic = await client.model({ apiKey: "sk-1234", baseUrl: model.baseUrl, shareKey: true });
  await client.setBackwardModel(critic, "openai/gpt-4.1");
  const prompt = await client.parameter("p", { role: "prompt" });
  const optimizer = await client.optimizer([prompt], { model: lm, args: { model: "gpt-4.1" } });
  const step = async (query: TellurioVariable, gradEnabled: boolean) => {
    const messages = [
      { role: "system", content: [prompt] },
      { role: "user", content: [query] },
    ];
    const [answer] = await client.run("ChatCompletion", [lm, messages, null], { model: "gpt-4.1" }, { gradEnabled });
    const isRight = () => 0.25;
    const [score, why] = await client.run(
      "DeterministicEvaluator",
      [answer, "a", isRight, "sameness", null, null, null],
      {},
      { gradEnabled },
    );
    return [score!, why!] as const;
  };
  const agent = {
    trainingStep: async (query: TellurioVariable) => ({ loss: await step(query, true), length: 3 }),
    validationStep: (query: TellurioVariable) => step(query, false),
  };
  const logged: [string, number, number][] = [];
  const trainer = new TellurioTrainer(client, { maxEpochs: 2, models: [lm, critic], log: (...entry) => void logged.push(entry) });
  const query = await client.variable("q", { role: "query" });
  methods.length = 0;
  await trainer.fit(
    agent,
    optimizer,
    () => [query, query],
    () => [query],
  );
  const operations = ["run_function", "run_function"];
  const batch = ["clear_grad", ...operations, "get_backprop_ids", "run_backward", "run_step", "clear_model_usage", "clear_model_usage"];
  const epoch = [...batch, ...batch, ...operations, "clear_model_usage", "clear_model_usage"];
  expect(methods).toEqual([...epoch, ...epoch]);
  expect(logged.map(([name, , at]) => `${name} ${at}`)).toEqual(
    [1, 2].flatMap((at) => ["train_loss", "train_length", "val_loss", "total_cost($)"].map((name) => `${name} ${at}`)),
  );
  expect(logged.filter(([name]) => name.endsWith("_loss")).every(([, value]) => value === 0.25)).toBe(true);
  const costs = logged.filter(([name]) => name === "total_cost($)").map(([, value]) => value);
  expect(costs[1]).toBeGreaterThan(costs[0]!);
  expect(trainer.costUsd).toBe(costs[1]);
  await expect(trainer.fit({ trainingStep: async () => [query] as never }, optimizer, () => [query])).rejects.toThrow(
    /\[score, explanation\]/,
  );
});
