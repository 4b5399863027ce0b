// Random forest beside scikit-learn's, one core each, same table and settings: 50 columns, 20 trees, root of the features per split.
// Limit: 0.6 times scikit-learn's processor time at 100,000 rows; ten times the rows cost at most 15 times as much.
// Where scikit-learn is missing it says so and leaves the ratio out.
// Usage: node bench/ranger.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 0.6;
const LIMIT_GROWTH = 15;
const smoke = process.argv.includes("--smoke");
const columns = smoke ? 10 : 50;
const trees = smoke ? 5 : 20;
const sizes = smoke ? [500, 5_000] : [10_000, 100_000];

// Nodes of up to 10 draws are left alone; scikit-learn counts rows, not draws: about 6.3 of 10 draws are different rows.
const PEER = `
import sys, time, numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
folder, rows, test, columns, trees = sys.argv[1], *map(int, sys.argv[2:6])
def part(name, n):
    raw = np.fromfile(folder + "/" + name, dtype="<f8").reshape(columns + 1, n)
    return np.ascontiguousarray(raw[:columns].T), raw[columns].astype(int)
x, y = part("training", rows)
xt, yt = part("test", test)
model = RandomForestClassifier(n_estimators=trees, min_samples_split=7, oob_score=True, n_jobs=1, random_state=1)
import warnings; warnings.simplefilter("ignore")
wall, cpu = time.perf_counter(), time.process_time()
model.fit(x, y)
print(time.perf_counter() - wall, time.process_time() - cpu, roc_auc_score(yt, model.predict_proba(xt)[:, 1]))
`;

import { record } from "./_record.mjs";

function rocAuc(target, predicted) {
  const order = [...target.keys()].sort((a, b) => predicted[2 * a + 1] - predicted[2 * b + 1]);
  const positives = target.reduce((sum, y) => sum + y, 0);
  const ranks = order.reduce((sum, row, rank) => sum + (target[row] === 1 ? rank + 1 : 0), 0);
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (target.length - positives));
}

function fitPeer(python, folder, rows, testRows) {
  const args = ["-c", PEER, folder, rows, testRows, columns, trees].map(String);
  const [wall, cpu, auc] = execFileSync(python, args, { env: ONE_THREAD, encoding: "utf8" }).trim().split(" ").map(Number);
  return { wall, cpu, auc };
}

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "ranger-"));
let failed = false;
let smaller = null;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1);
    const test = makeProblem(Math.min(rows, 20_000), columns, 2);
    writePart(folder, "training", problem);
    writePart(folder, "test", test);
    const own = fitOnce("Ranger", problem, { num_trees: trees });
    const auc = rocAuc(test.target, own.model.predict(test.features));
    console.log(
      `${rows} rows × ${columns}, ${trees} trees: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock, AUC ${auc.toFixed(4)}`,
    );
    if (python !== null) {
      const theirs = fitPeer(python, folder, rows, test.rows);
      const ratio = own.cpu / theirs.cpu;
      record(
        `Ranger, ${rows} × ${columns}, ${trees} trees`,
        "scikit-learn",
        own.cpu,
        theirs.cpu,
        rows === sizes.at(-1) ? LIMIT_RATIO : null,
      );
      const isOver = !smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO;
      failed ||= isOver;
      console.log(
        `  scikit-learn: ${theirs.cpu.toFixed(2)} s, ${theirs.wall.toFixed(2)} s, AUC ${theirs.auc.toFixed(4)}; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO})${isOver ? "  OVER" : ""}`,
      );
    }
    if (smaller !== null) {
      const growth = own.cpu / smaller.cpu;
      const isOver = !smoke && growth > LIMIT_GROWTH;
      failed ||= isOver;
      console.log(`  cost ${growth.toFixed(1)} times that of ${sizes[0]} rows (limit ${LIMIT_GROWTH})${isOver ? "  OVER" : ""}`);
    }
    smaller ??= own;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to scikit-learn: no python3 here imports sklearn (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;
