// A forest of histogram trees beside LightGBM's (boosting rf), one core each, same table and settings: 50 columns, 31 leaves.
// Limit: 3 times LightGBM's processor time at 100,000 rows. Where LightGBM is missing it says so and leaves the ratio out.
// Usage: node bench/light-rf.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 3;
const smoke = process.argv.includes("--smoke");
const columns = smoke ? 10 : 50;
const trees = smoke ? 5 : 100;
const sizes = smoke ? [1_000] : [10_000, 100_000];

const PEER = `
import sys, time, numpy as np, lightgbm
path, rows, columns, trees = sys.argv[1], *map(int, sys.argv[2:5])
raw = np.fromfile(path, dtype="<f8").reshape(columns + 1, rows)
x, y = np.ascontiguousarray(raw[:columns].T), raw[columns]
settings = dict(objective="binary", boosting="rf", bagging_fraction=0.623, bagging_freq=1, feature_fraction=0.8, num_leaves=31, num_threads=1, verbosity=-1)
cpu = time.process_time()
lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=trees)
print(time.process_time() - cpu)
`;

import { record } from "./_record.mjs";

const python = pythonWith("lightgbm");
const folder = mkdtempSync(join(tmpdir(), "light-rf-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1);
    const own = fitOnce("LightRF", problem, { nrounds: trees, max_leaves: 31 });
    console.log(`${rows} rows × ${columns}, ${trees} trees: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock`);
    if (python === null) continue;
    writePart(folder, "training", problem);
    const args = ["-c", PEER, join(folder, "training"), rows, columns, trees].map(String);
    const cpu = Number(execFileSync(python, args, { env: ONE_THREAD, encoding: "utf8" }));
    const ratio = own.cpu / cpu;
    record(`LightRF, ${rows} × ${columns}, ${trees} trees`, "LightGBM", own.cpu, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = !smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO;
    failed ||= isOver;
    console.log(`  LightGBM: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO})${isOver ? "  OVER" : ""}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to LightGBM: no python3 here imports lightgbm");
process.exitCode = failed ? 1 : 0;
