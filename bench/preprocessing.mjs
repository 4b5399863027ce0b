// Preprocessing beside scikit-learn's, same table: 40 number columns with gaps, 10 categories. Learned and replayed: processor time, and the
// largest difference of a mean of a prepared column. Pipelines: mean, flags of missing values, scaling and one-hot; quantile bins and filled gaps.
// Limit: 1 times scikit-learn's time at 100,000 rows. Where Python or scikit-learn is missing it says so and leaves the ratio out.
// Usage: node bench/preprocessing.mjs [--smoke]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { applyRecipe, learnAtOnce } from "../dist/engine/preprocessing/recipe.js";
import { ONE_THREAD, pythonWith } from "./_learner.mjs";

const LIMIT_RATIO = 1;
const LIMIT_DIFFERENCE = 1e-9;
const smoke = process.argv.includes("--smoke");
const sizes = smoke ? [2_000] : [10_000, 100_000];
const NUMBERS = 40;
const CATEGORIES = 10;

const PIPELINES = {
  "mean, flags, scale, one-hot": { impute: true, impute_type: "meanMode", missingness: true, scale: true, one_hot: true },
  "10 quantile bins, gaps filled": { impute: true, impute_type: "meanMode", numeric_quant_n: 10 },
};

const PEER = `
import sys, time, warnings, numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler
warnings.filterwarnings("ignore")
rows, p, q = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
raw = np.fromfile(sys.argv[1]).reshape(p + q, rows).T
raw = np.ascontiguousarray(raw)
first = ColumnTransformer([
    ("n", FeatureUnion([("v", make_pipeline(SimpleImputer(), StandardScaler())), ("m", MissingIndicator(features="all"))]), list(range(p))),
    ("c", OneHotEncoder(handle_unknown="ignore"), list(range(p, p + q)))])
second = make_pipeline(SimpleImputer(strategy="median"), KBinsDiscretizer(10, encode="ordinal", strategy="quantile"))
for pipeline, x in [(first, raw), (second, raw[:, :p])]:
    start = time.process_time()
    pipeline.fit_transform(x)
    out = pipeline.transform(x)
    spent = time.process_time() - start
    print(spent, float(np.abs(np.asarray(out.mean(axis=0)).ravel()[:p]).max()))
`;

import { record } from "./_record.mjs";

function makeColumns(rows, seed) {
  const random = randomStream(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const numbers = Array.from({ length: NUMBERS }, (_, j) => {
    const values = Float64Array.from({ length: rows }, () => (random.next() < 0.05 ? Number.NaN : 3 * normal() + j));
    return { kind: "numeric", type: "double", name: `x${j}`, values };
  });
  const levels = Array.from({ length: 8 }, (_, k) => `level ${k}`);
  const categories = Array.from({ length: CATEGORIES }, (_, j) => {
    const codes = Int32Array.from({ length: rows }, () => random.integer(8));
    return { kind: "categorical", type: "factor", ordered: false, name: `c${j}`, levels, codes };
  });
  return [...numbers, ...categories];
}

/** Seconds of processor to learn, and to replay on the same rows, as the peer does. */
function prepare(columns, config) {
  const cpu = process.cpuUsage();
  const { recipe } = learnAtOnce(columns, config, { seed: 1 });
  const prepared = applyRecipe(recipe, columns);
  const used = process.cpuUsage(cpu);
  return { seconds: (used.user + used.system) / 1e6, prepared };
}

const python = pythonWith("sklearn");
const folder = mkdtempSync(join(tmpdir(), "preprocessing-"));
let failed = false;
try {
  for (const rows of sizes) {
    const columns = makeColumns(rows, 1);
    const file = join(folder, "table");
    const vectors = columns.map((column) => (column.kind === "numeric" ? column.values : Float64Array.from(column.codes)));
    writeFileSync(file, Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer))));
    const lines =
      python === null
        ? []
        : execFileSync(python, ["-c", PEER, file, rows, NUMBERS, CATEGORIES].map(String), { env: ONE_THREAD, encoding: "utf8" })
            .trim()
            .split("\n");
    for (const [index, [name, config]] of Object.entries(PIPELINES).entries()) {
      const own = prepare(index === 0 ? columns : columns.slice(0, NUMBERS), config);
      console.log(`${rows} rows × ${columns.length}, ${name}: ${own.seconds.toFixed(2)} s of processor`);
      if (lines[index] === undefined) continue;
      const [seconds, largestMean] = lines[index].split(" ").map(Number);
      // Scaled columns have mean 0 on both sides; bins are compared in the tests.
      const means = own.prepared.slice(0, NUMBERS).map((column) => (column.kind === "numeric" ? meanOf(column.values) : 0));
      const difference = index === 0 ? Math.max(...means.map(Math.abs)) + largestMean : 0;
      const ratio = own.seconds / seconds;
      record(`Preprocessing, ${rows} rows, ${name}`, "scikit-learn", own.seconds, seconds, rows === sizes.at(-1) ? LIMIT_RATIO : null);
      const isOver = difference > LIMIT_DIFFERENCE || (!smoke && rows === sizes.at(-1) && ratio > LIMIT_RATIO);
      failed ||= isOver;
      console.log(
        `  scikit-learn: ${seconds.toFixed(2)} s; ratio ${ratio.toFixed(2)} (limit ${LIMIT_RATIO}); means differ by ${difference.toExponential(1)} (limit ${LIMIT_DIFFERENCE})${isOver ? "  OVER" : ""}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (python === null) console.log("no ratio to scikit-learn: it is not installed here (Debian: apt-get install python3-sklearn)");
process.exitCode = failed ? 1 : 0;

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
