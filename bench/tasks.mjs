// The task layer beside raw links and other pools, in one run: figures, ratios, targets. Everything is measured several times in turns, medians count.
// Status 1 when a target is missed. `--smoke`: small sizes, no targets. What limits the figures: docs/adr/0003-limits-of-task-speed.md.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { mirai, openProfile } from "../dist/tasks/index.js";
import { closeAll, ours, oursAtOnce, patiently, peers, rawPipe, rawThread, warmUp, wasGivenUp } from "./_pools.mjs";

const isSmoke = process.argv.includes("--smoke");
const sizes = isSmoke
  ? { trips: 30, tasks: 500, elements: 100_000, rounds: 1, starts: 1 }
  : { trips: 2000, tasks: 100_000, elements: 10_000_000, rounds: 5, starts: 3 };
const module = new URL("../test/tasks/jobs.mjs", import.meta.url).href;
const job = (name) => ({ module, export: name });
const rows = [];

/** One line of the table. `most`: what the value, or where there is a peer the ratio to it, may be. */
function row(what, value, unit, { peer = null, most = null } = {}) {
  const ratio = peer === null ? null : value / peer.value;
  const measured = ratio ?? value;
  const isMet = most === null || measured <= most;
  rows.push({ what, value, unit, peer, ratio, most, isMet });
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Medians over rounds in which all take turns, so that a busy machine is busy for all. */
async function inTurns(rounds, contestants, measure) {
  const taken = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) taken[i].push(await patiently(contestants[i], "a round", () => measure(contestants[i])));
  }
  return contestants.map((contestant, i) => ({ name: contestant.name, kind: contestant.kind, value: median(taken[i]) }));
}

function fastest(results, kind) {
  return results
    .filter((each) => each.kind === kind && each.name !== "trainyard" && !each.name.startsWith("raw"))
    .sort((a, b) => a.value - b.value)[0];
}

function own(results, kind) {
  return results.find((each) => each.kind === kind && each.name === "trainyard").value;
}

async function benchTrips() {
  const all = [rawPipe(), await ours("process", 1), rawThread(), await ours("thread", 1)];
  for (const kind of ["process", "thread"]) for (const make of peers(kind, 1)) all.push(make());
  await warmUp(all, sizes.trips / 4);
  const results = await inTurns(sizes.rounds, all, async ({ run }) => {
    const ms = await timed(async () => {
      for (let i = 0; i < sizes.trips; i++) await run(i);
    });
    return (ms / sizes.trips) * 1000;
  });
  await closeAll(all);
  for (const { name, kind, value } of results) if (name !== "trainyard") row(`  one after the other, ${kind}: ${name}`, value, "µs");
  const process = own(results, "process");
  row("one after the other, process daemon", process, "µs", { peer: results[0], most: 1.5 });
  row("one after the other, process daemon", process, "µs", { peer: fastest(results, "process"), most: 1 });
  row("one after the other, thread daemon", own(results, "thread"), "µs", { peer: fastest(results, "thread"), most: 1.3 });
}

async function benchMany(kind) {
  const all = [await ours(kind, 2), ...peers(kind, 2).map((make) => make())];
  await warmUp(all, 500);
  const results = await inTurns(Math.ceil(sizes.rounds / 2), all, async ({ run }) => {
    const ms = await timed(async () => {
      const handles = [];
      for (let i = 0; i < sizes.tasks; i++) handles.push(run(i));
      for (const handle of handles) await handle;
    });
    return (ms / sizes.tasks) * 1000;
  });
  await closeAll(all);
  for (const { name, value } of results) if (name !== "trainyard") row(`  each of ${sizes.tasks} on 2, ${kind}: ${name}`, value, "µs");
  row(`each of ${sizes.tasks} on 2 daemons, ${kind}`, own(results, kind), "µs", { peer: fastest(results, kind), most: 1 / 3 });
}

async function benchArrays() {
  const values = Float64Array.from({ length: sizes.elements }, (_, i) => i);
  const bytes = new Uint8Array(values.buffer);
  const [streamed, whole, thread] = [rawPipe(), rawPipe(bytes.length), rawThread()];
  const daemon = openProfile({ daemons: 1 });
  const threads = await ours("thread", 1);
  const echo = async () => {
    const back = await daemon.submit(job("echo"), values).result;
    if (back.length !== values.length || back.at(-1) !== values.at(-1)) throw new Error("the array came back changed");
  };
  const moved = async (go) => {
    const copy = values.slice();
    const ms = await timed(() => go(copy));
    if (copy.length !== 0) throw new Error("the array was copied, not moved");
    return ms;
  };
  const there = (array) =>
    mirai((given, { transfer }) => transfer(given, [given.buffer]), array, { profile: threads.profile, transfer: [array.buffer] });
  const all = [
    { name: "raw pipe, streamed", measure: () => timed(() => streamed.exchange(bytes)) },
    { name: "raw pipe, whole arrays", measure: () => timed(() => whole.exchange(bytes)) },
    { name: "process", measure: () => timed(echo) },
    { name: "one copy in memory", measure: () => timed(() => values.slice()) },
    { name: "raw worker_threads, moved", measure: () => moved((copy) => thread.exchange(copy, [copy.buffer])) },
    { name: "thread", measure: () => moved(there) },
  ];
  const results = await inTurns(sizes.rounds, all, ({ measure }) => measure());
  const at = (name) => results.find((each) => each.name === name);
  const megabytes = bytes.length / 1e6;
  for (const name of ["raw pipe, streamed", "one copy in memory", "raw worker_threads, moved"])
    row(`  ${megabytes} MB: ${name}`, at(name).value, "ms");
  row(`${megabytes} MB there and back, process daemon`, at("process").value, "ms", { peer: at("raw pipe, whole arrays"), most: 1.2 });
  row(`${megabytes} MB there and back, moved to a thread daemon`, at("thread").value, "ms", { peer: at("one copy in memory"), most: 0.5 });
  await Promise.all([streamed.close(), whole.close(), thread.close(), threads.close(), daemon.close()]);
}

