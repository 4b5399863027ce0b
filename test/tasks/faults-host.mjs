// A host for faults.test.ts: tasks that do harm among tasks that count, on two daemons. Prints what happened as JSON and then must end by itself.
import { appendFileSync, readFileSync } from "node:fs";
import { daemons, mirai, status } from "../../dist/tasks/index.js";

const [kind, file] = process.argv.slice(2);
const profile = "faults";
const options = { profile, thread: kind === "threads", output: "discard", ...(kind === "finishing" ? { autoExit: "finish" } : {}) };

/** What does harm, and the code of the failure that it must settle with; null for a value. */
const HARM = {
  "throws null": [
    () => {
      throw null;
    },
    "task_failed",
  ],
  "throws a function": [
    () => {
      throw () => 1;
    },
    "task_failed",
  ],
  "throws an error that cannot be sent": [
    () => {
      throw Object.assign(new Error("odd"), { again: () => 1, self: new WeakMap() });
    },
    "task_failed",
  ],
  "rejects with undefined": [() => Promise.reject(undefined), "task_failed"],
  "returns a function": [() => ({ deep: [() => 1] }), "task_failed"],
  "returns a promise of a symbol": [() => Promise.resolve(Symbol("s")), "task_failed"],
  "exits the process": [() => process.exit(5), "daemon_lost"],
  "exits in a moment, while it waits": [
    () => {
      setTimeout(() => process.exit(6), 5);
      return new Promise(() => {});
    },
    "daemon_lost",
  ],
  "throws where nobody catches": [
    () => {
      setImmediate(() => {
        throw new Error("nobody catches this");
      });
      return new Promise(() => {});
    },
    "daemon_lost",
  ],
  "forgets a rejection": [
    () => {
      Promise.reject(new Error("forgotten"));
      return new Promise(() => {});
    },
    "daemon_lost",
  ],
  "floods standard error": [
    () => {
      for (let i = 0; i < 500; i++) process.stderr.write(`${"e".repeat(1000)}\n`);
      return "flooded";
    },
    null,
  ],
  "leaves timers and globals": [
    () => {
      setInterval(() => {}, 1);
      globalThis.leftBehind = true;
      Object.assign(process.env, { LEFT_BEHIND: "1" });
      return "left";
    },
    null,
  ],
  "blocks the event loop for ever, cancelled": [
    () => {
      for (;;);
    },
    "cancelled",
  ],
  "ends its own process with SIGKILL": [() => (process.argv.includes("never") ? 0 : process.kill(process.pid, "SIGKILL")), "daemon_lost"],
};

/** A task that counts: each leaves its number in a file when it runs. Processes are cleaned up after each task; threads cannot be. */
const count = ({ i, path, isCleaned }) => {
  process.getBuiltinModule("node:fs").appendFileSync(path, `${i}\n`);
  return !isCleaned || (globalThis.leftBehind === undefined && process.env.LEFT_BEHIND === undefined) ? i : "unclean";
};
const next = () => watch(mirai(count, { i: i++, path: file, isCleaned: kind !== "threads" }, { profile }));

appendFileSync(file, "");
const seen = new Set();
await daemons(2, options);
const notePids = () => {
  for (const { pid } of status(profile).daemons) if (pid !== null && pid !== process.pid) seen.add(pid);
};
const outcomes = {};
const handles = [];
const wrong = [];
let settledTwice = 0;
/** Settles at most once, as its own promise and as a listener see it. */
function watch(handle) {
  let times = 0;
  handle.settled().then(() => {
    if (++times > 1) settledTwice++;
  });
  handles.push(handle);
  return handle;
}
let i = 0;
for (let round = 0; round < 3; round++) {
  for (const [name, [task, code]] of Object.entries(HARM)) {
    if (kind === "threads" && name.endsWith("SIGKILL")) continue; // it would be this process
    const begun = i;
    const before = Array.from({ length: 20 }, next);
    const bad = watch(mirai(task, undefined, { profile }));
    const after = Array.from({ length: 20 }, next);
    if (code === "cancelled") {
      await Promise.all(before);
      bad.cancel();
    }
    const end = await bad.settled();
    notePids();
    const got = end.ok ? null : end.error.code;
    outcomes[name] = got === code ? "as it must" : `${got}, not ${code}: ${end.ok ? end.value : end.error.message}`;
    const values = await Promise.all([...before, ...after].map((handle) => handle.settled()));
    values.forEach((each, k) => {
      if (!each.ok || each.value !== begun + k) wrong.push([name, begun + k, each.ok ? each.value : each.error.message]);
    });
  }
}
notePids();
const open = handles.filter((handle) => handle.state === "queued" || handle.state === "running").length;
await daemons(0, { profile });
const ran = readFileSync(file, "utf8").trim().split("\n");
console.log(
  JSON.stringify({ outcomes, wrong, open, settledTwice, counted: i, ran: ran.length, distinct: new Set(ran).size, pids: [...seen] }),
);
