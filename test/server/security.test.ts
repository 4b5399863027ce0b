import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { newId } from "../../src/core/ids.ts";
import { saveModel } from "../../src/server/save-model.ts";
import { isToken } from "../../src/server/token.ts";
import { TokenGate } from "../../src/server/token-gate.ts";
import { TestClient, toBytes } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, serve, temporaryFolder, testServer } from "../support/live-server.ts";

const server = await testServer();
const inline = new InlineProfile();
afterAll(() => inline.close());

/** What a browser page gets that asks for an upgrade: the status, and every byte behind it. */
function upgrade(headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: server.port, headers: { ...UPGRADE, ...headers } }, (response) => {
      let body = "";
      response.on("data", (piece: Buffer) => (body += piece.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, body: "" });
    });
    asked.on("error", reject);
    asked.end();
  });
}

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

describe("a page that is not ours", () => {
  test.each(["https://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example", "null", "file://"])(
    "of origin %s gets no upgrade and no byte of the protocol (R-19, R-20)",
    async (origin) => {
      const { status, body } = await upgrade({ Origin: origin });
      expect(status).toBe(403);
      expect(body).not.toContain("ready");
      expect(body).not.toContain(server.token);
    },
  );

  test("at a name that was rebound to this machine gets nothing, even when its origin is that name (D-19)", async () => {
    const name = `rebound.example:${server.port}`;
    expect((await upgrade({ Host: name, Origin: `http://${name}` })).status).toBe(403);
    expect((await upgrade({ Host: name, Origin: `http://127.0.0.1:${server.port}` })).status).toBe(403);
    expect((await upgrade({ Origin: `http://127.0.0.1:${server.port}` })).status).toBe(101);
  });
});

describe("the token", () => {
  test("R-17: only the same text opens; lengths, kinds and near misses do not", () => {
    for (const wrong of ["secreT", "secret ", "secre", "", 7, null, undefined, ["secret"], { length: 6 }])
      expect(isToken("secret", wrong)).toBe(false);
    expect(isToken("secret", "secret")).toBe(true);
  });

  test("is compared in the same time wherever a guess differs: both are hashed before", () => {
    // The fastest of many, in turns, so that what else the machine does counts for neither. A comparison that stops at the first
    // difference would differ by far more in 1 MB.
    const token = "a".repeat(1_000_000);
    const early = `b${token.slice(1)}`;
    const late = `${token.slice(1)}b`;
    const took = (guess: string): number => {
      const started = process.hrtime.bigint();
      isToken(token, guess);
      return Number(process.hrtime.bigint() - started);
    };
    const times = Array.from({ length: 60 }, () => [took(early), took(late)] as const);
    const ratio = Math.min(...times.map(([first]) => first)) / Math.min(...times.map(([, second]) => second));
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });

  test("an address has 20 different wrong guesses, then one every 3 s; others are not held up; the right token always opens", () => {
    let now = 0;
    const gate = new TokenGate("right", () => now);
    for (let i = 0; i < 20; i++) expect(gate.check("10.0.0.1", `wrong ${i}`)).toEqual({ opens: false, retryAfterSeconds: null });
    expect(gate.check("10.0.0.1", "wrong 20")).toEqual({ opens: false, retryAfterSeconds: 3 });
    expect(gate.check("10.0.0.1", "right")).toEqual({ opens: true });
    expect(gate.check("10.0.0.2", "wrong 21")).toEqual({ opens: false, retryAfterSeconds: null });
    for (let i = 0; i < 1000; i++) gate.check("10.0.0.1", `more ${i}`);
    now = 3000;
    expect(gate.check("10.0.0.1", "wrong again")).toMatchObject({ retryAfterSeconds: 3 });
    now = 9001;
    expect(gate.check("10.0.0.1", "and again")).toMatchObject({ retryAfterSeconds: null });
    expect(gate.check("10.0.0.1", "and again, at once")).toMatchObject({ retryAfterSeconds: 3 });
  });

  test("an old token that a program shows again and again is one guess", () => {
    const gate = new TokenGate("right", () => 0);
    for (let i = 0; i < 1000; i++) expect(gate.check("127.0.0.1", "of yesterday")).toEqual({ opens: false, retryAfterSeconds: null });
    for (let i = 0; i < 19; i++) expect(gate.check("127.0.0.1", `wrong ${i}`)).toMatchObject({ retryAfterSeconds: null });
    expect(gate.check("127.0.0.1", "wrong 19")).toMatchObject({ retryAfterSeconds: 3 });
  });

  test("guesses count over links and doors: after 20, each further one ends its link; who has the token comes in meanwhile (R-31, D-1)", async () => {
    const strict = await testServer();
    const metrics = (token: string) => fetch(`${strict.url}api/v2/runs`, { headers: { authorization: `Bearer ${token}` } });
    const prompts = (key: string) => fetch(`${strict.url}api/v0/verify-api-key/`, { headers: { authorization: `Api-Key ${key}` } });
    for (let i = 0; i < 10; i++) expect((await metrics(`metric guess ${i}`)).status).toBe(401);
    for (let i = 0; i < 7; i++) expect((await prompts(`prompt guess ${i}`)).status).toBe(401);
    const client = await TestClient.open(strict);
    for (let i = 0; i < 2; i++) {
      const refusal = await client.refusal("auth", { token: `guess ${i}` });
      expect(refusal).toMatchObject({ code: "unauthorized", message: expect.stringContaining("not this server's token") });
    }
    expect((await metrics("the twentieth")).status).toBe(401);
    const limited = await metrics("the next");
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "3"]);
    const late = await TestClient.open(strict);
    expect(await late.refusal("auth", { token: "one more" })).toMatchObject({ code: "unauthorized", details: { retry_after_seconds: 3 } });
    expect(await late.closed).toMatchObject({ code: 1008 });
    expect(await client.result("auth", { token: strict.token })).toHaveProperty("connection_id");
    expect((await metrics(strict.token)).status).toBe(200);
    expect((await prompts(strict.token)).status).toBe(200);
    await client.close();
  });
});

