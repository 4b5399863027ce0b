import { describe, expect, test } from "vitest";
import { testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const server = await testServer();
const client = new TrainingClient(server);
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}\+00:00$/;
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("making and reading runs", () => {
  test("L-1, L-11, L-13, L-14, L-24, L-26: 201 with the whole run, which goes on; unknown config keys come back; what is unset is left out", async () => {
    const config = {
      epochs: 10,
      batch_size: 32,
      learning_rate: 0.001,
      optimizer: "sgd",
      steps_per_epoch: 7,
      dropout: 0.5,
      nested: { a: [1] },
    };
    const { answer, path } = await client.newRun({ config, dataset_id: "d" });
    expect(answer.status).toBe(201);
    const { id, created_at, started_at, ...rest } = answer.body;
    expect(id).toMatch(UUID4);
    for (const time of [created_at, started_at]) expect(time).toMatch(RFC3339);
    expect(rest).toEqual({ user_id: "local", name: "r1", model_type: "cnn", dataset_id: "d", status: "running", state: "running", config });
    expect((await client.get(path)).body).toEqual(answer.body);
  });

  test("the optimizer becomes adam and steps_per_epoch 100 when they are missing or empty", async () => {
    const { answer } = await client.newRun({ config: { epochs: 1, batch_size: 1, learning_rate: 1, optimizer: "" } });
    expect(answer.body.config).toEqual({ epochs: 1, batch_size: 1, learning_rate: 1, optimizer: "adam", steps_per_epoch: 100 });
  });

  test.each([
    ["epochs", { epochs: 0 }],
    ["epochs", { epochs: 1.5 }],
    ["batch_size", { batch_size: 0 }],
    ["learning_rate", { learning_rate: -1 }],
    ["learning_rate", { learning_rate: 0 }],
    ["learning_rate", { learning_rate: 1e9 }],
    ["steps_per_epoch", { steps_per_epoch: 0 }],
    ["optimizer", { optimizer: 7 }],
  ])("L-12: a bad %s in the config is refused by its name: %j", async (field, wrong) => {
    const { answer } = await client.newRun({ config: { epochs: 10, batch_size: 32, learning_rate: 0.001, ...wrong } });
    expect(answer).toMatchObject({ status: 422, body: { error: "invalid_input", field } });
    expect(answer.body.message).toContain(field);
  });

  test("L-25: 422 for a missing or wrong field, 400 for broken JSON, 415 without the content type, 413 over 2 MiB; all as JSON (L-50)", async () => {
    const path = "/api/training/runs";
    const good = { name: "r", model_type: "cnn", config: { epochs: 1, batch_size: 1, learning_rate: 1 } };
    const { name: _, ...nameless } = good;
    expect((await client.post(path, nameless)).status).toBe(422);
    expect((await client.post(path, { ...good, model_type: 1 })).status).toBe(422);
    expect((await client.post(path, "{")).status).toBe(400);
    expect((await client.call("POST", path, JSON.stringify(good), { "content-type": "text/plain" })).status).toBe(415);
    const large = await client.post(path, { ...good, name: "x".repeat(2 * 1024 * 1024) });
    expect(large).toMatchObject({ status: 413, body: { error: "too_large", message: expect.any(String) } });
  });

  test("L-27: making a run starts nothing: it has no points and no lines", async () => {
    const { path } = await client.newRun();
    expect((await client.get(`${path}/metrics`)).body).toEqual([]);
    expect((await client.get(`${path}/logs`)).body.logs).toEqual([]);
  });

  test("L-28: a repeated request with the same Idempotency-Key gives the same run", async () => {
    const body = { name: "r", model_type: "cnn", config: { epochs: 1, batch_size: 1, learning_rate: 1 } };
    const make = (key: string) => client.call("POST", "/api/training/runs", body, { "Idempotency-Key": key });
    const [first, again, other] = [await make("a"), await make("a"), await make("b")];
    expect(again.body.id).toBe(first.body.id);
    expect(other.body.id).not.toBe(first.body.id);
  });

  test.each([
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/stop"],
    ["GET", "/metrics"],
    ["GET", "/logs"],
  ])("L-29: %s %s of an unknown run: 404", async (method, tail) => {
    const answer = await client.call(method, `/api/training/runs/7b9f6f0e-0000-4000-8000-000000000000${tail}`);
    expect(answer).toMatchObject({ status: 404, body: { error: "not_found", message: "Run not found" } });
  });

  test("L-5, L-2, L-31: completed_at comes with the end; a deleted run is gone with its points", async () => {
    const { path } = await client.newRun();
    await client.post(`${path}/metrics`, { epoch: 0, step: 0, loss: 1 });
    const { body } = await client.post(`${path}/complete`, { status: "failed", reason: "no memory", exit_code: 137 });
    expect(body).toMatchObject({ status: "failed", reason: "no memory", exit_code: 137 });
    expect(body.completed_at).toMatch(RFC3339);
    expect(await client.call("DELETE", path)).toMatchObject({ status: 204, body: null });
    for (const tail of ["", "/metrics", "/logs"]) expect((await client.get(path + tail)).status).toBe(404);
  });
});

