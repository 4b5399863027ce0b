// What the task layer costs beside a raw pipe to an equal child process, in the same run. `--smoke`: small sizes.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { daemons, mirai, miraiMap, openProfile } from "../dist/tasks/index.js";

const isSmoke = process.argv.includes("--smoke");
const sizes = isSmoke
  ? { trips: 300, tasks: 2000, elements: 250_000, blocks: 2 }
  : { trips: 5000, tasks: 100_000, elements: 10_000_000, blocks: 5 };
const module = new URL("../test/tasks/jobs.mjs", import.meta.url).href;
const echo = { module, export: "echo" };
const spin = { module, export: "spin" };
const figures = [];

function figure(name, value, unit, ratio, against) {
  figures.push({
    name,
    value: Number(value.toPrecision(4)),
    unit,
    ...(ratio === undefined ? {} : { ratio: Number(ratio.toPrecision(3)), against }),
  });
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function best(times, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) least = Math.min(least, await timed(work));
  return least;
}

async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A child that writes back each byte it reads, and how to exchange a block with it. */
function openRawPipe() {
  return openChild(`const s = new (require("node:net").Socket)({ fd: 3 }); s.pipe(s); s.on("end", () => process.exit(0));`);
}

function openChild(code) {
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const pipe = child.stdio[3];
  const exchange = (block) =>
    new Promise((resolve) => {
      let left = block.length;
      const take = (chunk) => {
        left -= chunk.length;
        if (left > 0) return;
        pipe.off("data", take);
        resolve();
      };
      pipe.on("data", take);
      pipe.write(block);
    });
  const close = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      pipe.end();
    });
  return { pid: child.pid, exchange, close };
}

/** A child that reads a whole block before it writes it back: what any task that uses its argument must do. */
function openRawStore() {
  const code = `const s = new (require("node:net").Socket)({ fd: 3 }); const size = ${sizes.elements * 8}; let got = 0, chunks = [];
    s.on("data", (c) => { chunks.push(c); got += c.length; if (got >= size) { s.cork(); for (const x of chunks) s.write(x); s.uncork(); got = 0; chunks = []; } });
    s.on("end", () => process.exit(0));`;
  return openChild(code);
}

/** Resident memory of a process in MB; null where the system does not say. */
function residentMegabytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  } catch {
    return null;
  }
}

async function benchStart(raw) {
  const bareMs = await best(3, async () => {
    const child = spawn(process.execPath, ["-e", "0"]);
    await new Promise((resolve) => child.once("exit", resolve));
  });
  let profile;
  const startMs = await best(3, async () => {
    await profile?.close();
    profile = openProfile({ daemons: 1, lazy: true });
    await profile.submit(echo, 0).result;
  });
  const { pid } = profile.status().daemons[0];
  await profile.close();
  figure("first result of a new daemon", startMs, "ms", startMs / bareMs, "node -e 0");
  const eager = openProfile({ daemons: 1 });
  await until(() => eager.status().daemons[0].state === "idle");
  const idle = residentMegabytes(eager.status().daemons[0].pid);
  await eager.submit(echo, 0).result;
  await new Promise((resolve) => setTimeout(resolve, 500)); // the watchdog thread starts beside the first task
  const used = residentMegabytes(eager.status().daemons[0].pid);
  const bare = residentMegabytes(raw.pid);
  await eager.close();
  if (idle === null || used === null || bare === null || pid === null) return;
  figure("memory of a daemon before its first task", idle, "MB", idle / bare, "raw child");
  figure("memory of a daemon after its first task", used, "MB", used / bare, "raw child");
}

async function benchTrips(raw, profile) {
  const block = Buffer.alloc(64);
  const each = async (exchange) => {
    for (let i = 0; i < sizes.trips; i++) await exchange(i);
  };
  const rawUs = ((await best(2, () => each(() => raw.exchange(block)))) / sizes.trips) * 1000;
  const taskUs = ((await best(2, () => each((i) => profile.submit(echo, i).result))) / sizes.trips) * 1000;
  figure("raw pipe round trip, 64 bytes", rawUs, "us");
  figure("sequential task round trip", taskUs, "us", taskUs / rawUs, "raw pipe");
  return rawUs;
}

