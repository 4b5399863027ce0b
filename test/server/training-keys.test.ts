import { describe, expect, test } from "vitest";
import { AccessKeys } from "../../src/runs/access-keys.ts";
import { Runs } from "../../src/runs/runs.ts";
import { temporaryFolder, testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const client = new TrainingClient(await testServer());

async function newKey(scope: string, more: object = {}) {
  const { body } = await client.post("/api/v2/keys", { name: `a ${scope}er`, scope, ...more });
  const as = (method: string, path: string, given?: unknown) => client.call(method, path, given, { authorization: `Bearer ${body.key}` });
  return { id: body.id as string, key: body.key as string, as };
}

describe("keys", () => {
  test("L-94: a key is shown once, and the list has no key in it", async () => {
    const { body } = await client.post("/api/v2/keys", { name: "cluster", scope: "write" });
    expect(body).toMatchObject({ name: "cluster", scope: "write", expires_at: null, key: expect.stringMatching(/^tyk_.{32}$/) });
    const listed = await client.get("/api/v2/keys");
    expect(listed.body.keys).toContainEqual({
      id: body.id,
      name: "cluster",
      scope: "write",
      created_at: body.created_at,
      expires_at: null,
    });
    expect(JSON.stringify(listed.body)).not.toContain(body.key);
  });

  test.each([[{ scope: "write" }], [{ name: "x", scope: "all" }], [{ name: "x", scope: "read", expires_at: 1000 }]])(
    "%j is refused",
    async (body) => expect((await client.post("/api/v2/keys", body)).status).toBe(422),
  );

  test("L-87: one that reads sees everything and changes nothing", async () => {
    const { id, path } = await client.ownRun();
    await client.post(`${path}/points`, { steps: [1], values: { loss: [1] } });
    const { as } = await newKey("read");
    for (const one of ["/api/v2/runs", path, `${path}/series`, `${path}/export?format=csv`, `/api/training/runs/${id}`, "/metrics"]) {
      expect((await as("GET", one)).status, one).toBe(200);
    }
    expect((await as("POST", "/api/v2/compare", { runs: [id] })).status).toBe(200);
    const refused: [string, string, object?][] = [
      ["POST", "/api/v2/runs", { name: "mine" }],
      ["POST", `${path}/points`, { steps: [2], values: { loss: [2] } }],
      ["POST", `/api/training/runs/${id}/stop`],
      ["POST", `${path}/finish`, { state: "failed" }],
      ["PATCH", path, { name: "mine" }],
      ["DELETE", path],
      ["PUT", "/api/v2/layouts/mine", {}],
      ["GET", "/api/v2/keys"],
    ];
    for (const [method, one, body] of refused) {
      expect(await as(method, one, body), `${method} ${one}`).toMatchObject({ status: 403, body: { error: "forbidden" } });
    }
    expect((await client.get(path)).body).toMatchObject({ state: "running", name: "own", last_seq: 2 });
  });

  test("L-94: one that writes makes runs and reports to them, and removes nothing", async () => {
    const { as } = await newKey("write");
    const { body } = await as("POST", "/api/v2/runs", { name: "mine" });
    const path = `/api/v2/runs/${body.id}`;
    expect((await as("POST", `${path}/points`, { steps: [1], values: { loss: [1] } })).status).toBe(200);
    expect((await as("DELETE", path)).status).toBe(403);
    expect((await as("POST", "/api/v2/keys", { name: "more", scope: "write" })).status).toBe(403);
    expect((await as("POST", `${path}/finish`, { state: "completed" })).body.state).toBe("completed");
  });

  test("L-89: a revoked key opens nothing any more, and its streams are closed with 4401; others go on", async () => {
    const { path, id } = await client.ownRun();
    const { id: keyId, key, as } = await newKey("read");
    const stream = await client.stream(`/api/training/runs/${id}/stream?token=${key}&v=2`);
    const other = await client.stream(`/api/training/runs/${id}/stream?token=${client.server.token}&v=2`);
    await stream.type("snapshot");
    expect((await client.call("DELETE", `/api/v2/keys/${keyId}`)).status).toBe(204);
    expect((await stream.closed).code).toBe(4401);
    expect((await as("GET", path)).status).toBe(401);
    await expect(client.stream(`/api/training/runs/${id}/stream?token=${key}`)).rejects.toMatchObject({ status: 401 });
    await client.post(`${path}/finish`, { state: "completed" });
    expect((await other.closed).code).toBe(1000);
    expect((await client.call("DELETE", `/api/v2/keys/${keyId}`)).status).toBe(404);
  });

  test("a stream of a key that reads takes no points", async () => {
    const { id } = await client.ownRun();
    const { key } = await newKey("read");
    const stream = await client.stream("/api/v2/stream");
    stream.send({ type: "auth", token: key });
    await stream.type("ready");
    stream.send({ type: "points", run: id, ref: 1, steps: [1], values: { loss: [1] } });
    expect(await stream.type("error")).toMatchObject({ ref: 1, error: "forbidden" });
    stream.send({ type: "subscribe", run: id });
    expect((await stream.type("snapshot")).state).toBe("pending");
  });

  test("L-56: a stream is closed with 4401 when its key expires, unless it was refreshed in time", async () => {
    const { id } = await client.ownRun();
    const expires_at = Date.now() + 6000;
    const { key } = await newKey("read", { expires_at });
    const address = `/api/training/runs/${id}/stream?token=${key}&v=2`;
    const [stays, goes] = [await client.stream(address), await client.stream(address)];
    stays.send({ type: "auth", token: client.server.token });
    await stays.type("ready");
    expect(await goes.closed).toEqual({ code: 4401, reason: "the key has expired" });
    expect(Date.now()).toBeGreaterThanOrEqual(expires_at);
    stays.send({ type: "ping" });
    await stays.type("pong");
    await expect(client.stream(address)).rejects.toMatchObject({ status: 401 });
  });

  test("an expired key is none; after a restart keys are as they were, and none of them is on the disk", () => {
    let now = 1000;
    const folder = temporaryFolder();
    const first = new Runs({ folder, now: () => now });
    const keys = new AccessKeys(first.store, () => now);
    const [short, long] = [keys.create("short", "read", 2000).key, keys.create("long", "write", null).key];
    expect(keys.find(short)?.scope).toBe("read");
    expect(JSON.stringify(first.store.sql("SELECT * FROM access_keys").all())).not.toContain(long);
    now = 2000;
    expect(keys.find(short)).toBeNull();
    first.close();
    const second = new Runs({ folder, now: () => now });
    expect(new AccessKeys(second.store, () => now).find(long)).toMatchObject({ name: "long", scope: "write" });
    expect(new AccessKeys(second.store, () => now).find(`${long}x`)).toBeNull();
    second.close();
  });
});
