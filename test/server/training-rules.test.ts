import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Subscriptions } from "../../src/runs/subscriptions.ts";
import { points, RunsRig } from "../runs/rig.ts";
import { testServer } from "../support/live-server.ts";
import { sourceTitles } from "../support/test-titles.ts";
import { TrainingClient } from "../support/training-client.ts";

const client = new TrainingClient(await testServer());

describe("rules that no other file tests", () => {
  test("L-36: a batch of 1,000 rows of seven series costs one commit", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const column = Array.from({ length: 1000 }, (_, i) => i);
    await runs.append(runId, points(Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((key) => [key, column]))));
    expect(runs.counters).toMatchObject({ commits: 1, rows: 1000, values: 7000 });
  });

  test("L-45, L-63: stream, history and latest metrics spell a point alike, with the names that the reference sends", async () => {
    const { id, path } = await client.newRun();
    const stream = await client.stream(`${path}/stream?token=${client.server.token}`);
    const point = { epoch: 5, step: 1000, loss: 0.5, accuracy: 0.9, lr: 0.001, gpu_util: 0.85, memory_mb: 4096 };
    await client.post(`${path}/metrics`, { ...point, ts: "2026-01-15T10:30:00Z" });
    const { data } = await stream.type("metrics");
    expect(data).toEqual({ ...point, timestamp: "2026-01-15T10:30:00.000+00:00" });
    const [{ custom: _, ...stored }] = (await client.get(`${path}/metrics`)).body;
    expect(stored).toEqual(data);
    const { custom: __, ...latest } = (await client.get(`/api/training/runs/${id}`)).body.latest_metrics;
    expect(latest).toEqual(data);
  });

  test("L-61: the texts of a point and of an end have type first, and the values as they are", async () => {
    const { path } = await client.newRun();
    const stream = await client.stream(`${path}/stream?token=${client.server.token}`);
    await client.post(`${path}/metrics`, { epoch: 5, step: 1 });
    await client.post(`${path}/complete`, { status: "failed" });
    await stream.closed;
    expect(stream.texts[0]).toMatch(/^\{"type":"metrics","data":\{"epoch":5,"step":1,"timestamp":"[^"]+"\}\}$/);
    expect(stream.texts[1]).toMatch(/^\{"type":"status","data":\{"status":"failed","completed_at":"[^"]+"\}\}$/);
  });

  test("L-73: there is no limit of 128 points: a burst of 1,000 reaches a reader whole", async () => {
    const { id, path } = await client.newRun();
    const stream = await client.stream(`${path}/stream?token=${client.server.token}`);
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    await client.post(`/api/v2/runs/${id}/points`, { steps, values: { loss: steps } });
    await client.post(`${path}/stop`);
    await stream.closed;
    expect(stream.messages.flatMap(({ type, data }) => (type === "metrics" ? [data.step] : []))).toEqual(steps);
  });

  test("L-80: an end that cannot be stored is refused, its readers go on, and the next attempt ends them", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    await runs.append(runId, points({ loss: [1] }));
    const ends: string[] = [];
    const subscriptions = new Subscriptions(runs);
    const ended = new Promise<void>((resolve) => {
      const onEnd = (state: string): void => {
        ends.push(state);
        resolve();
      };
      subscriptions.open(runId, { bufferedBytes: 0, send: (_frame, whenTaken) => whenTaken() }, { onEnd });
    });
    const prepare = runs.store.sql.bind(runs.store);
    let isBroken = true;
    Object.assign(runs.store, {
      sql: (text: string) => {
        if (isBroken && text.startsWith("UPDATE runs SET state")) throw new Error("disk full");
        return prepare(text);
      },
    });
    expect(() => runs.finish(runId, "completed", { actor: "reporter" })).toThrow("disk full");
    expect(runs.get(runId).state).toBe("running");
    expect(ends).toEqual([]);
    isBroken = false;
    runs.finish(runId, "completed", { actor: "reporter" });
    await ended;
    expect(ends).toEqual(["completed"]);
    subscriptions.close();
  });
});

test("docs/live-metrics-conformance.md lists every rule once, with files whose test titles name it, or a reason", () => {
  const root = new URL("../../", import.meta.url);
  const text = readFileSync(new URL("docs/live-metrics-conformance.md", root), "utf8");
  const rows = [...text.matchAll(/^\| L-(\d+) \| (.*?) \| (.*?) ?\|$/gm)].map(([, rule, files = "", note = ""]) => ({
    rule: Number(rule),
    files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file),
    note,
  }));
  expect(rows.map(({ rule }) => rule)).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
  for (const { rule, files, note } of rows) {
    if (files.length === 0) expect(note, `L-${rule} has neither a test nor a reason`).not.toBe("");
    const named = new RegExp(`\\bL-${rule}\\b`);
    for (const file of files) {
      expect(
        sourceTitles(new URL(file, root)).some((title) => named.test(title)),
        `no test title in ${file} names L-${rule}`,
      ).toBe(true);
    }
  }
});
