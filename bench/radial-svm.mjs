// A radial SVM with probabilities beside scikit-learn's SVC (libsvm), one core each, same standardised table: 20 columns, cost 1, gamma 0.05.
// Limit: 1 times SVC's processor time at the largest size; decisions within 0.01, which both stop at. Without scikit-learn there is no ratio.
// Usage: node bench/radial-svm.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 1;
const LIMIT_DIFFERENCE = 0.01;
const smoke = process.argv.includes("--smoke");
const columns = 20;
const sizes = smoke ? [500] : [2_000, 10_000];

const PEER = `
import sys, time, numpy as np
from sklearn.svm import SVC
path, rows, columns = sys.argv[1], *map(int, sys.argv[2:4])
raw = np.fromfile(path, dtype="<f8").reshape(columns + 1, rows)
x, y = np.ascontiguousarray(raw[:columns].T), raw[columns]
cpu = time.process_time()
model = SVC(C=1, gamma=0.05, probability=True, random_state=1).fit((x - x.mean(0)) / x.std(0), y)
print(time.process_time() - cpu)
model.decision_function((x - x.mean(0)) / x.std(0)).astype("<f8").tofile(path + ".decisions")
`;

import { record } from "./_record.mjs";

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "radial-svm-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1);
    const own = fitOnce("RadialSVM", problem, { cost: 1, gamma: 0.05 });
    const { support_vectors, iterations } = own.model.facts();
    console.log(
      `${rows} rows × ${columns}: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock; ${support_vectors} support vectors, ${iterations} steps`,
    );
    if (python === null) continue;
    const path = join(folder, "training");
    writePart(folder, "training", problem);
    const cpu = Number(execFileSync(python, ["-c", PEER, path, rows, columns].map(String), { env: ONE_THREAD, encoding: "utf8" }));
    const theirs = new Float64Array(Uint8Array.from(readFileSync(`${path}.decisions`)).buffer);
    const decisions = own.model.decisions(problem.features);
    const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - decisions[i])), 0);
    const ratio = own.cpu / cpu;
    record(`RadialSVM, ${rows} × ${columns}`, "libsvm", own.cpu, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = difference > LIMIT_DIFFERENCE || (!smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO);
    failed ||= isOver;
    console.log(
      `  SVC: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO}); decisions differ by ${difference.toExponential(1)} (limit ${LIMIT_DIFFERENCE})${isOver ? "  OVER" : ""}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to SVC: no python3 here imports sklearn (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;
