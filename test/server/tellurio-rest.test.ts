import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Runs } from "../../src/runs/index.ts";
import { runSink } from "../../src/server/tellurio/run-sink.ts";
import { KEY, type Message, RawClient, type Rig, tellurioRig } from "./tellurio-rig.ts";

async function rest(rig: Rig, method: string, path: string, body?: unknown, key = KEY): Promise<{ status: number; body: Message }> {
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await fetch(`${rig.http}/api/v0/${path}`, { method, headers: { Authorization: `Api-Key ${key}` }, ...sent });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

test("T-110: the right key gives e-mail and user name, another 401", async () => {
  const rig = await tellurioRig();
  expect(await rest(rig, "GET", "verify-api-key/")).toMatchObject({
    status: 200,
    body: { email: "testuser@localhost", username: "testuser" },
  });
  expect((await rest(rig, "GET", "verify-api-key/", undefined, "wrong")).status).toBe(401);
  const page = await fetch(`${rig.http}/api/v0/verify-api-key/`, {
    headers: { Authorization: `Api-Key ${KEY}`, Origin: "https://evil.example" },
  });
  expect(page.status).toBe(401);
});

test("T-111: projects are created with a slug and a role, read without it, and deleted; what is unknown is 4xx", async () => {
  const rig = await tellurioRig();
  const made = await rest(rig, "POST", "tellurio-test/projects/", { display_name: "Test Project", visibility: "TEAM" });
  expect(made).toMatchObject({
    status: 201,
    body: {
      slug: "test-project",
      display_name: "Test Project",
      visibility: "TEAM",
      role: "OWNER",
      org_slug: "tellurio-test",
      last_run_date: null,
    },
  });
  const found = await rest(rig, "GET", "tellurio-test/projects/test-project/");
  expect(found).toMatchObject({ status: 200, body: { uuid: made.body.uuid, role: null, org_slug: null } });
  expect(Date.parse(found.body.date_created)).toBeGreaterThan(0);
  expect((await rest(rig, "POST", "tellurio-test/projects/", { display_name: "Test  project" })).status).toBe(409);
  for (const [namespace, body] of [
    ["nobody", { display_name: "x" }],
    ["testuser", { display_name: "x", visibility: "SECRET" }],
    ["testuser", { display_name: "--" }],
    ["testuser", "{"],
  ] as const) {
    const { status, body: said } = await rest(rig, "POST", `${namespace}/projects/`, body);
    expect([status >= 400 && status < 500, typeof said.detail]).toEqual([true, "string"]);
  }
  expect((await rest(rig, "DELETE", "tellurio-test/projects/test-project/")).status).toBe(204);
  for (const method of ["GET", "DELETE"]) expect((await rest(rig, method, "tellurio-test/projects/test-project/")).status).toBe(404);
  expect((await rest(rig, "GET", "nobody/projects/x/")).status).toBe(404);
  expect((await rest(rig, "GET", "%E0/projects/x/")).status).toBe(400);
});

test("T-112 – T-115: runs with names, statuses and metrics, shown among all runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-runs-"));
  const runs = new Runs({ folder });
  onTestFinished(() => {
    runs.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const rig = await tellurioRig({ runs: runSink(runs, () => {}) });
  await rest(rig, "POST", "testuser/projects/", { display_name: "P", visibility: "RESTRICTED" });
  const create = (body: object) => rest(rig, "POST", "testuser/projects/p/runs/", body);
  const named = await create({ name: "mine", description: "about it" });
  expect(named).toMatchObject({
    status: 201,
    body: { name: "mine", description: "about it", status: "RUNNING", project: { slug: "p" }, user: { username: "testuser" } },
  });
  expect((await create({ name: "mine" })).body.name).toBe("mine_1");
  expect((await create({})).body.name).toMatch(/^[a-z]+-[a-z]+-3$/);
  const path = `testuser/projects/p/runs/${named.body.uuid}/`;
  const log = async (body: object) => (await rest(rig, "POST", `${path}metrics/`, body)).body;
  expect(
    [
      await log({ name: "loss", value: 0.5 }),
      await log({ name: "loss", value: 0.4 }),
      await log({ name: "note", value: { any: ["json"] } }),
      await log({ name: "loss", value: 1, step: 7 }),
      await log({ name: "loss", value: 2 }),
    ].map(({ step }) => step),
  ).toEqual([0, 1, 0, 7, 8]);
  expect((await rest(rig, "GET", `${path}metrics/`)).body).toMatchObject([
    { name: "loss", value: 0.5, step: 0 },
    { step: 1 },
    { value: { any: ["json"] } },
    { step: 7 },
    { step: 8 },
  ]);
  expect((await rest(rig, "POST", `${path}metrics/`, { name: "x" })).status).toBe(400);
  await expect.poll(() => runs.open(named.body.uuid).series.get("loss")?.count, { timeout: 30_000 }).toBe(4);
  expect(runs.get(named.body.uuid)).toMatchObject({ name: "mine", state: "running", about: { tags: ["P"] } });
  for (const [status, state] of [
    ["COMPLETED", "completed"],
    ["COMPLETED", "completed"],
    ["RUNNING", "running"],
    ["CRASHED", "failed"],
    ["COMPLETED", "completed"],
  ] as const) {
    const { body } = await rest(rig, "PATCH", path, { status });
    expect([body.status, runs.get(named.body.uuid).state]).toEqual([status, state]);
    expect(Date.parse(body.date_updated)).toBeGreaterThanOrEqual(Date.parse(body.date_created));
  }
  expect((await rest(rig, "PATCH", path, { status: "DONE" })).status).toBe(400);
  expect((await rest(rig, "GET", "testuser/projects/p/runs/")).body).toHaveLength(3);
});