describe("limits", () => {
  test("the 257th link is refused with 503 and the others stay; a link that closes makes room", async () => {
    const crowded = await testServer();
    const clients = await Promise.all(Array.from({ length: 256 }, () => TestClient.open(crowded)));
    await expect(TestClient.open(crowded)).rejects.toThrow("HTTP 503");
    expect(await clients[0]!.result("auth", { token: crowded.token })).toHaveProperty("connection_id");
    await clients[1]!.close();
    const next = await TestClient.open(crowded);
    await next.close();
    for (const client of clients) client.socket.terminate();
  });

  test("all links together may have sent so much without an answer; above it the one that holds most is ended, the others go on", async () => {
    const small = await testServer({ inboundLimitBytes: 8 * 2 ** 20 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => TestClient.authenticated(small)));
    const [first, second, third, fourth, bystander] = clients as [TestClient, TestClient, TestClient, TestClient, TestClient];
    // Frames that never end: 2 MB in a whole message, 1 MB in one that is not complete, 1.5 MB, and then 6 MB, which is too much.
    const begun = (bytes: number) => toBytes({ v: 1, id: 1, method: "data.upload", payload: { bytes: 100e6 } }, Buffer.alloc(bytes));
    const arrived = async ({ socket }: TestClient) => {
      socket.ping();
      await once(socket, "pong");
    };
    first.send(begun(2e6));
    second.socket.send(begun(1e6), { binary: true, fin: false });
    third.send(begun(1.5e6));
    for (const client of [first, second, third]) await arrived(client);
    fourth.send(begun(6e6));
    expect([1006, 1013]).toContain((await fourth.closed).code);
    for (const client of [first, second, third, bystander]) expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(await bystander.result("ping")).toHaveProperty("ts");
    // What was freed can be used again; what a message holds before it is complete counts too.
    first.socket.terminate();
    await first.closed;
    second.socket.send(Buffer.alloc(3e6), { binary: true, fin: false });
    await arrived(second);
    second.socket.send(Buffer.alloc(3e6), { binary: true, fin: false });
    expect([1006, 1013]).toContain((await second.closed).code);
    expect(await bystander.result("ping")).toHaveProperty("ts");
    expect(third.socket.readyState).toBe(third.socket.OPEN);
    for (const client of [third, bystander]) client.socket.terminate();
  });

  test("a session has so many jobs waiting; the next is too_many and leaves nothing; other sessions are not held up", async () => {
    const script = new ScriptedRunner();
    const busy = await testServer({ maxConcurrent: 1, maxQueuedJobs: 2, parts: { runner: script.runner, dataProfile: inline } });
    const client = await TestClient.attached(busy, "eager");
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, Buffer.from("a,b\n1,2\n3,4\n5,6\n7,8\n"));
    const config = { data_handle, algorithm: "GLMNET", target: "b" };
    for (const status of ["running", "queued", "queued"]) expect(await client.result("train", config)).toMatchObject({ status });
    expect(await client.refusal("train", config)).toMatchObject({ code: "too_many", message: expect.stringContaining("2 jobs waiting") });
    expect((await client.result("job.list")).jobs).toHaveLength(3);
    const other = await TestClient.attached(busy, "patient");
    const theirs = await other.result("data.upload", { name: "t", format: "csv" }, Buffer.from("a,b\n1,2\n3,4\n5,6\n7,8\n"));
    expect(await other.result("train", { ...config, data_handle: theirs.data_handle })).toMatchObject({ queue_position: 3 });
    (await script.run(1)).finish();
    await script.run(2);
    expect(await client.result("train", config)).toMatchObject({ status: "queued" });
    await client.close();
    await other.close();
  });

  test("a daemon that uses more memory than the operator allows is ended, and its job says so", async () => {
    const tight = await testServer({ daemonMemoryMb: 128, parts: { dataProfile: inline } });
    const client = await TestClient.attached(tight, "heavy");
    const row = (i: number) => Array.from({ length: 20 }, (_, j) => (i * (j + 3)) % 9973).join(",");
    const names = Array.from({ length: 20 }, (_, j) => `c${j}`).join(",");
    const table = Buffer.from(`${names}\n${Array.from({ length: 150_000 }, (_, i) => row(i)).join("\n")}\n`);
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, table);
    const { job_id } = await client.result("train", { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds: 100_000 } });
    await client.event("job.failed", (data) => data.job_id === job_id);
    expect((await client.result("job.status", { job_id })).error.message).toMatch(/daemonMemoryMb allows, 128 MB/);
    await client.close();
  });

  test("a frame above 256 MiB is refused from its header, before its payload comes", async () => {
    const client = await TestClient.authenticated(server);
    client.send(toBytes({ v: 1, id: 1, method: "data.upload", payload: { bytes: 268_435_456 } }));
    await client.until(() => client.orphans.length === 1);
    expect(client.orphans[0]?.header.error.code).toBe("malformed_frame");
    await client.close();
  });

  test("ids are random: no two share their first half, and the digits are spread evenly (R-24, R-50, R-72, R-73, R-98)", () => {
    const ids = Array.from({ length: 2000 }, () => newId("sess").slice(5));
    expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBeGreaterThan(1990);
    for (let place = 0; place < 16; place++) expect(new Set(ids.map((id) => id[place])).size, `digit ${place + 1}`).toBe(16);
  });
});

