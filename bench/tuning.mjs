// One grid of boosted trees, tuned inside each fold, with one daemon and with two: how much sooner two are done, and that the numbers are the same.
// Limit: 1.7 times as fast at 100,000 rows, the same metrics to the bit. At 20,000 rows the start and the last fit, which are one after the other,
// weigh more: there is no limit there. Needs two cores. Usage: node bench/tuning.mjs [--smoke]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeProblem } from "./_learner.mjs";

const LIMIT = 1.7;
const smoke = process.argv.includes("--smoke");
const cases = smoke ? [{ rows: 300, limit: 0 }] : [20_000, 100_000].map((rows) => ({ rows, limit: rows === 100_000 ? LIMIT : 0 }));
const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));

function writeTable(file, rows) {
  const { features, target, classes } = makeProblem(rows, 10, 1);
  const lines = [[...features.map((column) => column.name), "y"].join(",")];
  for (let i = 0; i < rows; i++) lines.push([...features.map((column) => column.values[i].toPrecision(8)), classes[target[i]]].join(","));
  writeFileSync(file, `${lines.join("\n")}\n`);
}

function train(file, daemons) {
  const grid = [
    "--tune",
    "max_leaves=7,31",
    "--tune",
    "learning_rate=0.05,0.1",
    "--folds",
    "3",
    "--inner-folds",
    "2",
    "--set",
    "nrounds=100",
  ];
  const args = ["dist/cli/main.js", "train", file, "--target", "y", "--algorithm", "LightGBM", ...grid, "--seed", "1", "--json"];
  const run = spawnSync(process.execPath, [...args, "--daemons", String(daemons)], { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(`training with ${daemons} daemons failed: ${run.stderr}`);
  const { seconds, metrics } = JSON.parse(run.stdout);
  return { seconds, metrics: JSON.stringify(metrics) };
}

let missed = 0;
try {
  for (const { rows, limit } of cases) {
    const file = join(folder, `${rows}.csv`);
    writeTable(file, rows);
    const one = train(file, 1);
    const two = train(file, 2);
    const isSame = one.metrics === two.metrics;
    const ratio = one.seconds / two.seconds;
    const isGood = isSame && ratio >= limit;
    if (!isGood) missed++;
    console.log(
      `${isGood ? "ok  " : "MISS"} 24 cells and 3 folds of ${rows} rows: one daemon ${one.seconds.toFixed(1)} s, two ${two.seconds.toFixed(1)} s, ratio ${ratio.toFixed(2)} (limit ${limit || "none"}); ${isSame ? "the same numbers" : "OTHER NUMBERS"}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(missed === 0 ? 0 : 1);
