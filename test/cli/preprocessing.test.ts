import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { paramsOfRecord } from "../../src/cli/run-config.ts";
import { runCli, scratchFolder } from "../support/cli.ts";

const TRAIN = ["train", "samples/pbc.csv", "--target", "bili", "--algorithm", "GLMNET", "--folds", "3", "--seed", "1"];

describe("trainyard train --preprocess", () => {
  test("prepares the features, with the same bits for 1 and 2 daemons, and the saved model prepares new rows", async () => {
    const out = join(scratchFolder(onTestFinished), "model");
    const given = [
      ...["--preprocess", "impute", "--preprocess", "impute_type=micePMM", "--preprocess", "scale=true"],
      ...["--preprocess", "remove_features=id,status", "--preprocess", 'scale_centers={"age":50}', "--preprocess", "one_hot"],
    ];
    const one = await runCli([...TRAIN, ...given, "--json", "--daemons", "1", "--out", out]);
    expect(one.status, one.stderr).toBe(0);
    const two = await runCli([...TRAIN, ...given, "--json", "--daemons", "2"]);
    expect({ ...JSON.parse(two.stdout), seconds: 0 }).toEqual({ ...JSON.parse(one.stdout), seconds: 0 });
    const { config } = JSON.parse(readFileSync(join(out, "result.json"), "utf8"));
    expect(config.preprocessor_config).toEqual({
      impute: true,
      impute_type: "micePMM",
      scale: true,
      remove_features: ["id", "status"],
      scale_centers: { age: 50 },
      one_hot: true,
    });
    const predicted = await runCli(["predict", out, "samples/pbc.csv"]);
    expect(predicted.status, predicted.stderr).toBe(0);
    expect(predicted.stdout.trim().split("\n")).toHaveLength(419);
  }, 120_000);

  test("names a wrong option and the nearest one, a bad value, a name given twice and broken JSON, with exit status 2", async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["sclae"], 'sclae is not a preprocessing option. Did you mean "scale"?'],
      [["numeric_cut_n=1"], "preprocessor_config.numeric_cut_n must be 0, or a whole number of at least 2"],
      [["scale", "scale=false"], "scale was given twice"],
      [["scale_centers={age:5}"], "Check quotes and brackets"],
    ];
    for (const [options, words] of cases) {
      const run = await runCli([...TRAIN, ...options.flatMap((option) => ["--preprocess", option])]);
      expect(run.status).toBe(2);
      expect(run.stderr).toContain(words);
    }
  }, 120_000);

  test("a record's options are read back, maps with a column called origin among them", async () => {
    const preprocessor_config = { scale: true, scale_centers: { origin: 3 }, origin: { scale: "user" } };
    const hyperparameters = { algorithm: "GLMNET", hyperparameters: { alpha: 1, origin: { alpha: "user" } } };
    expect(paramsOfRecord({ hyperparameters, preprocessor_config })).toMatchObject({
      hyperparameters: { alpha: 1 },
      preprocessor_config: { scale: true, scale_centers: { origin: 3 } },
    });
    expect(paramsOfRecord({ hyperparameters, preprocessor_config }).preprocessor_config).not.toHaveProperty("origin");
  });

  test("--config takes the block as train does", async () => {
    const file = join(scratchFolder(onTestFinished), "run.json");
    writeFileSync(
      file,
      JSON.stringify({ algorithm: "GLMNET", target: "bili", seed: 1, preprocessor_config: { impute: true, impute_type: "meanMode" } }),
    );
    const run = await runCli(["train", "samples/pbc.csv", "--config", file, "--json", "--daemons", "1"]);
    expect(run.status, run.stderr).toBe(0);
  }, 60_000);
});

test("trainyard preprocessing lists every option with its default", async () => {
  const { stdout, status } = await runCli(["preprocessing"]);
  expect(status).toBe(0);
  expect(stdout).toContain("center = as scale  (logical)");
  expect(stdout.match(/^\w+ = /gm)).toHaveLength(41);
  expect(JSON.parse((await runCli(["preprocessing", "--json"])).stdout).options).toHaveLength(41);
});
