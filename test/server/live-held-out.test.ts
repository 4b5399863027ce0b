import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, sampleBytes, testServer } from "../support/live-server.ts";

const [HEADER = "", ...LINES] = sampleBytes("breast_cancer").toString().trim().split(/\r?\n/);
const part = (keep: (row: number) => boolean): Buffer => Buffer.from([HEADER, ...LINES.filter((_, row) => keep(row))].join("\n"));
const PARTS = { training: part((row) => row % 5 > 1), validation: part((row) => row % 5 === 0), test: part((row) => row % 5 === 1) };
const rowsOf = (bytes: Buffer): number => bytes.toString().split("\n").length - 1;

async function uploaded(client: TestClient, name: string, bytes: Buffer): Promise<string> {
  return (await client.result("data.upload", { name, format: "csv" }, bytes)).data_handle;
}

/** A server, a client, and handles of the three parts. */
async function rig(name: string, runner?: ScriptedRunner) {
  const parts = runner === undefined ? {} : { parts: { runner: runner.runner, dataProfile: new InlineProfile() } };
  const server = await testServer(parts);
  const client = await TestClient.attached(server, name);
  const training = await uploaded(client, "training", PARTS.training);
  const validation = await uploaded(client, "validation", PARTS.validation);
  const held = await uploaded(client, "test", PARTS.test);
  const params = { data_handle: training, algorithm: "LightGBM", target: "diagnosis", seed: 3 };
  const boost = { ...params, hyperparameters: { nrounds: 40, early_stopping_rounds: 5, learning_rate: 0.3 } };
  return { server, client, training, validation, held, params, boost };
}

async function finished(client: TestClient, params: object): Promise<string> {
  const { job_id } = await client.result("train", params);
  await client.until(() => client.events.some(({ event, data }) => /^job\.(complete|failed)$/.test(event) && data.job_id === job_id));
  expect((await client.result("job.status", { job_id })).error).toBeNull();
  return job_id;
}

