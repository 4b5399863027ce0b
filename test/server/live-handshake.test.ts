import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestClient, toBytes } from "../support/live-client.ts";
import { temporaryFolder, testServer } from "../support/live-server.ts";

const server = await testServer({ pageDir: temporaryFolder() });

function get(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: server.port, path, method, headers }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => (text += piece.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the door", () => {
  test.each([
    ["R-19: another site", { origin: "https://evil.example" }, "403"],
    ["R-20: no origin", { origin: null }, "403"],
    ["D-19: another host name", { host: "evil.example" }, "403"],
    ["section 2: another path", { path: "/live" }, "404"],
  ])("%s is refused before the upgrade", async (_, options, status) => {
    await expect(TestClient.open(server, options)).rejects.toThrow(`HTTP ${status}`);
  });

  test("section 2: a subprotocol is refused with 400", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, ["live"], { origin: `http://127.0.0.1:${server.port}` });
    const status = await new Promise((resolve) => socket.once("unexpected-response", (_request, response) => resolve(response.statusCode)));
    expect(status).toBe(400);
  });

  test("section 2: a query string is ignored, and no compression is negotiated", async () => {
    const client = await TestClient.open(server, { path: "/?x=1" });
    expect(client.socket.extensions).toBe("");
    await client.close();
  });

  test("a page of a wrong host gets nothing, health is plain, other methods are refused", async () => {
    expect((await get("/", { Host: "evil.example" })).status).toBe(403);
    expect(await get("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
    expect((await get("/", {}, "POST")).status).toBe(405);
  });

  test("every answer forbids what is not ours", async () => {
    const { headers } = await get("/");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  test.each([["/../../etc/passwd"], ["/%2e%2e/%2e%2e/etc/passwd"], ["/..%2f..%2fetc/passwd"], ["/%00"], ["/%zz"]])(
    "%s leads nowhere",
    async (path) => {
      const { status, text } = await get(path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain("root:");
    },
  );
});

describe("authentication", () => {
  test("ready comes first, without seq; R-24, R-29: the right token gives the connection's id", async () => {
    const client = await TestClient.open(server);
    const ready = await client.event("ready");
    expect(ready.data).toMatchObject({ v: 1, server: "rtemislive", kind_colors: { train: expect.stringMatching(/^#/) } });
    expect(ready).not.toHaveProperty("seq");
    const { connection_id } = await client.result("auth", { token: server.token });
    expect(connection_id).toMatch(/^conn-[0-9a-f]{16}$/);
    expect(await client.result("auth", { token: server.token })).toEqual({ connection_id });
    await client.close();
  });

  test("R-28: everything but auth is refused before it; R-27: an unknown method is told apart even then", async () => {
    const client = await TestClient.open(server);
    for (const method of ["ping", "info", "session.list", "session.create", "train"]) {
      expect((await client.refusal(method)).code).toBe("unauthorized");
    }
    expect((await client.refusal("no.such")).code).toBe("unknown_method");
    await client.close();
  });

  test("R-30, R-31, D-1: two failures are forgiven by a success; the third in a row closes the link after the reply", async () => {
    const client = await TestClient.open(server);
    for (const token of ["wrong", 7]) expect((await client.refusal("auth", { token })).code).toBe("unauthorized");
    await client.result("auth", { token: server.token });
    for (const token of ["a", "b"]) expect((await client.refusal("auth", { token })).code).toBe("unauthorized");
    expect(await client.result("ping")).toHaveProperty("ts");
    expect((await client.refusal("auth", { token: "c" })).code).toBe("unauthorized");
    expect(await client.closed).toMatchObject({ code: 1008 });
  });

  test("who does not authenticate in time is closed", async () => {
    const strict = await testServer({ authDeadlineMs: 50 });
    const client = await TestClient.open(strict);
    expect(await client.closed).toMatchObject({ code: 1008, reason: "no auth in time" });
  });

  test("a stranger may not send more than 64 kB, not even inside one message", async () => {
    const client = await TestClient.open(server);
    client.send(toBytes({ method: "ping" }, Buffer.alloc(100_000)));
    await client.closed;
    // Nobody is closed here for being slow to authenticate.
    const patient = await testServer({ authDeadlineMs: 600_000 });
    const bare = connect(patient.port, "127.0.0.1");
    await new Promise((resolve) => bare.once("connect", resolve));
    bare.on("error", () => {});
    bare.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${patient.port}\r\nOrigin: http://127.0.0.1:${patient.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await new Promise((resolve) => bare.once("data", resolve));
    // The head of one message that announces 200 MB, and then 100 kB of it.
    bare.write(Buffer.concat([Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x0b, 0xeb, 0xc2, 0, 0, 0, 0, 0]), Buffer.alloc(100_000)]));
    await new Promise((resolve) => bare.once("close", resolve));
  });
});

describe("frames and envelopes", () => {
  test("section 2: a text message closes with 1003", async () => {
    const client = await TestClient.authenticated(server);
    client.socket.send("hello");
    expect(await client.closed).toMatchObject({ code: 1003 });
  });

  test("R-9 – R-11: malformed input is answered with id null, drops the buffer and leaves the link open", async () => {
    const client = await TestClient.authenticated(server);
    const bad = [
      Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
      Buffer.from([0, 0x10, 0, 1]),
      Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]),
      toBytes({ payload: 3 }),
    ];
    for (const [index, bytes] of bad.entries()) {
      client.send(Buffer.concat([bytes, toBytes({ id: "lost", method: "ping" })]));
      await client.until(() => client.orphans.length === index + 1);
    }
    for (const { header } of client.orphans)
      expect(header).toMatchObject({ v: 1, id: null, ok: false, error: { code: "malformed_frame" } });
    expect(await client.result("ping")).toHaveProperty("ts");
    await client.close();
  });

  test("R-25, R-26: a header without a method string echoes the id and keeps what follows", async () => {
    const client = await TestClient.authenticated(server);
    client.send(Buffer.concat([toBytes({ id: "x1" }), toBytes({ id: "x2", method: 5 }), toBytes([1, 2])]));
    await client.until(() => client.orphans.length === 3);
    expect(client.orphans.map(({ header }) => [header.id, header.error.code])).toEqual([
      ["x1", "malformed_frame"],
      ["x2", "malformed_frame"],
      [null, "malformed_frame"],
    ]);
    await client.close();
  });

  test("R-67, R-144: three frames in one message get three replies, in order, each with its id whatever its type", async () => {
    const client = await TestClient.authenticated(server);
    const ids = ["a", 7, { deep: true }];
    client.send(Buffer.concat(ids.map((id) => toBytes({ id, method: "ping" }))));
    await client.until(() => client.orphans.length === 3);
    expect(client.orphans.map(({ header }) => header.id)).toEqual(ids);
    await client.close();
  });

  test("R-145: a frame may be spread over messages", async () => {
    const client = await TestClient.authenticated(server);
    const bytes = toBytes({ id: "split", method: "ping" });
    for (const byte of bytes) client.send(Uint8Array.of(byte));
    await client.until(() => client.orphans.length === 1);
    expect(client.orphans[0]?.header).toMatchObject({ id: "split", ok: true });
    await client.close();
  });

  test("D-24: params that are no object are the caller's fault", async () => {
    const client = await TestClient.authenticated(server);
    expect((await client.refusal("ping", [1])).code).toBe("invalid_params");
    expect(await client.result("ping", null)).toHaveProperty("ts");
    await client.close();
  });

  test("R-32, R-33: ping has an ISO time, info says what is asked of it", async () => {
    const client = await TestClient.authenticated(server);
    expect((await client.result("ping")).ts).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    expect(await client.result("info")).toMatchObject({
      server: "rtemislive",
      r_version: expect.any(String),
      uptime_seconds: expect.any(Number),
      n_sessions: expect.any(Number),
      daemons: 1,
      max_concurrent: 2,
      n_jobs_running: 0,
    });
    await client.close();
  });
});

describe("the catalogue", () => {
  test("R-34, R-37, R-38, R-161: entries have exactly five keys; an unknown name is not_found, none invalid_params", async () => {
    const client = await TestClient.authenticated(server);
    const { algorithms } = await client.result("algorithms");
    expect(algorithms.length).toBeGreaterThan(0);
    for (const entry of algorithms) {
      expect(Object.keys(entry).sort()).toEqual([
        "description",
        "name",
        "supports_classification",
        "supports_regression",
        "supports_survival",
      ]);
    }
    const detailed = (await client.result("algorithms", { detail: true })).algorithms;
    expect(detailed.map((entry: { name: string }) => entry.name)).toEqual(algorithms.map((entry: { name: string }) => entry.name));
    for (const entry of detailed) {
      expect(entry).toMatchObject({ handles_missing: expect.any(Boolean), handles_categories: expect.any(Boolean) });
      expect(entry.title, entry.name).toMatch(/^[A-Z].{2,30}$/);
      expect(entry.source, entry.name).toMatch(/\d{4}/);
    }
    const [{ name }] = algorithms;
    const described = await client.result("algorithm.describe", { name: name.toLowerCase() });
    expect(described).toMatchObject({
      name,
      title: detailed[0].title,
      source: detailed[0].source,
      hyperparameters: expect.arrayContaining([expect.objectContaining({ tunable: true })]),
    });
    expect((await client.refusal("algorithm.describe", { name: "GLMNOT" })).code).toBe("not_found");
    expect((await client.refusal("algorithm.describe")).code).toBe("invalid_params");
    expect((await client.refusal("algorithm.describe", { name: 4 })).code).toBe("invalid_params");
    await client.close();
  });

  test("R-39: the resampler's type is one of its choices and n_resamples is 10", async () => {
    const client = await TestClient.authenticated(server);
    const { parameters } = await client.result("resampler.describe");
    expect(parameters.find((entry: { name: string }) => entry.name === "type")).toMatchObject({
      default: "KFold",
      choices: expect.arrayContaining(["KFold"]),
    });
    expect(parameters.find((entry: { name: string }) => entry.name === "n_resamples")).toMatchObject({
      type: "integer",
      default: 10,
      tunable: false,
    });
    await client.close();
  });
});
