// What the benchmarks of learners share: a table with curves and noise, a timed fit, files that peers read.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomStream } from "../dist/core/random.js";
import { algorithmOf } from "../dist/engine/algorithms/registry.js";

/** Two classes from `columns` normal features; the score is linear when `isLinear`. */
export function makeProblem(rows, columns, seed, isLinear = false) {
  const random = randomStream(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const features = Array.from({ length: columns }, (_, j) => {
    return { kind: "numeric", type: "double", name: `x${j}`, values: Float64Array.from({ length: rows }, normal) };
  });
  const at = (j, i) => features[j].values[i];
  const target = Float64Array.from({ length: rows }, (_, i) => {
    let z = isLinear ? at(0, i) - at(1, i) : Math.sin(2 * at(0, i)) + (at(2, i) > 0 ? at(1, i) : 0) + Math.abs(at(3, i));
    for (let j = 4; j < Math.min(20, columns); j++) z += (((j * 7) % 5) - 2) * 0.25 * at(j, i);
    return z + 2 * normal() > 0.8 ? 1 : 0;
  });
  return { task: "binary", rows, features, target, classes: ["no", "yes"], weights: null };
}

/** Fits once with defaults but for `hyperparameters`: seconds on the clock, seconds of processor, the model. */
export function fitOnce(name, problem, hyperparameters = {}) {
  const algorithm = algorithmOf(name);
  const defaults = Object.fromEntries(algorithm.hyperparameters.map((schema) => [schema.name, schema.default]));
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const running = algorithm.fit(problem, { ...defaults, ...hyperparameters }, { seed: 1, validation: null });
  let next = running.next();
  while (!next.done) next = running.next();
  const used = process.cpuUsage(cpu);
  return { wall: (performance.now() - wall) / 1000, cpu: (used.user + used.system) / 1e6, model: next.value };
}

/** Columns, then the target, as doubles one after the other. */
export function writePart(folder, name, problem) {
  const vectors = [...problem.features.map((column) => column.values), problem.target];
  writeFileSync(join(folder, name), Buffer.concat(vectors.map((v) => Buffer.from(v.buffer))));
}

/** The first Python that imports the module, or null. */
export function pythonWith(module) {
  const candidates = ["/usr/bin/python3", "python3"];
  return candidates.find((python) => spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0) ?? null;
}

export const ONE_THREAD = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
