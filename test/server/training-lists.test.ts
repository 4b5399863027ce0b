import { describe, expect, test } from "vitest";
import { testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const client = new TrainingClient(await testServer());

/** Runs of this test carry its tag, so that tests do not see each other's. */
async function sweepOf(tag: string): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  const about = [
    { name: "adam small", config: { lr: 0.1, optimizer: { name: "adam" }, amp: true }, loss: [3, 1, 2] },
    { name: "sgd", config: { lr: 0.01, optimizer: { name: "sgd" } }, loss: [3, 2.5, 0.5] },
    { name: "lost", config: { lr: 1 }, loss: [3, "NaN"] },
    { name: "silent", config: { lr: "auto" }, loss: [] },
  ];
  for (const { name, config, loss } of about) {
    const { id, path } = await client.ownRun({ name, config, tags: [tag], notes: `notes of ${name}` });
    if (loss.length > 0) await client.post(`${path}/points`, { steps: loss.map((_, i) => i), values: { loss, acc: loss.map(() => 1) } });
    ids[name] = id;
  }
  await client.post(`/api/v2/runs/${ids.sgd}/finish`, { state: "completed" });
  return ids;
}

let narrowed = 0;

const names = (answer: { body: { runs: { name: string }[] } }): string[] => answer.body.runs.map(({ name }) => name);

describe("the list of runs", () => {
  test("is sorted by the last, least or greatest value of a series; runs without one come last", async () => {
    await sweepOf("sorted");
    const by = async (sort: string) => names(await client.get(`/api/v2/runs?tag=sorted&sort=${sort}`));
    expect(await by("last:loss&order=asc")).toEqual(["sgd", "adam small", "silent", "lost"]);
    expect(await by("last:loss&order=desc")).toEqual(["adam small", "sgd", "silent", "lost"]);
    expect(await by("min:loss")).toEqual(["sgd", "adam small", "lost", "silent"]);
    expect((await by("count:loss")).at(-1)).toBe("silent");
    expect(await by("config:lr&order=desc")).toEqual(["lost", "adam small", "sgd", "silent"]);
    expect(await by("name")).toEqual(["adam small", "lost", "sgd", "silent"]);
    expect(await by("created&order=asc")).toEqual(["adam small", "sgd", "lost", "silent"]);
    expect((await client.get("/api/v2/runs?sort=size")).body.message).toContain("last:<key>");
    expect((await client.get("/api/v2/runs?sort=name&order=up")).status).toBe(422);
  });

  test("L-22: pages of a sorted list join without a gap", async () => {
    await sweepOf("paged");
    const first = await client.get("/api/v2/runs?tag=paged&sort=name&limit=3&total=true");
    expect(first.body).toMatchObject({ total: 4, next_cursor: expect.any(String) });
    const second = await client.get(`/api/v2/runs?tag=paged&sort=name&limit=3&cursor=${first.body.next_cursor}`);
    expect([...names(first), ...names(second)]).toEqual(["adam small", "lost", "sgd", "silent"]);
    expect(second.body.next_cursor).toBeNull();
    expect((await client.get("/api/v2/runs?sort=name&cursor=12-3")).status).toBe(422);
  });

  test.each([
    ["config=lr>=0.1", ["lost", "adam small"]],
    ["config=lr=0.01", ["sgd"]],
    ["config=lr=0.010", ["sgd"]],
    ["config=lr=auto", ["silent"]],
    ["config=lr!=auto&config=lr<1", ["sgd", "adam small"]],
    ["config=optimizer.name=adam", ["adam small"]],
    ["config=amp=true", ["adam small"]],
    ["search=OPTIMIZER", ["sgd", "adam small"]],
    ["search=notes of los", ["lost"]],
    ["search=nothing of it", []],
    ["state=completed", ["sgd"]],
  ])("is narrowed by %s", async (query, wanted) => {
    const tag = `narrowed ${++narrowed}`;
    await sweepOf(tag);
    const encoded = query.replaceAll(/=([^&]*)/g, (_, value: string) => `=${encodeURIComponent(value)}`);
    expect(names(await client.get(`/api/v2/runs?tag=${encodeURIComponent(tag)}&${encoded}`))).toEqual(wanted);
  });

  test("a comparison that is none, or a key with a quote in it, is refused", async () => {
    expect((await client.get("/api/v2/runs?config=lr")).body.message).toContain("lr>=0.1");
    expect((await client.get(`/api/v2/runs?config=${encodeURIComponent('l"r=1')}`)).status).toBe(422);
  });

  test("shows figures of the series that are asked for, of running and ended runs alike", async () => {
    await sweepOf("figures");
    const { body } = await client.get("/api/v2/runs?tag=figures&sort=name&metrics=lo*");
    const figures = body.runs.map(({ metrics }: { metrics: unknown }) => metrics);
    expect(figures).toEqual([
      { loss: { count: 3, last: 2, last_step: 2, min: 1, max: 3 } },
      { loss: { count: 2, last: "NaN", last_step: 1, min: 3, max: 3 } },
      { loss: { count: 3, last: 0.5, last_step: 2, min: 0.5, max: 3 } },
      {},
    ]);
    const exact = await client.get("/api/v2/runs?tag=figures&name=sgd&metrics=acc,none");
    expect(Object.keys(exact.body.runs[0].metrics)).toEqual(["acc"]);
  });

  test("an archived run is out of the list, and is all there", async () => {
    const ids = await sweepOf("archived");
    const path = `/api/v2/runs/${ids.lost}`;
    expect((await client.call("PATCH", path, { archived: true })).body.archived_at).toEqual(expect.any(Number));
    expect(names(await client.get("/api/v2/runs?tag=archived"))).not.toContain("lost");
    expect(names(await client.get("/api/v2/runs?tag=archived&archived=true"))).toEqual(["lost"]);
    expect(names(await client.get("/api/v2/runs?tag=archived&archived=all"))).toHaveLength(4);
    expect((await client.get(`${path}/series?keys=loss&reduce=raw`)).body.series[0].y).toEqual([3, "NaN"]);
    await client.post(`${path}/points`, { steps: [9], values: { loss: [9] } });
    expect((await client.call("PATCH", path, { archived: false, name: "found" })).body).toMatchObject({ archived_at: null, name: "found" });
    expect((await client.call("PATCH", path, { archived: "yes" })).status).toBe(422);
  });

  test("facets name tags, configuration and series", async () => {
    await sweepOf("facets");
    const { body } = await client.get("/api/v2/facets");
    expect(body.tags).toContainEqual({ tag: "facets", count: 4 });
    expect(body.config).toEqual(expect.arrayContaining(["lr", "optimizer"]));
    expect(body.keys).toEqual(expect.arrayContaining(["acc", "loss"]));
    expect(body.states.running).toBeGreaterThan(0);
  });
});

