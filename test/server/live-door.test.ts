import { expect, onTestFinished, test } from "vitest";
import { scratchFolder, startServer } from "../support/cli.ts";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, nodeReport, ScriptedRunner, serve, temporaryFolder, testServer } from "../support/live-server.ts";

/** What the server answers a page of that origin: it lets it in, or an HTTP status. */
async function knock(server: { port: number; token: string }, origin: string | null): Promise<string> {
  try {
    const client = await TestClient.open(server, { origin });
    await client.result("auth", { token: server.token });
    await client.close();
    return "in";
  } catch (error) {
    return (error as Error).message;
  }
}

test("R-15, R-16: without a token of one's own each start draws another, of the documented form, and only it opens", async () => {
  const [one, two] = [await testServer(), await testServer()];
  expect(one.token).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
  expect(two.token).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
  expect(two.token).not.toBe(one.token);
  const client = await TestClient.open(two);
  expect((await client.refusal("auth", { token: one.token })).code).toBe("unauthorized");
  expect(await client.result("auth", { token: two.token })).toHaveProperty("connection_id");
  await client.close();
});

test("R-17, R-30: near misses, other lengths and what is no text are refused over the socket, and leave the link without rights", async () => {
  const server = await testServer({ token: "correct horse" });
  const wrong = [
    "correct horsf",
    "correct hors",
    "correct horse ",
    "CORRECT HORSE",
    "",
    0,
    null,
    true,
    ["correct horse"],
    { token: "correct horse" },
  ];
  for (const token of wrong) {
    const client = await TestClient.open(server);
    expect((await client.refusal("auth", { token })).code, JSON.stringify(token)).toBe("unauthorized");
    expect((await client.refusal("session.list")).code).toBe("unauthorized");
    await client.close();
  }
  const client = await TestClient.open(server);
  expect((await client.refusal("auth")).code).toBe("unauthorized");
  expect((await client.refusal("auth", {})).code).toBe("unauthorized");
  await client.result("auth", { token: "correct horse" });
  await client.close();
});

test("R-18, R-19, R-20: the default origins and our own page come in; other sites, ports and letters, file, null, nothing do not", async () => {
  const server = await testServer();
  for (const origin of ["https://live.rtemis.org", "http://localhost:3000", "http://127.0.0.1:3000", `http://127.0.0.1:${server.port}`]) {
    expect(await knock(server, origin), origin).toBe("in");
  }
  const strangers = [
    "https://evil.example",
    "http://live.rtemis.org",
    "https://LIVE.rtemis.org",
    "https://live.rtemis.org.evil.example",
    "http://localhost:3001",
    "file://",
    "null",
    "",
    null,
  ];
  for (const origin of strangers) expect(await knock(server, origin), String(origin)).toBe("HTTP 403");
});

test("R-21, R-22, R-23: a list of one's own replaces the defaults, blanks and slashes are trimmed, what is no list of texts does not start", async () => {
  const server = await testServer({ origins: ["  https://mine.example//  "] });
  expect(await knock(server, "https://mine.example")).toBe("in");
  expect(await knock(server, "https://mine.example//")).toBe("HTTP 403");
  expect(await knock(server, "https://live.rtemis.org")).toBe("HTTP 403");
  for (const origins of ["https://a.example", [null], [""], [7]]) {
    const started = serve({ port: 0, dataDir: temporaryFolder(), verbosity: 0, origins: origins as never });
    await expect(started, JSON.stringify(origins)).rejects.toThrow(/origin/i);
  }
});

/** Of each event of version 1: its data's fields there. */
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  ready: ["v", "server", "rtemis_version", "kind_colors"],
  "job.started": ["job_id", "started_at"],
  "job.progress": ["job_id", "stage", "message", "ts", "level"],
  "job.complete": ["job_id", "summary"],
  "job.failed": ["job_id", "error"],
  "job.cancelled": ["job_id"],
  heartbeat: ["ts", "daemon_count", "jobs_running"],
  "session.connection_left": ["session_id", "connection_id", "n_connections"],
  "session.events_dropped": ["events_dropped"],
};

