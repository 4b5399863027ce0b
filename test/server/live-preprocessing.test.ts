import { tableFromIPC } from "apache-arrow";
import { beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { testServer } from "../support/live-server.ts";

const server = await testServer();
let client: TestClient;
let data_handle = "";

/** Gaps, a category and a constant; the target follows `a`. */
const line = (i: number): string => `${i % 7 === 0 ? "" : i},${i % 3 === 0 ? "red" : i % 3 === 1 ? "blue" : ""},1,${2 * i + (i % 5)}`;
const CSV = Buffer.from(`a,colour,same,y\n${Array.from({ length: 60 }, (_, i) => line(i)).join("\n")}\n`);

const upload = async (name: string, csv: string | Buffer): Promise<string> =>
  (await client.result("data.upload", { name, format: "csv" }, Buffer.from(csv))).data_handle;

async function trained(params: Record<string, unknown>): Promise<string> {
  const { job_id } = await client.result("train", { data_handle, algorithm: "GLMNET", seed: 3, ...params });
  await client.event("job.complete", (event) => event.job_id === job_id);
  return job_id;
}
const slice = (job_id: string, name: string) => client.result("job.result", { job_id, slice: name });

beforeAll(async () => {
  client = await TestClient.attached(server, "preprocessing");
  data_handle = await upload("t", CSV);
}, 60_000);

test("R-40: the description has choices and defaults of version 1, and no impute_missRanger_params", async () => {
  const { parameters } = await client.result("preprocessor.describe");
  const entry = (name: string) => parameters.find((one: { name: string }) => one.name === name);
  expect(parameters).toHaveLength(40);
  expect(entry("impute_missRanger_params")).toBeUndefined();
  expect(entry("impute_type")).toMatchObject({
    type: "character",
    default: "missRanger",
    tunable: false,
    choices: ["missRanger", "micePMM", "meanMode"],
  });
  expect(entry("complete_cases")).toMatchObject({ type: "logical", default: false, tunable: false });
  expect(entry("center")).toMatchObject({ type: "logical", default: false, follows: "scale" });
  for (const one of parameters) {
    expect(one.help, one.name).toMatch(/\.$/);
    expect(one.tunable).toBe(false);
  }
});

test("R-118: train with scale and center completes, and summary and record say so", async () => {
  const job_id = await trained({
    preprocessor_config: { scale: true, center: true },
    outer_resampling_config: { type: "KFold", n_resamples: 3 },
  });
  expect(await slice(job_id, "summary")).toMatchObject({ preprocessor_config: { scale: true, center: true } });
  const { preprocessor_config } = await slice(job_id, "record");
  expect(preprocessor_config).toMatchObject({ scale: true, impute: false, impute_type: "missRanger", remove_features: null });
  expect(preprocessor_config.origin).toMatchObject({ scale: "user", center: "user", impute: "default" });
  expect((await slice(await trained({}), "record")).preprocessor_config).toBeNull();
}, 60_000);

test("R-119, R-47: an invented key is invalid_params, by name, as is a bad value; nothing is submitted", async () => {
  const before = (await client.result("job.list")).jobs.length;
  const error = await client.refusal("train", {
    data_handle,
    algorithm: "GLMNET",
    preprocessor_config: { sclae: true, numeric_quant_n: 1 },
  });
  expect(error.code).toBe("invalid_params");
  expect(error.message).toContain('preprocessor_config.sclae is not a preprocessing option. Did you mean "scale"?');
  expect(error.details.problems.map((problem: { path: string }) => problem.path)).toEqual([
    "preprocessor_config.sclae",
    "preprocessor_config.numeric_quant_n",
  ]);
  expect((await client.result("job.list")).jobs).toHaveLength(before);
});

describe("a whole job", () => {
  const preprocessor_config = {
    impute: true,
    impute_type: "micePMM",
    missingness: true,
    scale: true,
    one_hot: true,
    remove_constants: true,
  };
  const folds = { outer_resampling_config: { type: "KFold", n_resamples: 3 } };
  let job = "";
  beforeAll(async () => {
    job = await trained({ preprocessor_config, ...folds });
  }, 60_000);

  test("its record's options, sent again, give the same numbers", async () => {
    const record = await slice(job, "record");
    const { origin: _, ...options } = record.preprocessor_config;
    const again = await slice(await trained({ preprocessor_config: options, ...folds }), "record");
    expect(again.metrics).toEqual(record.metrics);
    expect(again.preprocessor_config).toEqual({ ...record.preprocessor_config, origin: expect.any(Object) });
    const plain = await slice(await trained(folds), "record");
    expect(plain.metrics).not.toEqual(record.metrics);
  }, 60_000);

  test("importance is that of prepared features", async () => {
    const { payload } = await client.call("job.result", { job_id: job, slice: "varimp" });
    const names = [...tableFromIPC(payload!).getChild("variable")!];
    expect(names).toEqual(expect.arrayContaining(["a", "colour_red", "colour_blue", "a_missing", "colour_missing"]));
    expect(names).not.toContain("same");
  });

  test("predicts a CSV with unseen levels and without a dropped column; a needed column is asked for by name", async () => {
    const fresh = await upload("new", "colour,a\nred,10\nviolet,20\n,\n");
    const { header, payload } = await client.call("job.predict", { job_id: job, data_handle: fresh });
    expect(header.ok).toBe(true);
    expect(header.result.warnings.join(" ")).toContain('"colour" has 1 values not seen in training ("violet")');
    const predicted = [...tableFromIPC(payload!).getChild("predicted")!];
    expect(predicted).toHaveLength(3);
    expect(predicted.every(Number.isFinite)).toBe(true);
    const short = await upload("short", "colour\nred\nblue\n");
    const error = await client.refusal("job.predict", { job_id: job, data_handle: short });
    expect(error.message).toContain('needs the column "a"');
  });

  test("rows left out of training are still predicted when they are held out", async () => {
    const left = await trained({ preprocessor_config: { complete_cases: true, remove_duplicates: true }, ...folds });
    const { header } = await client.call("job.result", { job_id: left, slice: "predictions", split: "test" });
    expect(header.result.rows).toBe(60);
  }, 60_000);
});
