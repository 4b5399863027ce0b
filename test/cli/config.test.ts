import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli, scratchFolder } from "../support/cli.ts";
import { TestClient } from "../support/live-client.ts";
import { sampleBytes, testServer } from "../support/live-server.ts";

/** How long a cell took is the one thing that a repetition may change. */
const withoutSeconds = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, inner) => (key === "seconds" ? 0 : inner)));

describe("trainyard train --config", () => {
  test("replays the record of a job of the server: the same metrics, folds and tuning, to the bit", async () => {
    const folder = scratchFolder(onTestFinished);
    const client = await TestClient.attached(await testServer(), "recorded");
    const { data_handle } = await client.result("data.upload", { name: "wine", format: "csv" }, sampleBytes("wine"));
    const { job_id } = await client.result("train", {
      data_handle,
      algorithm: "LightGBM",
      target: "cultivar",
      hyperparameters: { nrounds: 12, learning_rate: { candidates: [0.05, 0.2] } },
      tuner_config: { type: "GridSearch", config: { resampler_config: { type: "KFold", n_resamples: 2 } } },
      outer_resampling_config: { type: "KFold", n_resamples: 3 },
      question: "which cultivar?",
    });
    await client.event("job.complete");
    const record = await client.result("job.result", { job_id, slice: "record" });
    const report = await client.result("job.result", { job_id, slice: "report" });
    await client.close();

    const path = join(folder, "record.json");
    writeFileSync(path, JSON.stringify(record));
    const out = join(folder, "out");
    const { status, stderr } = await runCli(["train", "samples/wine.csv", "--config", path, "--out", out, "--json"]);
    expect(status, stderr).toBe(0);
    expect(stderr).not.toContain("is not the table");
    const replayed = JSON.parse(readFileSync(join(out, "result.json"), "utf8"));
    expect(replayed.metrics).toEqual(report.metrics);
    expect(replayed.config).toEqual(report.config);
    const numbers = (folds: readonly Record<string, unknown>[]) =>
      folds.map(({ metrics, hyperparameters, tuning }) => ({ metrics, hyperparameters, tuning: withoutSeconds(tuning) }));
    expect(numbers(replayed.folds)).toEqual(numbers(report.folds));
  });

  test("runs a written configuration; the table is named in it, relative to it; another table than the record's is noted", async () => {
    const folder = scratchFolder(onTestFinished);
    const config = { $schema: "x", dat_training_path: "table.csv", target: "cultivar", algorithm: "CART", seed: 4, outdir: "ignored" };
    writeFileSync(join(folder, "table.csv"), sampleBytes("wine"));
    writeFileSync(join(folder, "run.json"), JSON.stringify(config));
    const first = await runCli(["train", "--config", join(folder, "run.json"), "--json"]);
    expect(first.status, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ algorithm: "CART", target: "cultivar", seed: 4, folds: 0, rows: 178 });

    const record = {
      algorithm: undefined,
      hyperparameters: { algorithm: "CART", hyperparameters: { origin: {} } },
      folds: [],
      target: "cultivar",
    };
    writeFileSync(join(folder, "record.json"), JSON.stringify({ ...record, provenance: { data_training: { hash: "of another table" } } }));
    const other = await runCli(["train", join(folder, "table.csv"), "--config", join(folder, "record.json"), "--json"]);
    expect(other.status, other.stderr).toBe(0);
    expect(other.stderr).toContain("is not the table that the record was made from");
  });

  test.each([
    [
      "options that belong into it",
      ["--config", "run.json", "--target", "b", "--inner-folds", "3"],
      "--inner-folds, --target must be said",
    ],
    ["a file that is not there", ["--config", "none.json"], "cannot be read"],
    ["no table", ["--config", "run.json"], "names no table"],
    ["text that is no JSON", ["--config", "broken.json"], "is not JSON"],
    ["JSON that is no object", ["--config", "list.json"], "must be a JSON object"],
    ["no table and no configuration", [], "Which table?"],
  ])("%s: status 2 and one sentence", async (_, args, message) => {
    const folder = scratchFolder(onTestFinished);
    writeFileSync(join(folder, "run.json"), "{}");
    writeFileSync(join(folder, "broken.json"), "{");
    writeFileSync(join(folder, "list.json"), "[]");
    const { status, stderr } = await runCli(["train", ...args], { cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("trainyard train --validation --test", () => {
  const [header = "", ...lines] = sampleBytes("breast_cancer").toString().trim().split(/\r?\n/);
  const part = (keep: (row: number) => boolean): string => [header, ...lines.filter((_, row) => keep(row))].join("\n");

  test("judges the model on the test table; a record made so replays to the same numbers, and asks for a table that is not given", async () => {
    const folder = scratchFolder(onTestFinished);
    const at = (name: string): string => join(folder, name);
    const tables = { training: part((row) => row % 5 > 1), validation: part((row) => row % 5 === 0), test: part((row) => row % 5 === 1) };
    for (const [name, text] of Object.entries(tables)) writeFileSync(at(`${name}.csv`), text);
    const client = await TestClient.attached(await testServer(), "judged");
    const handle = async (name: keyof typeof tables): Promise<string> =>
      (await client.result("data.upload", { name, format: "csv" }, Buffer.from(tables[name]))).data_handle;
    const hyperparameters = { nrounds: 40, early_stopping_rounds: 5, learning_rate: 0.3 };
    const { job_id } = await client.result("train", {
      data_handle: await handle("training"),
      validation_handle: await handle("validation"),
      test_handle: await handle("test"),
      algorithm: "LightGBM",
      target: "diagnosis",
      hyperparameters,
    });
    await client.event("job.complete");
    const record = await client.result("job.result", { job_id, slice: "record" });
    const report = await client.result("job.result", { job_id, slice: "report" });
    await client.close();
    writeFileSync(at("record.json"), JSON.stringify(record));

    const beside = ["--validation", at("validation.csv"), "--test", at("test.csv")];
    const replayed = await runCli(["train", at("training.csv"), "--config", at("record.json"), ...beside, "--out", at("out"), "--json"]);
    expect(replayed.status, replayed.stderr).toBe(0);
    expect(replayed.stderr).not.toContain("is not the");
    const result = JSON.parse(readFileSync(join(at("out"), "result.json"), "utf8"));
    expect(result.metrics).toEqual(report.metrics);
    expect([result.held_out, result.confusion]).toEqual([report.held_out, report.confusion]);

    const short = await runCli(["train", at("training.csv"), "--config", at("record.json"), "--validation", at("validation.csv")]);
    expect(short.status).toBe(2);
    expect(short.stderr).toMatch(/made with a test table.*--test FILE/);

    const set = Object.entries(hyperparameters).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const typed = ["train", at("training.csv"), "--target", "diagnosis", ...set, "--seed", String(record.seed), ...beside];
    const plain = await runCli(typed);
    expect(plain.status, plain.stderr).toBe(0);
    expect(plain.stdout).toContain("Metrics on the 114 rows of the test table:");
    const both = await runCli([...typed, "--folds", "3"]);
    expect(both.status).toBe(2);
    expect(both.stderr).toContain("cannot be combined with outer_resampling_config");
  });
});
