import { existsSync, readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, serve, temporaryFolder, testServer } from "../support/live-server.ts";

const inline = new InlineProfile();
afterAll(() => inline.close());
const scripted = new ScriptedRunner();
const server = await testServer({ parts: { runner: scripted.runner, dataProfile: inline } });
const csv = Buffer.from("a,b\n1,2\n3,4\n5,6\n7,8\n");

test("R-12 – R-14: a success, an error and an event have exactly their fields", async () => {
  const client = await TestClient.authenticated(server);
  const success = await client.call("ping");
  expect(success.header).toEqual({ v: 1, id: expect.any(String), ok: true, result: { ts: expect.any(String) } });
  const failure = await client.call("session.info");
  expect(failure.header).toEqual({ v: 1, id: expect.any(String), ok: false, error: { code: "not_attached", message: expect.any(String) } });
  const detailed = await client.call("algorithm.describe");
  expect(detailed.header.error).toEqual({ code: "invalid_params", message: expect.any(String), details: { field: "name" } });
  expect(Object.keys(client.events[0]!).sort()).toEqual(["data", "event", "v"]);
  await client.close();
});

test("R-55, R-97: the list of sessions starts empty; a join by what is no string, or unknown, is session_not_found", async () => {
  const fresh = await testServer();
  const client = await TestClient.authenticated(fresh);
  expect(await client.result("session.list")).toEqual({ sessions: [] });
  await client.result("session.create", { name: "one" });
  expect(await client.result("session.list")).toMatchObject({ sessions: [{ name: "one", n_connections: 1 }] });
  await client.result("session.detach");
  for (const params of [{}, { name: null }, { name: 1 }, { name: ["one"] }, { session_id: "sess-0000000000000000" }, { name: "two" }]) {
    expect((await client.refusal("session.join", params)).code).toBe("session_not_found");
  }
  await client.close();
});

test("R-93, R-94, R-148: a second join changes nothing; who vanishes is detached alone, and the others get their events", async () => {
  const [stays, vanishes] = [await TestClient.attached(server, "pair"), await TestClient.attached(server, "pair")];
  expect((await vanishes.refusal("session.join", { name: "pair" })).code).toBe("invalid_params");
  expect(await stays.result("session.info")).toMatchObject({ n_connections: 2 });
  vanishes.socket.terminate();
  const { data } = await stays.event("session.connection_left");
  expect(data.n_connections).toBe(1);
  await stays.result("session.rename", { name: "alone" });
  await stays.event("session.renamed");
  await stays.close();
});

test("D-11: the departure of the last connection is in nobody's replay", async () => {
  const first = await TestClient.attached(server, "left-alone");
  await first.close();
  const next = await TestClient.authenticated(server);
  await next.result("session.join", { name: "left-alone", since: 0 });
  expect(next.events.map(({ event }) => event)).toEqual(["ready"]);
  await next.close();
});

test("R-115, R-122: an unknown job cannot be cancelled; a running one has no result yet", async () => {
  const client = await TestClient.attached(server, "early");
  expect((await client.refusal("job.cancel", { job_id: "job-0000000000000000" })).code).toBe("not_found");
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, csv);
  const { job_id } = await client.result("train", { data_handle, algorithm: "GLMNET", target: "b" });
  await scripted.run(1);
  expect(await client.refusal("job.result", { job_id })).toMatchObject({
    code: "invalid_params",
    message: expect.stringContaining("running"),
  });
  await client.result("job.cancel", { job_id });
  await client.event("job.cancelled");
  await client.close();
});

test("D-25: the metric that tuning decides by comes from a closed list; no name is called", async () => {
  const client = await TestClient.attached(server, "closed-list");
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, csv);
  for (const field of ["metric", "metrics_aggregate_fn"]) {
    const tuner_config = { type: "GridSearch", config: { [field]: "process.exit" } };
    const hyperparameters = { alpha: { candidates: [0, 1] } };
    const refusal = await client.refusal("train", { data_handle, algorithm: "GLMNET", target: "b", hyperparameters, tuner_config });
    expect(refusal).toMatchObject({ code: "invalid_params", message: expect.stringContaining(field) });
  }
  await client.close();
});

test("D-20: a message above 1 MiB that holds a whole frame is taken", async () => {
  const client = await TestClient.authenticated(server);
  const { header } = await client.call("ping", {}, Buffer.alloc(3 * 1024 * 1024));
  expect(header.ok).toBe(true);
  await client.close();
});

test("D-5: a list of one name is a list", async () => {
  const client = await TestClient.attached(server, "one-column");
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, Buffer.from("only\n1\n2\n"));
  expect(await client.result("data.preview", { data_handle })).toMatchObject({ rows: 2, cols: 1, columns: ["only"] });
  await client.close();
});

test("D-18: it binds ::1 as well and answers there", async () => {
  const six = await testServer({ host: "::1" });
  expect(six.url).toBe(`http://[::1]:${six.port}/`);
  expect((await fetch(`${six.url}healthz`)).status).toBe(200);
});

