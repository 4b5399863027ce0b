import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { init } from "../../src/log/index.ts";
import { gpuValues, SystemFigures } from "../../src/log/system-figures.ts";
import { temporaryFolder, testServer } from "../support/live-server.ts";
import { TrainingClient } from "../support/training-client.ts";

const client = new TrainingClient(await testServer());

/** A program named nvidia-smi that says what a machine with two GPUs says, in a folder of its own. */
function folderWithGpus(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-gpus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "nvidia-smi");
  writeFileSync(file, '#!/bin/sh\necho "0, 87, 10240, 64, 231.50"\necho "1, [N/A], 12, 30, [N/A]"\n');
  chmodSync(file, 0o755);
  return folder;
}

const GPUS = {
  "sys/gpu0/util_percent": 87,
  "sys/gpu0/memory_mb": 10240,
  "sys/gpu0/temperature_c": 64,
  "sys/gpu0/power_w": 231.5,
  "sys/gpu1/memory_mb": 12,
  "sys/gpu1/temperature_c": 30,
};

describe("system figures", () => {
  test("L-95, L-97: what nvidia-smi does not know is left out", () => {
    expect(gpuValues("0, 87, 10240, 64, 231.50\n1, [N/A], 12, 30, [N/A]\n\n")).toEqual(GPUS);
    expect(gpuValues("No devices were found\n")).toEqual({});
  });

  test("are those of this process and this machine", async () => {
    const values = await new SystemFigures().sample();
    expect(values["sys/process/memory_mb"]).toBeGreaterThan(10);
    expect(values["sys/memory_percent"]).toBeGreaterThan(0);
    expect(values["sys/memory_percent"]).toBeLessThanOrEqual(100);
    expect(values["sys/process/cpu_percent"]).toBeGreaterThanOrEqual(0);
  });

  test("L-96: go with the rows of a run, on the same store; without rows they go alone; none when they are switched off", async () => {
    const { url, token } = client.server;
    const begin = (systemMs: number) => init({ name: "system", url, token, queueDir: temporaryFolder(), systemMs });
    const [on, off] = [begin(5), begin(0)];
    off.log({ loss: 1 });
    on.log({ loss: 1 }, { step: 7 });
    const keysOf = async (id: string): Promise<string[]> =>
      (await client.get(`/api/v2/runs/${id}/keys`)).body.series.map(({ key }: { key: string }) => key);
    await expect.poll(async () => (on.runId === null ? [] : keysOf(on.runId)), { timeout: 60_000 }).toContain("sys/process/memory_mb");
    for (const run of [on, off]) await run.finish();
    const { body } = await client.get(`/api/v2/runs/${on.runId}/series?keys=sys/process/memory_mb&reduce=raw`);
    expect(new Set(body.series[0].x)).toEqual(new Set([7]));
    expect(await keysOf(off.runId!)).toEqual(["loss"]);
  });
});

describe("system figures of the Python logger", () => {
  test("are the same keys; a GPU is asked where there is one", () => {
    const module = fileURLToPath(new URL("../../python", import.meta.url));
    const program = "import json, trainyard_log as t; s = t._System(); print(json.dumps(s.sample()))";
    const run = (path: string) => {
      const { stdout } = spawnSync("python3", ["-c", program], {
        env: { ...process.env, PATH: path, PYTHONPATH: module },
        encoding: "utf8",
      });
      return JSON.parse(stdout);
    };
    const path = process.env.PATH ?? "";
    expect(run(`${folderWithGpus()}${delimiter}${path}`)).toMatchObject(GPUS);
    const plain = run(path);
    expect(plain["sys/process/cpu_percent"]).toBeGreaterThanOrEqual(0);
    if (process.platform === "linux") expect(plain["sys/process/memory_mb"]).toBeGreaterThan(1);
  });
});
