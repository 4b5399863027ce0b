// Whole elastic-net paths (100 penalties, alpha 0.9, default threshold) beside R's glmnet, one core each, same numbers.
// Limit: 2 times glmnet's processor time over all shapes together, and objectives that agree: deviance explained at the last common penalty
// within 1e-4. Where Rscript or its package glmnet is missing it says so and leaves the ratio out.
// Usage: node bench/glmnet.mjs [--smoke]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { planPath, prepare, walkPath } from "../dist/engine/algorithms/glmnet/fit.js";
import { record } from "./_record.mjs";

const LIMIT_RATIO = 2;
const LIMIT_DIFFERENCE = 1e-4;
const smoke = process.argv.includes("--smoke");
const shapes = [
  { family: "gaussian", rows: 50_000, cols: 50, classes: 0 },
  { family: "gaussian", rows: 200, cols: 3_000, classes: 0 },
  { family: "binomial", rows: 10_000, cols: 50, classes: 2 },
  { family: "binomial", rows: 200, cols: 3_000, classes: 2 },
  { family: "multinomial", rows: 3_000, cols: 30, classes: 4 },
].map((shape) => (smoke ? { ...shape, rows: Math.max(60, Math.ceil(shape.rows / 20)), cols: Math.ceil(shape.cols / 10) } : shape));

const PEER = `
suppressMessages(library(glmnet))
given <- commandArgs(TRUE)
rows <- as.integer(given[2]); cols <- as.integer(given[3])
raw <- readBin(given[1], "double", rows * (cols + 1), size = 8, endian = "little")
x <- matrix(raw[seq_len(rows * cols)], rows); y <- raw[rows * cols + seq_len(rows)]
if (given[4] != "gaussian") y <- factor(y)
warm <- glmnet(matrix(sin(1:200), 20), rep(0:1, 10), family = if (given[4] == "gaussian") "gaussian" else "binomial")
used <- system.time(fit <- glmnet(x, y, family = given[4], alpha = 0.9))
cat(used[1] + used[2], length(fit$lambda), fit$dev.ratio, sep = " ")
`;

/** Features share a common part (correlation about 0.5); every tenth matters. */
function makeProblem({ rows, cols, classes }, seed) {
  const random = randomStream(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const common = Float64Array.from({ length: rows }, normal);
  const columns = Array.from({ length: cols }, () => Float64Array.from(common, (shared) => 0.7 * shared + 0.7 * normal()));
  const score = (i, k) => {
    let sum = 0;
    for (let j = k; j < cols && j < 100; j += 10) sum += ((j % 3) - 1 + 0.5) * columns[j][i];
    return sum;
  };
  const target = Float64Array.from({ length: rows }, (_, i) => {
    if (classes === 0) return score(i, 0) + normal();
    if (classes === 2) return score(i, 0) + normal() > 0 ? 1 : 0;
    const scores = Array.from({ length: classes }, (_unused, k) => score(i, k) + normal());
    return scores.indexOf(Math.max(...scores));
  });
  const features = columns.map((values, j) => ({ kind: "numeric", type: "double", name: `x${j}`, values }));
  const task = classes === 0 ? "regression" : classes === 2 ? "binary" : "multiclass";
  return { task, rows, features, target, classes: Array.from({ length: classes }, (_, k) => `c${k}`), weights: null };
}

const SETTINGS = {
  ...{ alpha: 0.9, lambda: null, rule: "lambda.1se", folds: 10, inverseFrequency: false, lambdas: 100, minRatio: null },
  ...{ standardize: true, intercept: true, missingFlags: false, thresh: 1e-7, maxit: 100_000 },
};

/** Processor seconds and the deviance explained at each penalty. */
function fitOnce(problem) {
  const started = process.cpuUsage();
  const prepared = prepare(problem, SETTINGS);
  const { solver, lambdas, automatic } = planPath(prepared);
  const walk = walkPath(prepared, solver, lambdas, { automatic, fold: null, folds: 0, validation: null });
  let next = walk.next();
  while (!next.done) next = walk.next();
  const used = process.cpuUsage(started);
  return { seconds: (used.user + used.system) / 1e6, explained: next.value.points.map((point) => point.explained) };
}

function peerOnce(folder, problem, { family, rows, cols }) {
  const file = join(folder, "table.bin");
  const numbers = new Float64Array(rows * (cols + 1));
  for (const [j, feature] of problem.features.entries()) numbers.set(feature.values, j * rows);
  numbers.set(problem.target, cols * rows);
  writeFileSync(file, numbers);
  const script = join(folder, "peer.R");
  writeFileSync(script, PEER);
  const ran = spawnSync("Rscript", [script, file, String(rows), String(cols), family], { encoding: "utf8" });
  if (ran.error || /there is no package/.test(ran.stderr)) return null;
  if (ran.status !== 0) throw new Error(`glmnet failed on ${rows} × ${cols}, ${family}: ${ran.stderr.trim()}`);
  const [seconds, , ...explained] = ran.stdout.trim().split(" ").map(Number);
  return { seconds, explained };
}

const folder = mkdtempSync(join(tmpdir(), "trainyard-glmnet-"));
let own = 0;
let peer = 0;
let largest = 0;
let hasPeer = true;
try {
  for (const shape of shapes) {
    const problem = makeProblem(shape, 7);
    fitOnce(problem); // compiles the loops
    const mine = fitOnce(problem);
    const theirs = hasPeer ? peerOnce(folder, problem, shape) : null;
    own += mine.seconds;
    const title = `${shape.family.padEnd(11)} ${shape.rows} × ${shape.cols}, ${mine.explained.length} penalties`.padEnd(46);
    if (theirs === null) {
      hasPeer = false;
      console.log(`${title} ${mine.seconds.toFixed(3)} s`);
      continue;
    }
    peer += theirs.seconds;
    const last = Math.min(mine.explained.length, theirs.explained.length) - 1;
    const difference = Math.abs(mine.explained[last] - theirs.explained[last]);
    largest = Math.max(largest, difference);
    record(`GLMNET, ${shape.family}, ${shape.rows} × ${shape.cols}`, "glmnet", mine.seconds, theirs.seconds, null);
    const ratio = (mine.seconds / theirs.seconds).toFixed(2);
    console.log(
      `${title} ${mine.seconds.toFixed(3)} s  glmnet ${theirs.seconds.toFixed(3)} s  ratio ${ratio}  explained differs by ${difference.toExponential(1)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!hasPeer) console.log("Rscript with the package glmnet is not here (Debian: r-base-core, r-cran-glmnet), so there is no ratio.");
else console.log(`together ${own.toFixed(3)} s, glmnet ${peer.toFixed(3)} s, ratio ${(own / peer).toFixed(2)} (limit ${LIMIT_RATIO})`);
if (hasPeer) record("GLMNET, the paths together", "glmnet", own, peer, LIMIT_RATIO);
if (!smoke && hasPeer && (own / peer > LIMIT_RATIO || largest > LIMIT_DIFFERENCE)) {
  console.error(
    `limit missed: ratio ${(own / peer).toFixed(2)} of ${LIMIT_RATIO}, explained differs by ${largest.toExponential(1)} of ${LIMIT_DIFFERENCE}`,
  );
  process.exit(1);
}
