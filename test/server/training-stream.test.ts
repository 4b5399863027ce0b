import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { temporaryFolder, testServer } from "../support/live-server.ts";
import { type TestStream, TrainingClient } from "../support/training-client.ts";

const dist = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;
const { TrainingDoor } = (await import(
  dist("server/training/training-door.js")
)) as typeof import("../../src/server/training/training-door.ts");
const { Runs } = (await import(dist("runs/index.js"))) as typeof import("../../src/runs/index.ts");

const lines: string[] = [];
const server = await testServer({ token: "the-token", verbosity: 1, log: (line) => lines.push(line) });
const client = new TrainingClient(server);

const compatible = (path: string, query = "") => client.stream(`${path}/stream?token=the-token${query}`);
const refusal = (path: string, options = {}) =>
  client.stream(path, options).then(
    () => null,
    (error: Error & { status: number }) => ({ status: error.status, text: error.message }),
  );
const point = (step: number, more = {}) => ({ epoch: 0, step, loss: step / 10, ...more });
const stepsOf = (stream: TestStream): number[] => stream.messages.flatMap(({ type, data }) => (type === "metrics" ? [data.step] : []));

describe("opening", () => {
  test("L-51: without a token, and with a wrong one, 401 as plain text", async () => {
    const { path } = await client.newRun();
    expect(await refusal(`${path}/stream`)).toEqual({ status: 401, text: expect.stringContaining("token is missing") });
    expect(await refusal(`${path}/stream?token=wrong`)).toMatchObject({ status: 401 });
  });

  test("L-52: what is no upgrade is refused before the token is looked at", async () => {
    const { path } = await client.newRun();
    expect((await fetch(`${server.url}${path.slice(1)}/stream`)).status).toBe(426);
  });

  test("L-53, L-58: an unknown run is refused before the upgrade", async () => {
    expect(await refusal("/api/training/runs/none/stream?token=the-token")).toEqual({ status: 404, text: "Run not found\n" });
  });

  test("L-54: the token is in no log line, also when a stream is refused", async () => {
    await refusal("/api/training/runs/none/stream?token=the-token");
    expect(lines.some((line) => line.includes("refused"))).toBe(true);
    expect(lines.join("\n")).not.toContain("the-token");
  });

  test("L-55: a page of another origin is refused, our own is not", async () => {
    const { path } = await client.newRun();
    expect(await refusal(`${path}/stream?token=the-token`, { origin: "https://evil.example" })).toMatchObject({ status: 403 });
    expect(await refusal(`${path}/stream?token=the-token`, { origin: `http://localhost:${server.port}` })).toBeNull();
  });

  test("a name that is not this machine's is refused, whatever the token (DNS rebinding)", async () => {
    const { path } = await client.newRun();
    expect(await refusal(`${path}/stream?token=the-token`, { headers: { host: "evil.example" } })).toMatchObject({ status: 403 });
  });
});

