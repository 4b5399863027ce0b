import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("the benchmark of tasks runs in its small size: a figure for each target, beside each other pool", async () => {
  const program = fileURLToPath(new URL("../../bench/tasks.mjs", import.meta.url));
  const { stdout } = await run(process.execPath, [program, "--smoke"]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const rows = lines.map((line) => JSON.parse(line) as { readonly what: string; readonly value: number; readonly most: number | null });
  const targets = rows.filter(({ most }) => most !== null).map(({ what }) => what);
  for (const what of [
    "process daemon",
    "thread daemon",
    "on 2 daemons, process",
    "on 2 daemons, thread",
    "MB there and back",
    "first results",
    "killed",
    "cancel",
    "memory",
  ])
    expect(
      targets.some((target) => target.includes(what)),
      what,
    ).toBe(true);
  for (const pool of ["raw pipe", "raw worker_threads", "piscina", "tinypool", "workerpool", "poolifier"])
    expect(
      rows.some(({ what, value }) => what.includes(pool) && Number.isFinite(value)),
      pool,
    ).toBe(true);
  expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
}, 240_000);
