// npm test: builds, sees to Chromium, runs vitest, and closes with one line: `N passed, N failed`.
// Arguments go to vitest: `npm test -- test/core`, `npm test -- -t "a name"`. `--no-build` uses dist/ as it is.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureChromium, findChromium } from "./chromium.mjs";
import { closingLine, summarizeTests } from "./test-report.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const given = process.argv.slice(2);
const vitestArguments = given.filter((argument) => argument !== "--no-build");
const strict = process.env.CI === "true";

if (!given.includes("--no-build")) {
  const build = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  if (build.status !== 0) finish({ passed: 0, failed: 1, skipped: 0, problems: ["the build failed, so no test was run"] });
}

// Whoever names test files that need no browser gets by without one; such a test says so itself when it finds none.
const namesFiles = vitestArguments.some((argument) => argument.startsWith("test"));
const needsBrowser = !namesFiles || vitestArguments.some((argument) => /e2e|ui/.test(argument));
const chromium = needsBrowser ? ensureChromium() : findChromium();
if (needsBrowser && chromium === null) finish({ passed: 0, failed: 1, skipped: 0, problems: ["Chromium is missing, so no test was run"] });

const folder = mkdtempSync(join(tmpdir(), "trainyard-test-"));
const report = join(folder, "results.json");
const run = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...vitestArguments],
  { stdio: "inherit", env: { ...process.env, ...(chromium === null ? {} : { CHROMIUM_PATH: chromium }) } },
);
const results = readResults(report);
rmSync(folder, { recursive: true, force: true });
finish(summarizeTests(results, run.status ?? run.signal, { strict }));

function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function finish(summary) {
  for (const problem of summary.problems) console.error(problem);
  console.log(closingLine(summary));
  process.exit(summary.failed === 0 ? 0 : 1);
}
