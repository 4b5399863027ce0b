// What metric logs cost, beside a plain file append and a plain ws broadcast in the same run. `--smoke`: small sizes, no limits.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { init } from "../dist/log/index.js";
import { parseColumns, Runs, SeriesQueries, Subscriptions } from "../dist/runs/index.js";
import { serve } from "../dist/server/serve.js";

const isSmoke = process.argv.includes("--smoke");
const sizes = isSmoke
  ? { batches: 20, singles: 300, points: 100_000, series: 100_000, readers: 10, deliverRows: 2000, logs: 2000 }
  : { batches: 500, singles: 20_000, points: 1_000_000, series: 1_000_000, readers: 100, deliverRows: 50_000, logs: 100_000 };
const figures = [];

function figure(name, value, unit, { ratio, against, atLeast, atMost } = {}) {
  const isMissed = (atLeast !== undefined && value < atLeast) || (atMost !== undefined && value > atMost);
  figures.push({
    name,
    value: Number(value.toPrecision(4)),
    unit,
    ...(ratio === undefined ? {} : { ratio: Number(ratio.toPrecision(3)), against }),
    ...(atLeast === undefined && atMost === undefined ? {} : { limit: atLeast ?? atMost, isMissed }),
  });
}

async function timed(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

function columns(rows, keyCount, first = 0) {
  const steps = Array.from({ length: rows }, (_, i) => first + i);
  const values = Object.fromEntries(Array.from({ length: keyCount }, (_, k) => [`k${k}`, steps.map((step) => Math.sin(step * (k + 1)))]));
  return { steps, times: steps.map((step) => 1.7e12 + step), values };
}

/** The floor: the same text to a file, synced after each batch. */
function plainAppend(folder, texts) {
  const file = openSync(join(folder, "plain.jsonl"), "a");
  for (const text of texts) {
    writeSync(file, text);
    fsyncSync(file);
  }
  closeSync(file);
}

async function benchIngest(folder) {
  const bodies = Array.from({ length: 20 }, (_, i) => JSON.stringify({ ...columns(1000, 1, i * 1000), producer: "p" }));
  const texts = Array.from({ length: sizes.batches }, (_, i) =>
    bodies[i % 20].replace('"producer":"p"', `"producer":"p","sequence":${i * 1000}`),
  );
  const points = sizes.batches * 1000;
  const plain = await timed(() => plainAppend(folder, texts));
  const runs = new Runs({ folder });
  const { runId } = runs.create("batches", {});
  const { seconds, cpuSeconds } = await timed(async () => {
    for (const text of texts) await runs.append(runId, parseColumns(JSON.parse(text), 0));
  });
  runs.close();
  figure("1,000-row batches of one key, parsed and on disk", points / seconds, "points/s", {
    ratio: seconds / plain.seconds,
    against: "plain append and sync",
  });
  figure("the same by processor time", points / cpuSeconds, "points/s", { atLeast: 300_000 });
}

async function benchDisk(keyCount) {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  const rows = sizes.points / keyCount;
  const perBatch = Math.min(1000, rows);
  const texts = Array.from({ length: Math.ceil(rows / perBatch) }, (_, i) => JSON.stringify(columns(perBatch, keyCount, i * perBatch)));
  const runs = new Runs({ folder });
  const { runId } = runs.create("disk", {});
  const parse = await timed(() => {
    for (const text of texts) JSON.parse(text);
  });
  const { cpuSeconds } = await timed(async () => {
    for (const text of texts) await runs.append(runId, parseColumns(JSON.parse(text), 0));
    runs.finish(runId, "completed", { actor: "reporter" });
  });
  runs.close();
  rmSync(folder, { recursive: true });
  figure(`${sizes.points} points of ${keyCount} keys to disk`, cpuSeconds, "CPU s", {
    ratio: cpuSeconds / parse.cpuSeconds,
    against: "JSON.parse alone",
    atMost: keyCount === 10 ? 0.5 : 1,
  });
}

async function benchQuery() {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  const runs = new Runs({ folder });
  const { runId } = runs.create("series", {});
  for (let first = 0; first < sizes.series; first += 10_000) await runs.append(runId, parseColumns(columns(10_000, 1, first), 0));
  const first = new SeriesQueries(runs);
  const cold = await timed(() => first.answer(runId, { keys: ["k0"], maxPoints: 2000 }));
  runs.close();
  // The code has run once; the database is opened anew, and nothing of it is in memory.
  const colds = [];
  for (let i = 0; i < 5; i++) {
    const again = new Runs({ folder });
    const queries = new SeriesQueries(again);
    colds.push((await timed(() => queries.answer(runId, { keys: ["k0"], maxPoints: 2000 }))).seconds);
    again.close();
  }
  const reopened = new Runs({ folder });
  const queries = new SeriesQueries(reopened);
  const ask = () => queries.answer(runId, { keys: ["k0"], maxPoints: 2000 });
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) least = Math.min(least, (await timed(ask)).seconds);
  const middle = colds.sort((a, b) => a - b)[2];
  figure(`series of ${sizes.series} to 2,000 buckets, first question of the process`, cold.seconds * 1000, "ms");
  figure("the same after opening the database, median of 5", middle * 1000, "ms", { atMost: 5 });
  figure("the same again", least * 1000, "ms", { atMost: 5 });
  reopened.close();
  rmSync(folder, { recursive: true });
}

