// Nearest neighbours beside scikit-learn's brute force, one core each, same table: 20 columns, 15 neighbours, 2,000 queries.
// Limit: twice the processor time of scikit-learn, which takes distances from products of rows (fast, but equal rows are not at distance zero);
// shares within 1e-9. Where scikit-learn is missing it says so and leaves the ratio out.
// Usage: node bench/knn.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 2;
const LIMIT_DIFFERENCE = 1e-9;
const NEIGHBOURS = 15;
const smoke = process.argv.includes("--smoke");
const columns = 20;
const queries = smoke ? 100 : 2_000;
const sizes = smoke ? [1_000] : [10_000, 100_000];

const PEER = `
import sys, time, numpy as np
from sklearn.neighbors import KNeighborsClassifier
path, rows, columns, k, queries = sys.argv[1], *map(int, sys.argv[2:6])
read = lambda name: np.fromfile(path + name, dtype="<f8").reshape(columns + 1, -1)
training, fresh = read("training"), read("fresh")
cpu = time.process_time()
model = KNeighborsClassifier(k, weights="distance", algorithm="brute").fit(training[:columns].T.copy(), training[columns])
p = model.predict_proba(fresh[:columns].T.copy())
print(time.process_time() - cpu)
p.astype("<f8").tofile(path + "shares")
`;

import { record } from "./_record.mjs";

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "knn-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1);
    const fresh = makeProblem(queries, columns, 2);
    const { model, cpu: stored } = fitOnce("KNN", problem, { k: NEIGHBOURS, weights: "distance", scale: false });
    const before = process.cpuUsage();
    const shares = model.predict(fresh.features);
    const used = process.cpuUsage(before);
    const own = stored + (used.user + used.system) / 1e6;
    console.log(`${rows} rows × ${columns}, ${queries} queries: ${own.toFixed(2)} s of processor`);
    if (python === null) continue;
    writePart(folder, "training", problem);
    writePart(folder, "fresh", fresh);
    const args = ["-c", PEER, `${folder}/`, rows, columns, NEIGHBOURS, queries].map(String);
    const cpu = Number(execFileSync(python, args, { env: ONE_THREAD, encoding: "utf8" }));
    const theirs = new Float64Array(Uint8Array.from(readFileSync(join(folder, "shares"))).buffer);
    const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - shares[i])), 0);
    const ratio = own / cpu;
    record(`KNN, ${rows} × ${columns}, ${queries} queries`, "scikit-learn", own, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = difference > LIMIT_DIFFERENCE || (!smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO);
    failed ||= isOver;
    console.log(
      `  scikit-learn: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO}); shares differ by ${difference.toExponential(1)} (limit ${LIMIT_DIFFERENCE})${isOver ? "  OVER" : ""}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to scikit-learn: no python3 here imports sklearn (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;
