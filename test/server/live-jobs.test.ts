import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, nodeReport, ScriptedRunner, testServer } from "../support/live-server.ts";

const TABLE = Buffer.from(`x,z,y\n${Array.from({ length: 40 }, (_, i) => `${i},${i % 7},${i % 2 === 0 ? "no" : "yes"}`).join("\n")}\n`);

/** A server whose jobs do what the test says, one at a time, and a client with a table. */
async function rig(name: string, maxConcurrent = 1) {
  const script = new ScriptedRunner();
  const server = await testServer({ maxConcurrent, parts: { runner: script.runner, dataProfile: new InlineProfile() } });
  const client = await TestClient.attached(server, name);
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, TABLE);
  const train = (more: object = {}) => client.result("train", { data_handle, algorithm: "LightGBM", ...more });
  const status = async (jobId: string) => (await client.result("job.status", { job_id: jobId })).status as string;
  return { script, server, client, data_handle, train, status };
}

describe("submitting", () => {
  test("R-98, R-99, R-113, R-142: a job is running, then complete with a time and no error, and says so exactly once", async () => {
    const { script, client, train } = await rig("life");
    const submitted = await train({ seed: 7 });
    expect(submitted).toEqual({ job_id: expect.stringMatching(/^job-[0-9a-f]{16}$/), status: "running", seed: 7 });
    const { job_id } = submitted;
    expect(await client.result("job.status", { job_id })).toMatchObject({
      type: "train",
      status: "running",
      completed_at: null,
      error: null,
      algorithm: "LightGBM",
      data_name: "t",
      target: "y",
      task: "binary",
    });
    (await script.run(1)).finish();
    const { data } = await client.event("job.complete");
    expect(data.summary).toMatchObject({
      job_id,
      status: "complete",
      completed_at: expect.stringMatching(/Z$/),
      error: null,
      headline: { name: "auc", mean: 0.9, sd: 0.05 },
    });
    for (let i = 0; i < 2; i++) expect(await client.result("job.status", { job_id })).toEqual(data.summary);
    expect((await client.result("job.list")).jobs).toEqual([data.summary]);
    expect(client.events.filter((event) => event.event === "job.complete")).toHaveLength(1);
    expect(Object.keys(data.summary)).not.toContain("queue_position");
    await client.close();
  });

  test("R-49, R-100, R-101: the work gets the checked configuration, a table of its own and the job's id", async () => {
    const { script, client, data_handle, train } = await rig("inputs");
    const { job_id, seed } = await train({ hyperparameters: { nrounds: 12 }, features: ["x"] });
    const { options } = await script.run(1);
    expect(options).toMatchObject({
      jobId: job_id,
      config: { algorithm: "LightGBM", target: "y", features: ["x"], seed, hyperparameters: { nrounds: 12 } },
    });
    await client.result("data.delete", { data_handle });
    expect(existsSync(options.tableFile)).toBe(true);
    expect(options.tableFile.startsWith(options.jobFolder)).toBe(true);
    await client.close();
  });

  test("R-114, R-117: an unknown handle is not_found, a missing handle or algorithm invalid_params", async () => {
    const { client, data_handle } = await rig("refusals");
    expect((await client.refusal("train", { data_handle: "data-x", algorithm: "LightGBM" })).code).toBe("not_found");
    expect((await client.refusal("train", { algorithm: "LightGBM" })).code).toBe("invalid_params");
    expect((await client.refusal("train", { data_handle })).code).toBe("invalid_params");
    await client.close();
  });

  test("R-47, R-119: unknown keys at any level are refused by name, and every problem is listed", async () => {
    const { client, data_handle } = await rig("strict");
    const params = {
      data_handle,
      algorithm: "LightGBM",
      colour: "red",
      hyperparameters: { nrouds: 5 },
      outer_resampling_config: { type: "KFold", train_p: 0.5 },
    };
    const error = await client.refusal("train", params);
    expect(error.code).toBe("invalid_params");
    for (const word of ["colour", "nrouds", "train_p"]) expect(error.message).toContain(word);
    expect(error.details.problems.length).toBeGreaterThanOrEqual(3);
    const check = await client.result("config.validate", params);
    expect(check).toMatchObject({ ok: false, problems: error.details.problems, plan: null });
    expect(await client.result("config.validate", { data_handle, algorithm: "LightGBM" })).toMatchObject({
      ok: true,
      problems: [],
      plan: { fits: 1 },
    });
    expect((await client.result("job.list")).jobs).toEqual([]);
    await client.close();
  });

  test("R-48, D-23: data_handle and $schema are no configuration, and the algorithm's case does not matter", async () => {
    const { script, client, train } = await rig("tolerant");
    await train({ algorithm: "lightgbm", $schema: "https://schema.rtemis.org/x" });
    expect((await script.run(1)).options.config.algorithm).toBe("LightGBM");
    expect(JSON.stringify((await script.run(1)).options.config)).not.toContain("data_handle");
    await client.close();
  });

  test("+ the same request_key twice is one job", async () => {
    const { script, client, train } = await rig("once");
    const first = await train({ request_key: "r1" });
    expect(await train({ request_key: "r1" })).toEqual(first);
    expect((await train({ request_key: "r2" })).status).toBe("queued");
    expect(script.runs).toHaveLength(1);
    await client.close();
  });
});

