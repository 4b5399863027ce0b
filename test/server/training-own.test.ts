import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder, testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const client = new TrainingClient(await testServer());

describe("our own producer API", () => {
  test("L-15: columns and NDJSON rows: null, NaN, Inf and -Inf stay apart, through store and export (the alert takes number 6)", async () => {
    const { path } = await client.ownRun();
    const columns = {
      steps: [1, 2, 3, 4],
      times: [10, 20, 30, 40],
      values: { a: [null, "NaN", "Inf", "-Inf"], b: { rows: [3], values: [0.1] } },
    };
    expect(await client.post(`${path}/points`, columns)).toMatchObject({
      status: 200,
      body: { accepted: 4, duplicates: 0, last_seq: 6, state: "running" },
    });
    const rows = '{"step":5,"time":50,"values":{"b":2}}\n{"step":6,"time":60,"values":{"a":-1.5}}\n';
    const sent = await client.call("POST", `${path}/points?producer=p&sequence=0`, rows, { "content-type": "application/x-ndjson" });
    expect(sent.body).toMatchObject({ accepted: 2 });
    expect(
      (await client.call("POST", `${path}/points?producer=p&sequence=0`, rows, { "content-type": "application/x-ndjson" })).body,
    ).toMatchObject({ duplicates: 2 });
    const csv = (await client.get(`${path}/export?format=csv`)).body as string;
    expect(csv).toBe("seq,step,time,a,b\n2,1,10,null,\n3,2,20,NaN,\n4,3,30,Inf,\n5,4,40,-Inf,0.1\n7,5,50,,2\n8,6,60,-1.5,\n");
    const ndjson = (await client.get(`${path}/export`)).body as string;
    expect(
      ndjson
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).values),
    ).toEqual([{ a: null }, { a: "NaN" }, { a: "Inf" }, { a: "-Inf", b: 0.1 }, { b: 2 }, { a: -1.5 }]);
  });

  test.each([
    ["arrow", "application/vnd.apache.arrow.stream", "\u00ff\u00ff\u00ff\u00ff"],
    ["parquet", "application/vnd.apache.parquet", "PAR1"],
  ])("the %s export is a file of its type", async (format, type, begin) => {
    const { id, path } = await client.ownRun();
    await client.post(`${path}/points`, { steps: [1], values: { a: [1] } });
    const { url, token } = client.server;
    const response = await fetch(`${url}api/v2/runs/${id}/export?format=${format}`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("content-disposition")).toContain(`run-${id}.${format}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.toString("latin1", 0, 4)).toBe(begin);
    expect((await client.get(`${path}/export?format=xls`)).status).toBe(400);
  });

  test("a TensorBoard event file is a body; what it brought is answered, and a file cut off says where", async () => {
    const { path } = await client.ownRun();
    const file = readFileSync(new URL("../fixtures/runs/tensorboard.tfevents", import.meta.url));
    const send = async (bytes: Buffer) => {
      const headers = { authorization: `Bearer ${client.server.token}` };
      return (await fetch(`${client.server.url}${path.slice(1)}/import`, { method: "POST", headers, body: new Uint8Array(bytes) })).json();
    };
    expect(await send(file.subarray(0, 5000))).toMatchObject({ problem: { at_byte: expect.any(Number), message: expect.any(String) } });
    expect(await send(file)).toMatchObject({ damaged: 0, skipped: 2, problem: null });
    const { body } = await client.get(`${path}/keys`);
    expect(body.series).toContainEqual({ key: "val/accuracy", count: 3, last: 200 / 512, last_step: 200, min: 0, max: 200 / 512 });
  });

  test("a key that a spreadsheet would run, or that has a comma, is only text in the CSV", async () => {
    const { path } = await client.ownRun();
    await client.post(`${path}/points`, { steps: [1], values: { "=1+1": [1], 'a,"b"': [2] } });
    expect((await client.get(`${path}/export?format=csv`)).body.split("\n")[0]).toBe(`seq,step,time,'=1+1,"a,""b"""`);
  });

  test("L-37, L-38: limits say what they are; a batch with one bad value stores nothing", async () => {
    const { path } = await client.ownRun();
    const many = await client.post(`${path}/points`, { steps: Array(10_001).fill(1), values: { a: Array(10_001).fill(1) } });
    expect(many).toMatchObject({ status: 413, body: { error: "too_large", message: expect.stringContaining("10000") } });
    const large = await client.post(`${path}/points`, `{"steps":[1],"values":{"a":[1]},"x":"${"x".repeat(4 * 1024 * 1024)}"}`);
    expect(large.status).toBe(413);
    const bad = await client.post(`${path}/points`, { steps: [1, 2], values: { a: [1, "many"] } });
    expect(bad).toMatchObject({ status: 422, body: { message: expect.stringContaining("values.a[1]") } });
    expect((await client.call("POST", `${path}/points`, "x", { "content-type": "text/plain" })).status).toBe(415);
    expect((await client.call("POST", `${path}/points`, "{", { "content-type": "application/x-ndjson" })).status).toBe(400);
    expect(
      (await client.call("POST", `${path}/points?producer=p`, '{"step":1,"values":{"a":1}}', { "content-type": "application/x-ndjson" }))
        .status,
    ).toBe(422);
    expect((await client.get(path)).body).toMatchObject({ state: "pending", last_seq: 0, series_count: 0 });
  });

  test("L-4, L-10: a run is pending until its first point; a reporter sees stopping in every answer; the end it reports is stopped", async () => {
    const { path } = await client.ownRun({ config: { depth: 3 }, tags: ["x"] });
    expect((await client.get(path)).body).toMatchObject({ state: "pending", started_at: null, finished_at: null, config: { depth: 3 } });
    await client.post(`${path}/points`, { steps: [1], values: { a: [1] } });
    expect((await client.post(`${path}/stop`)).body.state).toBe("stopping");
    expect((await client.post(`${path}/points`, { steps: [2], values: { a: [1] } })).body.state).toBe("stopping");
    expect((await client.post(`${path}/beat`)).body.state).toBe("stopping");
    expect((await client.post(`${path}/finish`, { state: "failed" })).body.state).toBe("stopped");
    expect((await client.post(`${path}/finish`, { state: "completed" })).status).toBe(409);
    expect((await client.post(`${path}/beat`)).status).toBe(409);
  });

  test("L-101: resume and rewind: the run goes on, the curve is the new one, all rows stay in the export", async () => {
    const { path } = await client.ownRun();
    await client.post(`${path}/points`, { steps: [1, 2, 3], values: { a: [1, 2, 3] } });
    await client.post(`${path}/finish`, { state: "failed" });
    expect((await client.post(`${path}/resume`, { from_step: 2 })).body.state).toBe("running");
    await client.post(`${path}/points`, { steps: [2], values: { a: [20] } });
    const series = async (query: string) => (await client.get(`${path}/series?reduce=raw&${query}`)).body.series[0];
    expect(await series("keys=a")).toMatchObject({ x: [1, 2], y: [1, 20] });
    expect((await series("keys=a&superseded=true")).y).toEqual([1, 2, 20, 3]);
    expect((await client.get(`${path}/export`)).body.trim().split("\n")).toHaveLength(4);
  });

  test("the list: by state, tag and part of the name, by pages, with total; change of name, tags and notes", async () => {
    const own = new TrainingClient(await testServer());
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await own.ownRun({ name: `Model ${i}`, tags: i % 2 === 0 ? ["even"] : [] })).id);
    const list = async (query: string) => (await own.get(`/api/v2/runs?${query}`)).body;
    const first = await list("limit=2&total=true");
    expect(first.total).toBe(5);
    const second = await list(`limit=9&cursor=${first.next_cursor}`);
    expect([...first.runs, ...second.runs].map((run: { id: string }) => run.id)).toEqual(ids);
    expect(second.next_cursor).toBeNull();
    expect((await list("tag=even")).runs).toHaveLength(3);
    expect((await list("name=MODEL%203")).runs.map((run: { id: string }) => run.id)).toEqual([ids[1]]);
    expect((await list("state=pending,running")).runs).toHaveLength(5);
    expect((await own.get("/api/v2/runs?state=draft")).status).toBe(400);
    expect((await own.get("/api/v2/runs?cursor=x")).status).toBe(422);
    const changed = await own.call("PATCH", `/api/v2/runs/${ids[0]}`, { name: "best", tags: ["keep"], notes: "good" });
    expect(changed.body).toMatchObject({ name: "best", tags: ["keep"], notes: "good", state: "pending" });
    expect((await list("tag=keep")).runs[0].name).toBe("best");
  });

  test("series: names and patterns, window, buckets, reductions, time and another metric as x", async () => {
    const { path } = await client.ownRun();
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    await client.post(`${path}/points`, {
      steps,
      times: steps.map((step) => 1e12 + step * 1000),
      values: {
        "train/loss": steps.map((step) => (step === 500 ? -7 : 1000 - step)),
        "val/loss": { rows: [10, 20], values: [1, "NaN"] },
        tokens: steps.map((s) => s * 10),
      },
    });
    const ask = async (query: string) => (await client.get(`${path}/series?${query}`)).body.series;
    expect((await ask("keys=*/loss")).map(({ key }: { key: string }) => key)).toEqual(["train/loss", "val/loss"]);
    const [bucketed] = await ask("keys=train/loss&max_points=100");
    expect(bucketed.from.length).toBeLessThanOrEqual(100);
    expect(Math.min(...bucketed.min)).toBe(-7);
    expect(bucketed.count.reduce((sum: number, count: number) => sum + count, 0)).toBe(1000);
    expect((await ask("keys=val/loss"))[0]).toMatchObject({ first: [1, "NaN"], min: [1, "NaN"], non_finite: [0, 1] });
    expect((await ask("keys=train/loss&from=10&to=12&reduce=last"))[0]).toMatchObject({ x: [10, 11, 12], y: [990, 989, 988] });
    expect((await ask("keys=train/loss&from=1&to=2&x=tokens&reduce=raw"))[0]).toMatchObject({ x: [], y: [] });
    expect((await ask("keys=train/loss&from=10&to=20&x=tokens&reduce=raw"))[0]).toMatchObject({ x: [10, 20], y: [999, 998] });
    expect((await ask("keys=train/loss&x=time&reduce=raw&to=1000000001000"))[0]).toMatchObject({ x: [1e12, 1e12 + 1000] });
    for (const reduce of ["min_max", "lttb", "mean"]) {
      const [{ x, y }] = await ask(`keys=train/loss&max_points=50&reduce=${reduce}`);
      expect(x.length).toBeLessThanOrEqual(50);
      expect(x).toEqual(x.toSorted((a: number, b: number) => a - b));
      expect(y.includes(-7)).toBe(reduce !== "mean");
    }
    expect((await client.get(`${path}/series?x=none`)).status).toBe(422);
    expect((await client.get(`${path}/series?max_points=1`)).status).toBe(422);
    expect((await client.get(`${path}/series?reduce=guess`)).status).toBe(400);
    expect((await client.get(`${path}/keys`)).body.series[0]).toEqual({
      key: "train/loss",
      count: 1000,
      last: 1,
      last_step: 999,
      min: -7,
      max: 1000,
    });
  });

  test("alerts: not finite, threshold, divergence and plateau, once each while it lasts", async () => {
    const { id, path } = await client.ownRun({
      alerts: [
        { rule: "threshold", key: "t", above: 5 },
        { rule: "divergence", key: "d", factor: 3, window: 2 },
        { rule: "plateau", key: "p", window: 3 },
      ],
    });
    const stream = await client.stream(`/api/training/runs/${id}/stream?token=${client.server.token}&v=2`);
    await client.post(`${path}/points`, {
      steps: [0, 1, 2, 3, 4, 5, 6],
      values: { n: [1, "NaN", "NaN", 1, "-Inf", 1, 1], t: [1, 6, 7, 1, 9, 1, 1], d: [4, 2, 1, 1, 1, 9, 9], p: [5, 4, 4, 4, 4, 4, 3] },
    });
    await client.post(`${path}/finish`, { state: "completed" });
    await stream.closed;
    const alerts = stream.messages.filter(({ type }) => type === "alert").map(({ rule, key, step }) => `${rule} ${key} ${step}`);
    expect(alerts.toSorted()).toEqual([
      "divergence d 5",
      "non_finite n 1",
      "non_finite n 4",
      "plateau p 4",
      "threshold t 1",
      "threshold t 4",
    ]);
    expect((await client.post("/api/v2/runs", { name: "x", alerts: [{ rule: "hope" }] })).status).toBe(422);
  });

  test("Prometheus text: runs by state and rows, at /metrics", async () => {
    const own = new TrainingClient(await testServer());
    const { path } = await own.ownRun();
    await own.post(`${path}/points`, { steps: [1, 2], values: { a: [1, 2], b: [1, 2] } });
    const { body, headers } = await own.get("/metrics");
    expect(headers.get("content-type")).toContain("version=0.0.4");
    for (const line of [
      'trainyard_runs{state="running"} 1',
      'trainyard_runs{state="crashed"} 0',
      "trainyard_rows_total 2",
      "trainyard_values_total 4",
    ]) {
      expect(body.split("\n")).toContain(line);
    }
    for (const line of body.trim().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) trainyard_\w+ .+|trainyard_\w+(\{[^}]*\})? [\d.e+-]+)$/);
  });
});