describe("train with validation_handle and test_handle", () => {
  test("D-26: the final model is judged on the test table's rows, as if it had predicted them; every slice says so", async () => {
    const { client, validation, held, params, boost } = await rig("judged");
    const job_id = await finished(client, { ...boost, validation_handle: validation, test_handle: held });
    const slice = (name: string, more: object = {}) => client.call("job.result", { job_id, slice: name, ...more });
    const report = (await slice("report")).header.result;
    const rows = rowsOf(PARTS.test);

    expect(report.held_out).toEqual({
      validation: { rows: rowsOf(PARTS.validation), rows_missing_target: 0 },
      test: { rows, rows_missing_target: 0 },
    });
    expect(report.confusion.counts.flat().reduce((sum: number, count: number) => sum + count, 0)).toBe(rows);
    expect(report.metrics.test.auc.mean).toBeGreaterThan(0.95);
    const judged = await slice("predictions");
    const byHand = await client.call("job.predict", { job_id, data_handle: held });
    expect(judged.header.result.rows).toBe(rows);
    const { tableFromIPC } = await import("apache-arrow");
    const values = (payload: Buffer | null) => [...(tableFromIPC(payload!).getChild("prob_malignant")?.toArray() ?? [])];
    expect(values(judged.payload)).toHaveLength(rows);
    expect(values(judged.payload)).toEqual(values(byHand.payload));
    expect((await slice("predictions", { split: "training" })).header.result.rows).toBe(rowsOf(PARTS.training));
    expect((await slice("roc")).header.result.rows).toBeGreaterThan(0);
    expect((await slice("pr")).header.result.rows).toBeGreaterThan(0);
    const { metrics_test, metrics_training, ".class": kind } = (await slice("summary")).header.result;
    expect(kind).toBe("Classification");
    expect(metrics_test).toMatchObject({ ".class": "ClassificationMetrics", sample: "Test" });
    expect(metrics_test.metrics.overall[0].auc).toBe(report.metrics.test.auc.mean);
    expect(metrics_training.sample).toBe("Training");
    expect((await client.result("job.status", { job_id })).headline).toEqual({ name: "auc", mean: report.metrics.test.auc.mean, sd: null });

    // Without the validation table a share of the training rows is set aside: another model.
    const alone = await finished(client, { ...params, ...boost, test_handle: held });
    const model = async (id: string) => (await client.call("job.model", { job_id: id })).payload;
    expect(await model(alone)).not.toEqual(await model(job_id));
    await client.close();
  });

  test("D-26: record and configuration name the tables and their fingerprints; the job keeps them when handles are deleted and lets go at its end", async () => {
    const runner = new ScriptedRunner();
    const { server, client, training, validation, held, params } = await rig("kept", runner);
    const { job_id } = await client.result("train", { ...params, validation_handle: validation, test_handle: held });
    const { options } = await runner.run(1);
    const files = [options.tableFile, options.heldOutFiles?.validation ?? "", options.heldOutFiles?.test ?? ""];
    for (const data_handle of [training, validation, held]) await client.result("data.delete", { data_handle });

    expect(files.map((file) => existsSync(file))).toEqual([true, true, true]);
    expect(files.every((file) => file.startsWith(options.jobFolder))).toBe(true);
    expect(Object.keys(options.config)).not.toContain("test_handle");
    (await runner.run(1)).finish();
    await client.event("job.complete");
    expect(readdirSync(options.jobFolder).filter((file) => file.endsWith(".bin"))).toEqual([]);
    const { provenance } = await client.result("job.result", { job_id, slice: "record" });
    expect(provenance.data_test).toMatchObject({ n_rows: rowsOf(PARTS.test), hash: expect.any(String), n_cols: HEADER.split(",").length });
    expect(provenance.data_validation).toMatchObject({ n_rows: rowsOf(PARTS.validation) });
    expect(provenance.data_test.hash).not.toBe(provenance.data_validation.hash);
    const { readFileSync } = await import("node:fs");
    const stored = JSON.parse(readFileSync(join(options.jobFolder, "config.json"), "utf8"));
    expect(stored.held_out.test).toMatchObject({ data_handle: held, name: "test", fingerprint: provenance.data_test.hash });
    await client.close();
    await server.close();
  });

  test("D-26: refused before anything is kept: resampling beside a test table, a missing column, a handle unknown, the same table twice", async () => {
    const { client, training, validation, held, params } = await rig("refused", new ScriptedRunner());
    const refusal = (more: object) => client.refusal("train", { ...params, ...more });
    const resampled = { outer_resampling_config: { type: "KFold", n_resamples: 3 } };
    const lacking = await uploaded(client, "lacking", Buffer.from("diagnosis,texture\nbenign,1\nmalignant,2\n"));

    const both = await refusal({ ...resampled, test_handle: held });
    expect(both).toMatchObject({ code: "invalid_params", details: { problems: [{ path: "test_handle" }] } });
    expect(both.message).toContain("outer_resampling_config");
    const named = await refusal({ validation_handle: lacking, features: [HEADER.split(",")[0]] });
    expect(named).toMatchObject({ code: "invalid_params", details: { problems: [{ path: "validation_handle" }] } });
    expect(named.message).toContain(HEADER.split(",")[0]);
    expect((await refusal({ test_handle: "data-0000000000000000" })).code).toBe("not_found");
    expect((await refusal({ test_handle: 5 })).code).toBe("invalid_params");
    expect((await refusal({ test_handle: training })).message).toMatch(/test_handle holds the same table as data_handle/);
    expect((await refusal({ test_handle: held, validation_handle: held })).message).toMatch(/the same table as validation_handle/);
    expect((await client.result("job.list")).jobs).toEqual([]);

    const plan = await client.result("config.validate", { ...params, ...resampled, validation_handle: validation });
    expect(plan).toMatchObject({ ok: true, plan: { outer_folds: 3, held_out: { validation: rowsOf(PARTS.validation) } } });
    const planned = await client.result("config.validate", { ...params, ...resampled, test_handle: held });
    expect(planned).toMatchObject({ ok: false, plan: null, problems: [{ path: "test_handle" }] });
    await client.close();
  });
});
