import { describe, expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { TestClient } from "../support/live-client.ts";
import { testServer } from "../support/live-server.ts";

const server = await testServer({ maxSessions: 12 });

/** Removes what a test has made, so that the cap on sessions is not reached. */
async function removed(client: TestClient): Promise<void> {
  await client.result("session.delete");
  await client.close();
}

describe("creating and joining", () => {
  test("R-50, R-56, R-96: create attaches and answers with a fresh snapshot", async () => {
    const client = await TestClient.authenticated(server);
    const snapshot = await client.result("session.create", { name: "Foo_bar.baz-1" });
    expect(snapshot).toEqual({
      session_id: expect.stringMatching(/^sess-[0-9a-f]{16}$/),
      name: "Foo_bar.baz-1",
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      last_seen: expect.stringMatching(/Z$/),
      n_connections: 1,
      jobs: [],
      data: [],
      seq: 0,
    });
    await removed(client);
  });

  test.each([["a"], ["x".repeat(64)], ["iris-grid"]])("R-51: %s is a name", async (name) => {
    const client = await TestClient.authenticated(server);
    expect((await client.result("session.create", { name })).name).toBe(name);
    await removed(client);
  });

  test("R-51, R-57: anything else is invalid_name", async () => {
    const client = await TestClient.authenticated(server);
    for (const name of ["", "x".repeat(65), "a b", "a/b", 5, ["a"], "ä"]) {
      expect((await client.refusal("session.create", { name })).code).toBe("invalid_name");
    }
    await client.close();
  });

  test("R-52: unnamed sessions count up, and a freed number is used again", async () => {
    const clients = await Promise.all([1, 2, 3].map(() => TestClient.authenticated(server)));
    const names: string[] = [];
    for (const client of clients) names.push((await client.result("session.create", { name: null })).name);
    expect(names).toEqual(["untitled-1", "untitled-2", "untitled-3"]);
    await clients[1]!.result("session.delete");
    expect((await clients[1]!.result("session.create")).name).toBe("untitled-2");
    for (const client of clients) await removed(client);
  });

  test("R-53, R-58: a taken name, and creating or joining while attached, are refused", async () => {
    const client = await TestClient.attached(server, "taken");
    const other = await TestClient.authenticated(server);
    expect((await other.refusal("session.create", { name: "taken" })).code).toBe("session_exists");
    expect((await client.refusal("session.create", { name: "another" })).code).toBe("invalid_params");
    expect((await client.refusal("session.join", { name: "taken" })).code).toBe("invalid_params");
    await other.close();
    await removed(client);
  });

  test("+ the same request_key twice makes one session", async () => {
    const client = await TestClient.authenticated(server);
    const first = await client.result("session.create", { request_key: "k-1" });
    await client.close();
    const again = await TestClient.authenticated(server);
    expect((await again.result("session.create", { request_key: "k-1" })).session_id).toBe(first.session_id);
    await removed(again);
  });

  test("R-59, R-60, R-95: join by name and by id; unknown ones are session_not_found; the list counts connections", async () => {
    const client = await TestClient.attached(server, "shared");
    const { session_id } = await client.result("session.info");
    const byName = await TestClient.authenticated(server);
    expect((await byName.result("session.join", { name: "shared" })).session_id).toBe(session_id);
    const byId = await TestClient.authenticated(server);
    expect((await byId.result("session.join", { session_id, name: "ignored" })).n_connections).toBe(3);
    const stranger = await TestClient.authenticated(server);
    for (const params of [{ name: "nobody" }, { session_id: "sess-0" }, {}, { name: 7 }, { session_id: ["x"] }]) {
      expect((await stranger.refusal("session.join", params)).code).toBe("session_not_found");
    }
    const { sessions } = await stranger.result("session.list");
    expect(sessions).toEqual([expect.objectContaining({ session_id, name: "shared", n_connections: 3, n_jobs: 0, jobs_running: 0 })]);
    for (const other of [byName, byId, stranger]) await other.close();
    await removed(client);
  });

  test("R-54: beyond the cap is too_many, and names the limit", async () => {
    const clients: TestClient[] = [];
    for (let i = 0; i < 12; i++) clients.push(await TestClient.attached(server, `cap-${i}`));
    const one = await TestClient.authenticated(server);
    expect(await one.refusal("session.create", { name: "cap-12" })).toMatchObject({
      code: "too_many",
      message: expect.stringContaining("12"),
    });
    for (const client of clients) await removed(client);
    await one.close();
  });
});

describe("while attached", () => {
  test("R-66: methods that need a session say not_attached without one", async () => {
    const client = await TestClient.authenticated(server);
    for (const method of [
      "session.info",
      "session.detach",
      "session.delete",
      "session.rename",
      "data.list",
      "train",
      "job.list",
      "events.since",
    ]) {
      expect((await client.refusal(method)).code).toBe("not_attached");
    }
    await client.close();
  });

  test("R-61, R-62: detaching keeps the session", async () => {
    const client = await TestClient.attached(server, "kept");
    expect(await client.result("session.info")).toMatchObject({ name: "kept", n_connections: 1 });
    expect(await client.result("session.detach")).toEqual({ detached: true });
    expect((await client.refusal("session.info")).code).toBe("not_attached");
    expect((await client.result("session.join", { name: "kept" })).n_connections).toBe(1);
    await removed(client);
  });

  test("R-63, R-64: rename, its refusals, and renaming to itself", async () => {
    const client = await TestClient.attached(server, "before");
    const other = await TestClient.attached(server, "occupied");
    expect(await client.result("session.rename", { name: "after" })).toMatchObject({ name: "after" });
    expect(await client.result("session.rename", { name: "after" })).toMatchObject({ name: "after" });
    expect((await client.refusal("session.rename")).code).toBe("invalid_params");
    expect((await client.refusal("session.rename", { name: "" })).code).toBe("invalid_name");
    expect((await client.refusal("session.rename", { name: "occupied" })).code).toBe("session_exists");
    const third = await TestClient.authenticated(server);
    expect((await third.refusal("session.join", { name: "before" })).code).toBe("session_not_found");
    expect(client.events.filter((event) => event.event === "session.renamed")).toHaveLength(1);
    await third.close();
    await removed(other);
    await removed(client);
  });

  test("R-65, D-12: delete detaches everybody and tells the others", async () => {
    const client = await TestClient.attached(server, "doomed");
    const other = await TestClient.attached(server, "doomed");
    const { session_id } = await client.result("session.info");
    expect(await client.result("session.delete")).toEqual({ deleted: true, session_id });
    expect((await other.event("session.deleted")).data).toEqual({ session_id });
    for (const one of [client, other]) expect((await one.refusal("session.info")).code).toBe("not_attached");
    expect((await other.result("session.create", { name: "doomed" })).session_id).not.toBe(session_id);
    await removed(other);
    await client.close();
  });

  test("R-147, R-162: those who stay are told that a connection left", async () => {
    const client = await TestClient.attached(server, "left");
    const other = await TestClient.attached(server, "left");
    await other.close();
    expect((await client.event("session.connection_left")).data).toMatchObject({
      n_connections: 1,
      connection_id: expect.stringMatching(/^conn-/),
    });
    expect((await client.result("session.info")).n_connections).toBe(1);
    await removed(client);
  });
});

describe("by the clock", () => {
  test("R-68, R-163: a session without connections is collected after its time, one with a connection is not", async () => {
    const clock = new FakeClock();
    const short = await testServer({ sessionTtlMs: 150, gcIntervalMs: 20, parts: { clock } });
    const stays = await TestClient.attached(short, "stays");
    const goes = await TestClient.attached(short, "goes");
    await goes.close();
    const names = async () => (await stays.result("session.list")).sessions.map((session: { name: string }) => session.name);
    expect((await names()).sort()).toEqual(["goes", "stays"]);
    clock.pass(140);
    expect((await names()).sort()).toEqual(["goes", "stays"]);
    clock.pass(40);
    expect(await names()).toEqual(["stays"]);
    await stays.close();
  });

  test("R-149, D-2: an attached connection gets heartbeats with the true number of daemons; R-151: 0 sends none", async () => {
    const beating = await testServer({ heartbeatMs: 30, daemons: 3 });
    const unattached = await TestClient.authenticated(beating);
    const client = await TestClient.attached(beating, "beats");
    const beat = await client.event("heartbeat");
    expect(beat).not.toHaveProperty("seq");
    expect(beat.data).toMatchObject({ daemon_count: 3, jobs_running: 0 });
    expect(unattached.events.map((event) => event.event)).toEqual(["ready"]);
    const quiet = await TestClient.attached(server, "quiet");
    await client.until(() => client.events.filter((event) => event.event === "heartbeat").length > 3);
    expect(quiet.events.map((event) => event.event)).toEqual(["ready"]);
    await removed(quiet);
    await client.close();
  });
});