function post(agent, port, path, text) {
  const headers = { authorization: "Bearer t", "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const sent = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers }, (response) => {
      response
        .resume()
        .once("end", () =>
          response.statusCode < 300 ? resolve(performance.now() - started) : reject(new Error(`status ${response.statusCode}`)),
        );
    });
    sent.once("error", reject);
    sent.end(text);
  });
}

/** One keep-alive connection that asks by hand, so that the client costs next to nothing beside the server. */
async function openLane(port, path) {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: `;
  let got = "";
  let settle = () => {};
  socket.setEncoding("latin1").on("data", (text) => {
    got += text;
    // Answers are small JSON objects without objects inside.
    if (!got.endsWith("}")) return;
    if (!got.startsWith("HTTP/1.1 200")) throw new Error(got);
    got = "";
    settle();
  });
  const ask = (text) =>
    new Promise((resolve) => {
      settle = resolve;
      socket.write(`${head}${text.length}\r\n\r\n${text}`);
    });
  return { ask, close: () => socket.destroy() };
}

async function benchSingles(port, runPath) {
  const lanes = await Promise.all(Array.from({ length: 32 }, () => openLane(port, `${runPath}/points`)));
  const waits = [];
  let next = 0;
  const { seconds, cpuSeconds } = await timed(() =>
    Promise.all(
      lanes.map(async ({ ask }, lane) => {
        for (let i = next++; i < sizes.singles; i = next++) {
          const started = performance.now();
          await ask(`{"producer":"s${lane}","sequence":${i},"steps":[${i}],"values":{"loss":[${i}]}}`);
          waits.push(performance.now() - started);
        }
      }),
    ),
  );
  for (const { close } of lanes) close();
  waits.sort((a, b) => a - b);
  figure("one point a request, 32 keep-alive connections", sizes.singles / seconds, "requests/s");
  figure("the same by processor time, client included", sizes.singles / cpuSeconds, "requests/s", { atLeast: 5000 });
  figure("their 99th percentile", waits[Math.floor(waits.length * 0.99)], "ms", { atMost: 50 });
}

/** Readers in a thread of their own: each counts rows and the time of the last one. */
function readers(url, count, rows) {
  return new Worker(fileURLToPath(import.meta.url), { workerData: { url, count, rows } });
}

async function read() {
  const { url, count, rows } = workerData;
  let open = 0;
  let left = count;
  const delays = [];
  for (let i = 0; i < count; i++) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.once("open", () => ++open === count && parentPort.postMessage("open"));
    socket.on("message", (data) => {
      const text = data.toString("latin1");
      const from = text.indexOf('"steps":[');
      if (from < 0) return;
      const to = text.indexOf("]", from);
      // Only the first reader parses; the others look for the last step, so that the sender is what is measured.
      if (i === 0) for (const time of JSON.parse(text).times) delays.push(Date.now() - time);
      const lastStep = Number(text.slice(Math.max(from + 8, text.lastIndexOf(",", to)) + 1, to));
      if (lastStep === rows - 1 && --left === 0) parentPort.postMessage({ delays });
    });
  }
}

const message = (worker) => new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));

async function deliverTo(url, send) {
  const worker = readers(url, sizes.readers, sizes.deliverRows);
  await message(worker);
  const done = message(worker);
  const before = process.cpuUsage();
  const started = performance.now();
  for (let first = 0; first < sizes.deliverRows; first += 500) {
    await send(first);
    // 10,000 rows a second: what a live page is for.
    const due = started + ((first + 500) / 10_000) * 1000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  const { delays } = await done;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await worker.terminate();
  return { rate: (sizes.deliverRows * sizes.readers) / seconds, cpu: (user + system) / 1e6, delays: delays.sort((a, b) => a - b) };
}

async function benchDelivery(server, runPath, id) {
  const body = (first) => ({
    steps: Array.from({ length: 500 }, (_, i) => first + i),
    times: Array(500).fill(Date.now()),
    values: { loss: Array(500).fill(0.5) },
  });
  const agent = new Agent({ keepAlive: true });
  const own = await deliverTo(`ws://127.0.0.1:${server.port}/api/training/runs/${id}/stream?token=t&v=2&full=true`, (first) =>
    post(agent, server.port, `${runPath}/points`, JSON.stringify(body(first))),
  );
  agent.destroy();
  const plain = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise((resolve) => plain.once("listening", resolve));
  const peer = await deliverTo(`ws://127.0.0.1:${plain.address().port}`, (first) => {
    const text = JSON.stringify(body(first));
    for (const socket of plain.clients) socket.send(text);
  });
  plain.close();
  figure(`delivery to ${sizes.readers} readers at 10,000 rows/s`, own.rate, "points/s", {
    ratio: own.rate / peer.rate,
    against: "plain ws broadcast",
    atLeast: 900_000,
  });
  figure("from the producer's clock to a reader, median", own.delays[Math.floor(own.delays.length / 2)], "ms", { atMost: 60 });
  figure("the same, 99th percentile", own.delays[Math.floor(own.delays.length * 0.99)], "ms", { atMost: 150 });
}