describe("job.save", () => {
  test.each(["..", "../elsewhere", "/etc", "a/../../b", "link", "link/deeper"])(
    "to %s writes nothing outside the operator's folder",
    async (dir) => {
      const root = temporaryFolder();
      const saveDir = join(root, "saved");
      const outside = join(root, "outside");
      for (const folder of [saveDir, outside]) mkdirSync(folder);
      symlinkSync(outside, join(saveDir, "link"));
      const saving = saveModel({ saveDir, dir, filename: "model", bytes: Buffer.from("x") });
      await expect(saving).rejects.toMatchObject({ code: "invalid_params", message: expect.stringContaining("only") });
      expect(execFileSync("find", [root, "-name", "*.tym*"]).toString()).toBe("");
    },
  );

  test("a file name is its last part, and a link in the place of the file is replaced, not followed", async () => {
    const root = temporaryFolder();
    const saveDir = join(root, "saved");
    mkdirSync(saveDir);
    writeFileSync(join(root, "victim"), "untouched");
    symlinkSync(join(root, "victim"), join(saveDir, "model.tym"));
    const { path } = await saveModel({ saveDir, dir: ".", filename: "../../model", bytes: Buffer.from("x") });
    expect(path).toBe(join(saveDir, "model.tym"));
    expect(execFileSync("cat", [join(root, "victim")]).toString()).toBe("untouched");
    expect(execFileSync("cat", [path]).toString()).toBe("x");
  });
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;

/** A disk of its own, so small that a test can fill it. */
function smallDisk(): { readonly folder: string; readonly fill: () => void; readonly free: () => void } {
  const folder = temporaryFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  const filler = join(folder, "filler");
  return {
    folder,
    fill: () => {
      execFileSync("sh", ["-c", `dd if=/dev/zero of=${filler} bs=4096 2>/dev/null || true`]);
    },
    free: () => rmSync(filler),
  };
}

test.skipIf(!canMount)(
  "a full disk is an error on the request; links, jobs and the store live on, and all is well when there is room again",
  async () => {
    const disk = smallDisk();
    const scripted = new ScriptedRunner();
    const dataDir = join(disk.folder, "data");
    const options = { port: 0, dataDir, verbosity: 0, daemons: 1, heartbeatMs: 0, parts: { runner: scripted.runner, dataProfile: inline } };
    const full = await serve(options);
    const client = await TestClient.attached(full, "before");
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, Buffer.from("a,b\n1,2\n3,4\n5,6\n7,8\n"));
    const job = await client.result("train", { data_handle, algorithm: "GLMNET", target: "b" });
    const run = await scripted.run(1);
    const { upload_id } = await client.result("data.upload.begin", { name: "u", format: "csv", total_bytes: 1e6, n_chunks: 2 });
    const leaver = await TestClient.attached(full, "before");
    const stranger = await TestClient.authenticated(full);
    disk.fill();

    const chunk = await client.refusal("data.upload.chunk", { upload_id, chunk_index: 1 }, Buffer.alloc(500_000, "x"));
    expect(chunk).toMatchObject({ code: "internal_error", message: expect.stringContaining("disk of the server is full") });
    const refusals: string[] = [];
    for (let n = 0; n < 2000 && refusals.length < 3; n++) {
      const { header } = await client.call("session.rename", { name: `after-${n}` });
      if (!header.ok) refusals.push(header.error.message);
    }
    expect(refusals).toHaveLength(3);
    for (const message of refusals) expect(message).toContain("disk of the server is full");
    const { name } = await client.result("session.info");
    run.report({ type: "text", level: "info", message: "reported while there is no room", at: 1 });
    run.fail(new Error("ended while there is no room"));
    await leaver.close();
    expect(await stranger.refusal("session.join", { name })).toMatchObject({ message: expect.stringContaining("disk") });
    expect((await stranger.refusal("session.info")).code).toBe("not_attached");
    expect(await client.result("ping")).toHaveProperty("ts");

    disk.free();
    await client.event("job.failed", (data) => data.job_id === job.job_id);
    expect(await client.result("data.upload.chunk", { upload_id, chunk_index: 1 }, Buffer.alloc(500_000, "x"))).toMatchObject({
      received_count: 1,
    });
    expect(await client.result("session.rename", { name: "after" })).toMatchObject({ name: "after" });
    expect(client.seqs).toEqual(Array.from({ length: client.seqs.length }, (_, i) => i + 1));
    expect(await stranger.result("session.join", { name: "after" })).toMatchObject({ n_connections: 2 });
    await stranger.close();
    await client.close();
    await full.close();

    const again = await serve(options);
    const back = await TestClient.attached(again, "after");
    expect(await back.result("job.status", { job_id: job.job_id })).toMatchObject({ status: "failed" });
    expect(await back.result("data.list")).toMatchObject({ handles: [{ data_handle, name: "t" }] });
    await back.close();
    await again.close();
  },
);