describe("the list", () => {
  test("L-19, L-20, L-22: newest first, bare array, limit and offset, cursor, total", async () => {
    const own = new TrainingClient(await testServer());
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await own.newRun({ name: `n${i}` })).id);
    const list = async (query: string) => (await own.get(`/api/training/runs${query}`)).body.map((run: { id: string }) => run.id);
    expect(await list("")).toEqual(ids);
    expect(await list("?limit=2&offset=1")).toEqual(ids.slice(1, 3));
    const page = await own.get("/api/training/runs?limit=2&total=true");
    expect(page.headers.get("x-total-count")).toBe("5");
    const cursor = page.headers.get("x-next-cursor");
    await own.newRun();
    expect(await list(`?limit=10&cursor=${cursor}`)).toEqual(ids.slice(2));
    expect((await own.get("/api/training/runs?limit=1000000")).status).toBe(200);
  });

  test("L-21: by status; an unknown one is refused", async () => {
    const { id, path } = await client.newRun();
    await client.post(`${path}/stop`);
    const { body } = await client.get("/api/training/runs?status=stopped&limit=1000");
    expect(body.map((run: { id: string }) => run.id)).toContain(id);
    expect(new Set(body.map((run: { status: string }) => run.status))).toEqual(new Set(["stopped"]));
    expect(await client.get("/api/training/runs?status=draft")).toMatchObject({ status: 400, body: { error: "invalid_input" } });
  });

  test.each(["limit=x", "offset=-1", "limit=1.5", "offset="])("L-23: %s gives 400", async (query) => {
    expect((await client.get(`/api/training/runs?${query}`)).status).toBe(400);
  });
});

describe("ends", () => {
  test("L-8, L-33, L-34: a stop needs no body, ends as stopped in the answer and in the store, and may be repeated", async () => {
    const { path } = await client.newRun();
    const first = await client.post(`${path}/stop`);
    expect(first).toMatchObject({ status: 200, body: { status: "stopped" } });
    expect(await client.post(`${path}/stop`)).toMatchObject({ status: 200, body: first.body });
    expect((await client.get(path)).body).toEqual(first.body);
  });

  test("L-3: another end than the first is a conflict that names the state, and changes nothing", async () => {
    const { path } = await client.newRun();
    const { body } = await client.post(`${path}/complete`, { status: "completed" });
    for (const answer of [await client.post(`${path}/stop`), await client.post(`${path}/complete`, { status: "failed" })]) {
      expect(answer).toMatchObject({ status: 409, body: { error: "conflict", status: "completed" } });
    }
    expect((await client.get(path)).body).toEqual(body);
  });

  test("L-32: an end needs its status; success must be said aloud", async () => {
    const { path } = await client.newRun();
    for (const body of [{}, { status: "running" }, { success: "yes" }])
      expect((await client.post(`${path}/complete`, body)).status).toBe(422);
    expect((await client.get(path)).body.status).toBe("running");
    expect((await client.post(`${path}/complete`, { success: true })).body.status).toBe("completed");
    const other = await client.newRun();
    expect((await client.post(`${other.path}/complete`, { success: false })).body.status).toBe("failed");
  });

  test("L-9, L-39: points of a run that has ended are refused with its state, and are not stored", async () => {
    const { path } = await client.newRun();
    await client.post(`${path}/stop`);
    const answer = await client.post(`${path}/metrics`, { epoch: 0, step: 1, loss: 1 });
    expect(answer).toMatchObject({ status: 409, body: { error: "conflict", state: "stopped" } });
    expect((await client.get(`${path}/metrics`)).body).toEqual([]);
    expect((await client.get(path)).body.latest_metrics).toBeUndefined();
  });
});

