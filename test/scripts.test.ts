import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { findChromium } from "../scripts/chromium.mjs";
import { programsIn } from "../scripts/programs.mjs";
import { closingLine, summarizeTests } from "../scripts/test-report.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "trainyard-scripts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const report = (...statuses: string[]) => ({
  testResults: [
    {
      name: "a.test.ts",
      status: statuses.includes("failed") ? "failed" : "passed",
      assertionResults: statuses.map((status, i) => ({ status, fullName: `test ${i}` })),
    },
  ],
});

describe("the summary of a test run", () => {
  test("counts, and mentions skipped tests only when there are", () => {
    const all = summarizeTests(report("passed", "passed", "failed"), 1);
    expect([closingLine(all), all.problems]).toEqual(["2 passed, 1 failed", []]);
    expect(closingLine(summarizeTests(report("passed", "pending", "todo"), 0))).toBe("1 passed, 0 failed, 2 skipped");
  });

  test("in CI names every skipped test and counts it as failed", () => {
    const strict = summarizeTests(report("passed", "pending"), 0, { strict: true });
    expect(closingLine(strict)).toBe("1 passed, 1 failed");
    expect(strict.problems).toEqual(["skipped, which is a failure when CI=true: a.test.ts > test 1"]);
  });

  test("never calls a broken run passed: no results, no tests, a file that cannot be loaded, an error outside tests", () => {
    const broken = { testResults: [{ name: "b.test.ts", status: "failed", assertionResults: [] }] };
    expect(summarizeTests(null, 1).failed).toBe(1);
    expect(summarizeTests({ testResults: [] }, 0).failed).toBe(1);
    expect(summarizeTests(broken, 1)).toMatchObject({ failed: 1, problems: ["could not be run: b.test.ts"] });
    expect(summarizeTests(report("passed"), 1).failed).toBe(1);
    expect(summarizeTests(report("passed"), "SIGKILL").failed).toBe(1);
  });
});

describe("npm test", () => {
  const runTests = (env: Record<string, string>) =>
    spawnSync(process.execPath, ["scripts/test.mjs", "--no-build", "test/engine/metrics.test.ts"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  test("ends with one line of counts and says so in its status", () => {
    const run = runTests({});
    expect(run.stdout.trimEnd().split("\n").at(-1)).toMatch(/^\d+ passed, 0 failed$/);
    expect(run.status).toBe(0);
  });
});

describe("looking for Chromium", () => {
  test("takes CHROMIUM_PATH alone when it is set, else the first on the path", () => {
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    const chrome = join(bin, "google-chrome");
    writeFileSync(chrome, "#!/bin/sh\n");
    chmodSync(chrome, 0o755);
    expect(findChromium({ CHROMIUM_PATH: join(folder, "nothing"), PATH: bin })).toBeNull();
    expect(findChromium({ CHROMIUM_PATH: chrome, PATH: "" })).toBe(chrome);
    expect(findChromium({ PATH: bin })).toBe(chrome);
  });
});

describe("running the programs of a folder", () => {
  const write = (name: string, code: string): void => writeFileSync(join(folder, name), code);
  const runAll = (): ReturnType<typeof spawnSync> => {
    const code = `import { programsIn, runPrograms } from ${JSON.stringify(join(root, "scripts/programs.mjs"))};
      process.exit(await runPrograms(programsIn(${JSON.stringify(folder)}), ["--smoke"]));`;
    return spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  };

  test("passes arguments on, shows a table, and counts those that fail", () => {
    write("b-good.mjs", 'console.log("sizes " + process.argv[2]);');
    write("a-bad.mjs", 'console.log("too slow"); process.exit(3);');
    write("_shared.mjs", "process.exit(9);");
    expect(programsIn(folder).map((path) => path.slice(folder.length + 1))).toEqual(["a-bad.mjs", "b-good.mjs"]);
    const { status, stdout } = runAll();
    expect(status).toBe(1);
    expect(stdout).toMatch(/a-bad +\d+\.\d +FAILED +too slow/);
    expect(stdout).toMatch(/b-good +\d+\.\d +ok +sizes --smoke/);
  });

  test("a folder that is not there has none", () => {
    expect(programsIn(join(folder, "missing"))).toEqual([]);
  });
});

test("the script that CI runs is executable and correct shell", () => {
  execFileSync("bash", ["-n", join(root, ".ci/run")]);
  execFileSync("test", ["-x", join(root, ".ci/run")]);
});
