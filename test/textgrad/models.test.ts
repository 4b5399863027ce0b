import { afterEach, describe, expect, test } from "vitest";
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from "../../examples/prompt-training/scripted-model.mjs";
import { costOf, limitModel, NO_USAGE, openAIChatModel } from "../../src/textgrad/index.ts";
import { FakeModel } from "./fake-model.ts";

const opened: ScriptedModel[] = [];
afterEach(async () => {
  for (const model of opened.splice(0)) await model.close();
});

async function endpoint(reply: (body: Readonly<Record<string, unknown>>) => ScriptedReply | Promise<ScriptedReply>) {
  const server = await startScriptedModel({ reply: (_messages, body) => reply(body) });
  opened.push(server);
  return server;
}
const hello = { messages: [{ role: "user", content: "hello there" }], args: { model: "gpt-4.1-2025-04-14", temperature: 0 } };

describe("an OpenAI-compatible endpoint", () => {
  test("gets the arguments as they are; usage and cost add up until they are cleared", async () => {
    const bodies: Readonly<Record<string, unknown>>[] = [];
    const server = await endpoint((body) => {
      bodies.push(body);
      return "one two three";
    });
    const model = openAIChatModel({ apiKey: "sk-test", baseUrl: server.baseUrl });
    await model.complete(hello);
    const { text, usage } = await model.complete(hello);
    expect(text).toBe("one two three");
    expect(bodies[0]).toMatchObject({ model: "gpt-4.1-2025-04-14", temperature: 0, messages: hello.messages });
    expect([...server.keys]).toEqual(["sk-test"]);
    expect(usage).toMatchObject({ promptTokens: 2, completionTokens: 3, totalTokens: 5 });
    expect(model.usage.totalTokens).toBe(10);
    expect(model.usage.costUsd).toBeCloseTo((2 * (2 * 2 + 3 * 8)) / 1e6, 12);
    model.clearUsage();
    expect(model.usage).toEqual(NO_USAGE);
  });

  test("streams", async () => {
    const server = await endpoint(() => "one two three");
    const model = openAIChatModel({ model: "x", apiKey: "k", baseUrl: server.baseUrl });
    const pieces: string[] = [];
    const { text, usage } = await model.complete({ ...hello, args: {} }, { onText: (piece) => pieces.push(piece) });
    expect(pieces).toEqual(["one ", "two ", "three"]);
    expect([text, usage.completionTokens]).toEqual(["one two three", 3]);
  });

  test("is asked again when it is busy, but not when it refuses", async () => {
    let calls = 0;
    const busy = await endpoint(() => (++calls < 3 ? { status: 503, message: "busy" } : "done"));
    const model = openAIChatModel({ apiKey: "k", baseUrl: busy.baseUrl, maxRetries: 2 });
    expect((await model.complete(hello)).text).toBe("done");
    expect(calls).toBe(3);
    const strict = await endpoint(() => ({ status: 400, message: "no such thing" }));
    await expect(openAIChatModel({ apiKey: "k", baseUrl: strict.baseUrl }).complete(hello)).rejects.toMatchObject({ code: "bad_input" });
    expect(strict.requests).toBe(1);
  });

  test("T-104: a key that the endpoint repeats is cut out of the error", async () => {
    const server = await endpoint(() => ({ status: 401, message: "bad key sk-very-secret!" }));
    const failure = openAIChatModel({ apiKey: "sk-very-secret", baseUrl: server.baseUrl }).complete(hello);
    await expect(failure).rejects.toMatchObject({ code: "refused" });
    const error = await failure.catch((caught: Error) => caught);
    expect((error as Error).message).toContain("[key]");
    expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain("very-secret");
  });

  test("T-104: a redirect is not followed, so the key goes to no other place", async () => {
    const { createServer } = await import("node:http");
    const other = await endpoint(() => "stolen");
    const redirecting = createServer((_request, response) =>
      response.writeHead(307, { Location: `${other.baseUrl}/chat/completions` }).end(),
    );
    await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
    const { port } = redirecting.address() as { port: number };
    const model = openAIChatModel({ apiKey: "k", baseUrl: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
    await expect(model.complete(hello)).rejects.toMatchObject({ code: "unavailable" });
    expect(other.requests).toBe(0);
    await new Promise((resolve) => redirecting.close(resolve));
  });

  test("can be cancelled", async () => {
    const server = await endpoint(() => new Promise<string>(() => {}));
    const stop = new AbortController();
    const waiting = openAIChatModel({ apiKey: "k", baseUrl: server.baseUrl }).complete(hello, { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  });

  test("T-100: needs a key, an http address and the name of a model; takes them from an environment only when given one", async () => {
    expect(() => openAIChatModel({})).toThrow(/needs a key/);
    expect(() => openAIChatModel({ apiKey: "k", baseUrl: "file:///etc/passwd" })).toThrow(/http or https/);
    const server = await endpoint(() => "ok");
    const model = openAIChatModel({ env: { OPENAI_API_KEY: "from-env", OPENAI_BASE_URL: server.baseUrl } });
    await expect(model.complete({ ...hello, args: {} })).rejects.toThrow(/name of a model/);
    await model.complete(hello);
    expect([...server.keys]).toEqual(["from-env"]);
  });
});

describe("limits", () => {
  test("so many calls run at the same time, oldest first, and a cancelled one leaves the queue", async () => {
    const gates: (() => void)[] = [];
    const fake = new FakeModel((user) => new Promise((resolve) => gates.push(() => resolve(user))));
    const model = limitModel(fake, { concurrency: 2 });
    const ask = (content: string, signal?: AbortSignal) => model.complete({ messages: [{ role: "user", content }], args: {} }, { signal });
    const stop = new AbortController();
    const calls = [ask("a"), ask("b"), ask("c", stop.signal), ask("d")];
    await Promise.resolve();
    stop.abort();
    await expect(calls[2]).rejects.toMatchObject({ name: "AbortError" });
    for (const name of ["a", "b", "d"]) {
      while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
      gates.shift()!();
      expect((await calls["abcd".indexOf(name)]!).text).toBe(name);
    }
    expect(fake.mostOpen).toBe(2);
  });

  test("a budget in money or tokens ends the calls, and nothing more is sent", async () => {
    for (const limits of [{ budgetUsd: 0.02 }, { budgetTokens: 30 }]) {
      const fake = new FakeModel(() => "x");
      const model = limitModel(fake, limits);
      await model.complete(hello);
      await model.complete(hello);
      await expect(model.complete(hello)).rejects.toMatchObject({ name: "BudgetError", code: "too_large" });
      expect(fake.requests).toHaveLength(2);
    }
  });

  test("a cache answers equal requests for nothing, forgets the oldest, and keeps no failures", async () => {
    let isBroken = true;
    const fake = new FakeModel((user) => {
      if (isBroken) throw new Error("broken");
      return user;
    });
    const model = limitModel(fake, { cacheSize: 2 });
    const ask = async (content: string) => (await model.complete({ messages: [{ role: "user", content }], args: {} })).usage.totalTokens;
    await expect(ask("a")).rejects.toThrow("broken");
    isBroken = false;
    expect([await ask("a"), await ask("a"), await ask("b"), await ask("a"), await ask("c"), await ask("b")]).toEqual([
      15, 0, 15, 0, 15, 15,
    ]);
    expect(() => limitModel(fake, { concurrency: 0 })).toThrow(/at least 1/);
  });
});

test("cost: cached tokens have their own price, dated names that of their base, unknown models none", () => {
  const usage = { ...NO_USAGE, promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 100_000 };
  expect(costOf("gpt-4o", usage)).toBeCloseTo(0.6 * 2.5 + 0.4 * 1.25 + 0.1 * 10, 10);
  expect(costOf("gpt-4o-2024-08-06", usage)).toBe(costOf("gpt-4o", usage));
  expect(costOf("my-own", usage)).toBe(0);
  expect(costOf("my-own", usage, { "my-own": { output: 1 } })).toBeCloseTo(0.1, 10);
});
