// npm run interop:afnio -- PATH [pytest arguments]: runs the upstream Python client's own tests against a server that this starts.
// PATH is a checkout of the client; nothing of it is part of this repository. Needs a build, Python, pytest and the client's dependencies;
// PYTHON names another interpreter; PROMPTS a folder for `serve --prompts`, as tests of the client compare some sentences word by word:
// combined-feedback.txt and score-explanation.txt say them. Language models are scripted, unless REAL_MODELS=1 and OPENAI_API_KEY are set. Status 0 when all passed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const KEY = "interop-key";
const ORGANISATION = "tellurio-test";
const START_MS = 60_000;

const [given, ...pytestArguments] = process.argv.slice(2).filter((argument) => argument !== "--");
const checkout = checkedCheckout(given);
const python = checkedPython(checkout);
const folder = mkdtempSync(join(tmpdir(), "trainyard-interop-"));
const closing = [() => rmSync(folder, { recursive: true, force: true })];
let status = 1;
try {
  status = await run();
} catch (error) {
  console.error(String(error?.message ?? error));
} finally {
  for (const close of closing.reverse()) await close();
}
process.exit(status);

async function run() {
  const { url, username } = await startServer();
  const { hostname, port } = new URL(url);
  const models = await modelSettings();
  const report = join(folder, "report.xml");
  const env = {
    ...process.env,
    ...models,
    TELLURIO_BACKEND_HTTP_BASE_URL: `http://${hostname}`,
    TELLURIO_BACKEND_HTTP_PORT: port,
    TELLURIO_BACKEND_WS_BASE_URL: `ws://${hostname}`,
    TELLURIO_BACKEND_WS_PORT: port,
    TELLURIO_API_KEY: KEY,
    KEYRING_SERVICE_NAME: "trainyard-interop",
    ALLOW_API_KEY_SHARING: "true",
    TEST_ACCOUNT_API_KEY: KEY,
    TEST_USER_USERNAME: username,
    TEST_USER_SLUG: username,
    TEST_ORG_DISPLAY_NAME: ORGANISATION,
    TEST_ORG_SLUG: ORGANISATION,
    TEST_PROJECT: "Test Project",
    // The client writes its settings below the home folder; those of this person stay as they are.
    HOME: folder,
    USERPROFILE: folder,
    PYTHONPATH: [checkout, join(checkout, "src"), process.env.PYTHONPATH].filter(Boolean).join(":"),
  };
  const code = await exitOf(python, ["-m", "pytest", `--junitxml=${report}`, ...pytestArguments], { cwd: checkout, env });
  const { passed, failed, skipped } = counts(report);
  console.log(`afnio client against this server: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (passed === 0 && failed === 0) console.error("No test ran: look at what pytest wrote above.");
  return code === 0 && failed === 0 && passed > 0 ? 0 : 1;
}

function checkedCheckout(path) {
  if (path === undefined) stop("Say where the client is checked out: npm run interop:afnio -- PATH");
  const full = resolve(path);
  if (!existsSync(full)) stop(`There is no folder ${full}. Check the afnio client out there, then: npm run interop:afnio -- ${path}`);
  if (!existsSync(join(full, "tests"))) stop(`${full} has no folder tests: it is not a checkout of the afnio client.`);
  if (!existsSync(join(ROOT, "dist/cli/main.js"))) stop("The server is not built: run npm run build first.");
  return full;
}

function checkedPython(path) {
  const own = join(path, ".venv/bin/python");
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : [...(existsSync(own) ? [own] : []), "python3", "python"];
  const found = candidates.find((command) => spawnSync(command, ["--version"]).status === 0);
  if (found === undefined) stop(`No Python answers (${candidates.join(", ")}). Install Python 3.10 or newer, or set PYTHON.`);
  const env = { ...process.env, PYTHONPATH: [path, join(path, "src")].join(":") };
  const has = (module) => spawnSync(found, ["-c", `import ${module}`], { cwd: path, env }).status === 0;
  if (!has("pytest")) stop(`pytest is missing for ${found}: run ${found} -m pip install pytest pytest-asyncio`);
  if (!has("afnio")) stop(`The client or one of its dependencies is missing for ${found}: run ${found} -m pip install -e ${path}`);
  return found;
}

async function startServer() {
  const data = join(folder, "data");
  const prompts = process.env.PROMPTS ? ["--prompts", resolve(process.env.PROMPTS)] : [];
  const server = spawn(
    process.execPath,
    [join(ROOT, "dist/cli/main.js"), "serve", "--port", "0", "--token", KEY, "--data-dir", data, "--verbosity", "0", ...prompts],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, TRAINYARD_ORGANISATIONS: ORGANISATION },
    },
  );
  const gone = new Promise((done) => server.once("exit", done));
  closing.push(async () => {
    server.kill("SIGTERM");
    await gone;
  });
  const until = Date.now() + START_MS;
  for (;;) {
    const url = maybeUrl(join(data, "owner.json"));
    if (url !== null) return { url, username: (await answerOf(`${url}api/v0/verify-api-key/`)).username };
    if (server.exitCode !== null || Date.now() > until) throw new Error("The server did not start.");
    await new Promise((done) => setTimeout(done, 50));
  }
}

function maybeUrl(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).url ?? null;
  } catch {
    return null; // not written yet
  }
}

async function answerOf(url) {
  const response = await fetch(url, { headers: { Authorization: `Api-Key ${KEY}` } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

/** Where the client finds language models. The scripted one writes capitals where criticism asks for them, and judges with 1. */
async function modelSettings() {
  if (process.env.REAL_MODELS === "1" && process.env.OPENAI_API_KEY) return {};
  const { startScriptedModel } = await import(new URL("../examples/prompt-training/scripted-model.mjs", import.meta.url).href);
  const { answer } = await import(new URL("../examples/prompt-training/rules.mjs", import.meta.url).href);
  const reply = (messages) => {
    const user = messages.at(-1)?.content ?? "";
    const value = /<VALUE>([\s\S]*?)<\/VALUE>/.exec(user)?.[1];
    if (value !== undefined && /capital|upper/i.test(user)) return `<NEW_VALUE>${value.toUpperCase()}</NEW_VALUE>`;
    if (value !== undefined) return `<NEW_VALUE>${value} (rewritten)</NEW_VALUE>`;
    if (user.includes('"score"')) return '{"score": 1, "explanation": "It is as it should be."}';
    return answer(messages);
  };
  const model = await startScriptedModel({ reply });
  closing.push(() => model.close());
  return { OPENAI_API_KEY: "scripted", OPENAI_BASE_URL: model.baseUrl };
}

function exitOf(command, args, options) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    child.once("error", fail);
    child.once("exit", (code) => done(code ?? 1));
  });
}

/** Sums over the suites of a JUnit report; zeros where there is none. */
function counts(file) {
  const total = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  for (const [tag] of text.matchAll(/<testsuite\s[^>]*>/g)) {
    for (const name of Object.keys(total)) total[name] += Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);
  }
  const failed = total.failures + total.errors;
  return { passed: total.tests - failed - total.skipped, failed, skipped: total.skipped };
}

function stop(message) {
  console.error(message);
  process.exit(2);
}
