import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { temporaryFolder, testServer } from "../support/live-server.ts";

const server = await testServer();
let client: TestClient;
/** Finished jobs: three folds on three classes, one fit on numbers. */
const jobs = { wine: "", diabetes: "" };
const data = { wine: "", diabetes: "" };

/** Columns by name, of a table reply whose pointer matches its payload. */
async function table(
  params: object,
  method = "job.result",
): Promise<{ pointer: Record<string, unknown>; columns: Record<string, unknown[]> }> {
  const { header, payload } = await client.call(method, params);
  expect(header).toMatchObject({ ok: true, payload: { format: "arrow-ipc" } });
  const read = tableFromIPC(payload!);
  const names = read.schema.fields.map((field) => field.name);
  expect(header.result).toMatchObject({ rows: read.numRows, cols: names.length, columns: names, format: "arrow-ipc" });
  return { pointer: header.result, columns: Object.fromEntries(names.map((name) => [name, [...(read.getChild(name) ?? [])]])) };
}

const slice = (job_id: string, name: string) => client.result("job.result", { job_id, slice: name });

beforeAll(async () => {
  client = await TestClient.attached(server, "results");
  for (const name of ["wine", "diabetes"] as const) data[name] = (await client.result("data.open_sample", { name })).data_handle;
  const hyperparameters = { nrounds: 10 };
  const folds = { outer_resampling_config: { type: "KFold", n_resamples: 3 } };
  jobs.wine = (
    await client.result("train", { data_handle: data.wine, algorithm: "LightGBM", hyperparameters, ...folds, seed: 1, question: "which?" })
  ).job_id;
  jobs.diabetes = (await client.result("train", { data_handle: data.diabetes, algorithm: "LightGBM", hyperparameters, seed: 1 })).job_id;
  for (const job_id of Object.values(jobs)) await client.event("job.complete", (event) => event.job_id === job_id);
}, 60_000);