async function benchArray(raw, profile) {
  const values = Float64Array.from({ length: sizes.elements }, (_, i) => i);
  const megabytes = values.byteLength / 1e6;
  const rawMs = await best(sizes.blocks, () => raw.exchange(new Uint8Array(values.buffer)));
  const arrayMs = await best(sizes.blocks, async () => {
    const back = await profile.submit(echo, values).result;
    if (back.length !== values.length || back.at(-1) !== values.at(-1)) throw new Error("the array came back changed");
  });
  const store = openRawStore();
  const storedMs = await best(sizes.blocks, () => store.exchange(new Uint8Array(values.buffer)));
  await store.close();
  figure(`raw pipe, ${megabytes} MB there and back, streamed`, rawMs, "ms");
  figure(`raw pipe, ${megabytes} MB stored whole, then back`, storedMs, "ms", storedMs / rawMs, "streamed raw pipe");
  figure(`Float64Array of ${megabytes} MB there and back`, arrayMs, "ms", arrayMs / storedMs, "stored raw pipe");
}

/** The same in the public API: handles, and what batches spare. */
async function benchApi(rawUs) {
  await daemons(2, { profile: "plain", cleanup: false });
  await daemons(2, { profile: "batched", cleanup: false, prefetch: 64 });
  const task = (n) => n;
  for (const profile of ["plain", "batched"]) {
    for (let warm = 0; warm < 200; warm++) await mirai(task, 0, { profile });
    const ms = await timed(async () => {
      const handles = [];
      for (let i = 0; i < sizes.tasks; i++) handles.push(mirai(task, i, { profile }));
      for (const handle of handles) await handle;
    });
    const name = profile === "plain" ? `${sizes.tasks} mirai` : `${sizes.tasks} mirai, prefetch: 64`;
    figure(`${name}, per task on 2 daemons`, (ms / sizes.tasks) * 1000, "us", ((ms / sizes.tasks) * 1000) / rawUs, "raw pipe");
  }
  const elements = Array.from({ length: sizes.tasks }, (_, i) => i);
  await miraiMap(elements.slice(0, 200), task, { profile: "plain" });
  const ms = await timed(() => miraiMap(elements, task, { profile: "plain" }));
  figure(
    `miraiMap of ${sizes.tasks}, per element on 2 daemons`,
    (ms / sizes.tasks) * 1000,
    "us",
    ((ms / sizes.tasks) * 1000) / rawUs,
    "raw pipe",
  );
  await daemons(0, { profile: "batched" });
  await benchMemory(task);
  await daemons(0, { profile: "plain" });
}

