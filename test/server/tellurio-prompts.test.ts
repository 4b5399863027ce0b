import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startScriptedModel } from "../../examples/prompt-training/scripted-model.mjs";
import { Runs } from "../../src/runs/index.ts";
import { PromptLog } from "../../src/server/tellurio/prompt-log.ts";
import { runSink } from "../../src/server/tellurio/run-sink.ts";
import { chat, KEY, type Message, RawClient, type Rig, scriptedModel, tellurioRig } from "./tellurio-rig.ts";

const BEARER = { headers: { Authorization: `Bearer ${KEY}` } };

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-prompts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A door with runs behind it, and a run that a trainer began. */
async function rigWithRuns(folder = scratch()): Promise<Rig & { runs: Runs; runId: string; path: string }> {
  const runs = new Runs({ folder });
  onTestFinished(() => runs.close());
  const rig = await tellurioRig({ folder, runs: runSink(runs, () => {}) });
  const headers = { ...BEARER.headers, "Content-Type": "application/json" };
  const base = `${rig.http}/api/v0/testuser/projects/`;
  await fetch(base, { method: "POST", headers, body: JSON.stringify({ display_name: "Prompts" }) });
  const answer = await fetch(`${base}prompts/runs/`, { method: "POST", headers, body: JSON.stringify({ name: "router" }) });
  const { uuid: runId } = (await answer.json()) as { uuid: string };
  return { ...rig, runs, runId, path: `${base}prompts/runs/${runId}/` };
}

/** Lines of a log's stream, as they come. */
async function* lines(http: string, runId: string, query = "follow=false"): AsyncGenerator<Message> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(`${http}/api/v2/prompt-runs/${runId}/entries?${query}`, { ...BEARER, signal: stop.signal });
  let rest = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield JSON.parse(part) as Message;
  }
}

async function entries(http: string, runId: string, query?: string): Promise<Message[]> {
  const all: Message[] = [];
  for await (const line of lines(http, runId, query)) all.push(line);
  return all.filter(({ type }) => type === "entry");
}

/** One step of training over the wire: forward with a batch, judged by a function of the client, backward, step. */
async function trainOnce(
  client: RawClient,
  runId: string,
  model: object,
  prompt: { id: string; ref: object },
  optimizer_id: string,
): Promise<void> {
  const ask = (method: string, params: object) => client.call(method, { ...params, run_uuid: runId });
  const query = await client.variable(["a", "b", "c", "d"], "query");
  const args = [model, chat(["system", prompt.ref], ["user", query.ref]), null];
  const { data } = await ask("run_function", { function_name: "ChatCompletion", grad_enabled: true, args, kwargs: { model: "gpt-4.1" } });
  const answer = { __variable__: true, variable_id: data.variable_id };
  const isRight = client.fn((_prediction: string, target: string) => (target === "yes" ? 1 : 0));
  const judged = [answer, ["yes", "no", "no", "no"], isRight, "rightness", null, null, null];
  const evaluation = await ask("run_function", { function_name: "DeterministicEvaluator", grad_enabled: true, args: judged, kwargs: {} });
  const explanation = { __variable__: true, variable_id: evaluation.data[1].variable_id };
  await ask("run_backward", { variables: explanation, grad_variables: null, retain_graph: null, create_graph: false, inputs: null });
  await ask("run_step", { optimizer_id });
}

async function trainer(rig: { url: string; runId: string }, reply: Parameters<typeof scriptedModel>[0]) {
  const lm = await scriptedModel(reply);
  const client = await RawClient.connect(rig.url);
  const model = await client.model(lm.baseUrl);
  const prompt = await client.variable("Answer.", "instructions", true, "__parameter__");
  const ask = (method: string, params: object) => client.call(method, { ...params, run_uuid: rig.runId });
  await ask("set_model_singleton", { model_id: model.id, model_name: "gpt-4.1", client_args: {}, completion_args: {} });
  const defaults = {
    model_client: model.ref,
    messages: [],
    inputs: null,
    constraints: [],
    momentum: 0,
    completion_args: { model: "gpt-4.1" },
  };
  const made = await ask("create_optimizer", { optimizer_name: "TGD", params: [prompt.ref], defaults });
  return { lm, client, model, prompt, ask, step: () => trainOnce(client, rig.runId, model.ref, prompt, made.optimizer_id) };
}