test("R-159, R-160, D-17: it listens within 15 s; close ends links, returns, and nobody answers any more; twice is fine", async () => {
  const started = Date.now();
  const short = await serve({ port: 0, dataDir: temporaryFolder(), verbosity: 0, daemons: 1 });
  expect(Date.now() - started).toBeLessThan(15_000);
  const client = await TestClient.attached(short, "last");
  await short.close();
  await short.close();
  expect(await client.closed).toMatchObject({ code: 1001 });
  await expect(TestClient.open(short)).rejects.toThrow("ECONNREFUSED");
});

/** Section 6 of version 1: who may call what. U: authenticated and not attached. */
const GATES = {
  open: ["auth"],
  authenticated: [
    "ping",
    "info",
    "algorithms",
    "algorithm.describe",
    "decomp.algorithms",
    "decomp.algorithm.describe",
    "cluster.algorithms",
    "cluster.algorithm.describe",
    "resampler.describe",
    "preprocessor.describe",
    "session.list",
    "dialog.choose_dir",
  ],
  unattached: ["session.create", "session.join"],
  attached: [
    "session.detach",
    "session.rename",
    "session.delete",
    "session.info",
    "data.upload",
    "data.upload.begin",
    "data.upload.chunk",
    "data.upload.end",
    "data.upload.cancel",
    "data.list",
    "data.describe",
    "data.delete",
    "train",
    "decomp",
    "cluster",
    "job.list",
    "job.status",
    "job.cancel",
    "job.result",
    "job.delete",
    "job.save",
  ],
} as const;

test("R-28, R-66, R-161: all 36 methods are there, and each asks for what section 6 says before it looks at its params", async () => {
  const all = Object.values(GATES).flat();
  expect(new Set(all).size).toBe(36);
  const stranger = await TestClient.open(server);
  for (const method of all.filter((name) => name !== "auth")) {
    expect((await stranger.refusal(method, {})).code, method).toBe("unauthorized");
  }
  await stranger.result("auth", { token: server.token });
  for (const method of GATES.attached) expect((await stranger.refusal(method, {})).code, method).toBe("not_attached");
  for (const method of GATES.authenticated) {
    const { header } = await stranger.call(method, {});
    expect(header.ok === true || header.error.code === "invalid_params", method).toBe(true);
  }
  await stranger.result("session.create", { name: "gates" });
  for (const method of GATES.unattached) expect((await stranger.refusal(method, { name: "other" })).code, method).toBe("invalid_params");
  for (const method of GATES.attached.filter((name) => !/^session\.(detach|delete)$/.test(name))) {
    const { header } = await stranger.call(method, {});
    expect(header.ok === true || header.error.code === "invalid_params", method).toBe(true);
  }
  await stranger.close();
});

test("section 5.3: every error code is answered where it belongs", async () => {
  const small = await testServer({ maxSessions: 2, parts: { runner: scripted.runner, dataProfile: inline } });
  const client = await TestClient.authenticated(small);
  const codes = new Set<string>();
  const expectCode = async (code: string, method: string, params: object = {}) => {
    expect((await client.refusal(method, params)).code, method).toBe(code);
    codes.add(code);
  };
  await expectCode("unknown_method", "no.such");
  await expectCode("not_attached", "session.info");
  await expectCode("unauthorized", "auth", { token: "wrong" });
  await expectCode("session_not_found", "session.join", { name: "nobody" });
  await expectCode("invalid_name", "session.create", { name: "a b" });
  await client.result("session.create", { name: "one" });
  await client.result("session.detach");
  await expectCode("session_exists", "session.create", { name: "one" });
  await client.result("session.create", { name: "two" });
  await client.result("session.detach");
  await expectCode("too_many", "session.create", { name: "three" });
  await client.result("session.join", { name: "one" });
  await expectCode("invalid_params", "data.describe");
  await expectCode("not_found", "data.describe", { data_handle: "data-0000000000000000" });
  client.send(Buffer.from([0xff, 0, 0, 0]));
  await client.until(() => client.orphans.length === 1);
  codes.add(client.orphans[0]!.header.error.code);
  expect([...codes].sort()).toEqual(
    [
      "invalid_name",
      "invalid_params",
      "malformed_frame",
      "not_attached",
      "not_found",
      "session_exists",
      "session_not_found",
      "too_many",
      "unauthorized",
      "unknown_method",
    ].sort(),
  );
  await client.close();
});

test("docs/live-protocol-conformance.md lists every rule and every surprise once, with tests that exist or a reason", () => {
  const root = new URL("../../", import.meta.url);
  const text = readFileSync(new URL("docs/live-protocol-conformance.md", root), "utf8");
  const rows = [...text.matchAll(/^\| ([RD]-\d+b?) \| (.*?) \| (.*?) \|$/gm)].map(([, rule, tests = "", note = ""]) => ({
    rule,
    tests,
    note,
  }));
  const numbered = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`);
  expect(rows.map(({ rule }) => rule).sort()).toEqual([...numbered("R", 163), "R-41b", ...numbered("D", 29)].sort());
  for (const { rule, tests, note } of rows) {
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
    expect(files.length > 0 || note.length > 10, `${rule} has neither a test nor a reason`).toBe(true);
    for (const file of files) expect(existsSync(new URL(file, root)), `${rule}: ${file}`).toBe(true);
  }
});