describe("documents", () => {
  test("R-116: summary is the default slice and has the class of its kind; raw adds what summary points to", async () => {
    const summary = await client.result("job.result", { job_id: jobs.diabetes });
    expect(summary).toMatchObject({
      ".class": "Regression",
      algorithm: "LightGBM",
      type: "Regression",
      n_features: 10,
      varimp: { available: true, fetch_via: "varimp" },
    });
    expect(summary.metrics_training).toMatchObject({
      ".class": "RegressionMetrics",
      sample: "Training",
      metrics: [{ rsq: expect.any(Number), rmse: expect.any(Number) }],
    });
    expect((await slice(jobs.diabetes, "raw")).varimp.variables).toHaveLength(10);
    const resampled = await slice(jobs.wine, "summary");
    expect(resampled).toMatchObject({
      ".class": "ClassificationRes",
      n_resamples: 3,
      question: "which?",
      metrics_test: { ".class": "ClassificationMetricsRes", sample: "Test" },
    });
    const total = resampled.metrics_test.confusion_long.reduce((sum: number, row: { n: number }) => sum + row.n, 0);
    expect(total).toBe(178);
    expect(Object.keys((await slice(jobs.wine, "raw")).metrics_test.res_metrics)).toEqual(["Fold_1", "Fold_2", "Fold_3"]);
  });

  test("R-132, D-4: metrics has training always, and test for resampled jobs", async () => {
    expect(Object.keys(await slice(jobs.diabetes, "metrics"))).toEqual(["training"]);
    const metrics = await slice(jobs.wine, "metrics");
    expect(Object.keys(metrics)).toEqual(["training", "test"]);
    expect(metrics.test.mean_metrics[0].balanced_accuracy).toBeGreaterThan(0.8);
  });

  test("R-137: record validates as a supervised record", async () => {
    const record = await slice(jobs.diabetes, "record");
    expect(record).toMatchObject({
      $schema: "https://schema.rtemis.org/supervised/v1/record.json",
      dat_training_path: null,
      outdir: null,
      origin: expect.any(Object),
      metrics: { training: { rsq: expect.any(Number) }, test: null },
      provenance: { outcome: "completed", data_training: { n_rows: 442, n_cols: 11, hash: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      hyperparameters: { algorithm: "LightGBM", hyperparameters: { nrounds: 10, origin: { nrounds: "user" } } },
    });
    expect(record.folds).toHaveLength(1);
    expect((await slice(jobs.wine, "record")).folds).toHaveLength(3);
  });

  test("+ report is the whole result; the job's headline is its main metric", async () => {
    const report = await slice(jobs.wine, "report");
    expect(report).toMatchObject({ format: "trainyard.result", version: 1, task: "multiclass", seconds: expect.any(Number) });
    const { headline } = await client.result("job.status", { job_id: jobs.wine });
    expect(headline).toEqual({
      name: "balanced_accuracy",
      mean: report.metrics.test.balanced_accuracy.mean,
      sd: report.metrics.test.balanced_accuracy.sd,
    });
  });

  test("R-123, R-129: unknown slices, and those of decompositions and clusterings, are invalid_params", async () => {
    for (const name of ["nonsense", "transformed", "loadings", "assignments"]) {
      expect((await client.refusal("job.result", { job_id: jobs.wine, slice: name })).code).toBe("invalid_params");
    }
  });
});

describe("tables", () => {
  test("R-131: predictions are held-out rows once each, with probabilities that sum to 1", async () => {
    const { columns } = await table({ job_id: jobs.wine, slice: "predictions" });
    expect(new Set(columns.row).size).toBe(178);
    expect(new Set(columns.split)).toEqual(new Set(["test"]));
    expect(new Set(columns.fold)).toEqual(new Set(["Fold_1", "Fold_2", "Fold_3"]));
    const probabilities = Object.keys(columns).filter((name) => name.startsWith("prob_"));
    expect(probabilities).toHaveLength(3);
    for (let row = 0; row < 178; row++) {
      expect(probabilities.reduce((sum, name) => sum + (columns[name]?.[row] as number), 0)).toBeCloseTo(1, 9);
    }
    const training = await table({ job_id: jobs.wine, slice: "predictions", split: "training" });
    expect(training.pointer.rows).toBe(2 * 178);
    expect((await table({ job_id: jobs.diabetes, slice: "predictions" })).columns.split?.[0]).toBe("training");
  });

  test("R-134: importance per variable and fold, and averaged", async () => {
    const varimp = await table({ job_id: jobs.wine, slice: "varimp" });
    expect(Object.keys(varimp.columns).slice(0, 2)).toEqual(["variable", "fold"]);
    expect(varimp.pointer.rows).toBe(13 * 3);
    const { columns } = await table({ job_id: jobs.wine, slice: "importance" });
    expect(columns.mean).toEqual([...(columns.mean as number[])].sort((a, b) => b - a));
  });

  test("R-139: roc has six columns, an aggregate curve and one per fold, and one auc per curve; regressions have none", async () => {
    const { columns } = await table({ job_id: jobs.wine, slice: "roc" });
    expect(Object.keys(columns)).toEqual(["split", "class", "fold", "fpr", "tpr", "auc"]);
    expect(new Set(columns.fold)).toEqual(new Set(["aggregate", "Fold_1", "Fold_2", "Fold_3"]));
    const perCurve = new Map<string, Set<unknown>>();
    columns.fold?.forEach((fold, i) => {
      const key = `${String(fold)} ${String(columns.class?.[i])}`;
      perCurve.set(key, (perCurve.get(key) ?? new Set()).add(columns.auc?.[i]));
    });
    expect(perCurve.size).toBe(4 * 3);
    for (const values of perCurve.values()) expect(values.size).toBe(1);
    expect((await table({ job_id: jobs.diabetes, slice: "roc" })).pointer.rows).toBe(0);
  });

  test("+ model.list, model.load: a saved model is found, described and predicts as its job does; nothing else can be named", async () => {
    const saved = await client.result("job.save", { job_id: jobs.wine, dir: "kept/wine", filename: "best" });
    symlinkSync("/etc/hostname", join(saved.path, "..", "link.tym"));
    writeFileSync(join(saved.path, "..", "broken.tym"), "no model");
    const name = "kept/wine/best.tym";
    const entry = {
      name,
      bytes: saved.bytes,
      type: "train",
      algorithm: "LightGBM",
      target: "cultivar",
      saved: expect.stringMatching(/Z$/),
    };
    const { models } = await client.result("model.list");
    expect(models.filter((model: { name: string }) => model.name.startsWith("kept/"))).toEqual([entry]);
    const loaded = await client.result("model.load", { name });
    expect(loaded).toMatchObject({ ...entry, task: "multiclass", classes: expect.any(Array), rows: 178 });
    expect(loaded.features.map((feature: { name: string }) => feature.name)).toContain("alcohol");
    const byJob = await table({ job_id: jobs.wine, data_handle: data.wine }, "job.predict");
    expect(await table({ model: name, data_handle: data.wine }, "job.predict")).toEqual(byJob);
    for (const wrong of [
      "kept/wine/link.tym",
      "kept/wine/broken.tym",
      "../trainyard.db",
      "/etc/hostname",
      "kept/../kept/wine/best.tym",
      saved.path,
    ]) {
      expect((await client.refusal("model.load", { name: wrong })).code, wrong).toBe("not_found");
      expect((await client.refusal("job.predict", { model: wrong, data_handle: data.wine })).code, wrong).toBe("not_found");
    }
    expect(await client.refusal("job.predict", { model: name, data_handle: data.diabetes })).toMatchObject({ code: "invalid_params" });
  });

  test("+ pr: precision against recall per class, from the shares of the classes; regressions have none", async () => {
    const { columns } = await table({ job_id: jobs.wine, slice: "pr" });
    expect(Object.keys(columns)).toEqual(["split", "class", "fold", "recall", "precision", "average", "share"]);
    expect(new Set(columns.fold)).toEqual(new Set(["aggregate"]));
    // From the predictions, counted again: at the lowest threshold everything is called, so precision is the class's share of the rows.
    const { columns: rows } = await table({ job_id: jobs.wine, slice: "predictions" });
    for (const level of new Set(columns.class as string[])) {
      const at = (columns.class as string[]).flatMap((name, i) => (name === level ? [i] : []));
      const share = (rows.actual as string[]).filter((actual) => actual === level).length / rows.actual!.length;
      for (const i of at) expect(columns.share?.[i]).toBeCloseTo(share, 12);
      expect(columns.recall?.[at.at(-1)!]).toBe(1);
      expect(columns.precision?.[at.at(-1)!]).toBeCloseTo(share, 12);
      const scores = rows[`prob_${level}`] as number[];
      const highest = Math.max(...scores);
      const called = (rows.actual as string[]).filter((_, i) => scores[i] === highest);
      expect(columns.precision?.[at[0]!]).toBeCloseTo(called.filter((actual) => actual === level).length / called.length, 12);
    }
    expect((await table({ job_id: jobs.diabetes, slice: "pr" })).pointer.rows).toBe(0);
  });

  test("R-135: session is the run as rows, with a colour per kind", async () => {
    const { pointer, columns } = await table({ job_id: jobs.wine, slice: "session" });
    expect(Object.keys(columns)).toEqual(["label", "start", "end", "kind", "status", "failed", "tip"]);
    expect(columns.kind).toContain("train");
    for (const kind of columns.kind as string[]) expect((pointer.colors as Record<string, string>)[kind]).toMatch(/^#/);
    (columns.start as number[]).forEach((start, i) => {
      expect(start).toBeGreaterThanOrEqual(0);
      expect((columns.end as number[])[i]).toBeGreaterThanOrEqual(start);
    });
    expect(new Set(columns.status)).toEqual(new Set(["ok"]));
    expect(new Set(columns.label).size).toBe(columns.label?.length);
  });

  test("+ calibration, learning curves, residuals; what does not apply is an empty pointer, not an error", async () => {
    expect(Object.keys((await table({ job_id: jobs.wine, slice: "calibration" })).columns)).toEqual([
      "class",
      "mean_predicted",
      "observed",
      "low",
      "high",
      "n",
    ]);
    const curves = await table({ job_id: jobs.wine, slice: "learning_curves" });
    expect(Math.max(...(curves.columns.step as number[]))).toBe(10);
    const { columns } = await table({ job_id: jobs.diabetes, slice: "residuals" });
    expect((columns.residual as number[])[5]).toBeCloseTo((columns.actual as number[])[5]! - (columns.predicted as number[])[5]!, 12);
    expect(await slice(jobs.wine, "residuals")).toEqual({ rows: 0, cols: 0, columns: [], format: "arrow-ipc" });
    expect(await slice(jobs.diabetes, "calibration")).toMatchObject({ rows: 0, columns: [] });
  });

  test("+ predict gives one row per row of the new data, and warns about what it has not seen", async () => {
    const { pointer, columns } = await table({ job_id: jobs.wine, data_handle: data.wine }, "job.predict");
    expect(pointer).toMatchObject({ rows: 178, warnings: [] });
    const { columns: before } = await table({ job_id: jobs.wine, slice: "predictions" });
    expect(Object.keys(columns)).toEqual(["predicted", ...Object.keys(before).filter((name) => name.startsWith("prob_"))]);
    expect((await client.refusal("job.predict", { job_id: jobs.wine, data_handle: data.diabetes })).code).toBe("invalid_params");
    expect((await client.refusal("job.predict", { job_id: jobs.wine, data_handle: "data-x" })).code).toBe("not_found");
  });
});

test("+ job.explain: what shuffling costs, curves of a feature, and contributions that sum to the score", async () => {
  const ask = { job_id: jobs.diabetes, data_handle: data.diabetes };
  const shuffled = await table({ ...ask, repeats: 2 }, "job.explain");
  expect(shuffled.pointer.facts).toMatchObject({ measure: "rmse", rows: 442, repeats: 2 });
  expect(shuffled.columns.feature).toHaveLength(10);
  const curve = await table({ ...ask, kind: "partial_dependence", feature: "bmi" }, "job.explain");
  expect(Object.keys(curve.columns)).toEqual(["value", "mean", "low", "high"]);
  expect((curve.columns.mean as number[]).at(-1)!).toBeGreaterThan((curve.columns.mean as number[])[0]!);
  const { columns } = await table({ ...ask, kind: "contributions" }, "job.explain");
  const { columns: predicted } = await table(ask, "job.predict");
  for (const row of [0, 100, 441]) expect(columns.score![row]).toBeCloseTo(predicted.predicted![row] as number, 8);
  expect((await client.refusal("job.explain", { ...ask, kind: "ice", feature: "bmy" })).message).toContain('Did you mean "bmi"?');
  expect((await client.refusal("job.explain", { ...ask, kind: "guess" })).code).toBe("invalid_params");
  expect((await client.refusal("job.explain", { ...ask, data_handle: data.wine })).code).toBe("invalid_params");
});

describe("the model's file", () => {
  test("+ job.model hands it out; R-140: job.save writes the same bytes below the operator's folder and nowhere else", async () => {
    const { header, payload } = await client.call("job.model", { job_id: jobs.wine });
    expect(header).toMatchObject({ result: { bytes: payload!.length, filename: "wine-LightGBM.tym" }, payload: { format: "model" } });
    const saveDir = join(server.dataDir, "saved");
    expect(await client.result("dialog.choose_dir")).toEqual({ path: saveDir, cancelled: false });
    const saved = await client.result("job.save", { job_id: jobs.wine, dir: "mine/too", filename: "../../../wine" });
    expect(saved).toEqual({ path: join(saveDir, "mine", "too", "wine.tym"), bytes: payload!.length });
    expect(readFileSync(saved.path).equals(payload!)).toBe(true);
    expect((await client.result("job.save", { job_id: jobs.wine, dir: saveDir })).path).toBe(join(saveDir, `train_${jobs.wine}.tym`));
  });

  test("R-141: job.save without dir, outside the folder, through a link, or of an unfinished job is invalid_params", async () => {
    const outside = temporaryFolder();
    mkdirSync(join(server.dataDir, "saved"), { recursive: true });
    symlinkSync(outside, join(server.dataDir, "saved", "link"));
    for (const dir of [undefined, "", "..", "../x", "/tmp", "~", "link", "link/deeper", `${server.dataDir}/saved-too`]) {
      expect((await client.refusal("job.save", { job_id: jobs.wine, dir })).code).toBe("invalid_params");
    }
    expect(existsSync(join(outside, "deeper"))).toBe(false);
    for (const filename of ["..", ".", "a\0b"])
      expect((await client.refusal("job.save", { job_id: jobs.wine, dir: "x", filename })).code).toBe("invalid_params");
    expect((await client.refusal("job.save", { job_id: "job-x", dir: "x" })).code).toBe("not_found");
  });
});

test("D-7: an answer too large for a header travels as JSON payload", async () => {
  const names = Array.from({ length: 9_000 }, (_, i) => `a_rather_long_column_name_${i}`);
  const csv = Buffer.from(`${names.join(",")}\n${names.map((_, i) => i % 3).join(",")}\n${names.map((_, i) => i % 5).join(",")}\n`);
  const { data_handle } = await client.result("data.upload", { name: "wide", format: "csv" }, csv);
  const { header, payload } = await client.call("data.describe", { data_handle });
  expect(header).toMatchObject({ ok: true, result: null, payload: { format: "json" } });
  expect(JSON.parse(payload!.toString())).toMatchObject({ rows: 2, cols: 9_000 });
});