/** A reader that was away for a minute of 1,000 points a second has everything again. */
async function benchReconnect(server, { id, path }) {
  const rows = isSmoke ? 6000 : 60_000;
  const agent = new Agent({ keepAlive: true });
  for (let first = 0; first < rows; first += 1000) {
    const body = {
      steps: Array.from({ length: 1000 }, (_, i) => first + i),
      values: { loss: Array.from({ length: 1000 }, (_, i) => Math.sin(first + i)) },
    };
    await post(agent, server.port, `${path}/points`, JSON.stringify(body));
  }
  agent.destroy();
  for (const [name, query] of [
    ["every row", "&full=true"],
    ["thinned", ""],
  ]) {
    const started = performance.now();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/api/training/runs/${id}/stream?token=t&v=2${query}`, {
      perMessageDeflate: false,
    });
    await new Promise((resolve) =>
      socket.on("message", (data) => {
        const { seq = 0, type } = JSON.parse(data.toString());
        if (type !== "snapshot" && seq >= rows + 1) resolve();
      }),
    );
    socket.terminate();
    figure(`back after 60 s away at 1,000 rows/s, ${name}`, performance.now() - started, "ms", { atMost: 300 });
  }
}

/** What the server keeps for a reader that takes nothing, on its own end of the link. */
async function benchStalled() {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  const runs = new Runs({ folder });
  const subscriptions = new Subscriptions(runs);
  const { runId } = runs.create("stalled", {});
  let held = 0;
  const sink = {
    get bufferedBytes() {
      return held;
    },
    send: (frame) => {
      held += frame.length;
    },
  };
  subscriptions.open(runId, sink, { isFull: true });
  for (let i = 0; i < (isSmoke ? 5 : 50); i++) {
    await runs.append(runId, parseColumns(columns(1000, 20, i * 1000), 0));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  subscriptions.close();
  runs.close();
  rmSync(folder, { recursive: true, force: true });
  figure("bytes held for a reader that takes nothing", held / 1e6, "MB", { atMost: 0.5 });
}

async function benchLog(server, folder) {
  const run = init({ name: "loop", url: server.url, token: "t", queueDir: join(folder, "queue") });
  for (let i = 0; i < sizes.logs / 10; i++) run.log({ loss: i, accuracy: i });
  const { seconds } = await timed(() => {
    for (let i = 0; i < sizes.logs; i++) run.log({ loss: i, accuracy: i });
  });
  figure("log() in a loop, two values", (seconds / sizes.logs) * 1e6, "us", { atMost: 5 });
  await run.finish("completed", { timeoutMs: 30_000 });
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  await benchIngest(folder);
  for (const keyCount of [10, 1000]) await benchDisk(keyCount);
  await benchQuery();
  const dataDir = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
  const server = await serve({ port: 0, token: "t", dataDir, verbosity: 0, daemons: 1 });
  const newRun = async () => {
    const headers = { authorization: "Bearer t", "content-type": "application/json" };
    const { id } = await (await fetch(`${server.url}api/v2/runs`, { method: "POST", headers, body: '{"name":"bench"}' })).json();
    return { id, path: `/api/v2/runs/${id}` };
  };
  await benchSingles(server.port, (await newRun()).path);
  const { id, path } = await newRun();
  await benchDelivery(server, path, id);
  await benchReconnect(server, await newRun());
  await benchStalled();
  await benchLog(server, folder);
  await server.close();
  for (const one of [folder, dataDir]) rmSync(one, { recursive: true, force: true });
  console.table(
    figures.map(({ name, value, unit, ratio, against, limit, isMissed }) => ({
      figure: name,
      value: `${value} ${unit}`,
      ratio: ratio === undefined ? "" : `${ratio} x ${against}`,
      limit: limit === undefined ? "" : `${limit}${isMissed ? " MISSED" : ""}`,
    })),
  );
  for (const line of figures) console.log(JSON.stringify({ bench: "runs", ...line }));
  const missed = figures.filter(({ isMissed }) => isMissed);
  if (!isSmoke && missed.length > 0) process.exitCode = 1;
}

if (isMainThread) await main();
else await read();