const answers = (user: string): string =>
  user.includes("<VALUE>") ? "<NEW_VALUE>Answer shortly.</NEW_VALUE>" : user.includes("under review") ? "be shorter" : "well";

describe("what a training over the wire leaves", () => {
  test("the graph, the texts with the criticism that led to them, scores and money are in the run, also after a restart", async () => {
    const folder = scratch();
    const rig = await rigWithRuns(folder);
    const { step, client, prompt, ask } = await trainer(rig, answers);
    await step();
    await ask("update_variable", { variable_id: prompt.id, field: "data", value: "By hand." });
    await ask("update_variable", { variable_id: prompt.id, field: "data", value: "By hand." });
    const log = await entries(rig.http, rig.runId);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    const of = (kind: string): Message[] => log.filter((entry) => entry.kind === kind);
    expect(of("variable")).toMatchObject([{ variable: "v1", role: "instructions" }]);
    const gradients = of("gradient");
    expect(gradients.map(({ variable, version, text }) => [variable, version, text])).toEqual([
      ["v1", 0, expect.stringContaining("be shorter")],
    ]);
    expect(of("version")).toMatchObject([
      { version: 0, text: "Answer.", by: "start", gradients: [] },
      { version: 1, text: "Answer shortly.", by: "optimizer", gradients: [gradients[0]!.seq], step: 1 },
      { version: 2, text: "By hand.", by: "trainer", gradients: [] },
    ]);
    expect(of("score")).toMatchObject([{ split: "training", step: 0, mean: 0.25, count: 4 }]);
    expect(of("step")).toMatchObject([{ step: 1, calls: lmCalls(4) }]);
    expect(of("step")[0]!.cost_usd).toBeGreaterThan(0);
    const [{ nodes, edges }] = of("graph") as [Message];
    expect(nodes.map((node: Message) => [node.kind, node.label, node.variable])).toEqual([
      ["parameter", "instructions", "v1"],
      ["fixed", "query", null],
      ["operation", "ChatCompletion", null],
      ["operation", "DeterministicEvaluator", null],
    ]);
    expect(edges.map(({ from, to }: Message) => `${from}>${to}`)).toEqual(["n0>n2", "n1>n2", "n2>n3"]);
    const keys = [...rig.runs.open(rig.runId).series.keys()];
    expect(keys.toSorted()).toEqual(["cost_usd", "score", "tokens"]);
    client.socket.close();

    await rig.door.close();
    const again = await tellurioRig({ folder, runs: runSink(rig.runs, () => {}) });
    expect(await entries(again.http, rig.runId)).toEqual(log);
    const { runs } = (await (await fetch(`${again.http}/api/v2/prompt-runs`, BEARER)).json()) as Message;
    expect(runs).toMatchObject([{ id: rig.runId, name: "router", step: 1, score: 0.25, tags: ["Prompts"] }]);
    const second = await trainer({ ...again, runId: rig.runId }, answers);
    await second.step();
    const later = await entries(again.http, rig.runId, `follow=false&since=${log.length}`);
    expect(later.find(({ kind }) => kind === "step")).toMatchObject({ step: 2 });
    expect(later.find(({ kind }) => kind === "variable")).toMatchObject({ variable: "v2" });
  });

  test("a reader sees it live, in order, each entry once, and what it missed when it comes back", async () => {
    const rig = await rigWithRuns();
    const { step } = await trainer(rig, answers);
    const seen: Message[] = [];
    const reader = lines(rig.http, rig.runId, "since=0");
    const until = async (type: (line: Message) => boolean): Promise<void> => {
      for (;;) {
        const { value, done } = await reader.next();
        if (done === true) throw new Error("the stream ended");
        if (value.type === "entry") seen.push(value);
        if (type(value)) return;
      }
    };
    await until(({ type }) => type === "caught_up");
    expect(seen).toEqual([]);
    await Promise.all([step(), until(({ kind }) => kind === "step")]);
    await Promise.all([step(), until(({ kind, step: at }) => kind === "step" && at === 2)]);
    expect(seen).toEqual(await entries(rig.http, rig.runId));
    expect(seen.filter(({ kind }) => kind === "graph")).toHaveLength(1);
    expect(await entries(rig.http, rig.runId, "follow=false&since=5")).toEqual(seen.slice(5));
    expect(await entries(rig.http, rig.runId, "follow=false&since=999999")).toEqual(seen);
    rig.runs.requestStop(rig.runId, "user");
    await until(({ type, state }) => type === "run" && state === "stopping");
    rig.runs.remove(rig.runId);
    await until(({ type }) => type === "removed");
  });

  test("validation is told apart from training, and is written at the latest when the run ends", async () => {
    const rig = await rigWithRuns();
    const { client, ask } = await trainer(rig, answers);
    const query = await client.variable(["yes", "no"], "answer");
    const judged = { function_name: "ExactMatchEvaluator", grad_enabled: false, args: [query.ref, ["yes", "yes"]], kwargs: {} };
    await ask("run_function", judged);
    expect(await entries(rig.http, rig.runId)).toEqual([]);
    const headers = { ...BEARER.headers, "Content-Type": "application/json" };
    await fetch(rig.path, { method: "PATCH", headers, body: JSON.stringify({ status: "COMPLETED" }) });
    expect(await entries(rig.http, rig.runId)).toMatchObject([{ kind: "score", split: "validation", mean: 0.5, count: 2, step: 0 }]);
    expect(rig.runs.get(rig.runId).state).toBe("completed");
  });

  test("T-104: a key that a model repeats is not written down", async () => {
    const rig = await rigWithRuns();
    const { step } = await trainer(rig, (user) => `${answers(user).replace("</NEW_VALUE>", " sk-wire-secret</NEW_VALUE>")} sk-wire-secret`);
    await step();
    const text = JSON.stringify(await entries(rig.http, rig.runId));
    expect(text).toContain("[key]");
    expect(text).not.toContain("sk-wire-secret");
  });

  test("who asks needs the token; what is not there, or asked wrongly, is said", async () => {
    const { http, runId } = await rigWithRuns();
    const ask = async (path: string, options: RequestInit = BEARER): Promise<number> =>
      (await fetch(`${http}/api/v2/prompt-runs${path}`, options)).status;
    expect(await ask("", {})).toBe(401);
    expect(await ask("", { headers: { ...BEARER.headers, Origin: "http://elsewhere.example" } })).toBe(401);
    expect(await ask(`/${runId}/entries`, {})).toBe(401);
    expect(await ask("/00000000-0000-4000-8000-000000000000/entries")).toBe(404);
    expect(await ask(`/${runId}/entries?since=x`)).toBe(422);
    expect(await ask("", { ...BEARER, method: "DELETE" })).toBe(405);
  });
});