test("kill -9 in the middle of a stream of points: what was answered is there, once; the reporter goes on with a repeat", async () => {
  const dataDir = temporaryFolder();
  const start = async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("../support/server-child.mjs", import.meta.url)), dataDir, "secret"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = await once(child.stdout, "data");
    const port = Number(String(line).trim());
    return { child, client: new TrainingClient({ url: `http://127.0.0.1:${port}/`, token: "secret", port } as never) };
  };
  let now = await start();
  const { path } = await now.client.ownRun();
  let answered = 0;
  for (let round = 0; round < 3; round++) {
    const send = (sequence: number) =>
      now.client.post(`${path}/points`, {
        producer: "p",
        sequence,
        steps: [sequence, sequence + 1],
        values: { a: [sequence, sequence + 1] },
      });
    for (let i = 0; i < 20; i++, answered += 2) await send(answered);
    const cut = send(answered).catch(() => null);
    now.child.kill("SIGKILL");
    await Promise.all([once(now.child, "close"), cut]);
    now = await start();
    expect((await send(answered)).body.accepted + (await send(answered)).body.duplicates).toBeGreaterThanOrEqual(2);
    answered += 2;
  }
  const rows = (await now.client.get(`${path}/export`)).body
    .trim()
    .split("\n")
    .map((line: string) => JSON.parse(line));
  expect(rows.map(({ step }: { step: number }) => step)).toEqual(Array.from({ length: answered }, (_, i) => i));
  expect((await now.client.get(path)).body.state).toBe("running");
});
