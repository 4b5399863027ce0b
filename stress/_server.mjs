// A server in a process of its own. Argument: JSON with dataDir and options; `jobs: "scripted"` replaces training by reports.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../dist/server/serve.js";

const { jobs, ...options } = JSON.parse(process.argv[2]);
const parts = jobs === "scripted" ? { parts: { runner: scripted } } : {};
const server = await serve({ port: 0, token: "stress", verbosity: 0, daemons: 1, heartbeatMs: 0, ...options, ...parts });
process.send({ port: server.port });
process.on("disconnect", () => process.exit(1));
process.on("message", () => {
  global.gc();
  global.gc();
  process.send(process.memoryUsage());
});

/** Reports every few milliseconds for `nrounds` rounds, `question` characters each, then writes a result. Stops when it is cancelled. */
async function scripted({ config, jobFolder, signal, report }) {
  const rounds = config.hyperparameters.nrounds ?? 20;
  const text = "·".repeat(Number(config.question ?? 200));
  for (let round = 1; round <= rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    if (signal.aborted) throw new Error("stopped");
    report({ type: "text", level: "info", message: `round ${round} ${text}`, at: Date.now() });
  }
  const metric = { mean: 0.9, sd: 0.05, folds: [0.85, 0.95], interval: null };
  const result = { format: "trainyard.result", version: 1, task: "multiclass", algorithm: config.algorithm, config, folds: [], resampling: null };
  Object.assign(result, { metrics: { training: { accuracy: metric }, test: null, baseline: null }, seconds: 1, final: null, warnings: [] });
  writeFileSync(join(jobFolder, "model.tym"), "a model");
  writeFileSync(join(jobFolder, "result.json"), JSON.stringify(result));
  return result;
}