describe("ending", () => {
  test("R-102, R-143: a failure keeps the original text, and there is no result", async () => {
    const { script, client, train } = await rig("failure");
    const { job_id } = await train();
    (await script.run(1)).fail(new Error("column x is constant"));
    const { data } = await client.event("job.failed");
    expect(data).toMatchObject({
      job_id,
      error: { code: "internal_error", message: expect.stringContaining("column x is constant") },
      summary: { status: "failed" },
    });
    expect((await client.refusal("job.result", { job_id })).code).toBe("invalid_params");
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: false });
    await client.close();
  });

  test("R-104, R-105: cancelling a running job is true, then false; it is cancelling until the work has stopped", async () => {
    const { script, client, train, status } = await rig("cancel");
    const { job_id } = await train();
    const { options } = await script.run(1);
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: true });
    expect(options.signal.aborted).toBe(true);
    expect((await client.event("job.cancelled")).data).toMatchObject({
      job_id,
      summary: { status: "cancelled", error: { code: "cancelled" } },
    });
    expect(await status(job_id)).toBe("cancelled");
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: false });
    await client.close();
  });

  test("R-105, D-14: a cancelled job is cancelling, and keeps its slot, until the work has really stopped", async () => {
    const { script, client, train, status } = await rig("stubborn");
    script.isStubborn = true;
    const { job_id } = await train();
    const next = await train();
    const run = await script.run(1);
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: true });
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: true });
    expect([await status(job_id), await status(next.job_id)]).toEqual(["cancelling", "queued"]);
    expect((await client.result("info")).n_jobs_running).toBe(1);
    run.finish();
    await client.event("job.cancelled");
    expect(await status(job_id)).toBe("cancelled");
    expect((await script.run(2)).options.jobId).toBe(next.job_id);
    expect(client.events.some((event) => event.event === "job.complete")).toBe(false);
    script.isStubborn = false;
    await client.close();
  });

  test("R-106, R-107, R-120, R-121: deleting, and the faults of job ids", async () => {
    const { script, client, server, train } = await rig("delete");
    const { job_id } = await train();
    expect((await client.refusal("job.delete", { job_id })).code).toBe("invalid_params");
    expect((await client.refusal("job.result", { job_id })).code).toBe("invalid_params");
    (await script.run(1)).finish();
    await client.event("job.complete");
    expect((await client.refusal("job.result", { job_id, slice: "nonsense" })).code).toBe("invalid_params");
    const other = await TestClient.attached(server, "delete-2");
    expect(await other.result("job.delete", { job_id })).toEqual({ deleted: false });
    expect(await client.result("job.delete", { job_id })).toEqual({ deleted: true });
    expect(await client.result("job.delete", { job_id })).toEqual({ deleted: false });
    expect((await client.event("job.deleted")).data).toEqual({ job_id });
    await expect.poll(() => existsSync(join(server.dataDir, "jobs", job_id))).toBe(false);
    for (const method of ["job.status", "job.cancel", "job.delete", "job.result", "job.history"]) {
      expect((await client.refusal(method, {})).code).toBe("invalid_params");
    }
    for (const method of ["job.status", "job.cancel", "job.result", "job.history"])
      expect((await client.refusal(method, { job_id })).code).toBe("not_found");
    await client.close();
    await other.close();
  });

  test("D-13: deleting the session stops its jobs and frees their slots for others", async () => {
    const { script, client, server, train } = await rig("drop");
    await train();
    await train();
    const other = await TestClient.attached(server, "next");
    const { data_handle } = await other.result("data.upload", { name: "t", format: "csv" }, TABLE);
    expect((await other.result("train", { data_handle, algorithm: "LightGBM" })).queue_position).toBe(2);
    await client.result("session.delete");
    await script.run(2);
    expect((await script.run(1)).options.signal.aborted).toBe(true);
    expect((await other.event("job.started")).data).toHaveProperty("started_at");
    expect((await other.result("info")).n_jobs_running).toBe(1);
    await other.close();
    await client.close();
  });
});

