// t-SNE beside R's Rtsne and UMAP beside uwot, one core each, same rows, default settings.
// Limit: 2 times the peer's processor time, and neighbours kept as well: trustworthiness at most 0.01 below the peer's.
// Where R or the package is missing it says so and leaves the ratio out. Usage: node bench/embeddings.mjs [--smoke]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { trustworthiness } from "../dist/engine/decompositions/embedding/trustworthiness.js";
import { decompositionOf } from "../dist/engine/decompositions/registry.js";
import { transposed } from "../dist/engine/matrix.js";
import { record } from "./_record.mjs";

const LIMIT_RATIO = 2;
const LIMIT_TRUST = 0.01;
const COLS = 20;
const GROUPS = 10;
const smoke = process.argv.includes("--smoke");
const cases = [
  { name: "tSNE", rows: smoke ? 300 : 5000, fit: "suppressMessages(library(Rtsne)); f <- Rtsne(x, num_threads = 1)$Y" },
  {
    name: "UMAP",
    rows: smoke ? 300 : 10_000,
    fit: "suppressMessages(library(uwot)); f <- umap(x, n_threads = 1, n_sgd_threads = 1, scale = TRUE)",
  },
];

/** Groups around centres. */
function makeMatrix(rows) {
  const random = randomStream(rows);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const centers = Float64Array.from({ length: GROUPS * COLS }, () => 2 * normal());
  const values = new Float64Array(rows * COLS);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < COLS; j++) values[j * rows + i] = centers[(i % GROUPS) * COLS + j] + normal();
  }
  return { rows, names: Array.from({ length: COLS }, (_, j) => `x${j}`), values };
}

/** Processor seconds and the picture [n, 2], column-major. */
function own(name, matrix) {
  const method = decompositionOf(name);
  const defaults = Object.fromEntries(method.hyperparameters.map((schema) => [schema.name, schema.default]));
  const started = process.cpuUsage();
  const steps = method.fit(matrix, defaults, 1);
  let next = steps.next();
  while (!next.done) next = steps.next();
  const used = process.cpuUsage(started);
  return { seconds: (used.user + used.system) / 1e6, picture: next.value.transformed };
}

function peer(folder, matrix, fit) {
  writeFileSync(join(folder, "x"), matrix.values);
  const script = `x <- matrix(readBin("${folder}/x", "double", ${matrix.values.length}), ${matrix.rows}); set.seed(1)
    t <- system.time({ ${fit} }); writeBin(as.vector(f), "${folder}/f"); cat(t[["user.self"]] + t[["sys.self"]])`;
  const { status, stdout } = spawnSync("Rscript", ["-e", script], { encoding: "utf8" });
  if (status !== 0) return null;
  const bytes = readFileSync(join(folder, "f"));
  return { seconds: Number(stdout), picture: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
}

const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
let missed = 0;
try {
  for (const { name, rows, fit } of cases) {
    own(name, makeMatrix(200)); // compiled before anything is timed
    const matrix = makeMatrix(rows);
    const trust = ({ picture }) => trustworthiness(transposed(matrix.values, rows, COLS), COLS, transposed(picture, rows, 2), 2);
    const mine = own(name, matrix);
    const theirs = peer(folder, matrix, fit);
    const label = `${name} ${rows} x ${COLS}: ${mine.seconds.toFixed(2)} s, trustworthiness ${trust(mine).toFixed(4)}`;
    if (theirs === null) {
      console.log(`${label}; the peer is not here`);
      continue;
    }
    const ratio = mine.seconds / theirs.seconds;
    record(`${name}, ${rows} × ${COLS}`, name === "UMAP" ? "uwot" : "Rtsne", mine.seconds, theirs.seconds, LIMIT_RATIO);
    const isGood = smoke || (ratio <= LIMIT_RATIO && trust(mine) >= trust(theirs) - LIMIT_TRUST);
    if (!isGood) missed++;
    console.log(
      `${isGood ? "ok  " : "MISS"} ${label}; peer ${theirs.seconds.toFixed(2)} s, ${trust(theirs).toFixed(4)}; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO})`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(missed === 0 ? 0 : 1);