/** Calls of one step over a batch: an answer and its criticism and its prompt's criticism per position, and one new text. */
function lmCalls(positions: number): number {
  return 3 * positions + 1;
}

test("somebody who stops the run ends the open call and every later one; other calls are answered", async () => {
  const rig = await rigWithRuns();
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const { client, ask, model, prompt } = await trainer(rig, () => {
    asked();
    return new Promise(() => {});
  });
  const forward = {
    function_name: "ChatCompletion",
    grad_enabled: true,
    args: [model.ref, chat(["user", prompt.ref]), null],
    kwargs: { model: "m" },
  };
  const open = client.request("run_function", { ...forward, run_uuid: rig.runId });
  await isAsked;
  rig.runs.requestStop(rig.runId, "user");
  const stopped = { code: -32603, data: { type: "cancelled", exception: expect.stringMatching(/^The run was stopped on the page/) } };
  expect((await open).error).toMatchObject(stopped);
  expect((await client.request("run_function", { ...forward, run_uuid: rig.runId })).error).toMatchObject(stopped);
  expect(await ask("get_variable", { variable_id: prompt.id })).toMatchObject({ data: "Answer." });
  const headers = { ...BEARER.headers, "Content-Type": "application/json" };
  await fetch(rig.path, { method: "PATCH", headers, body: JSON.stringify({ status: "CRASHED" }) });
  expect(rig.runs.get(rig.runId).state).toBe("stopped");
});

