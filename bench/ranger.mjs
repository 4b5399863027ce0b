// Random forest beside scikit-learn's, one core each, same table and settings: 50 columns, 100 trees, root of the features per split.
// Limit: 0.6 times scikit-learn's processor time at 100,000 rows; ten times the rows cost at most 15 times as much.
// Where scikit-learn is missing it says so and leaves the ratio out.
// Usage: node bench/ranger.mjs [--smoke]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { algorithmOf } from "../dist/engine/algorithms/registry.js";

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

function makeProblem(rows, seed) {
  const random = randomStream(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const features = Array.from({ length: columns }, (_, j) => {
    return { kind: "numeric", type: "double", name: `x${j}`, values: Float64Array.from({ length: rows }, normal) };
  });
  const at = (j, i) => features[j].values[i];
  const target = Float64Array.from({ length: rows }, (_, i) => {
    let z = Math.sin(2 * at(0, i)) + (at(2, i) > 0 ? at(1, i) : 0) + Math.abs(at(3, i));
    for (let j = 4; j < Math.min(20, columns); j++) z += (((j * 7) % 5) - 2) * 0.25 * at(j, i);
    return z + 2 * normal() > 0.8 ? 1 : 0;
  });
  return { task: "binary", rows, features, target, classes: ["no", "yes"], weights: null };
}

/** Fits once: seconds on the clock, seconds of processor, the model. */
function fitOnce(problem) {
  const ranger = algorithmOf("Ranger");
  const defaults = Object.fromEntries(ranger.hyperparameters.map((schema) => [schema.name, schema.default]));
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const running = ranger.fit(problem, { ...defaults, num_trees: trees }, { seed: 1, validation: null });
  let next = running.next();
  while (!next.done) next = running.next();
  const used = process.cpuUsage(cpu);
  return { wall: (performance.now() - wall) / 1000, cpu: (used.user + used.system) / 1e6, model: next.value };
}

function rocAuc(target, predicted) {
  const order = [...target.keys()].sort((a, b) => predicted[2 * a + 1] - predicted[2 * b + 1]);
  const positives = target.reduce((sum, y) => sum + y, 0);
  const ranks = order.reduce((sum, row, rank) => sum + (target[row] === 1 ? rank + 1 : 0), 0);
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (target.length - positives));
}

/** The first Python that has scikit-learn, or null. */
function pythonWithPeer() {
  const candidates = ["/usr/bin/python3", "python3"];
  return candidates.find((python) => spawnSync(python, ["-c", "import sklearn"], { stdio: "ignore" }).status === 0) ?? null;
}

function writePart(folder, name, problem) {
  writeFileSync(
    join(folder, name),
    Buffer.concat([...problem.features.map((column) => column.values), problem.target].map((v) => Buffer.from(v.buffer))),
  );
}

function fitPeer(python, folder, rows, testRows) {
  const one = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  const args = ["-c", PEER, folder, rows, testRows, columns, trees].map(String);
  const [wall, cpu, auc] = execFileSync(python, args, { env: one, encoding: "utf8" }).trim().split(" ").map(Number);
  return { wall, cpu, auc };
}

const python = pythonWithPeer();
const folder = mkdtempSync(join(tmpdir(), "ranger-"));
let failed = false;
let smaller = null;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, 1);
    const test = makeProblem(Math.min(rows, 20_000), 2);
    writePart(folder, "training", problem);
    writePart(folder, "test", test);
    const own = fitOnce(problem);
    const auc = rocAuc(test.target, own.model.predict(test.features));
    console.log(
      `${rows} rows × ${columns}, ${trees} trees: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock, AUC ${auc.toFixed(4)}`,
    );
    if (python !== null) {
      const theirs = fitPeer(python, folder, rows, test.rows);
      const ratio = own.cpu / theirs.cpu;
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
