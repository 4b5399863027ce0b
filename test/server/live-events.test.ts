import { describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, nodeReport, pointsReport, ScriptedRunner, testServer } from "../support/live-server.ts";

const script = new ScriptedRunner();
const server = await testServer({ maxConcurrent: 20, flushMs: 5, parts: { runner: script.runner, dataProfile: new InlineProfile() } });
const TABLE = Buffer.from(`x,y\n${Array.from({ length: 30 }, (_, i) => `${i},${i % 2 === 0 ? "no" : "yes"}`).join("\n")}\n`);
let started = 0;

async function attachedWithJob(name: string) {
  const client = await TestClient.attached(server, name);
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, TABLE);
  const { job_id } = await client.result("train", { data_handle, algorithm: "LightGBM" });
  started++;
  return { client, run: await script.run(started), job_id, data_handle };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("the session's log", () => {
  test("+ events are numbered from 1 without gaps, and everybody gets the same ones (R-147)", async () => {
    const { client, run } = await attachedWithJob("numbers");
    const other = await TestClient.attached(server, "numbers");
    for (let i = 1; i <= 40; i++) run.report(nodeReport({ node_id: `n${i}` }));
    run.finish();
    await client.event("job.complete");
    await other.event("job.complete");
    expect(client.seqs).toEqual(range(1, client.seqs.length));
    const late = other.events.filter((event) => event.seq !== undefined);
    expect(late).toEqual(client.events.filter((event) => event.seq >= late[0]!.seq));
    await client.close();
    await other.close();
  });

  test("+ join with since replays exactly what was missed, before the reply; since -1 replays nothing", async () => {
    const { client, run, job_id } = await attachedWithJob("since");
    run.report(nodeReport({ node_id: "n1" }));
    await client.event("job.progress");
    const seen = client.seqs.at(-1)!;
    await client.close();
    for (let i = 2; i <= 700; i++) run.report(nodeReport({ node_id: `n${i}` }));
    run.finish();
    const back = await TestClient.authenticated(server);
    await expect
      .poll(async () => (await back.result("session.list")).sessions.find((s: { name: string }) => s.name === "since").jobs_running)
      .toBe(0);
    const snapshot = await back.result("session.join", { name: "since", since: seen });
    expect(back.seqs).toEqual(range(seen + 1, snapshot.seq));
    expect(back.events.at(-1)).toMatchObject({ event: "job.complete", data: { job_id } });
    const { events, seq } = await back.result("events.since", { seq: 0, limit: 10_000 });
    expect(events.map((event: { seq: number }) => event.seq)).toEqual(range(1, seq));
    expect(events.slice(seen).map((event: { data: unknown }) => event.data)).toEqual(
      back.events.filter((event) => event.seq > seen).map((event) => event.data),
    );
    expect((await back.result("events.since", { seq: 10, limit: 3 })).events.map((event: { seq: number }) => event.seq)).toEqual([
      11, 12, 13,
    ]);
    expect((await back.refusal("events.since", { seq: 0, limit: 10_001 })).code).toBe("invalid_params");
    const silent = await TestClient.authenticated(server);
    expect((await silent.result("session.join", { name: "since", since: -1 })).seq).toBe(seq);
    expect(silent.seqs).toEqual([]);
    expect((await silent.refusal("session.join", { name: "since", since: "x" })).code).toBe("invalid_params");
    await back.close();
    await silent.close();
  });

  test("+ a join while events keep coming loses and repeats none", async () => {
    const { client, run } = await attachedWithJob("race");
    let node = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 30; i++) run.report(nodeReport({ node_id: `n${++node}` }));
    }, 2);
    await client.until(() => client.seqs.length > 400);
    for (let attempt = 0; attempt < 5; attempt++) {
      const joiner = await TestClient.authenticated(server);
      const { seq } = await joiner.result("session.join", { name: "race", since: 0 });
      await joiner.until(() => joiner.seqs.length > seq + 60);
      expect(joiner.seqs).toEqual(range(1, joiner.seqs.length));
      await joiner.close();
    }
    clearInterval(timer);
    run.finish();
    await client.close();
  });

  test("R-69, R-71, R-157: without since, what nobody was there to get is replayed once, then no more", async () => {
    const { client, run, job_id } = await attachedWithJob("unseen");
    await client.close();
    run.report(nodeReport({ message: "alone" }));
    run.finish();
    const watcher = await TestClient.authenticated(server);
    await expect
      .poll(async () => (await watcher.result("session.list")).sessions.find((s: { name: string }) => s.name === "unseen").jobs_running)
      .toBe(0);
    await watcher.result("session.join", { name: "unseen" });
    expect(watcher.events.slice(1).map((event) => [event.event, event.data.job_id])).toEqual([
      ["job.progress", job_id],
      ["job.complete", job_id],
    ]);
    await watcher.result("session.detach");
    await watcher.result("session.join", { name: "unseen" });
    expect(watcher.events).toHaveLength(3);
    await watcher.close();
  });

  test("R-70: of more than 256 unseen events the last 256 are replayed, and the number of the others is told", async () => {
    const { client, run } = await attachedWithJob("ring");
    await client.close();
    for (let i = 1; i <= 299; i++) run.report(nodeReport({ node_id: `n${i}` }));
    run.finish();
    const watcher = await TestClient.authenticated(server);
    await expect
      .poll(async () => (await watcher.result("session.list")).sessions.find((s: { name: string }) => s.name === "ring").jobs_running)
      .toBe(0);
    await watcher.result("session.join", { name: "ring" });
    expect(watcher.seqs).toHaveLength(256);
    expect(watcher.events.at(-1)).toMatchObject({ event: "session.events_dropped", data: { events_dropped: 300 - 256 } });
    await watcher.close();
  });
});

