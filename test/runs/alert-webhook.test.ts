import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { AlertWebhook } from "../../src/runs/alert-webhook.ts";
import { points, RunsRig } from "./rig.ts";

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Somebody who listens, and answers with the statuses given, then 200. */
async function listener(statuses: (number | "hang up")[], location = "") {
  const got: Got[] = [];
  const waits: { count: number; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      got.push({ headers: request.headers, text });
      const status = statuses.shift() ?? 200;
      if (status === "hang up") request.socket.destroy();
      else response.writeHead(status, location === "" ? {} : { Location: location }).end();
      for (const wait of waits) if (got.length >= wait.count) wait.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const until = (count: number): Promise<void> =>
    got.length >= count ? Promise.resolve() : new Promise((resolve) => waits.push({ count, resolve }));
  return { got, until, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

async function rig(url: string, secret: string | null = "s3cret") {
  const { runs } = new RunsRig();
  const lines: string[] = [];
  let heard = (): void => {};
  const log = (line: string): void => {
    lines.push(line);
    heard();
  };
  const webhook = new AlertWebhook(runs, { url, secret, retryMs: 1, log });
  onTestFinished(() => webhook.close());
  const { runId } = runs.create("net", {});
  const alarm = (key = "loss") => runs.append(runId, points({ [key]: ["NaN"] }));
  const logged = (): Promise<void> => (lines.length > 0 ? Promise.resolve() : new Promise((resolve) => (heard = resolve)));
  return { runs, runId, alarm, lines, logged };
}

describe("the webhook for alerts", () => {
  test("posts each alert, signed over its time and its text", async () => {
    const { got, until, url } = await listener([]);
    const { runId, alarm } = await rig(url);
    await alarm();
    await until(1);
    const { headers, text } = got[0]!;
    expect(JSON.parse(text)).toEqual({
      type: "alert",
      run: { id: runId, name: "net", state: "running" },
      alert: { rule: "non_finite", key: "loss", step: 0, message: "loss is NaN at step 0.", seq: 3, at: 1_000_000 },
    });
    const [, seconds = "", signature = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["x-trainyard-signature"])) ?? [];
    expect(signature).toBe(createHmac("sha256", "s3cret").update(`${seconds}.${text}`).digest("hex"));
  });

  test("tries again when the other side fails, with the same delivery id, and keeps the order", async () => {
    const { got, until, url } = await listener([500, "hang up", 429]);
    const { alarm } = await rig(url);
    for (const key of ["a", "b"]) await alarm(key);
    await until(5);
    expect(got.map(({ text }) => JSON.parse(text).alert.key)).toEqual(["a", "a", "a", "a", "b"]);
    expect(new Set(got.map(({ headers }) => headers["x-trainyard-delivery"])).size).toBe(2);
  });

  test("gives up at once on a refusal, and never follows to another address", async () => {
    const elsewhere = await listener([]);
    const { got, until, url } = await listener([400, 307], elsewhere.url);
    const { alarm, lines, logged } = await rig(url, null);
    await alarm("a");
    await logged();
    expect(lines[0]).toContain("status 400");
    for (const key of ["b", "c"]) await alarm(key);
    await until(3);
    expect(got.map(({ text }) => JSON.parse(text).alert.key)).toEqual(["a", "b", "c"]);
    expect(elsewhere.got).toEqual([]);
    expect(got[0]!.headers["x-trainyard-signature"]).toBeUndefined();
  });

  test("is nobody's delay: points are stored while nobody answers", async () => {
    const { runs } = new RunsRig();
    const webhook = new AlertWebhook(runs, { url: "http://127.0.0.1:9/", secret: null, log: () => {} });
    const { runId } = runs.create("net", {});
    for (let i = 0; i < 50; i++) await runs.append(runId, points({ [`k${i}`]: ["NaN"] }));
    expect(runs.counters.rows).toBe(50);
    webhook.close();
  });

  test.each([["ftp://host/"], ["nonsense"], ["http://user:pass@host/"]])("an address such as %s is refused", (url) => {
    const { runs } = new RunsRig();
    expect(() => new AlertWebhook(runs, { url, secret: null, log: () => {} })).toThrow(/http or https/);
  });
});
