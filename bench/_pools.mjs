// Everything that tasks.mjs measures with one task: raw links, our daemons, other pools. Each is { name, kind, run(n), close() }.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import Piscina from "piscina";
import { FixedClusterPool, FixedThreadPool } from "poolifier";
import Tinypool from "tinypool";
import workerpool from "workerpool";
import { daemons, mirai } from "../dist/tasks/index.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const task = (n) => n;
let made = 0;

/** So long a pool may take for anything that it is asked here. */
const PATIENCE_MS = 60_000;
const PATIENCE_AT_CLOSE_MS = 5000;

/** Whether some pool did not keep its word: then something of it may be left that keeps the program running. */
export let wasGivenUp = false;

/**
 * What `work` resolves with; where it takes too long, Infinity, and a line that says whose fault it is. A peer is then left out (`isOut`); of our own
 * pools it is an error.
 */
export async function patiently(pool, what, work, limitMs = PATIENCE_MS) {
  if (pool.isOut === true) return Number.POSITIVE_INFINITY;
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs, patiently);
  });
  const result = await Promise.race([work(), late]);
  clearTimeout(timer);
  if (result !== patiently) return result;
  const line = `${pool.name} (${pool.kind}) did not end within ${limitMs / 1000} s: ${what}`;
  if (pool.isPeer !== true) throw new Error(line);
  console.error(`${line}; it is left out`);
  pool.isOut = true;
  wasGivenUp = true;
  return Number.POSITIVE_INFINITY;
}

/** Ends pools. Poolifier 5.3.2 sometimes waits for ever for the last word of a thread that has gone: it is not waited for. */
export async function closeAll(pools) {
  for (const pool of pools) await patiently(pool, "closing", pool.close, pool.isPeer === true ? PATIENCE_AT_CLOSE_MS : PATIENCE_MS);
}

/** So many trivial tasks on each, one after the other. */
export async function warmUp(pools, count) {
  const trips = async (run) => {
    for (let i = 0; i < count; i++) await run(i);
  };
  for (const pool of pools) await patiently(pool, "its first tasks", () => trips(pool.run));
}

/** Ours, whose tasks may come before its daemons are there. */
export function oursAtOnce(kind, count) {
  const profile = `bench-${++made}`;
  const started = daemons(count, { profile, thread: kind === "thread", cleanup: false });
  const close = () => started.then(() => daemons(0, { profile }));
  return { name: "trainyard", kind, profile, started, run: (n) => mirai(task, n, { profile }), close };
}

export async function ours(kind, count) {
  const pool = oursAtOnce(kind, count);
  await pool.started;
  return pool;
}

/** Other pools of one kind, with so many workers each. A function of each makes it, so that starting can be timed. */
export function peers(kind, count) {
  const sizes = { minThreads: count, maxThreads: count };
  const isThread = kind === "thread";
  const tinypool = () => {
    const pool = new Tinypool({ filename: here("./_peer-task.mjs"), ...sizes, runtime: isThread ? "worker_threads" : "child_process" });
    return { name: "tinypool", kind, run: (n) => pool.run(n), close: () => pool.destroy() };
  };
  const piscina = () => {
    const pool = new Piscina({ filename: here("./_peer-task.mjs"), ...sizes });
    return { name: "piscina", kind, run: (n) => pool.run(n), close: () => pool.destroy() };
  };
  const other = () => {
    const pool = workerpool.pool(here("./_peer-workerpool.mjs"), { minWorkers: count, maxWorkers: count, workerType: kind });
    return { name: "workerpool", kind, run: (n) => pool.exec("echo", [n]), close: () => pool.terminate() };
  };
  const poolifier = () => {
    const Pool = isThread ? FixedThreadPool : FixedClusterPool;
    const pool = new Pool(count, here("./_peer-poolifier.cjs"), { enableTasksQueue: true });
    return { name: "poolifier", kind, run: (n) => pool.execute(n), close: () => pool.destroy() };
  };
  const makers = isThread ? [piscina, tinypool, other, poolifier] : [tinypool, other, poolifier];
  return makers.map((make) => () => ({ ...make(), isPeer: true }));
}

/** A child that writes back what it reads: each piece at once, or a whole block from one piece of memory, as a program that uses an array must. */
export function rawPipe(blockBytes = 0) {
  const stream = `s.pipe(s);`;
  const whole = `let memory = new Uint8Array(${blockBytes}), got = 0;
    s.on("data", (c) => { memory.set(c, got); got += c.length;
      if (got === memory.length) { s.write(memory); memory = new Uint8Array(${blockBytes}); got = 0; } });`;
  const code = `const s = new (require("node:net").Socket)({ fd: 3 }); s.on("end", () => process.exit(0)); ${blockBytes === 0 ? stream : whole}`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  const pipe = child.stdio[3];
  const exchange = (block) =>
    new Promise((resolve) => {
      let got = 0;
      const memory = blockBytes === 0 ? null : new Uint8Array(blockBytes);
      const take = (chunk) => {
        memory?.set(chunk, got);
        got += chunk.length;
        if (got < block.length) return;
        pipe.off("data", take);
        resolve(memory);
      };
      pipe.on("data", take);
      pipe.write(block);
    });
  const block = Buffer.alloc(64);
  const close = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      pipe.end();
    });
  return { name: "raw pipe", kind: "process", pid: child.pid, run: () => exchange(block), exchange, close };
}

export function rawThread() {
  const worker = new Worker(
    `const { parentPort: p } = require("node:worker_threads"); p.on("message", (m) => p.postMessage(m, m.buffer ? [m.buffer] : []));`,
    {
      eval: true,
    },
  );
  const exchange = (message, transfer = []) =>
    new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage(message, transfer);
    });
  return { name: "raw worker_threads", kind: "thread", run: exchange, exchange, close: () => worker.terminate() };
}