describe("points", () => {
  test("L-35, L-81: 201 and an empty body; the run shows the point as its latest, custom included", async () => {
    const { path } = await client.newRun();
    const custom = { note: "x", deep: [1, { y: null }] };
    expect(await client.post(`${path}/metrics`, { epoch: 5, step: 1000, loss: 0.5, custom })).toMatchObject({ status: 201, body: null });
    const { latest_metrics } = (await client.get(path)).body;
    expect(latest_metrics).toEqual({ epoch: 5, step: 1000, loss: 0.5, custom, timestamp: expect.stringMatching(RFC3339) });
    await client.post(`${path}/metrics`, { epoch: 5, step: 1001 });
    expect((await client.get(path)).body.latest_metrics).toMatchObject({ step: 1001, custom: null });
  });

  test.each([
    ["step", { epoch: 1 }],
    ["epoch", { step: 1 }],
    ["step", { epoch: 1, step: -1 }],
    ["step", { epoch: 1, step: 2 ** 32 }],
    ["loss", { epoch: 1, step: 1, loss: "low" }],
    ["ts", { epoch: 1, step: 1, ts: "yesterday" }],
  ])("L-25: a bad %s is refused: %j", async (field, body) => {
    const { path } = await client.newRun();
    expect(await client.post(`${path}/metrics`, body)).toMatchObject({ status: 422, body: { field } });
  });

  test("L-16: the reporter may say when a point was", async () => {
    const { path } = await client.newRun();
    await client.post(`${path}/metrics`, { epoch: 0, step: 0, loss: 1, ts: "2026-01-15T10:30:00.123Z" });
    await client.post(`${path}/metrics`, { epoch: 0, step: 1, loss: 1, ts: Date.UTC(2026, 0, 15) });
    const times = (await client.get(`${path}/metrics`)).body.map((point: { timestamp: string }) => point.timestamp);
    expect(times).toEqual(["2026-01-15T10:30:00.123+00:00", "2026-01-15T00:00:00.000+00:00"]);
  });

  test("L-18, L-42, L-43: the history is a bare array in stored order with every number, also without a loss", async () => {
    const { path } = await client.newRun();
    const points = [
      { epoch: 1, step: 5, accuracy: 0.5, lr: 0.1, gpu_util: 0.9, memory_mb: 1.5 },
      { epoch: 0, step: 5, loss: 2 },
      { epoch: 0, step: 1, loss: 3, custom: { a: 1 } },
    ];
    for (const point of points) await client.post(`${path}/metrics`, point);
    const { body } = await client.get(`${path}/metrics`);
    expect(body).toEqual(points.map((point) => ({ custom: {}, ...point, timestamp: expect.stringMatching(RFC3339) })));
    expect(Object.keys(body[0])).toEqual(["epoch", "step", "accuracy", "lr", "gpu_util", "memory_mb", "custom", "timestamp"]);
  });

  test("L-41: a repeat with the same producer and sequence is stored once", async () => {
    const { path } = await client.newRun();
    for (let i = 0; i < 2; i++) await client.post(`${path}/metrics`, { epoch: 0, step: 1, loss: 1, producer: "p", sequence: 0 });
    expect((await client.get(`${path}/metrics`)).body).toHaveLength(1);
  });

  test("L-44, L-17: range, names, thinning and pages of a long history; series of the other protocol are there too", async () => {
    const { path, id } = await client.newRun();
    const steps = Array.from({ length: 10_000 }, (_, i) => i);
    const send = (from: number) =>
      client.post(`/api/v2/runs/${id}/points`, {
        steps: steps.map((step) => step + from),
        values: { loss: steps.map((step) => (step === 4321 ? 99 : 1)), "val/f1": steps },
      });
    await send(0);
    await send(10_000);
    const first = await client.get(`${path}/metrics`);
    expect(first.body).toHaveLength(10_000);
    const rest = await client.get(`${path}/metrics?after=${first.headers.get("x-next-cursor")}`);
    expect(rest.body).toHaveLength(10_000);
    expect(rest.body[0]).toMatchObject({ step: 10_000, values: { "val/f1": 0 } });
    expect(rest.headers.get("x-next-cursor")).toBeNull();
    const part = await client.get(`${path}/metrics?from=100&to=102&keys=loss`);
    expect(part.body.map(({ timestamp: _, ...point }: { timestamp: string }) => point)).toEqual(
      [100, 101, 102].map((step) => ({ epoch: 0, step, loss: 1, custom: {} })),
    );
    const thin = await client.get(`${path}/metrics?max_points=100&keys=loss`);
    expect(thin.body.length).toBeLessThanOrEqual(100);
    expect(thin.body.filter((point: { loss: number }) => point.loss === 99).length).toBeGreaterThan(0);
    expect([thin.body[0].step, thin.body.at(-1).step]).toEqual([0, 19_999]);
  });
});

