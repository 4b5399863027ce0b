// npm run bench:engine [-- --smoke]: runs the engine's benchmarks one after the other and prints one table of processor time beside each peer's.
// A benchmark whose peer is missing says so in the table. Status 1 when a benchmark fails or misses its limit; with --smoke no limit counts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { programsIn } from "./programs.mjs";
import { printTable } from "./text-table.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const isSmoke = process.argv.includes("--smoke");
// The rest of the folder measures other parts of the house; what comes new there is taken for a learner.
const ELSEWHERE = ["intervals", "runs", "startup", "tasks", "textgrad", "upload"];
const programs = programsIn("bench").filter((program) => !ELSEWHERE.includes(basename(program, ".mjs")));

/** Rows of the table of one benchmark, and whether it ended well. */
function measure(program, folder) {
  const name = basename(program, ".mjs");
  const file = join(folder, name);
  const env = { ...process.env, TRAINYARD_BENCH_RECORDS: file };
  console.log(`── ${program}`);
  const ran = spawnSync(process.execPath, [program, ...(isSmoke ? ["--smoke"] : [])], { env, encoding: "utf8" });
  process.stdout.write(ran.stdout);
  process.stderr.write(ran.stderr);
  const records = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(JSON.parse) : [];
  const rows = records.map(toRow);
  const lastLine = ran.stdout.trim().split("\n").at(-1) ?? "";
  if (rows.length === 0) rows.push([name, "", "", "", "", ran.status === 0 ? `not compared: ${lastLine}` : "failed"]);
  else if (ran.status !== 0) rows.push([name, "", "", "", "", "failed or missed, see above"]);
  return { rows, isGood: ran.status === 0 };
}

function toRow({ what, peer, own, theirs, limit }) {
  const ratio = own / theirs;
  const verdict = limit === null || isSmoke ? "" : ratio <= limit ? "met" : "missed";
  return [what, `${own.toFixed(2)} s`, `${theirs.toFixed(2)} s, ${peer}`, ratio.toFixed(2), limit === null ? "" : String(limit), verdict];
}

const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-engine-"));
try {
  const measured = programs.map((program) => measure(program, folder));
  console.log("");
  printTable(
    ["what", "ours", "peer", "ratio", "limit", isSmoke ? "smoke: no limit counts" : "verdict"],
    measured.flatMap(({ rows }) => rows),
  );
  process.exitCode = measured.every(({ isGood }) => isGood) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
