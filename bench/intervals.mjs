// Summaries of a job's held-out predictions: metrics, curves and 2,000 bootstrap draws.
// Limit: 1 s of processor time for the intervals of 54,000 rows. Ratio: to 2,000 draws that sort anew for every AUC, measured on 20 of them.
// Usage: node bench/intervals.mjs [--smoke]
import { randomStream } from "../dist/core/random.js";
import { bootstrapIntervals, calibrationCurve, computeMetrics, prCurve, rocCurve } from "../dist/engine/metrics/index.js";

const LIMIT_SECONDS = 1;
const smoke = process.argv.includes("--smoke");
const rows = smoke ? 2_000 : 54_000;
const OF = { fold: "aggregate", split: "test" };

function predictions(k) {
  const random = randomStream(k);
  const actual = Float64Array.from({ length: rows }, () => (k === 1 ? random.next() : random.integer(k)));
  const predicted = new Float64Array(rows * k);
  for (let i = 0; i < rows; i++) {
    if (k === 1) predicted[i] = actual[i] + 0.3 * (random.next() - 0.5);
    else {
      const raw = Array.from({ length: k }, (_, c) => random.next() + (actual[i] === c ? 0.3 : 0));
      const sum = raw.reduce((a, b) => a + b, 0);
      predicted.set(
        raw.map((value) => value / sum),
        i * k,
      );
    }
  }
  const classes = k === 1 ? [] : Array.from({ length: k }, (_, c) => `c${c}`);
  return { task: k === 1 ? "regression" : k === 2 ? "binary" : "multiclass", actual, predicted, classes };
}

/** Processor seconds, so that a busy machine does not change the verdict. */
function seconds(work) {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

let slowest = 0;
for (const k of [2, 1, 5]) {
  const given = predictions(k);
  const metrics = seconds(() => computeMetrics(given));
  const curves =
    k === 1
      ? 0
      : seconds(() => {
          for (const curve of [rocCurve, prCurve]) curve(given.actual, given.predicted, given.classes, OF);
          calibrationCurve(given.actual, given.predicted, given.classes);
        });
  const intervals = seconds(() => bootstrapIntervals(given, 1));
  slowest = Math.max(slowest, intervals);
  console.log(
    `${given.task.padEnd(10)} ${rows} rows  metrics ${metrics.toFixed(3)} s  curves ${curves.toFixed(3)} s  intervals ${intervals.toFixed(3)} s`,
  );
}

const binary = predictions(2);
const naive = seconds(() => {
  const random = randomStream(9);
  for (let draw = 0; draw < 20; draw++) {
    const drawn = Int32Array.from({ length: rows }, () => random.integer(rows));
    const predicted = new Float64Array(2 * rows);
    for (let i = 0; i < rows; i++) predicted.set(binary.predicted.subarray(2 * drawn[i], 2 * drawn[i] + 2), 2 * i);
    computeMetrics({ ...binary, actual: Float64Array.from(drawn, (row) => binary.actual[row]), predicted });
  }
});
const ok = smoke || slowest <= LIMIT_SECONDS;
console.log(
  `slowest intervals ${slowest.toFixed(3)} s (limit ${LIMIT_SECONDS} s${smoke ? ", not held to it in smoke mode" : ""}); ` +
    `${((naive * 100) / slowest).toFixed(0)} times faster than sorting anew`,
);
process.exit(ok ? 0 : 1);
