// A tree on a table like a jeweller's list: 54,000 rows, six numbers, three text categories, a price; and the same as five price classes.
// Limits: 1 s of processor time for one tree at the default complexity and for a deep one, and as many leaves as R's rpart, give or take 5 %
// (equal gains are told apart by rounding there, and by the order of features here).
// Where Rscript with the package rpart is missing it says so and leaves the comparison out.
// Usage: node bench/cart.mjs [--smoke]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { cart } from "../dist/engine/algorithms/cart/cart.js";
import { record } from "./_record.mjs";

const LIMIT_SECONDS = 1;
const smoke = process.argv.includes("--smoke");
const rows = smoke ? 2_000 : 54_000;
const DEFAULTS = Object.fromEntries(cart.hyperparameters.map((schema) => [schema.name, schema.default]));

const PEER = `
suppressMessages(library(rpart))
given <- commandArgs(TRUE)
table <- read.csv(given[1], stringsAsFactors = TRUE)
control <- rpart.control(cp = as.numeric(given[2]), minsplit = 20, minbucket = 7, maxdepth = 20, xval = 0, maxcompete = 0)
used <- system.time(fit <- rpart(price ~ ., table, control = control))
cat(used[1] + used[2], sum(fit$frame$var == "<leaf>"))
`;

function makeProblem(classes) {
  const random = randomStream(19);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const carat = Float64Array.from({ length: rows }, () => Math.round(100 * Math.exp(0.5 * normal() - 0.4)) / 100);
  const numbers = { carat };
  for (const name of ["depth", "table", "x", "y", "z"]) {
    numbers[name] = carat.map(
      (c) => Math.round(100 * (["x", "y", "z"].includes(name) ? 6 * Math.cbrt(c) + 0.1 * normal() : 60 + normal())) / 100,
    );
  }
  const levels = { cut: 5, color: 7, clarity: 8 };
  const codes = Object.fromEntries(
    Object.entries(levels).map(([name, k]) => [name, Int32Array.from({ length: rows }, () => random.integer(k))]),
  );
  const price = carat.map((c, i) =>
    Math.exp(7.5 + 1.7 * Math.log(c) + 0.1 * codes.clarity[i] + 0.05 * ((codes.color[i] * 3) % 7) + 0.15 * normal()),
  );
  const features = [
    ...Object.entries(numbers).map(([name, values]) => ({ kind: "numeric", type: "double", name, values })),
    ...Object.entries(codes).map(([name, own]) => {
      return {
        kind: "categorical",
        type: "factor",
        name,
        codes: own,
        levels: Array.from({ length: levels[name] }, (_, k) => `${name}${k}`),
        ordered: false,
      };
    }),
  ];
  if (classes === 0) return { task: "regression", rows, features, target: price, classes: [], weights: null };
  const target = price.map((p) => Math.min(classes - 1, Math.floor(Math.log2(p / 400))) * 1).map((k) => Math.max(0, k));
  return { task: "multiclass", rows, features, target, classes: Array.from({ length: classes }, (_, k) => `class${k}`), weights: null };
}

function fitOnce(problem, cp) {
  const started = process.cpuUsage();
  const running = cart.fit(problem, { ...DEFAULTS, cp, minsplit: 20, minbucket: 7 }, { seed: 1, validation: null });
  let next = running.next();
  while (!next.done) next = running.next();
  const used = process.cpuUsage(started);
  return { seconds: (used.user + used.system) / 1e6, leaves: next.value.facts().leaves };
}

function peerOnce(folder, problem, cp) {
  const file = join(folder, "table.csv");
  const text = [[...problem.features.map((f) => f.name), "price"].join(",")];
  for (let i = 0; i < rows; i++) {
    const cells = problem.features.map((f) => (f.kind === "numeric" ? f.values[i] : f.levels[f.codes[i]]));
    text.push([...cells, problem.task === "regression" ? problem.target[i] : problem.classes[problem.target[i]]].join(","));
  }
  writeFileSync(file, text.join("\n"));
  writeFileSync(join(folder, "peer.R"), PEER);
  const ran = spawnSync("Rscript", [join(folder, "peer.R"), file, String(cp)], { encoding: "utf8" });
  if (ran.error || ran.status !== 0) return null;
  const [seconds, leaves] = ran.stdout.trim().split(" ").map(Number);
  return { seconds, leaves };
}

const folder = mkdtempSync(join(tmpdir(), "trainyard-cart-"));
const missed = [];
let hasPeer = true;
try {
  for (const [classes, cp] of [
    [0, 0.01],
    [0, 0.0001],
    [5, 0.01],
    [5, 0.0001],
  ]) {
    const problem = makeProblem(classes);
    const cold = fitOnce(problem, cp);
    const mine = fitOnce(problem, cp);
    const theirs = hasPeer ? peerOnce(folder, problem, cp) : null;
    const title = `${problem.task.padEnd(10)} ${rows} × 9, cp ${cp}`;
    const own = `${mine.leaves} leaves, first ${cold.seconds.toFixed(2)} s, again ${mine.seconds.toFixed(2)} s`;
    if (theirs !== null) record(`CART, ${title}`, "rpart", mine.seconds, theirs.seconds, null);
    if (theirs === null) {
      hasPeer = false;
      console.log(`${title}: ${own}`);
    } else {
      console.log(
        `${title}: ${own}; rpart ${theirs.leaves} leaves, ${theirs.seconds.toFixed(2)} s, ratio ${(mine.seconds / theirs.seconds).toFixed(2)}`,
      );
      if (Math.abs(theirs.leaves - mine.leaves) > 0.05 * theirs.leaves)
        missed.push(`${title}: ${mine.leaves} leaves, rpart has ${theirs.leaves}`);
    }
    if (!smoke && mine.seconds > LIMIT_SECONDS) missed.push(`${title}: ${mine.seconds.toFixed(2)} s, limit ${LIMIT_SECONDS} s`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!hasPeer) console.log("Rscript with the package rpart is not here (Debian: r-base-core, r-cran-rpart), so there is no comparison.");
for (const line of missed) console.error(`limit missed: ${line}`);
process.exit(missed.length === 0 ? 0 : 1);