describe("comparing runs", () => {
  test("series of several runs in one answer, in the order asked for; a run that is gone is named", async () => {
    const ids = await sweepOf("compared");
    const { body } = await client.post("/api/v2/compare", { runs: [ids.sgd, "gone", ids["adam small"]], keys: ["lo*"], reduce: "last" });
    expect(body.missing).toEqual(["gone"]);
    expect(body.is_truncated).toBe(false);
    expect(body.runs.map(({ name, series }: { name: string; series: unknown }) => [name, series])).toEqual([
      ["sgd", [{ key: "loss", reduce: "last", x: [0, 1, 2], y: [3, 2.5, 0.5] }]],
      ["adam small", [{ key: "loss", reduce: "last", x: [0, 1, 2], y: [3, 1, 2] }]],
    ]);
    expect(body.runs[0]).toMatchObject({ config: { lr: 0.01 }, state: "completed" });
  });

  test("against a series that one run lacks, that run shows nothing", async () => {
    const ids = await sweepOf("against");
    const { body } = await client.post("/api/v2/compare", { runs: [ids.sgd, ids.silent], keys: ["loss"], x: "acc", reduce: "raw" });
    expect(body.runs.map(({ series }: { series: unknown[] }) => series.length)).toEqual([1, 0]);
  });

  test("100 runs are compared at once, 101 are refused, and an answer that had to be cut says so", async () => {
    const { id, path } = await client.ownRun();
    const values = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, [i]]));
    await client.post(`${path}/points`, { steps: [1], values });
    const many = Array.from({ length: 100 }, (_, i) => (i === 0 ? id : `gone ${i}`));
    const { body } = await client.post("/api/v2/compare", { runs: many });
    expect(body.is_truncated).toBe(true);
    expect(body.runs[0].series).toHaveLength(1000);
    expect(body.missing).toHaveLength(99);
    expect((await client.post("/api/v2/compare", { runs: [...many, "one more"] })).status).toBe(422);
    expect((await client.get(`${path}/series`)).body.matching).toBe(1001);
  });
});

describe("layouts", () => {
  test("are written, read, listed and removed by name", async () => {
    const layout = { charts: [{ keys: ["loss"], scale: "log" }], baseline: null };
    const path = `/api/v2/layouts/${encodeURIComponent("my runs/ä")}`;
    expect((await client.get(path)).status).toBe(404);
    expect((await client.call("PUT", path, layout)).body).toMatchObject({ name: "my runs/ä", layout });
    expect((await client.get(path)).body.layout).toEqual(layout);
    expect((await client.get("/api/v2/layouts")).body.layouts).toMatchObject([{ name: "my runs/ä" }]);
    expect((await client.call("PUT", path, [1])).status).toBe(422);
    expect((await client.call("PUT", path, { text: "x".repeat(300_000) })).status).toBe(413);
    for (let i = 0; i < 2; i++) expect((await client.call("DELETE", path)).status).toBe(204);
    expect((await client.get("/api/v2/layouts")).body.layouts).toEqual([]);
  });
});

describe("watching the list", () => {
  test("a stream says which runs began, changed and are gone", async () => {
    const stream = await client.stream(`/api/v2/stream?token=${client.server.token}`);
    stream.send({ type: "watch_runs" });
    await stream.type("watching");
    const { id, path } = await client.ownRun({ name: "watched" });
    const isOf = (state: string) => (message: { type: string; run: string; record: { state: string } }) =>
      message.type === "run" && message.run === id && message.record.state === state;
    expect((await stream.message(isOf("pending"))).record.name).toBe("watched");
    await client.post(`${path}/points`, { steps: [1], values: { loss: [1] } });
    expect((await stream.message(isOf("running"))).record.last_seq).toBe(2);
    await client.call("DELETE", path);
    await stream.message(({ type, run }) => type === "run_removed" && run === id);
  });
});
