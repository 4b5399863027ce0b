// A 50 MB CSV of mixed types from file to profile: seconds, peak memory against the file's size, and the ratio to a plain DuckDB read of
// the same file. Every measurement runs in a process of its own. `--smoke`: 2 MB, no limits. `--megabytes 300`: another size; the limit of time
// grows with it. Exit status 1 when a limit is exceeded.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomStream } from "../dist/core/random.js";

const sizeAt = process.argv.indexOf("--megabytes");
const size = sizeAt < 0 ? 50 : Number(process.argv[sizeAt + 1]);
const LIMIT_SECONDS = size / 10;
const LIMIT_MEMORY_RATIO = 6;
const smoke = process.argv.includes("--smoke");
const [, , mode, source, folder] = process.argv;

if (mode === "--import") await measure(() => importOnce(source, folder));
else if (mode === "--duckdb") await measure(() => readWithDuckdb(source));
else bench();

function bench() {
  const scratch = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  try {
    const file = join(scratch, "mixed.csv");
    const rows = writeMixedCsv(file, (smoke ? 2 : size) * 1e6);
    const megabytes = statSync(file).size / 1e6;
    const peer = child("--duckdb", file, scratch);
    const ours = child("--import", file, join(scratch, "data"));
    const memoryRatio = ours.peakBytes / (megabytes * 1e6);
    console.log(`upload: ${megabytes.toFixed(1)} MB CSV, ${rows.toLocaleString("en-US")} rows × 16 columns`);
    console.log(
      `  import, table file and profile  ${ours.seconds.toFixed(2)} s (${ours.cpuSeconds.toFixed(2)} s of processor time; limit ${LIMIT_SECONDS} s)`,
    );
    console.log(
      `  peak memory                     ${(ours.peakBytes / 1e6).toFixed(0)} MB, ${memoryRatio.toFixed(1)} × the file (limit ${LIMIT_MEMORY_RATIO} ×)`,
    );
    console.log(`  plain DuckDB read               ${peer.seconds.toFixed(2)} s; ours takes ${(ours.seconds / peer.seconds).toFixed(1)} ×`);
    if (!smoke && (ours.seconds > LIMIT_SECONDS || memoryRatio > LIMIT_MEMORY_RATIO)) {
      console.error("upload: over the limit");
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function child(mode, ...args) {
  const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), mode, ...args], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`the measured process failed: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

async function measure(work) {
  const start = performance.now();
  await work();
  const usage = process.resourceUsage();
  console.log(
    JSON.stringify({
      seconds: (performance.now() - start) / 1000,
      cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
      peakBytes: usage.maxRSS * 1024,
    }),
  );
}

async function importOnce(path, target) {
  const { importTask } = await import("../dist/data/import-task.js");
  await importTask({ source: path, format: "csv", folder: target }, { note() {}, signal: new AbortController().signal });
}

async function readWithDuckdb(path) {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE plain AS SELECT * FROM read_csv('${path}')`);
  connection.closeSync();
  instance.closeSync();
}

/** Numbers of several shapes, categories few and many, dates, logical values, codes, quoted text and missing cells; same bytes every time. */
function writeMixedCsv(path, bytes) {
  const random = randomStream(20_240_131, 1);
  const grades = ["low", "middle", "high", "very high", "none"];
  const file = openSync(path, "w");
  const missing = (share, text) => (random.next() < share ? "" : text);
  let rows = 0;
  let written = writeSync(file, "id,age,income,score,ratio,city,grade,day,flag,code,x1,x2,x3,x4,x5,note\n");
  while (written < bytes) {
    let piece = "";
    for (let k = 0; k < 2000; k++) {
      rows++;
      const age = missing(0.05, String(random.integer(90)));
      const day = `20${10 + random.integer(15)}-0${1 + random.integer(9)}-1${random.integer(10)}`;
      const five = Array.from({ length: 5 }, () => missing(0.01, random.next().toFixed(6))).join(",");
      piece += `${rows},${age},${(random.next() * 1e5).toFixed(2)},${random.next() * 2 - 1},${random.next().toExponential(4)},city ${random.integer(500)},`;
      piece += `${grades[random.integer(5)]},${day},${random.next() < 0.5},Z${random.integer(1_000_000)},${five},"a, ${grades[random.integer(5)]}"\n`;
    }
    written += writeSync(file, piece);
  }
  closeSync(file);
  return rows;
}