describe("log lines", () => {
  test("L-46, L-47, L-49: levels are upper-cased, INFO when missing; the answer names the run; none is an empty list", async () => {
    const { path, id } = await client.newRun();
    expect((await client.get(`${path}/logs`)).body).toEqual({ run_id: id, logs: [] });
    expect(await client.post(`${path}/logs`, { message: "one" })).toMatchObject({ status: 201, body: null });
    await client.post(`${path}/logs`, { message: "two", level: "warning" });
    await client.post(`${path}/logs`, { message: "three", level: "" });
    const { logs } = (await client.get(`${path}/logs`)).body;
    expect(logs.map(({ level, message }: Record<string, string>) => [level, message])).toEqual([
      ["INFO", "one"],
      ["WARNING", "two"],
      ["INFO", "three"],
    ]);
    for (const { timestamp } of logs) expect(timestamp).toMatch(RFC3339);
    expect((await client.post(`${path}/logs`, { level: "INFO" })).status).toBe(422);
  });

  test("L-48: the newest n, before and after a place, by level and by text", async () => {
    const { path } = await client.newRun();
    for (let i = 0; i < 10; i++) await client.post(`${path}/logs`, { message: `line ${i}`, level: i % 2 === 0 ? "info" : "error" });
    const logs = async (query: string) => (await client.get(`${path}/logs?${query}`)).body.logs as { message: string; seq: number }[];
    const numbers = async (query: string) => (await logs(query)).map(({ message }) => Number(message.slice(5)));
    expect(await numbers("limit=3")).toEqual([7, 8, 9]);
    const { seq } = (await logs("limit=3"))[0]!;
    expect(await numbers(`before=${seq}&limit=2`)).toEqual([5, 6]);
    expect(await numbers(`after=${seq}`)).toEqual([8, 9]);
    expect(await numbers("level=error&limit=2")).toEqual([7, 9]);
    expect(await numbers("search=LINE 3")).toEqual([3]);
  });
});

describe("who may ask", () => {
  test.each([
    ["nothing", {}],
    ["another token", { authorization: "Bearer wrong" }],
    ["L-85: a lower-case bearer", { authorization: `bearer ${server.token}` }],
    ["another scheme", { authorization: `Basic ${server.token}` }],
  ])("L-50: %s gives 401 as JSON", async (_, headers) => {
    for (const path of ["api/training/runs", "api/v2/runs", "metrics"]) {
      const response = await fetch(server.url + path, { headers: headers as Record<string, string> });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ error: "invalid_token", message: expect.any(String) });
    }
  });

  test("a token in the query opens no route: only a stream takes it there", async () => {
    expect((await fetch(`${server.url}api/training/runs?token=${server.token}`)).status).toBe(401);
  });

  test("L-55: a page of another origin is refused even with the token; our own and listed ones may", async () => {
    const from = (origin: string) => client.call("GET", "/api/training/runs", undefined, { origin });
    expect(await from("https://evil.example")).toMatchObject({ status: 403, body: { error: "forbidden" } });
    const answer = await from("http://localhost:3000");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    const preflight = await fetch(`${server.url}api/training/runs`, { method: "OPTIONS", headers: { origin: "http://localhost:3000" } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
  });

  test("a wrong method is 405 with what is allowed, an unknown address 404, both as JSON", async () => {
    const wrong = await client.call("DELETE", "/api/training/runs");
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET, POST");
    expect(await client.get("/api/nothing")).toMatchObject({ status: 404, body: { error: "not_found" } });
  });
});