async function benchStart() {
  const firstResults = async (make) => {
    let pool;
    const ms = await timed(async () => {
      pool = await make();
      await Promise.all([pool.run(1), pool.run(2)]);
    });
    await closeAll([pool]);
    return ms;
  };
  const makers = [() => oursAtOnce("process", 2), ...peers("process", 2)];
  const names = ["trainyard", "tinypool", "workerpool", "poolifier"];
  const contestants = makers.map((make, i) => ({ name: names[i], kind: "process", isPeer: i > 0, make }));
  const results = await inTurns(sizes.starts, contestants, ({ make }) => firstResults(make));
  for (const { name, value } of results) if (name !== "trainyard") row(`  two workers and their first results: ${name}`, value, "ms");
  row("two process daemons and their first results", own(results, "process"), "ms", { peer: fastest(results, "process"), most: 1 });
}

/** Milliseconds from `end`, which ends the only daemon in a busy loop, to the next task's result. */
async function msToRecover(warmSpare, end) {
  const profile = openProfile({ daemons: 1, cancelGraceMs: 0, warmSpare });
  await profile.submit(job("echo"), 0).result;
  let handle;
  const pid = await new Promise((resolve) => {
    handle = profile.submit(job("spin"), {}, { onNote: resolve });
  });
  await new Promise((resolve) => setTimeout(resolve, isSmoke ? 0 : 400)); // a spare starts meanwhile
  let settledMs = 0;
  const ms = await timed(async () => {
    const settled = timed(() => handle.result.catch(() => {}));
    end(handle, pid);
    settledMs = await settled;
    await profile.submit(job("echo"), 0).result;
  });
  await profile.close();
  return { ms, settledMs };
}

async function benchRecovery() {
  const kill = (_, pid) => process.kill(pid, "SIGKILL");
  const cancel = (handle) => handle.cancel();
  const runs = async (warmSpare, end) => {
    const all = [];
    for (let i = 0; i < sizes.rounds; i++) all.push(await msToRecover(warmSpare, end));
    return { ms: median(all.map(({ ms }) => ms)), settledMs: median(all.map(({ settledMs }) => settledMs)) };
  };
  const [killed, cancelled, cold] = [await runs(true, kill), await runs(true, cancel), await runs(false, cancel)];
  row("killed daemon to the next result, warm spare", killed.ms, "ms", { most: 10 });
  row("cancel of a busy loop to its handle", cancelled.settledMs, "ms", { most: 1 });
  row("cancel of a busy loop to the next result, warm spare", cancelled.ms, "ms", { most: 50 });
  row("  the same without a spare: a process starts", cold.ms, "ms");
}

/** Bytes that a collected handle keeps, and what is left when handles are dropped. */
async function benchMemory() {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc");
  const heap = () => {
    for (let i = 0; i < 3; i++) collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const { run, close } = await ours("process", 2);
  const rounds = async () => {
    const handles = Array.from({ length: sizes.tasks }, (_, i) => run(i));
    for (const handle of handles) await handle;
    return handles;
  };
  await rounds().then(() => {}); // what it made must not be in a variable any more
  const before = heap();
  let handles = await rounds();
  row("memory that a collected handle keeps", (heap() - before) / sizes.tasks, "bytes", { most: 1000 });
  handles.length = 0;
  handles = null;
  await new Promise((resolve) => setTimeout(resolve, 100));
  row("memory left of it when dropped", (heap() - before) / sizes.tasks, "bytes", { most: 20 });
  await close();
}

// Some pools let go of the program while they still owe it results.
const alive = setInterval(() => {}, 1000);
await benchTrips();
await benchMany("process");
await benchMany("thread");
await benchArrays();
await benchStart();
await benchRecovery();
await benchMemory();
clearInterval(alive);

const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
console.table(
  rows.map(({ what, value, unit, peer, ratio, most, isMet }) => ({
    what,
    value: `${short(value)} ${unit}`,
    beside: peer === null ? "" : `${peer.name} ${short(peer.value)}`,
    ratio: ratio === null ? "" : short(ratio),
    target: most === null ? "" : `≤ ${short(most)}`,
    "": most === null || isSmoke ? "" : isMet ? "met" : "MISSED",
  })),
);
for (const { what, value, unit, ratio, most, isMet } of rows)
  console.log(JSON.stringify({ bench: "tasks", what: what.trim(), value, unit, ratio, most, isMet }));
process.exitCode = isSmoke || rows.every(({ isMet }) => isMet) ? 0 : 1;
if (wasGivenUp) process.exit();
