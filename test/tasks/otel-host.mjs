// The scenario of telemetry.test.ts: a profile, a map of three, a task that fails, one that is cancelled, and the reset.
import { collect, daemon, daemons, mirai, miraiMap } from "../../dist/tasks/index.js";

const url = process.argv[2];
const nodeArguments = process.execArgv;
const set = await daemons(url === "process" ? { n: 1, nodeArguments } : { url, nodeArguments, cancelGraceMs: 60_000 });
const left = url === "process" ? null : daemon(set.url, { token: set.token });
await miraiMap([1, 2, 3], { module: new URL("./otel-tasks.mjs", import.meta.url), export: "inner" });
await collect(mirai(() => null.x));
const cancelled = mirai(async (_, task) => {
  task.note("in");
  await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
  task.signal.throwIfAborted();
});
await cancelled.notes().next();
cancelled.cancel();
await mirai(() => "after"); // the daemon has answered the cancelled one by then
await set.reset();
await left;
console.log(set.url ?? "process");