/** Bytes that a collected handle keeps, and what is left when handles are dropped. */
async function benchMemory(task) {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc");
  const heap = () => {
    for (let i = 0; i < 3; i++) collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  let handles = Array.from({ length: sizes.tasks }, (_, i) => mirai(task, i, { profile: "plain" }));
  for (const handle of handles) await handle;
  figure("memory of a collected handle", (heap() - before) / sizes.tasks, "bytes");
  handles = null;
  await new Promise((resolve) => setTimeout(resolve, 100));
  figure("left of it when dropped", (heap() - before) / sizes.tasks, "bytes");
}

/** The same work in other pools, threads and processes, beside ours of the same kind. */
async function benchPeers() {
  const [{ default: Piscina }, { default: Tinypool }, { default: workerpool }] = await Promise.all([
    import("piscina"),
    import("tinypool"),
    import("workerpool"),
  ]);
  const file = new URL("./_peer-task.mjs", import.meta.url);
  const count = sizes.tasks / 5;
  await daemons(2, { profile: "threads", thread: true });
  await daemons(2, { profile: "processes", cleanup: false });
  const task = (n) => n;
  const pools = [
    ["threads: ours", (n) => mirai(task, n, { profile: "threads" }), () => daemons(0, { profile: "threads" })],
    ["threads: ours, miraiMap", null, () => {}, "threads"],
    peerOf("threads: piscina", new Piscina({ filename: file.href, minThreads: 2, maxThreads: 2 })),
    peerOf("threads: tinypool", new Tinypool({ filename: file.href, minThreads: 2, maxThreads: 2 })),
    workerpoolOf("threads: workerpool", workerpool, "thread"),
    ["processes: ours", (n) => mirai(task, n, { profile: "processes" }), () => daemons(0, { profile: "processes" })],
    ["processes: ours, miraiMap", null, () => {}, "processes"],
    peerOf("processes: tinypool", new Tinypool({ filename: file.href, minThreads: 2, maxThreads: 2, runtime: "child_process" })),
    workerpoolOf("processes: workerpool", workerpool, "process"),
  ];
  for (const [name, run, , profile] of pools) {
    if (run === null) {
      const ms = await timed(() =>
        miraiMap(
          Array.from({ length: count }, (_, i) => i),
          task,
          { profile },
        ),
      );
      figure(`${name}, ${count} tasks, each`, (ms / count) * 1000, "us");
      continue;
    }
    for (let i = 0; i < 300; i++) await run(i);
    const trips = sizes.trips / 2;
    const tripMs = await timed(async () => {
      for (let i = 0; i < trips; i++) await run(i);
    });
    const manyMs = await timed(async () => {
      const all = [];
      for (let i = 0; i < count; i++) all.push(run(i));
      await Promise.all(all);
    });
    figure(`${name}, sequential`, (tripMs / trips) * 1000, "us");
    figure(`${name}, ${count} tasks, each`, (manyMs / count) * 1000, "us");
  }
  for (const [, , close] of pools) await close();
}

function peerOf(name, pool) {
  return [name, (n) => pool.run(n), () => pool.destroy()];
}

function workerpoolOf(name, workerpool, workerType) {
  const pool = workerpool.pool(new URL("./_peer-workerpool.mjs", import.meta.url).pathname, { minWorkers: 2, maxWorkers: 2, workerType });
  return [name, (n) => pool.exec("echo", [n]), () => pool.terminate()];
}

async function benchMany(profile, rawUs) {
  profile.resize(2);
  await until(() => profile.status().daemons.filter((daemon) => daemon.state === "idle").length === 2);
  let submitMs = 0;
  const manyMs = await timed(async () => {
    const results = [];
    submitMs = await timed(() => {
      for (let i = 0; i < sizes.tasks; i++) results.push(profile.submit(echo, i).result);
    });
    await Promise.all(results);
  });
  const perTaskUs = (manyMs / sizes.tasks) * 1000;
  figure(`${sizes.tasks} tasks on 2 daemons`, manyMs / 1000, "s");
  figure("per task on 2 daemons", perTaskUs, "us", perTaskUs / rawUs, "raw pipe");
  figure("per submit", (submitMs / sizes.tasks) * 1000, "us");
  const handles = Array.from({ length: sizes.tasks }, (_, i) => profile.submit(echo, i));
  const cancelMs = await timed(() => {
    for (let i = handles.length - 1; i >= 0; i--) handles[i].cancel();
  });
  await Promise.allSettled(handles.map((handle) => handle.result));
  figure("per cancel of a queued task", (cancelMs / sizes.tasks) * 1000, "us");
}

/** Milliseconds from cancelling a busy loop, without grace, to the next task's result. */
async function msToRecover(warmSpare) {
  const profile = openProfile({ daemons: 1, cancelGraceMs: 0, warmSpare });
  await profile.submit(echo, 0).result;
  let handle;
  await new Promise((resolve) => {
    handle = profile.submit(spin, {}, { onNote: resolve });
  });
  await new Promise((resolve) => setTimeout(resolve, 400)); // a spare starts meanwhile
  const ms = await timed(() => {
    handle.cancel();
    return profile.submit(echo, 0).result;
  });
  await profile.close();
  return ms;
}

const raw = openRawPipe();
await raw.exchange(Buffer.alloc(64));
await benchStart(raw);
const profile = openProfile({ daemons: 1 });
await profile.submit(echo, 0).result;
const rawUs = await benchTrips(raw, profile);
await benchArray(raw, profile);
await benchMany(profile, rawUs);
await Promise.all([profile.close(), raw.close()]);
await benchApi(rawUs);
await benchPeers();
const coldMs = await msToRecover(false);
const warmMs = await msToRecover(true);
figure("cancel of a busy loop to the next result", coldMs, "ms");
figure("the same with a warm spare", warmMs, "ms", warmMs / coldMs, "no spare");

console.table(
  figures.map(({ name, value, unit, ratio, against }) => ({
    figure: name,
    value: `${value} ${unit}`,
    ratio: ratio === undefined ? "" : `${ratio} x ${against}`,
  })),
);
for (const line of figures) console.log(JSON.stringify({ bench: "tasks", ...line }));
