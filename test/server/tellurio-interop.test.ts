import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../scripts/interop-afnio.mjs", import.meta.url));

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-interop-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder that looks like a checkout. */
function checkout(): string {
  const folder = scratch();
  mkdirSync(join(folder, "tests"));
  return folder;
}

/** A program in the place of Python. `body` runs for `-m pytest`; `missing` is a module that it does not have. */
function interpreter(body: string, missing = ""): string {
  const file = join(scratch(), "python");
  writeFileSync(
    file,
    `#!/usr/bin/env node
const { writeFileSync } = require("node:fs");
const [first, second, ...rest] = process.argv.slice(2);
if (first === "-c") process.exit(second === "import ${missing}" ? 1 : 0);
if (first !== "-m") process.exit(0);
const report = (text) => writeFileSync(rest.find((one) => one.startsWith("--junitxml=")).slice(11), text);
(async () => { ${body} })();
`,
  );
  chmodSync(file, 0o755);
  return file;
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

describe("npm run interop:afnio", () => {
  test("points the client's environment at a server that answers, with a scripted model, and prints what pytest counted", async () => {
    const seen = join(scratch(), "seen.json");
    const python = interpreter(`
      const base = process.env.TELLURIO_BACKEND_HTTP_BASE_URL + ":" + process.env.TELLURIO_BACKEND_HTTP_PORT;
      const headers = { Authorization: "Api-Key " + process.env.TELLURIO_API_KEY };
      const me = await (await fetch(base + "/api/v0/verify-api-key/", { headers })).json();
      const made = await fetch(base + "/api/v0/" + process.env.TEST_ORG_SLUG + "/projects/", {
        method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify({ display_name: process.env.TEST_PROJECT }),
      });
      const asked = await fetch(process.env.OPENAI_BASE_URL + "/chat/completions", {
        method: "POST", headers: { Authorization: "Bearer " + process.env.OPENAI_API_KEY },
        body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "capital letters <VALUE>Initial value</VALUE>" }] }),
      });
      const said = (await asked.json()).choices[0].message.content;
      writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ env: process.env, me, project: made.status, said, cwd: process.cwd(), rest }));
      report('<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="2" tests="136"></testsuite></testsuites>');
    `);
    const path = checkout();
    const { code, out } = await run([path, "-k", "login"], { PYTHON: python });
    expect([code, out]).toEqual([0, expect.stringContaining("134 passed, 0 failed, 2 skipped")]);
    const { env, me, project, said, cwd, rest } = JSON.parse(readFileSync(seen, "utf8"));
    expect(env).toMatchObject({
      TELLURIO_BACKEND_HTTP_BASE_URL: "http://127.0.0.1",
      TELLURIO_BACKEND_WS_BASE_URL: "ws://127.0.0.1",
      TELLURIO_BACKEND_WS_PORT: env.TELLURIO_BACKEND_HTTP_PORT,
      TEST_ACCOUNT_API_KEY: env.TELLURIO_API_KEY,
      ALLOW_API_KEY_SHARING: "true",
      TEST_USER_USERNAME: me.username,
      TEST_USER_SLUG: me.username,
    });
    expect(env.HOME).not.toBe(process.env.HOME);
    expect(env.PYTHONPATH.split(":")[0]).toBe(path);
    expect([project, said, cwd, rest.slice(-2)]).toEqual([201, "<NEW_VALUE>INITIAL VALUE</NEW_VALUE>", path, ["-k", "login"]]);
  });

  test("failures and errors are counted, and the status says so; so does a run without a test", async () => {
    const failing = interpreter(`report('<testsuite errors="1" failures="2" skipped="0" tests="10"></testsuite>'); process.exitCode = 1;`);
    const path = checkout();
    const failed = await run([path], { PYTHON: failing });
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining("7 passed, 3 failed, 0 skipped")]);
    const none = await run([path], { PYTHON: interpreter("process.exitCode = 5;") });
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("No test ran")]);
  });

  test("says exactly what is missing, and ends with 2 before a server starts", async () => {
    const python = interpreter("");
    const path = checkout();
    const cases: [readonly string[], Record<string, string>, RegExp][] = [
      [[], {}, /npm run interop:afnio -- PATH/],
      [[join(path, "nowhere")], {}, /There is no folder .*nowhere/],
      [[scratch()], { PYTHON: python }, /has no folder tests/],
      [[path], { PYTHON: join(path, "no-python") }, /No Python answers .*set PYTHON/],
      [[path], { PYTHON: interpreter("", "pytest") }, /pip install pytest/],
      [[path], { PYTHON: interpreter("", "afnio") }, /pip install -e/],
    ];
    for (const [args, env, said] of cases) {
      const { code, err } = await run(args, env);
      expect([code, err]).toEqual([2, expect.stringMatching(said)]);
    }
  });
});
