// Epochs of a neural network beside scikit-learn's, one core each, same standardised table: 50 columns, two layers of 64, batches of 256.
// Limit: 1 times scikit-learn's processor time at the largest size. Where scikit-learn is missing it says so and leaves the ratio out.
// Usage: node bench/mlp.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 1;
const smoke = process.argv.includes("--smoke");
const columns = 50;
const epochs = smoke ? 2 : 10;
const sizes = smoke ? [1_000] : [10_000, 50_000];

const PEER = `
import sys, time, warnings, numpy as np
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
path, rows, columns, epochs = sys.argv[1], *map(int, sys.argv[2:5])
raw = np.fromfile(path, dtype="<f8").reshape(columns + 1, rows)
x, y = np.ascontiguousarray(raw[:columns].T), raw[columns]
x = (x - x.mean(0)) / x.std(0)
cpu = time.process_time()
model = MLPClassifier((64, 64), batch_size=256, max_iter=epochs, tol=0, n_iter_no_change=1000, random_state=1).fit(x, y)
print(time.process_time() - cpu, model.loss_)
`;

import { record } from "./_record.mjs";

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "mlp-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1);
    const own = fitOnce("MLP", problem, { epochs, batch_size: 256, early_stopping_rounds: 0 });
    console.log(`${rows} rows × ${columns}, ${epochs} epochs: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock`);
    if (python === null) continue;
    writePart(folder, "training", problem);
    const args = ["-c", PEER, join(folder, "training"), rows, columns, epochs].map(String);
    const [cpu, loss] = execFileSync(python, args, { env: ONE_THREAD, encoding: "utf8" }).split(" ").map(Number);
    const ratio = own.cpu / cpu;
    record(`MLP, ${rows} × ${columns}, ${epochs} epochs`, "scikit-learn", own.cpu, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = !smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO;
    failed ||= isOver;
    console.log(
      `  scikit-learn: ${cpu.toFixed(2)} s, loss ${loss.toFixed(4)}; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO})${isOver ? "  OVER" : ""}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to scikit-learn: no python3 here imports sklearn (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;
