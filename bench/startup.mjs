// Start of the server: until it answers, until the page can be used, and how much memory it then holds.
// Limits: 500 ms to the first answer, 2 s to a usable page, 120 MB idle. Ratio: to a bare Node process that serves one line over HTTP.
// Usage: node bench/startup.mjs [--smoke]
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const smoke = process.argv.includes("--smoke");
const rounds = smoke ? 3 : 7;
const root = fileURLToPath(new URL("..", import.meta.url));
const chromium = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);

const BARE = `require("node:http").createServer((_, reply) => reply.end("ok")).listen(0, "127.0.0.1", function () { console.log("http://127.0.0.1:" + this.address().port + "/"); });`;

async function timeUntilAnswer(args) {
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /http:\/\/\S+/.exec(text);
      if (found !== null) resolve(found[0]);
    });
    child.on("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
  const answer = await fetch(new URL("/healthz", address));
  await answer.text();
  return { child, address, ms: performance.now() - started };
}

async function end(child) {
  child.removeAllListeners("exit");
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

/** Resident memory of a process and its children, MB: an upper bound, because shared pages count in each. Null where the system does not tell. */
function memoryMb(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    const own = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
    return children.reduce((sum, child) => sum + (memoryMb(child) ?? 0), own);
  } catch {
    return null;
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ready = [];
const bare = [];
const memory = [];
const page = [];
for (let round = 0; round < rounds; round++) {
  const dataDir = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  try {
    const peer = await timeUntilAnswer(["-e", BARE]);
    bare.push(peer.ms);
    await end(peer.child);
    const server = await timeUntilAnswer(["dist/cli/main.js", "serve", "--port", "0", "--data-dir", dataDir]);
    ready.push(server.ms);
    if (chromium !== undefined) page.push(await timeUntilUsable(server.address));
    const held = memoryMb(server.child.pid);
    if (held !== null) memory.push(held);
    await end(server.child);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function timeUntilUsable(address) {
  const { chromium: driver } = await import("playwright-core");
  const browser = await driver.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const tab = await browser.newPage();
    const started = performance.now();
    await tab.goto(address);
    await tab
      .getByRole("button", { name: /train now/i })
      .first()
      .waitFor({ state: "visible", timeout: 20_000 });
    return performance.now() - started;
  } finally {
    await browser.close();
  }
}

const figures = [
  {
    name: "server ready to answer",
    value: median(ready),
    unit: "ms",
    limit: 500,
    peer: "bare Node HTTP server",
    ratio: median(ready) / median(bare),
  },
  ...(page.length > 0 ? [{ name: "page usable, from navigation", value: median(page), unit: "ms", limit: 2000 }] : []),
  ...(memory.length > 0 ? [{ name: "idle memory, all processes (resident)", value: median(memory), unit: "MB", limit: 120 }] : []),
];
let failed = false;
for (const figure of figures) {
  const over = figure.value > figure.limit;
  failed ||= over && !smoke;
  const peer = figure.peer === undefined ? "" : `, ${figure.ratio.toFixed(1)}× ${figure.peer}`;
  console.log(`${figure.name}: ${figure.value.toFixed(0)} ${figure.unit} (limit ${figure.limit}${peer})${over ? "  OVER" : ""}`);
  console.log(JSON.stringify({ bench: "startup", ...figure }));
}
if (chromium === undefined) console.log("page usable: not measured, no Chromium here");
process.exitCode = failed ? 1 : 0;