describe("curves and history", () => {
  test("+ points of one curve are gathered; history folds the log and events with a larger seq continue it", async () => {
    const { client, run, job_id } = await attachedWithJob("points");
    run.report(nodeReport({ node_id: "n3", kind: "train_alg" }));
    for (let step = 1; step <= 100; step++) run.report(pointsReport([step], [1 / step]));
    await client.event("job.points", (data) => data.points.at(-1).step.at(-1) === 100);
    const events = client.events.filter((event) => event.event === "job.points");
    expect(events.length).toBeLessThan(20);
    expect(events.flatMap((event) => event.data.points.flatMap((points: { step: number[] }) => points.step))).toEqual(range(1, 100));
    const history = await client.result("job.history", { job_id });
    expect(history).toMatchObject({
      job_id,
      seq: client.seqs.at(-1),
      nodes: [{ type: "node", node_id: "n3", kind: "train_alg", status: "start" }],
    });
    expect(history.series).toEqual([
      {
        series: "fold 1/2 · training",
        node_id: "n3",
        fold: 1,
        split: "training",
        measure: "log-loss",
        step: range(1, 100),
        value: range(1, 100).map((step) => 1 / step),
      },
    ]);
    run.report(nodeReport({ node_id: "n3", kind: "train_alg", status: "done", ended_at: 2_000 }));
    run.report(pointsReport([101], [Number.NaN]));
    await client.event("job.points", (data) => data.points[0].step[0] === 101);
    const later = await client.result("job.history", { job_id });
    expect(later.nodes).toEqual([expect.objectContaining({ node_id: "n3", status: "done", ended_at: 2_000 })]);
    expect(later.series[0].value.at(-1)).toBeNull();
    run.finish();
    await client.close();
  });

  test("+ deleting a job shrinks its events and keeps the numbers", async () => {
    const { client, run, job_id } = await attachedWithJob("shrink");
    run.report(pointsReport(range(1, 500), range(1, 500)));
    run.finish();
    await client.event("job.complete");
    await client.result("job.delete", { job_id });
    const { events, seq } = await client.result("events.since", { seq: 0 });
    expect(events.map((event: { seq: number }) => event.seq)).toEqual(range(1, seq));
    expect(events.find((event: { event: string }) => event.event === "job.points").data).toEqual({ job_id, points: [] });
    await client.close();
  });
});

describe("slow readers", () => {
  test("D-28: a reader that stops loses progress, is told so, and finds all of it in the log; others are not held up", async () => {
    const { client, run } = await attachedWithJob("slow");
    const slow = await TestClient.attached(server, "slow");
    slow.socket.pause();
    const label = "x".repeat(20_000);
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 50; i++) run.report(nodeReport({ node_id: `n${round}-${i}`, label }));
      await client.event("job.progress", (data) => data.node_id === `n${round}-49`);
    }
    run.finish();
    await client.event("job.complete");
    slow.socket.resume();
    const notice = await slow.event("session.events_dropped");
    await slow.event("job.complete");
    expect(notice.data.events_dropped).toBeGreaterThan(0);
    const at = slow.events.indexOf(notice);
    const before = slow.events.slice(0, at).findLast((event) => event.seq !== undefined)!.seq;
    const after = slow.events.slice(at).find((event) => event.seq !== undefined)!.seq;
    expect(notice.data).toEqual({ events_dropped: after - before - 1, after: before });
    expect((await slow.result("events.since", { seq: before, limit: 1 })).events[0].seq).toBe(before + 1);
    await client.close();
    await slow.close();
  });
});
