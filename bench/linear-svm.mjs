// A linear SVM with probabilities beside LIBLINEAR in scikit-learn, one core each, same standardised table: 50 columns, cost 1. LIBLINEAR has no
// probabilities of its own: it fits six machines too, by CalibratedClassifierCV. Limit: 3 times its time; coefficients within 0.05, for both stop early.
// Usage: node bench/linear-svm.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, pythonWith, writePart } from "./_learner.mjs";

const LIMIT_RATIO = 3;
const LIMIT_DIFFERENCE = 0.05;
const smoke = process.argv.includes("--smoke");
const columns = 50;
const sizes = smoke ? [500] : [2_000, 10_000];

const PEER = `
import sys, time, numpy as np
import warnings; warnings.simplefilter("ignore")
from sklearn.svm import LinearSVC
from sklearn.calibration import CalibratedClassifierCV
path, rows, columns = sys.argv[1], *map(int, sys.argv[2:4])
raw = np.fromfile(path, dtype="<f8").reshape(columns + 1, rows)
x, y = np.ascontiguousarray(raw[:columns].T), raw[columns]
z = (x - x.mean(0)) / x.std(0)
make = lambda: LinearSVC(C=1, loss="hinge", tol=0.01, max_iter=1000, random_state=1)
cpu = time.process_time()
CalibratedClassifierCV(make(), ensemble=False, cv=5).fit(z, y)
print(time.process_time() - cpu)
model = make().fit(z, y)
np.append(model.coef_[0], model.intercept_).astype("<f8").tofile(path + ".coefficients")
`;

import { record } from "./_record.mjs";

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "linear-svm-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1, true);
    const own = fitOnce("LinearSVM", problem, { cost: 1 });
    const { support_vectors, passes } = own.model.facts();
    console.log(
      `${rows} rows × ${columns}: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock; ${support_vectors} support vectors, ${passes} passes`,
    );
    if (python === null) continue;
    const path = join(folder, "training");
    writePart(folder, "training", problem);
    const cpu = Number(execFileSync(python, ["-c", PEER, path, rows, columns].map(String), { env: ONE_THREAD, encoding: "utf8" }));
    const theirs = new Float64Array(Uint8Array.from(readFileSync(`${path}.coefficients`)).buffer);
    const { coefficients } = own.model.state().arrays;
    const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - coefficients[i])), 0);
    const ratio = own.cpu / cpu;
    record(`LinearSVM, ${rows} × ${columns}`, "LIBLINEAR", own.cpu, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = difference > LIMIT_DIFFERENCE || (!smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO);
    failed ||= isOver;
    console.log(
      `  LIBLINEAR: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO}); coefficients differ by ${difference.toExponential(1)} (limit ${LIMIT_DIFFERENCE})${isOver ? "  OVER" : ""}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to LIBLINEAR: no python3 here imports sklearn (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;