describe("the queue", () => {
  test("R-109 – R-112: beyond the cap jobs wait, first in, first out, over sessions; positions move up", async () => {
    const { script, client, server, data_handle, train } = await rig("queue");
    const other = await TestClient.attached(server, "queue-2");
    const theirs = (await other.result("data.upload", { name: "t", format: "csv" }, TABLE)).data_handle;
    const first = await train();
    const second = await other.result("train", { data_handle: theirs, algorithm: "LightGBM" });
    const third = await train({ data_handle });
    expect([first.status, second.status, third.status]).toEqual(["running", "queued", "queued"]);
    expect([first.queue_position, second.queue_position, third.queue_position]).toEqual([undefined, 1, 2]);
    expect(await client.result("job.status", { job_id: third.job_id })).toMatchObject({
      status: "queued",
      queue_position: 2,
      started_at: null,
    });
    (await script.run(1)).finish();
    await other.event("job.started", (data) => data.job_id === second.job_id);
    expect((await client.result("job.status", { job_id: third.job_id })).queue_position).toBe(1);
    expect((await client.result("info")).n_jobs_running).toBe(1);
    (await script.run(2)).finish();
    expect((await script.run(3)).options.jobId).toBe(third.job_id);
    (await script.run(3)).finish();
    await client.event("job.complete", (data) => data.job_id === third.job_id);
    expect((await client.result("info")).n_jobs_running).toBe(0);
    // A job that started at once has no job.started event.
    expect(client.events.filter((event) => event.event === "job.started").map((event) => event.data.job_id)).toEqual([third.job_id]);
    await client.close();
    await other.close();
  });

  test("R-108: a queued job is cancelled at once", async () => {
    const { script, client, train } = await rig("cancel-queued");
    await train();
    const { job_id } = await train();
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: true });
    expect(await client.result("job.status", { job_id })).toMatchObject({
      status: "cancelled",
      completed_at: expect.any(String),
      error: { code: "cancelled" },
    });
    (await script.run(1)).finish();
    await client.event("job.complete");
    expect(script.runs).toHaveLength(1);
    await client.close();
  });
});

describe("progress", () => {
  test("R-153 – R-155, R-158, D-10: reports become events with the fields of version 1, and the job remembers the last values", async () => {
    const { script, client, train } = await rig("progress");
    const { job_id } = await train();
    const run = await script.run(1);
    run.report(
      nodeReport({
        node_id: "pb1",
        kind: "outer_resampling",
        status: "update",
        current: 2,
        total: 5,
        fraction: 0.4,
        remaining_seconds: 12,
        message: "",
      }),
    );
    run.report({ type: "text", level: "info", message: "\u001b[32mgreen\u001b[0m words", at: 5 });
    run.report(nodeReport({ node_id: "n9", kind: "outer_fold", label: "2/5", message: "outer_fold 2/5" }));
    const loop = await client.event("job.progress", (data) => data.node_id === "pb1");
    expect(loop.data).toMatchObject({
      job_id,
      stage: null,
      level: "progress",
      current: 2,
      total: 5,
      fraction: 0.4,
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
    const step = await client.event("job.progress", (data) => data.node_id === "n9");
    expect(step.data).toMatchObject({
      stage: "train",
      level: "info",
      kind: "outer_fold",
      label: "2/5",
      status: "start",
      message: "outer_fold 2/5",
      parent_id: null,
    });
    expect((await client.event("job.progress", (data) => data.node_id === undefined)).data).toMatchObject({
      message: "green words",
      level: "info",
    });
    expect(await client.result("job.status", { job_id })).toMatchObject({
      stage: "train",
      fraction: 0.4,
      last_message: "outer_fold 2/5",
      remaining_seconds: 12,
    });
    expect((await client.result("session.info")).jobs).toEqual([{ job_id, status: "running", stage: "train", fraction: 0.4 }]);
    await client.close();
  });

  test("R-156: what a job reports after its end is dropped", async () => {
    const { script, client, train } = await rig("late");
    const { job_id } = await train();
    const run = await script.run(1);
    run.finish();
    await client.event("job.complete");
    run.report(nodeReport({ message: "too late" }));
    // Reports are sent in order: once the next job's report is here, one of the ended job would have been here before it.
    const next = await train();
    const second = await script.run(2);
    second.report(nodeReport({ message: "in time" }));
    await client.event("job.progress", (data) => data.job_id === next.job_id);
    const ofFirst = client.events.filter((event) => event.data?.job_id === job_id).map((event) => event.event);
    expect(ofFirst.at(-1)).toBe("job.complete");
    second.finish();
    expect(await client.result("job.status", { job_id })).toMatchObject({ status: "complete" });
    await client.close();
  });
});

test("an unknown handle is not_found", async () => {
  const { client } = await rig("not-offered");
  expect((await client.refusal("config.validate", { data_handle: "data-x", algorithm: "LightGBM" })).code).toBe("not_found");
  await client.close();
});
