// npm run bench [-- [NAME…] [--smoke]]: runs bench/*.mjs in sequence and prints a table. `--smoke` goes to each: small sizes, no limits.
// Status 1 when a benchmark fails or misses its limit.
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { programsIn, runPrograms } from "./programs.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const given = process.argv.slice(2);
// Names come first; everything from the first flag on goes to the benchmarks.
const firstFlag = given.findIndex((argument) => argument.startsWith("-"));
const names = firstFlag < 0 ? given : given.slice(0, firstFlag);
const flags = given.slice(names.length).filter((argument) => argument !== "--no-build");
const all = programsIn("bench");
const unknown = names.filter((name) => !all.some((program) => basename(program, ".mjs") === name));
if (unknown.length > 0) {
  console.error(`no benchmark is called ${unknown.join(", ")}; there are: ${all.map((program) => basename(program, ".mjs")).join(", ")}`);
  process.exit(2);
}
if (!given.includes("--no-build")) {
  const build = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  if (build.status !== 0) process.exit(1);
}
const chosen = names.length === 0 ? all : all.filter((program) => names.includes(basename(program, ".mjs")));
const failed = await runPrograms(chosen, flags);
if (failed > 0) console.error(`${failed} of ${chosen.length} benchmarks failed`);
process.exit(failed === 0 ? 0 : 1);