test("section 15: the nine events of version 1 come with their fields, in a session where all of them happen", async () => {
  const script = new ScriptedRunner();
  const parts = { runner: script.runner, dataProfile: new InlineProfile() };
  const server = await testServer({ heartbeatMs: 50, maxConcurrent: 1, parts });
  const client = await TestClient.attached(server, "events");
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, Buffer.from("a,b\n1,2\n3,5\n5,6\n7,9\n"));
  const train = async (): Promise<string> => (await client.result("train", { data_handle, algorithm: "CART" })).job_id;

  const first = await train();
  const second = await train();
  const third = await train();
  const run = await script.run(1);
  run.report({ type: "text", level: "info", message: "hello", at: 1_000 });
  await client.event("job.progress");
  run.finish();
  await client.event("job.complete");
  const { data: started } = await client.event("job.started", ({ job_id }) => job_id === second);
  expect(started.started_at).toMatch(/^\d{4}-.*Z$/);
  (await script.run(2)).fail(new Error("no luck"));
  const { data: failed } = await client.event("job.failed");
  expect(failed).toMatchObject({ job_id: second, error: { code: "internal_error", message: expect.stringContaining("no luck") } });
  await script.run(3);
  await client.result("job.cancel", { job_id: third });
  expect((await client.event("job.cancelled")).data.job_id).toBe(third);
  expect((await client.event("job.complete")).data.summary).toMatchObject({ job_id: first, status: "complete" });
  const leaver = await TestClient.attached(server, "events");
  const { connection_id } = await leaver.result("auth", { token: server.token });
  await leaver.close();
  const { data: left } = await client.event("session.connection_left");
  expect(left).toMatchObject({ connection_id, n_connections: 1 });
  await client.event("heartbeat");

  // Nobody is there for 301 events: who joins next is told how many are not replayed.
  await train();
  const unseen = await script.run(4);
  await client.close();
  for (let i = 1; i <= 300; i++) unseen.report(nodeReport({ node_id: `n${i}` }));
  unseen.finish();
  const reader = await TestClient.authenticated(server);
  const isRunning = async (): Promise<number> => (await reader.result("session.list")).sessions[0].jobs_running;
  await expect.poll(isRunning, { timeout: 60_000 }).toBe(0);
  await reader.result("session.join", { name: "events" });
  const { data: dropped } = await reader.event("session.events_dropped");
  expect(dropped.events_dropped).toBe(301 - 256);
  await reader.close();

  const seen = [...client.events, ...reader.events];
  expect([...new Set(seen.map(({ event }) => event))]).toEqual(expect.arrayContaining(Object.keys(EVENTS)));
  for (const { event, data } of seen) for (const field of EVENTS[event] ?? []) expect(data, event).toHaveProperty(field);
});

test("D-17: a signal ends the served process with a link open, an upload begun and a job that learns; the next start says interrupted", async () => {
  const dataDir = scratchFolder(onTestFinished);
  const server = await startServer({ dataDir, args: ["--daemons", "1"] });
  onTestFinished(() => server.end("SIGKILL"));
  const client = await TestClient.attached({ port: Number(new URL(server.address).port), token: server.token }, "shutdown");
  const { data_handle } = await client.result("data.open_sample", { name: "wine" });
  await client.result("data.upload.begin", { name: "half", total_bytes: 10, n_chunks: 2 });
  const { job_id } = await client.result("train", { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds: 100_000 } });
  await client.event("job.points");
  const status = new Promise((resolve) => server.child.once("exit", (code, signal) => resolve(signal ?? code)));

  server.child.kill("SIGTERM");

  expect(await status).toBe(0);
  await client.closed;
  const next = await startServer({ dataDir, args: ["--daemons", "1"] });
  onTestFinished(() => next.end("SIGKILL"));
  const again = await TestClient.attached({ port: Number(new URL(next.address).port), token: next.token }, "shutdown");
  expect(await again.result("job.status", { job_id })).toMatchObject({ status: "interrupted" });
  await again.close();
});