test("a run that is stopped on the page fails the trainer's next step with that reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-runs-"));
  const runs = new Runs({ folder });
  onTestFinished(() => {
    runs.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const rig = await tellurioRig({ runs: runSink(runs, () => {}) });
  await rest(rig, "POST", "testuser/projects/", { display_name: "P" });
  const { uuid } = (await rest(rig, "POST", "testuser/projects/p/runs/", {})).body;
  const client = await RawClient.connect(rig.url);
  const x = await client.variable("a", "a", true);
  const params = { run_uuid: uuid, function_name: "Add", grad_enabled: true, args: [x.ref, x.ref], kwargs: {} };
  expect((await client.call("run_function", params)).data.data).toBe("aa");
  runs.requestStop(uuid, "user" as never);
  await expect(client.call("run_function", params)).rejects.toThrow(/stopped on the page/);
});

test("T-110: after 20 different wrong keys a further one is told to wait and loses its link, at every route; the right key always opens", async () => {
  const rig = await tellurioRig();
  const asked = (path: string, authorization: string) => fetch(`${rig.http}${path}`, { headers: { authorization } });
  // A client that tries the same wrong key again and again made one guess.
  for (let i = 0; i < 50; i++) expect((await asked("/api/v0/verify-api-key/", "Api-Key of yesterday")).status).toBe(401);
  for (let i = 0; i < 10; i++) expect((await asked("/api/v2/prompt-runs", `Bearer wrong ${i}`)).status).toBe(401);
  for (let i = 10; i < 19; i++) await expect(RawClient.connect(rig.url, `wrong ${i}`)).rejects.toThrow("401");
  for (const path of ["/api/v0/verify-api-key/", "/api/v0/testuser/projects/x/", "/api/v2/prompt-runs"]) {
    const limited = await asked(path, `Api-Key one more at ${path}`);
    expect([limited.status, limited.headers.get("connection")]).toEqual([429, "close"]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    const said = (await limited.json()) as Message;
    expect([said.message, said.detail]).toEqual([expect.stringContaining("Too many wrong keys"), said.message]);
  }
  // No key is no guess.
  expect((await fetch(`${rig.http}/api/v0/verify-api-key/`)).status).toBe(401);
  expect((await asked("/api/v0/verify-api-key/", `Api-Key ${KEY}`)).status).toBe(200);
  expect((await asked("/api/v2/prompt-runs", `Bearer ${KEY}`)).status).toBe(200);
  const client = await RawClient.connect(rig.url, KEY);
  expect(client.sessionId).not.toBe("");
  client.socket.terminate();
});
