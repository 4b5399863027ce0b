import { beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { testServer } from "../support/live-server.ts";

const server = await testServer();
let client: TestClient;
const jobs: Record<string, string> = {};

beforeAll(async () => {
  client = await TestClient.attached(server, "compare");
  const { data_handle } = await client.result("data.open_sample", { name: "iris" });
  const folds = { type: "KFold", n_resamples: 4 };
  const start = async (name: string, params: object): Promise<void> => {
    jobs[name] = (await client.result("train", { data_handle, outer_resampling_config: folds, seed: 5, ...params })).job_id;
    await client.event("job.complete", (event) => event.job_id === jobs[name]);
  };
  await start("stump", { algorithm: "CART", hyperparameters: { maxdepth: 1 } });
  await start("two", { algorithm: "CART", hyperparameters: { maxdepth: 2 } });
  await start("tree", { algorithm: "CART" });
  await start("seed", { algorithm: "CART", seed: 6 });
  await start("folds", { algorithm: "CART", outer_resampling_config: { type: "KFold", n_resamples: 5 } });
  await start("fit", { algorithm: "CART", outer_resampling_config: null });
}, 60_000);

const compare = (...names: string[]) => client.result("jobs.compare", { job_ids: names.map((name) => jobs[name]) });

describe("jobs.compare", () => {
  test("same rows, same folds: the mean paired difference with its corrected interval", async () => {
    const answer = await compare("stump", "tree");
    expect(answer.obstacles).toEqual([[], []]);
    const accuracy = answer.metrics.find((metric: { name: string }) => metric.name === "accuracy");
    expect(accuracy.maximize).toBe(true);
    const [baseline, difference] = accuracy.differences;
    expect(baseline).toBeNull();
    const folds = accuracy.summaries.map((summary: { folds: number[] }) => summary.folds);
    const expected = folds[1].map((value: number, fold: number) => value - folds[0][fold]);
    const mean = expected.reduce((sum: number, value: number) => sum + value, 0) / 4;
    expect(difference.mean).toBeCloseTo(mean, 12);
    // One split tells two of three classes apart, a tree all three.
    expect(difference.low).toBeGreaterThan(0.15);
    const variance = expected.reduce((sum: number, value: number) => sum + (value - mean) ** 2, 0) / 3;
    // 3.182446 = t(0.975, 3); of four folds one is held out, so about 1/3 of the training rows.
    const half = 3.182446305284263 * Math.sqrt((1 / 4 + 1 / 3) * variance);
    expect(Math.abs((difference.high - difference.low) / 2 / half - 1)).toBeLessThan(0.01);
  });

  test("another seed, other resamples and no folds are named, and nothing is paired over them", async () => {
    const answer = await compare("tree", "seed", "folds", "fit", "stump");
    expect(answer.obstacles).toEqual([[], ["another seed"], ["other resamples"], ["no held-out folds"], []]);
    for (const metric of answer.metrics) expect(metric.differences.slice(0, 4)).toEqual([null, null, null, null]);
    expect(answer.metrics[0].differences[4]).toMatchObject({ folds: 4 });
    expect(answer.metrics[0].summaries[3]).toBeNull();
  });

  test("p-values grow with the number of jobs compared", async () => {
    const pair = (await compare("stump", "tree")).metrics[0].differences[1];
    expect(pair.p_adjusted).toBe(pair.p);
    const [, ...differences] = (await compare("stump", "tree", "two")).metrics[0].differences;
    const [smaller, larger] = differences.sort((a: { p: number }, b: { p: number }) => a.p - b.p);
    expect(smaller.p_adjusted).toBe(Math.min(1, 2 * smaller.p));
    expect(larger.p_adjusted).toBe(Math.max(smaller.p_adjusted, larger.p));
  });

  test("one job, nine, the same one twice, no list and unknown jobs are refused", async () => {
    const refusal = async (job_ids: unknown): Promise<string> => (await client.refusal("jobs.compare", { job_ids })).code;
    expect(await refusal([jobs.tree])).toBe("invalid_params");
    expect(await refusal([jobs.tree, jobs.tree])).toBe("invalid_params");
    expect(await refusal(Array.from({ length: 9 }, (_, i) => `job-${i}`))).toBe("invalid_params");
    expect(await refusal("job-1")).toBe("invalid_params");
    expect(await refusal(undefined)).toBe("invalid_params");
    expect(await refusal([jobs.tree, "job-0000000000000000"])).toBe("not_found");
  });
});