describe("the compatible stream", () => {
  test("L-59, L-60: exactly type and data, fields in order, unset ones left out, no custom", async () => {
    const { path } = await client.newRun();
    const stream = await compatible(path);
    const full = { epoch: 5, step: 1000, loss: 0.5, accuracy: 0.9, lr: 0.001, gpu_util: 0.85, memory_mb: 4096 };
    await client.post(`${path}/metrics`, { custom: { a: 1 }, ts: "2026-01-15T10:30:00.123Z", ...full });
    await client.post(`${path}/metrics`, { step: 1001, epoch: 5, accuracy: 1, ts: "2026-01-15T10:30:00.123Z" });
    await stream.message(({ data }) => data.step === 1001);
    const timestamp = "2026-01-15T10:30:00.123+00:00";
    expect(stream.texts).toEqual([
      JSON.stringify({ type: "metrics", data: { ...full, timestamp } }),
      JSON.stringify({ type: "metrics", data: { epoch: 5, step: 1001, accuracy: 1, timestamp } }),
    ]);
  });

  test("L-64, L-65, L-69, L-18: everything from step 0 on, before and after the opening, once and in order, old steps too", async () => {
    const { path } = await client.newRun();
    const sent = [0, 1, 2, 1, 0, 3, 4, 5];
    let stream: TestStream | null = null;
    for (const [i, step] of sent.entries()) {
      if (i === 3) stream = await compatible(path);
      await client.post(`${path}/metrics`, point(step));
    }
    await stream!.message(({ data }) => data.step === 5);
    expect(stepsOf(stream!)).toEqual(sent);
  });

  test.each([
    ["completed", { status: "completed" }],
    ["failed", { status: "failed" }],
    ["stopped", { status: "stopped" }],
  ])(
    "L-66, L-67, L-68: at the end first the points, then the true state %s and the stored time, then Close 1000 with it",
    async (status, body) => {
      const { path } = await client.newRun();
      const stream = await compatible(path);
      for (let step = 0; step < 3; step++) await client.post(`${path}/metrics`, point(step));
      const { completed_at } = (await client.post(`${path}/complete`, body)).body;
      expect(await stream.closed).toEqual({ code: 1000, reason: status });
      expect(stepsOf(stream)).toEqual([0, 1, 2]);
      expect(stream.messages.at(-1)).toEqual({ type: "status", data: { status, completed_at } });
    },
  );

  test("L-8: a stop ends the stream as stopped", async () => {
    const { path } = await client.newRun();
    const stream = await compatible(path);
    await client.post(`${path}/stop`);
    expect(await stream.closed).toEqual({ code: 1000, reason: "stopped" });
  });

  test("L-70, L-71: a run that has ended answers at once with its state alone, and closes", async () => {
    const { path } = await client.newRun();
    await client.post(`${path}/metrics`, point(1));
    const { completed_at } = (await client.post(`${path}/complete`, { status: "failed" })).body;
    const stream = await compatible(path);
    expect(await stream.closed).toEqual({ code: 1000, reason: "failed" });
    expect(stream.messages).toEqual([{ type: "status", data: { status: "failed", completed_at } }]);
  });

  test("L-31, L-72: a deleted run ends its streams with the status deleted", async () => {
    const { path } = await client.newRun();
    const stream = await compatible(path);
    await client.call("DELETE", path);
    expect(await stream.closed).toEqual({ code: 1000, reason: "deleted" });
    expect(stream.messages).toEqual([{ type: "status", data: { status: "deleted" } }]);
  });

  test("L-40, L-82: a run without points yet can be watched, and shows its first one", async () => {
    const { id } = await client.ownRun();
    const stream = await compatible(`/api/training/runs/${id}`);
    await client.post(`/api/training/runs/${id}/metrics`, point(0));
    await stream.type("metrics");
    expect((await client.get(`/api/training/runs/${id}`)).body.status).toBe("running");
  });

  test("L-62: only the two types, whatever else happens; what the reader says is ignored", async () => {
    const { path } = await client.newRun();
    const stream = await compatible(path);
    stream.socket.send("nonsense");
    stream.socket.send(Buffer.from([1, 2, 3]));
    await client.post(`${path}/logs`, { message: "hidden" });
    await client.post(`${path}/metrics`, point(1));
    await client.post(`${path}/complete`, { status: "completed" });
    await stream.closed;
    expect(stream.messages.map(({ type }) => type)).toEqual(["metrics", "status"]);
  });

  test("L-78, L-76: points without a reader are no error; one that leaves is gone at once", async () => {
    const subscriptions = async () => /trainyard_subscriptions (\d+)/.exec((await client.get("/metrics")).body)?.[1];
    const before = await subscriptions();
    const { path } = await client.newRun();
    const stream = await compatible(path);
    expect(Number(await subscriptions())).toBe(Number(before) + 1);
    stream.socket.close();
    await stream.closed;
    expect(await subscriptions()).toBe(before);
    expect((await client.post(`${path}/metrics`, point(1))).status).toBe(201);
  });

  test("a hello changes it to our own messages", async () => {
    const { path } = await client.newRun();
    await client.post(`${path}/metrics`, point(1));
    const stream = await compatible(path);
    stream.send({ type: "hello", v: 2 });
    expect(await stream.type("points")).toMatchObject({ steps: [1], values: { loss: [0.1] } });
  });
});

