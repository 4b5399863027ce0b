// npm run dev: builds, then rebuilds Node code and page on every change and restarts the server. Arguments go to `trainyard serve`.
// Kernels (src/engine/**/assembly) are built once; run `npm run build` after changing them.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const build = spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
// Type errors are why one is here: the code before them is good enough to start with.
if (build.status !== 0 && !existsSync("dist/cli/main.js")) process.exit(1);

const children = new Map();
let isStopping = false;
start("types and Node code", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--watch", "--preserveWatchOutput"]);
if (existsSync("src/ui/index.html")) start("page", ["node_modules/vite/bin/vite.js", "build", "--watch", "--logLevel", "warn"]);
start("server", ["--watch", "--watch-preserve-output", "dist/cli/main.js", "serve", ...process.argv.slice(2)]);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop(0));

/** Starts one of the three; when one ends by itself, all end. */
function start(name, parameters) {
  // Each in a process group of its own: the compiler's launcher does not pass signals on to the compiler.
  const child = spawn(process.execPath, parameters, { stdio: ["ignore", "inherit", "inherit"], detached: process.platform !== "win32" });
  children.set(name, child);
  child.on("exit", (code, signal) => {
    children.delete(name);
    if (!isStopping) console.error(`dev: ${name} ended (${signal ?? `status ${code}`}); stopping`);
    stop(1);
  });
}

function stop(status) {
  if (isStopping) return;
  isStopping = true;
  process.exitCode = status;
  for (const child of children.values()) {
    if (process.platform === "win32") child.kill();
    else process.kill(-child.pid, "SIGTERM");
  }
}