describe("trainings that the page starts", () => {
  const post = (http: string, body: unknown): Promise<Response> =>
    fetch(`${http}/api/v2/prompt-runs`, {
      method: "POST",
      headers: { ...BEARER.headers, "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  test("are checked before anything starts; a key needs consent; each fault is said with its remedy", async () => {
    const { http, runs } = await rigWithRuns();
    const openai = { kind: "openai", model: "m", base_url: "http://127.0.0.1:9/v1", api_key: "sk-1234", consent: true };
    const faults: [unknown, RegExp][] = [
      ["{", /not JSON/],
      [[], /must be a JSON object/],
      [{ model: { kind: "other" } }, /model.kind must be/],
      [{ model: { ...openai, consent: false } }, /consent must be true/],
      [{ model: { ...openai, api_key: "" } }, /model.api_key/],
      [{ model: { ...openai, base_url: "file:///etc" } }, /model.base_url must begin with http/],
      [{ model: { ...openai, budget_usd: 0 } }, /model.budget_usd/],
      [{ model: { kind: "scripted" }, prompt: "" }, /prompt must be a text/],
    ];
    for (const [body, said] of faults) {
      const response = await post(http, body);
      expect([response.status, await response.json()]).toMatchObject([422, { message: expect.stringMatching(said) }]);
    }
    expect(runs.list({ limit: 10 }).runs).toHaveLength(1);
    expect((await fetch(`${http}/api/v2/prompt-runs`, { method: "POST", body: "{}" })).status).toBe(401);
  });

  test("end when their run is stopped; at most four are under way; a key stays out of the reason why one failed", async () => {
    const { http, runs } = await rigWithRuns();
    const stops: (() => void)[] = [];
    const waiting = await scriptedModel(() => new Promise((resolve) => stops.push(() => resolve("late"))));
    const model = { kind: "openai", model: "m", base_url: waiting.baseUrl, api_key: "sk-page-secret", consent: true };
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(((await (await post(http, { model })).json()) as { id: string }).id);
    expect((await post(http, { model })).status).toBe(503);
    const ended = (id: string): Promise<string> =>
      new Promise((resolve) => {
        const look = (): void => {
          const { state } = runs.get(id);
          if (["completed", "failed", "stopped"].includes(state)) resolve(state);
        };
        onTestFinished(runs.watch(id, look));
        look();
      });
    runs.requestStop(ids[0]!, "user");
    expect(await ended(ids[0]!)).toBe("stopped");
    const refusing = await startScriptedModel({ reply: () => ({ status: 401, message: "Wrong key sk-page-secret" }) });
    onTestFinished(() => refusing.close());
    const { id } = (await (await post(http, { model: { ...model, base_url: refusing.baseUrl } })).json()) as { id: string };
    expect(await ended(id)).toBe("failed");
    expect(runs.get(id).reason).toMatch(/./);
    expect(JSON.stringify([runs.get(id), await entries(http, id)])).not.toContain("sk-page-secret");
  });
});

describe("the log", () => {
  test("is bounded by kind: the oldest go, but not the first text of a variable; numbers go on", () => {
    const log = new PromptLog(scratch(), () => 1);
    onTestFinished(() => log.close());
    log.append("run", [{ kind: "version", body: { version: 0, text: "first" } }]);
    for (let i = 0; i < 50; i++) {
      log.append(
        "run",
        Array.from({ length: 100 }, (_, n) => ({ kind: "gradient" as const, body: { text: `${i * 100 + n}` } })),
      );
    }
    log.append("run", [{ kind: "version", body: { version: 1, text: "second" } }]);
    expect([log.lastSeq("run"), log.newest("run", "version")?.body.text]).toEqual([5002, "second"]);
    expect(log.count("run", "gradient")).toBeLessThanOrEqual(4200);
    expect(log.count("run", "gradient")).toBeGreaterThanOrEqual(4000);
    expect(log.read("run", 0, 2).map(({ body }) => body.text)).toEqual(["first", expect.stringMatching(/^\d+$/)]);
    for (let i = 0; i < 40; i++) {
      log.append(
        "run",
        Array.from({ length: 10 }, () => ({ kind: "version" as const, body: { version: 9, text: "x".repeat(100_000) } })),
      );
    }
    expect(log.count("run", "version")).toBeLessThan(160 + 200);
    expect(log.read("run", 0, 1)[0]?.body.text).toBe("first");
    log.append("another", [{ kind: "step", body: { step: 1 } }]);
    expect(log.runIds()).toEqual(["another", "run"]);
    log.remove("run");
    expect([log.lastSeq("run"), log.read("run", 0, 1), log.runIds()]).toEqual([0, [], ["another"]]);
  });
});