describe("our own stream", () => {
  test("L-65, L-100, L-79: whoever joins late and whoever comes back have every row once and in order, by number", async () => {
    const { id, path } = await client.ownRun();
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      const steps = Array.from({ length: count }, () => sent++);
      await client.post(`${path}/points`, { steps, values: { loss: steps } });
    };
    await send(100);
    const seen: number[] = [];
    let place = 0;
    for (let round = 0; round < 5; round++) {
      const stream = await client.stream(`/api/training/runs/${id}/stream?token=the-token&v=2&since=${place}`);
      for (let i = 0; i < 10; i++) await send(7);
      await stream.message(({ type, steps }) => type === "points" && steps.at(-1) >= sent - 50);
      stream.socket.terminate();
      await stream.closed;
      for (const { type, seq, steps } of stream.messages) {
        if (type === "snapshot") continue;
        if (type === "points") {
          expect(seq - steps.length).toBe(place);
          seen.push(...steps);
        }
        place = seq;
      }
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i));
    expect(seen.length).toBeGreaterThan(sent - 60);
  });

  test("one socket, many runs; the first message may be the token; end names the exact state", async () => {
    const [a, b] = [await client.ownRun(), await client.ownRun()];
    const stream = await client.stream("/api/v2/stream");
    stream.send({ type: "auth", token: "the-token" });
    await stream.type("ready");
    for (const { id } of [a, b]) stream.send({ type: "subscribe", run: id, keys: ["val/*"] });
    await client.post(`${a.path}/points`, { steps: [1], values: { loss: [1], "val/loss": ["NaN"] } });
    await client.post(`${b.path}/logs`, { message: "hello" });
    await client.post(`${a.path}/finish`, { state: "failed", reason: "diverged", exit_code: 3 });
    expect(await stream.type("end")).toMatchObject({ run: a.id, state: "failed", reason: "diverged", exit_code: 3 });
    expect(await stream.type("points")).toMatchObject({ run: a.id, values: { "val/loss": ["NaN"] } });
    expect(await stream.type("log")).toMatchObject({ run: b.id, level: "INFO", message: "hello" });
    expect(await stream.type("alert")).toMatchObject({ run: a.id, rule: "non_finite", key: "val/loss" });
    stream.send({ type: "unsubscribe", run: b.id });
    stream.send({ type: "ping", ref: 1 });
    expect(await stream.type("pong")).toEqual({ type: "pong", ref: 1 });
    await client.post(`${b.path}/logs`, { message: "unheard" });
    stream.send({ type: "subscribe", run: "none", ref: 2 });
    expect(await stream.type("error")).toMatchObject({ ref: 2, error: "not_found" });
    expect(stream.texts.join()).not.toContain("unheard");
  });

  test("without a token in time, or with a wrong one, the socket is closed with 4401", async () => {
    const strict = new TrainingClient(await testServer({ authDeadlineMs: 50 }));
    const silent = await strict.stream("/api/v2/stream");
    const wrong = await client.stream("/api/v2/stream");
    wrong.send({ type: "auth", token: "guess" });
    const early = await client.stream("/api/v2/stream");
    early.send({ type: "subscribe", run: "x" });
    for (const stream of [silent, wrong, early]) {
      expect((await stream.closed).code).toBe(4401);
      expect(stream.messages).toEqual([]);
    }
  });

  test("the way in: points over the socket are answered when stored; repeats and faults say so", async () => {
    const { id } = await client.ownRun();
    const stream = await client.stream("/api/v2/stream?token=the-token");
    const points = { type: "points", run: id, producer: "p", sequence: 0, steps: [1, 2], values: { loss: [1, "Inf"] } };
    stream.send({ ...points, ref: "a" });
    stream.send({ ...points, ref: "b" });
    stream.send({ ...points, ref: "c", values: { loss: [1] } });
    expect(await stream.message(({ ref }) => ref === "a")).toMatchObject({ type: "ack", accepted: 2, duplicates: 0, state: "running" });
    expect(await stream.message(({ ref }) => ref === "b")).toMatchObject({ type: "ack", accepted: 0, duplicates: 2 });
    expect(await stream.message(({ ref }) => ref === "c")).toMatchObject({ type: "error", error: "invalid_input" });
    stream.send({ type: "finish", run: id, state: "completed", ref: "d" });
    expect(await stream.message(({ ref }) => ref === "d")).toMatchObject({ state: "completed" });
    stream.send({ ...points, sequence: 2, ref: "e" });
    expect(await stream.message(({ ref }) => ref === "e")).toMatchObject({ type: "error", error: "conflict", state: "completed" });
  });

  test("L-74, L-75: a reader far behind gets every stretch thinned, is told so, and has first, last, least and greatest of it", async () => {
    const { id, path } = await client.ownRun();
    const total = 60_000;
    const valueAt = (step: number): number => (step === 12_345 ? 1e6 : step === 54_321 ? -1e6 : Math.sin(step));
    for (let from = 0; from < total; from += 10_000) {
      const steps = Array.from({ length: 10_000 }, (_, i) => from + i);
      await client.post(`${path}/points`, { steps, values: { loss: steps.map(valueAt) } });
    }
    await client.post(`${path}/finish`, { state: "completed" });
    const thin = await client.stream(`/api/training/runs/${id}/stream?token=the-token&v=2`);
    await thin.closed;
    const stretches = thin.messages.filter(({ type }) => type === "thinned");
    expect(stretches.reduce((sum, { of }) => sum + of, 0)).toBe(total);
    for (const { from_seq, seq, rows, of, parts } of stretches) {
      expect(seq - from_seq + 1).toBe(of);
      const steps = parts.flatMap((part: { steps: number[] }) => part.steps);
      const values = parts.flatMap((part: { values: { loss: number[] } }) => part.values.loss);
      expect(steps).toHaveLength(rows);
      expect(rows).toBeLessThan(of / 10);
      // Row n of the log is step n - 2: the state came first.
      const all = Array.from({ length: of }, (_, i) => valueAt(from_seq - 2 + i));
      expect(values).toEqual(steps.map(valueAt));
      expect([values[0], values.at(-1)]).toEqual([all[0], all.at(-1)]);
      expect([Math.min(...values), Math.max(...values)]).toEqual([Math.min(...all), Math.max(...all)]);
    }
    const full = await client.stream(`/api/training/runs/${id}/stream?token=the-token&v=2&full=true`);
    await full.closed;
    const steps = full.messages.flatMap(({ type, steps }) => (type === "points" ? steps : []));
    expect(steps).toEqual(Array.from({ length: total }, (_, i) => i));
  });

  test("L-75: a reader that reads nothing holds at most 0.5 MB in the server; others go on", async () => {
    const { watcher, sockets, port } = await doorRig();
    const { id, path } = await watcher.ownRun();
    const address = `/api/training/runs/${id}/stream?token=the-token&v=2&full=true`;
    const stalled = connect(port, "127.0.0.1");
    onTestFinished(() => void stalled.destroy());
    stalled.write(
      `GET ${address} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await once(stalled, "data");
    stalled.pause();
    const [serverSide] = sockets;
    const reader = await watcher.stream(address);
    let held = 0;
    reader.socket.on("message", () => (held = Math.max(held, serverSide!.writableLength)));
    const columns = Array.from({ length: 20 }, (_, k) => [`k${k}`, Array.from({ length: 5000 }, (_, i) => Math.sin(i * k))]);
    for (let round = 0; round < 10; round++) {
      const steps = Array.from({ length: 5000 }, (_, i) => round * 5000 + i);
      await watcher.post(`${path}/points`, { steps, values: Object.fromEntries(columns) });
      held = Math.max(held, serverSide!.writableLength);
    }
    await watcher.post(`${path}/finish`, { state: "completed" });
    await reader.closed;
    const rows = reader.messages.reduce((sum, { type, steps }) => sum + (type === "points" ? steps.length : 0), 0);
    expect(rows).toBe(50_000);
    // Counted on the server's own end of the link: what the system did not take.
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(0.5e6);
  });

  test("server-sent events carry the same messages, and go on from the last id", async () => {
    const { id, path } = await client.ownRun();
    await client.post(`${path}/points`, { steps: [1, 2], values: { loss: [1, 2] } });
    const read = async (headers: Record<string, string>) => {
      const response = await fetch(`${server.url}${path.slice(1)}/events`, { headers: { authorization: "Bearer the-token", ...headers } });
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      return response.text();
    };
    const all = read({});
    await client.post(`${path}/points`, { steps: [3], values: { loss: [3] } });
    await client.post(`${path}/finish`, { state: "completed" });
    const text = await all;
    const events = (given: string) =>
      given.split("\n\n").flatMap((event) => (/^data: (.*)$/m.exec(event) === null ? [] : [JSON.parse(/^data: (.*)$/m.exec(event)![1]!)]));
    expect(events(text).flatMap(({ type, steps }) => (type === "points" ? steps : []))).toEqual([1, 2, 3]);
    expect(events(text).at(-1)).toMatchObject({ type: "end", run: id, state: "completed" });
    const rest = events(await read({ "Last-Event-ID": "3" }));
    expect(rest.map(({ type }) => type)).toEqual(["snapshot", "points", "state", "end"]);
  });
});

test("L-77: the server pings, and drops who misses two", async () => {
  const { port } = await doorRig({ pingMs: 30 });
  const deaf = new WebSocket(`ws://127.0.0.1:${port}/api/v2/stream?token=the-token`, { autoPong: false });
  const good = new WebSocket(`ws://127.0.0.1:${port}/api/v2/stream?token=the-token`);
  const pings = once(good, "ping");
  expect((await once(deaf, "close"))[0]).toBe(1006);
  await pings;
  expect(good.readyState).toBe(good.OPEN);
});

/** The door alone, with its end of every link in the test's hands. */
async function doorRig({ pingMs = 15_000 } = {}) {
  const runs = new Runs({ folder: temporaryFolder() });
  const door = new TrainingDoor(runs, { token: "the-token", origins: [], authDeadlineMs: 10_000, log: () => {}, pingMs });
  const sockets: Duplex[] = [];
  let port = 0;
  const http = createServer((request, response) => door.request(request, response, port));
  http.on("upgrade", (request, socket, head) => {
    sockets.push(socket);
    door.upgrade(request, socket, head, port);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
  port = (http.address() as AddressInfo).port;
  onTestFinished(async () => {
    await door.close();
    http.closeAllConnections();
    http.close();
    runs.close();
  });
  const watcher = new TrainingClient({ ...server, url: `http://127.0.0.1:${port}/`, port });
  return { watcher, sockets, port };
}
