import { expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { TestClient } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, testServer } from "../support/live-server.ts";

const script = new ScriptedRunner();
const server = await testServer({ maxConcurrent: 20, parts: { runner: script.runner, dataProfile: new InlineProfile() } });
const TABLE = Buffer.from(`x,z,y\n${Array.from({ length: 40 }, (_, i) => `${i},${i % 7},${i % 2 === 0 ? "no" : "yes"}`).join("\n")}\n`);

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly default: unknown;
  readonly tunable: boolean;
}

test("R-34, R-35, R-36, R-41: GLM and LightRF are offered, and their hyperparameters are described as version 1 has them", async () => {
  const client = await TestClient.authenticated(server);
  const { algorithms } = await client.result("algorithms");
  expect(algorithms.map((entry: { name: string }) => entry.name)).toEqual(expect.arrayContaining(["GLM", "LightRF"]));
  const described = async (name: string): Promise<(entry: string) => Entry | undefined> => {
    const { name: echoed, hyperparameters } = await client.result("algorithm.describe", { name });
    expect(echoed).toBe(name);
    return (wanted) => hyperparameters.find((entry: Entry) => entry.name === wanted);
  };
  expect((await described("GLM"))("ifw")).toMatchObject({ type: "logical", default: false, tunable: true });
  const forest = await described("LightRF");
  expect(forest("nrounds")).toMatchObject({ type: "integer", default: 500, tunable: true });
  expect(forest("force_col_wise")).toMatchObject({ tunable: false });
  const ranger = await described("Ranger");
  expect(ranger("importance")).toMatchObject({ choices: ["none", "impurity", "impurity_corrected", "permutation"] });
  expect(ranger("num_trees")).toMatchObject({ type: "integer" });
  expect(ranger("num_trees")).not.toHaveProperty("choices");
  await client.close();
});

test("R-42 – R-46: objects stay objects, one-element arrays are scalars, candidates are a search, a bare array is refused, an empty positive_class is unset", async () => {
  const client = await TestClient.attached(server, "shapes");
  const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, TABLE);
  let jobs = 0;
  const train = async (more: object) => {
    await client.result("train", { data_handle, algorithm: "LightRF", ...more });
    return (await script.run(++jobs)).options.config;
  };

  const single = await train({ hyperparameters: { nrounds: [7] }, features: "x", positive_class: ["no"] });
  expect(single).toMatchObject({ hyperparameters: { nrounds: 7 }, features: ["x"], positive_class: "no" });
  const searched = await train({ hyperparameters: { nrounds: { candidates: [100, 500, 1000] } }, positive_class: "" });
  expect(searched.hyperparameters.nrounds).toEqual({ candidates: [100, 500, 1000] });
  expect(searched).toMatchObject({ positive_class: null, tuner_config: { type: "GridSearch" } });
  const prepared = await train({ preprocessor_config: { scale: [true], scale_centers: { x: 4 } } });
  expect(prepared.preprocessor_config).toEqual({ scale: true, scale_centers: { x: 4 } });
  const bare = await client.refusal("train", { data_handle, algorithm: "LightRF", hyperparameters: { nrounds: [100, 500, 1000] } });
  expect(bare).toMatchObject({ code: "invalid_params", details: { problems: [{ path: "hyperparameters.nrounds" }] } });
  await client.close();
});

test("R-63: a session renamed to its own name has changed nothing, not even when it was last seen", async () => {
  const clock = new FakeClock();
  const timed = await testServer({ parts: { clock } });
  const client = await TestClient.attached(timed, "same");
  const before = await client.result("session.info");
  clock.pass(5000);
  await client.result("session.rename", { name: "same" });
  expect(await client.result("session.info")).toEqual(before);
  await client.result("session.rename", { name: "other" });
  expect((await client.result("session.info")).last_seen).not.toBe(before.last_seen);
  await client.close();
});

test("R-112: active jobs are counted over all sessions, and are none when all have ended", async () => {
  const own = new ScriptedRunner();
  const counting = await testServer({ maxConcurrent: 2, parts: { runner: own.runner, dataProfile: new InlineProfile() } });
  const clients = [await TestClient.attached(counting, "one"), await TestClient.attached(counting, "two")];
  const running = async (): Promise<number> => (await clients[0]!.result("info")).n_jobs_running;
  for (const [count, client] of clients.entries()) {
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, TABLE);
    await client.result("train", { data_handle, algorithm: "CART" });
    await own.run(count + 1);
    expect(await running()).toBe(count + 1);
  }
  (await own.run(1)).finish();
  (await own.run(2)).fail(new Error("no"));
  await clients[0]!.event("job.complete");
  await clients[1]!.event("job.failed");
  expect(await running()).toBe(0);
  for (const client of clients) await client.close();
});
