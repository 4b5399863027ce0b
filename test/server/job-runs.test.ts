import { cpSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, nodeReport, pointsReport, ScriptedRunner, temporaryFolder, testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const TABLE = Buffer.from(`x,z,y\n${Array.from({ length: 40 }, (_, i) => `${i},${i % 7},${i % 2 === 0 ? "no" : "yes"}`).join("\n")}\n`);

/** A server whose jobs do what the test says, a client of sessions, and one of runs. */
async function rig({ dataDir = temporaryFolder(), maxConcurrent = 1 } = {}) {
  const script = new ScriptedRunner();
  const server = await testServer({
    dataDir,
    maxConcurrent,
    flushMs: 5,
    parts: { runner: script.runner, dataProfile: new InlineProfile() },
  });
  const client = await TestClient.attached(server, "s");
  const api = new TrainingClient(server);
  const runOf = async (jobId: string) => (await api.get(`/api/v2/runs?job=${jobId}&archived=all`)).body.runs[0];
  const train = async (more: object = {}) => {
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, TABLE);
    return (await client.result("train", { data_handle, algorithm: "LightGBM", ...more })).job_id as string;
  };
  return { script, server, client, api, dataDir, train, runOf };
}

describe("the run of a job", () => {
  test("begins with the job, has its curves, metrics and lines, and is linked both ways", async () => {
    const { script, client, api, train, runOf } = await rig();
    const jobId = await train({ seed: 3, hyperparameters: { nrounds: 12 } });
    const { options, report, finish } = await script.run(1);
    expect(options.jobId).toBe(jobId);
    report({ type: "text", level: "info", message: "begins", at: 1 });
    report(pointsReport([1, 2], [0.9, 0.5]));
    report(nodeReport({ node_id: "n4", kind: "outer_fold", status: "done", fold: 1, metric: 0.75 }));
    report(nodeReport({ node_id: "n5", kind: "grid_cell", status: "done", fold: 1, cell: 2, metric: 0.5 }));
    // A daemon died, and its unit was done again.
    report(pointsReport([1, 2, 3], [0.9, 0.5, 0.25]));
    finish();
    const { data } = await client.event("job.complete");
    const run = await runOf(jobId);
    expect(run).toMatchObject({
      id: data.summary.run_id,
      name: "LightGBM on t: y",
      state: "completed",
      job_id: jobId,
      session_id: expect.any(String),
      model_type: "LightGBM",
      config: { algorithm: "LightGBM", data: "t", target: "y", features: 2, seed: 3, nrounds: 12 },
    });
    const series = (await api.get(`/api/v2/runs/${run.id}/series?reduce=raw`)).body.series as { key: string; x: number[]; y: number[] }[];
    expect(Object.fromEntries(series.map(({ key, x, y }) => [key, [x, y]]))).toEqual({
      "log-loss/fold 1/training": [
        [1, 2, 3],
        [0.9, 0.5, 0.25],
      ],
      "folds/held out/auc": [[1], [0.75]],
      "tuning/fold 1": [[2], [0.5]],
      "training/auc": [[0], [0.9]],
      "test/auc": [[0], [0.9]],
    });
    expect((await api.get(`/api/training/runs/${run.id}/logs`)).body.logs).toMatchObject([{ level: "INFO", message: "begins" }]);
    expect((await client.result("job.status", { job_id: jobId })).run_id).toBe(run.id);
    await client.close();
  });

  test.each([["failed"], ["cancelled"]])("ends as the job does: %s", async (how) => {
    const { script, client, train, runOf } = await rig();
    const jobId = await train();
    const { fail } = await script.run(1);
    expect((await runOf(jobId)).state).toBe("running");
    if (how === "failed") fail(new Error("no columns left"));
    else await client.result("job.cancel", { job_id: jobId });
    await client.event(`job.${how}`);
    expect(await runOf(jobId)).toMatchObject(
      how === "failed" ? { state: "failed", reason: "no columns left" } : { state: "stopped", reason: "The job was cancelled." },
    );
    await client.close();
  });

  test("waits while the job is queued, and is stopped with it", async () => {
    const { client, train, runOf } = await rig();
    await train();
    const queued = await train();
    expect((await runOf(queued)).state).toBe("pending");
    await client.result("job.cancel", { job_id: queued });
    expect((await runOf(queued)).state).toBe("stopped");
    await client.close();
  });

  test.each([
    ["own", "/api/v2/runs/ID/stop"],
    ["compatible", "/api/training/runs/ID/stop"],
  ])("L-9: stopping it cancels the job, by the %s route", async (_, route) => {
    const { script, client, api, train, runOf } = await rig();
    const jobId = await train();
    await script.run(1);
    expect((await api.post(route.replace("ID", (await runOf(jobId)).id))).status).toBe(200);
    await client.event("job.cancelled");
    expect((await runOf(jobId)).state).toBe("stopped");
    await client.close();
  });

  test("L-31: removing it stops the job; a job that is deleted takes its run with it", async () => {
    const { script, client, api, train, runOf } = await rig();
    const first = await train();
    await script.run(1);
    expect((await api.call("DELETE", `/api/v2/runs/${(await runOf(first)).id}`)).status).toBe(204);
    await client.event("job.cancelled");
    const second = await train();
    await script.run(2);
    await client.result("job.cancel", { job_id: second });
    await client.event("job.cancelled", ({ job_id }) => job_id === second);
    await client.result("job.delete", { job_id: second });
    expect(await runOf(second)).toBeUndefined();
    await client.close();
  });

  test("L-6: a job that the end of the server interrupted has a run that crashed, also after the next start; a queued one goes on", async () => {
    const first = await rig();
    const running = await first.train();
    const queued = await first.train();
    await first.script.run(1);
    await first.server.close();
    const second = await rig({ dataDir: first.dataDir });
    expect(await second.runOf(running)).toMatchObject({ state: "crashed", reason: expect.stringContaining("server") });
    await second.script.run(1);
    expect((await second.runOf(queued)).state).toBe("running");
    await second.client.close();
  });

  test("L-6: in what a killed server leaves behind the run of a job that was running has crashed, with its points", async () => {
    const first = await rig();
    const jobId = await first.train();
    const { report } = await first.script.run(1);
    report(pointsReport([1, 2], [0.9, 0.5]));
    const key = "log-loss/fold 1/training";
    const { id } = await first.runOf(jobId);
    const keys = async () => (await first.api.get(`/api/v2/runs/${id}/keys`)).body.series as { key: string; count: number }[];
    await expect.poll(keys, { timeout: 60_000 }).toMatchObject([{ key, count: 2 }]);
    // What a killed server leaves behind: its files as they are now.
    const dataDir = temporaryFolder();
    cpSync(first.dataDir, dataDir, { recursive: true, filter: (file) => !basename(file).startsWith("owner") });
    const second = await rig({ dataDir });
    expect(await second.runOf(jobId)).toMatchObject({ id, state: "crashed", reason: expect.stringContaining("server stopped") });
    expect((await second.api.get(`/api/v2/runs/${id}/keys`)).body.series).toMatchObject([{ key, count: 2 }]);
    await second.client.close();
    await first.client.close();
  });
});
