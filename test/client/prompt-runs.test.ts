import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type PromptEntry, type PromptReader, PromptRuns } from "../../src/client/prompt-runs.ts";

/** A server that does what the test says with each request, and waits for them. */
async function handMade(answer: (request: IncomingMessage, response: ServerResponse, number: number) => void) {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(`${request.method} ${request.url}`);
    answer(request, response, urls.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, urls };
}

/** Delays pass at once; time-outs never come. */
const clock = {
  now: () => 0,
  random: () => 0.5,
  setTimeout: (run: () => void, delayMs: number) => (delayMs < 10_000 ? setTimeout(run, 0) : null),
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
};

function reading() {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const tell = (text: string): void => {
    told.push(text);
    for (const wake of waiting.splice(0)) wake();
  };
  const reader: PromptReader = {
    onRun: ({ name, state }) => tell(`run ${name} ${state}`),
    onEntries: (entries: readonly PromptEntry[]) => tell(`entries ${entries.map(({ seq }) => seq).join(" ")}`),
    onLive: (isLive) => tell(isLive ? "live" : "lost"),
    onGone: (why) => tell(`gone: ${why}`),
  };
  const until = async (text: string): Promise<void> => {
    while (!told.includes(text)) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { told, reader, until };
}

const entry = (seq: number): string =>
  `${JSON.stringify({ type: "entry", seq, kind: "step", at: 1, step: seq, calls: 0, tokens: 0, cost_usd: 0 })}\n`;
const RUN = `${JSON.stringify({ type: "run", name: "router", state: "running" })}\n`;
const CAUGHT_UP = `${JSON.stringify({ type: "caught_up" })}\n`;

test("a stream that breaks goes on after the last entry; what comes twice is told once; lines may be cut anywhere", async () => {
  let first: ServerResponse | null = null;
  const { url, urls } = await handMade((_request, response, number) => {
    if (number === 1) {
      first = response;
      const text = `${RUN}${entry(1)}${entry(2)}${CAUGHT_UP}`;
      response.write(text.slice(0, 70));
      setImmediate(() => {
        response.write(text.slice(70));
        setImmediate(() => response.write(entry(3)));
      });
    } else if (number === 2) response.writeHead(503).end();
    else response.write(`${RUN}${entry(3)}${entry(4)}${CAUGHT_UP}`);
  });
  const { told, reader, until } = reading();
  const stop = new PromptRuns({ url, token: "t", clock }).follow("r1", reader);
  await until("entries 3");
  first!.destroy();
  await until("entries 4");
  stop();
  expect(
    told
      .filter((text) => text.startsWith("entries"))
      .join(" ")
      .replaceAll("entries ", ""),
  ).toBe("1 2 3 4");
  expect(told.filter((text) => text === "lost")).toHaveLength(2);
  expect(urls).toEqual([0, 3, 3].map((since) => `GET /api/v2/prompt-runs/r1/entries?since=${since}`));
});

test("a silent stream is given up and opened again", async () => {
  const silences: (() => void)[] = [];
  const own = { ...clock, setTimeout: (run: () => void, delayMs: number) => (delayMs < 10_000 ? setTimeout(run, 0) : silences.push(run)) };
  const { url, urls } = await handMade((_request, response) => void response.write(`${RUN}${CAUGHT_UP}`));
  const { reader, until } = reading();
  const stop = new PromptRuns({ url, token: "t", clock: own }).follow("r1", reader);
  await until("live");
  silences.at(-1)!();
  await until("lost");
  while (urls.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  stop();
});

test("what is not there, or was removed, ends the stream with the reason and is not asked for again", async () => {
  const missing = await handMade((_request, response) => response.writeHead(404).end(JSON.stringify({ message: "There is no run r1." })));
  const first = reading();
  new PromptRuns({ url: missing.url, token: "t", clock }).follow("r1", first.reader);
  await first.until("gone: There is no run r1.");
  expect([first.told, missing.urls.length]).toEqual([["gone: There is no run r1."], 1]);
  const removed = await handMade((_request, response) => void response.write(`${RUN}${JSON.stringify({ type: "removed" })}\n`));
  const second = reading();
  const stop = new PromptRuns({ url: removed.url, token: "t", clock }).follow("r1", second.reader);
  await second.until("gone: The run was removed.");
  stop();
});

test("requests carry the token; refusals are errors with the server's sentence", async () => {
  const seen: string[] = [];
  const { url } = await handMade((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    if (request.method === "GET") response.end(JSON.stringify({ runs: [] }));
    else if (request.url?.endsWith("/stop")) response.end("{}");
    else response.writeHead(422).end(JSON.stringify({ message: "consent must be true" }));
  });
  const prompts = new PromptRuns({ url, token: "secret" });
  expect(await prompts.list()).toEqual([]);
  await prompts.stop("r1");
  await expect(prompts.start({ model: { kind: "scripted" } })).rejects.toMatchObject({ code: "refused", message: "consent must be true" });
  expect(seen).toEqual([
    "GET /api/v2/prompt-runs Bearer secret",
    "POST /api/v2/runs/r1/stop Bearer secret",
    "POST /api/v2/prompt-runs Bearer secret",
  ]);
  await expect(new PromptRuns({ url: "http://127.0.0.1:9", token: "t" }).list()).rejects.toMatchObject({
    code: "unavailable",
    retryable: true,
  });
});
