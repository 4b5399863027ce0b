// Isotonic regression, one histogram tree and an additive model beside their peers in scikit-learn and mgcv, one core each, same table.
// Limits, in processor time: isotonic 6 times IsotonicRegression at 200,000 rows; tree 3 times one round of HistGradientBoosting at 50,000 × 20;
// additive model 2 times mgcv's gam (P-splines, REML) at 5,000 × 5. A peer that is missing is named and its ratio left out.
// Usage: node bench/small-learners.mjs [--smoke]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";
import { record } from "./_record.mjs";

const smoke = process.argv.includes("--smoke");
const READ = `
import sys, time, numpy as np
path, rows, columns = sys.argv[1], *map(int, sys.argv[2:4])
raw = np.fromfile(path, dtype="<f8").reshape(columns + 1, rows)
x, y = np.ascontiguousarray(raw[:columns].T), raw[columns]
`;
const CASES = [
  {
    name: "Isotonic",
    rows: smoke ? 2_000 : 200_000,
    columns: 1,
    limit: 6,
    settings: { direction: "increasing" },
    python: `${READ}
from sklearn.isotonic import IsotonicRegression
cpu = time.process_time()
IsotonicRegression().fit(x[:, 0], y)
print(time.process_time() - cpu)`,
  },
  {
    name: "LightCART",
    rows: smoke ? 2_000 : 50_000,
    columns: 20,
    limit: 3,
    settings: { max_leaves: 31 },
    python: `${READ}
from sklearn.ensemble import HistGradientBoostingClassifier
cpu = time.process_time()
HistGradientBoostingClassifier(max_iter=1, learning_rate=1, max_leaf_nodes=31, early_stopping=False).fit(x, y)
print(time.process_time() - cpu)`,
  },
  {
    name: "GAM",
    rows: smoke ? 500 : 5_000,
    columns: 5,
    limit: 2,
    settings: { k: 10 },
    r: `
suppressMessages(library(mgcv))
given <- commandArgs(TRUE); rows <- as.integer(given[2]); columns <- as.integer(given[3])
raw <- matrix(readBin(given[1], "double", rows * (columns + 1)), rows)
x <- data.frame(raw[, 1:columns]); names(x) <- paste0("x", 1:columns); x$y <- raw[, columns + 1]
form <- as.formula(paste("y ~", paste0("s(x", 1:columns, ", bs = 'ps', k = 10)", collapse = " + ")))
time <- system.time(gam(form, binomial(), x, method = "REML"))
cat(sum(time[1:2]))`,
  },
];

const python = pythonWith("sklearn");
const hasR = spawnSync("Rscript", ["-e", "library(mgcv)"], { stdio: "ignore" }).status === 0;
const folder = mkdtempSync(join(tmpdir(), "small-learners-"));
let failed = false;
try {
  for (const one of CASES) {
    const wide = makeProblem(one.rows, Math.max(4, one.columns), 1);
    const problem = { ...wide, features: wide.features.slice(0, one.columns) };
    const own = fitOnce(one.name, problem, one.settings);
    console.log(
      `${one.name}, ${one.rows} rows × ${one.columns}: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock`,
    );
    const program = one.python === undefined ? (hasR ? "Rscript" : null) : python;
    if (program === null) {
      console.log(`  no ratio: ${one.python === undefined ? "no Rscript with mgcv" : "no python3 with sklearn"} here`);
      continue;
    }
    writePart(folder, "training", problem);
    const code = one.python === undefined ? ["-e", one.r] : ["-c", one.python];
    const cpu = Number(
      execFileSync(program, [...code, join(folder, "training"), one.rows, one.columns].map(String), { env: ONE_THREAD, encoding: "utf8" }),
    );
    const ratio = own.cpu / cpu;
    record(`${one.name}, ${one.rows} × ${one.columns}`, one.python === undefined ? "mgcv" : "scikit-learn", own.cpu, cpu, one.limit);
    const isOver = !smoke && ratio > one.limit;
    failed ||= isOver;
    console.log(`  peer: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${one.limit})${isOver ? "  OVER" : ""}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
