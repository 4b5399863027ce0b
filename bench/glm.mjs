// Logistic regression with standard errors beside R's glm, same table, 50 columns: processor time and the largest difference of a coefficient.
// Limit: 1 times glm's time at 100,000 rows; coefficients within 1e-6. Where R is missing it says so and leaves the ratio out.
// Usage: node bench/glm.mjs [--smoke]
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitOnce, makeProblem, ONE_THREAD, writePart } from "./_learner.mjs";
import { record } from "./_record.mjs";

const LIMIT_RATIO = 1;
const LIMIT_DIFFERENCE = 1e-6;
const smoke = process.argv.includes("--smoke");
const columns = smoke ? 10 : 50;
const sizes = smoke ? [2_000] : [10_000, 100_000];

const PEER = `
given <- commandArgs(TRUE); rows <- as.integer(given[2]); columns <- as.integer(given[3])
raw <- matrix(readBin(given[1], "double", rows * (columns + 1)), rows)
x <- data.frame(raw[, 1:columns]); x$y <- raw[, columns + 1]
time <- system.time({ fit <- glm(y ~ ., binomial(), x); s <- summary(fit) })
cat(sum(time[1:2]), format(coef(fit), digits = 15))
`;

const hasPeer = spawnSync("Rscript", ["--version"], { stdio: "ignore" }).status === 0;
const folder = mkdtempSync(join(tmpdir(), "glm-"));
let failed = false;
try {
  for (const rows of sizes) {
    const problem = makeProblem(rows, columns, 1, true);
    const own = fitOnce("GLM", problem);
    console.log(`${rows} rows × ${columns}: ${own.cpu.toFixed(2)} s of processor, ${own.wall.toFixed(2)} s on the clock`);
    if (!hasPeer) continue;
    writePart(folder, "training", problem);
    const args = ["-e", PEER, join(folder, "training"), rows, columns].map(String);
    const [cpu, ...theirs] = execFileSync("Rscript", args, { env: ONE_THREAD, encoding: "utf8" }).trim().split(/\s+/).map(Number);
    const { coefficients } = own.model.state().arrays;
    const difference = theirs.reduce((most, value, j) => Math.max(most, Math.abs(value - coefficients[j])), 0);
    const ratio = own.cpu / cpu;
    record(`GLM, binomial, ${rows} × ${columns}`, "R's glm", own.cpu, cpu, rows === sizes.at(-1) ? LIMIT_RATIO : null);
    const isOver = difference > LIMIT_DIFFERENCE || (!smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO);
    failed ||= isOver;
    console.log(
      `  R's glm: ${cpu.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO}); coefficients differ by ${difference.toExponential(1)} (limit ${LIMIT_DIFFERENCE})${isOver ? "  OVER" : ""}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!hasPeer) console.log("no ratio to glm: there is no Rscript here (Debian: apt-get install r-base-core)");
process.exitCode = failed ? 1 : 0;
