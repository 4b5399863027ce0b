import { afterAll, expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, testServer } from "../support/live-server.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const csv = Buffer.from("a,b\n1,2\n3,4\n5,6\n");
const inline = new InlineProfile();
afterAll(() => inline.close());

/** A server whose day the test makes pass. */
async function day(options: object = {}) {
  const clock = new FakeClock();
  const server = await testServer({
    sessionTtlMs: DAY,
    dataTtlMs: HOUR,
    gcIntervalMs: 60_000,
    heartbeatMs: 5000,
    parts: { clock, runner: new ScriptedRunner().runner, dataProfile: inline },
    ...options,
  });
  return { clock, server };
}

/** Lets what was sent arrive: the answer to a ping comes after everything that was on its way. */
const settled = (client: TestClient) => client.result("ping");

test("a day of 24 hours: one heartbeat every 5 s, at its time, to who is attached; none of them in the log (R-149, R-150, D-22)", async () => {
  const { clock, server } = await day();
  const client = await TestClient.attached(server, "watched");
  const started = clock.now();
  clock.pass(4_999);
  await settled(client);
  expect(client.events.filter((event) => event.event === "heartbeat")).toEqual([]);
  clock.pass(1);
  await settled(client);
  for (let hour = 0; hour < 24; hour++) {
    for (let minute = 0; minute < 60; minute++) {
      clock.pass(60_000);
      await settled(client);
    }
  }
  const beats = client.events.filter((event) => event.event === "heartbeat").map((event) => Date.parse(event.data.ts));
  expect(beats).toEqual(Array.from({ length: 1 + DAY / 5000 }, (_, i) => started + (i + 1) * 5000));
  expect(await client.result("events.since", { seq: 0 })).toMatchObject({ events: [] });
  await client.close();
});

test("a day of 24 hours: a table goes an hour after its last use, in the next collection, while its session stays (R-89, R-92)", async () => {
  const { clock, server } = await day();
  const client = await TestClient.attached(server, "tables");
  const used = await client.result("data.upload", { name: "used", format: "csv" }, csv);
  const idle = await client.result("data.upload", { name: "idle", format: "csv" }, csv);
  const names = async () => (await client.result("data.list")).handles.map((handle: { name: string }) => handle.name);
  clock.pass(HOUR - 60_000);
  await client.result("data.describe", { data_handle: used.data_handle });
  clock.pass(60_000);
  expect(await names()).toEqual(expect.arrayContaining(["used", "idle"]));
  clock.pass(60_000);
  expect(await names()).toEqual(["used"]);
  expect(client.events.find((event) => event.event === "data.removed")?.data).toEqual({ data_handle: idle.data_handle });
  clock.pass(HOUR);
  expect(await names()).toEqual([]);
  expect((await client.refusal("data.describe", { data_handle: used.data_handle })).code).toBe("not_found");
  clock.pass(2 * DAY);
  expect(await client.result("session.info")).toMatchObject({ name: "tables", n_connections: 1 });
  await client.close();
});

test("a day of 24 hours: a session goes a day after everybody left it, not earlier, and heartbeats do not keep it (R-68, R-163, D-22)", async () => {
  const { clock, server } = await day({ dataTtlMs: 0 });
  const watcher = await TestClient.attached(server, "attended");
  const visitor = await TestClient.attached(server, "left");
  clock.pass(6 * HOUR);
  await visitor.result("session.detach");
  const names = async () => (await watcher.result("session.list")).sessions.map((session: { name: string }) => session.name).sort();
  clock.pass(DAY);
  expect(await names()).toEqual(["attended", "left"]);
  clock.pass(60_000);
  expect(await names()).toEqual(["attended"]);
  expect((await visitor.refusal("session.join", { name: "left" })).code).toBe("session_not_found");
  await watcher.close();
  await visitor.close();
});
