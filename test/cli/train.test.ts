import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli, scratchFolder } from "../support/cli.ts";

const sample = (name: string): string => `samples/${name}.csv`;

describe("trainyard train", () => {
  test("prints one JSON document with mean and sd over folds, the same bits with 1 and with 2 daemons", async () => {
    const args = [
      "train",
      sample("breast_cancer"),
      "--target",
      "diagnosis",
      "--algorithm",
      "LightGBM",
      "--set",
      "nrounds=30",
      "--folds",
      "3",
      "--seed",
      "5",
      "--json",
    ];
    const one = await runCli([...args, "--daemons", "1"]);
    const two = await runCli([...args, "--daemons", "2"]);
    expect(one.status, one.stderr).toBe(0);
    const document = JSON.parse(one.stdout);
    expect(document).toMatchObject({ task: "classification", algorithm: "LightGBM", rows: 569, seed: 5 });
    expect(document.metrics.test.auc.mean).toBeGreaterThan(0.97);
    expect(document.metrics.test.auc.sd).toBeGreaterThan(0);
    expect(document.seconds).toBeGreaterThan(0);
    const other = JSON.parse(two.stdout);
    expect({ ...other, seconds: 0 }).toEqual({ ...document, seconds: 0 });
  });

  test("saves a model that predicts a new table, and both commands say where", async () => {
    const folder = scratchFolder(onTestFinished);
    const out = join(folder, "model");
    const trained = await runCli([
      "train",
      sample("diabetes"),
      "--target",
      "progression",
      "--algorithm",
      "GLMNET",
      "--tune",
      "alpha=0,1",
      "--folds",
      "3",
      "--seed",
      "1",
      "--out",
      out,
    ]);
    expect(trained.status, trained.stderr).toBe(0);
    expect(trained.stdout).toContain("held-out rows");
    expect(trained.stdout).toMatch(/rsq\s+0\.[345]/);
    expect(trained.stderr).toContain("100 %");
    expect(existsSync(join(out, "result.json"))).toBe(true);
    const predicted = await runCli(["predict", out, sample("diabetes")]);
    expect(predicted.status, predicted.stderr).toBe(0);
    const lines = predicted.stdout.trim().split(/\r?\n/);
    expect(lines[0]).toBe("predicted");
    expect(lines).toHaveLength(443);
    const actual = readFileSync(sample("diabetes"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => Number(line.split(",").at(-1)));
    const errors = lines.slice(1).map((line, row) => Math.abs(Number(line) - actual[row]!));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(50);
  });

  test("a single fit says that its figures are of training rows", async () => {
    const fitted = await runCli(["train", sample("iris"), "--algorithm", "CART", "--folds", "0", "--seed", "1"]);
    expect(fitted.status, fitted.stderr).toBe(0);
    expect(fitted.stdout).toContain("too good to expect of new rows");
  });
});

describe("exit status 2 and one sentence", () => {
  const refused = async (args: readonly string[], sentence: string | RegExp): Promise<void> => {
    const { status, stderr, stdout } = await runCli(args);
    expect(stderr).toMatch(sentence);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  };

  test("for a file that is not there", () => refused(["train", "nowhere.csv"], 'There is no file "nowhere.csv"'));
  test("for a file of another kind", () => refused(["train", "package.json"], "is not a table format"));
  test("for a misspelt target", () => refused(["train", sample("iris"), "--target", "specis"], /Did you mean "species"/));
  test("for a misspelt algorithm", () => refused(["train", sample("iris"), "--algorithm", "LightGMB"], /Did you mean "LightGBM"/));
  test("for a hyperparameter out of bounds", () =>
    refused(["train", sample("iris"), "--algorithm", "GLMNET", "--set", "alpha=2"], /alpha must be .*got 2/));
  test("for a setting without a value", () => refused(["train", sample("iris"), "--set", "alpha"], "takes name=value"));
  test("for an unknown option", () => refused(["train", sample("iris"), "--tagret", "x"], "unknown option"));
  test("for an unknown command", () => refused(["tarin"], "unknown command"));
  test("for too many folds", () => refused(["train", sample("iris"), "--folds", "200"], "at most 150 folds"));
  test("for something that is not a model", () => refused(["predict", sample("iris"), sample("iris")], "not a Trainyard model file"));
  test("for a model's missing column", async () => {
    const folder = scratchFolder(onTestFinished);
    await runCli(["train", sample("iris"), "--algorithm", "CART", "--folds", "0", "--out", folder]);
    const narrow = join(folder, "narrow.csv");
    writeFileSync(narrow, "sepal length (cm)\n5.1\n");
    await refused(["predict", folder, narrow], /needs the columns "sepal width \(cm\)".*does not have/);
  });
});

test("algorithms lists the catalogue and describes one with its source and bounds", async () => {
  const listed = await runCli(["algorithms"]);
  expect(listed.stdout.split("\n").map((line) => line.split(" ")[0])).toEqual(expect.arrayContaining(["GLMNET", "CART", "LightGBM"]));
  const described = await runCli(["algorithms", "glmnet"]);
  expect(described.stdout).toContain("alpha");
  expect(described.stdout).toMatch(/Source: .*Friedman/);
  const json = JSON.parse((await runCli(["algorithms", "GLMNET", "--json"])).stdout);
  expect(json.hyperparameters.find((entry: { name: string }) => entry.name === "alpha")).toMatchObject({ min: 0, max: 1, tunable: true });
});
