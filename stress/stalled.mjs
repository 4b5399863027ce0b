// 200 connections on one session while a job reports; then one of them stops reading. Limits: the others' p99 of pings changes by no more
// than 10 % (or 1 ms, below which a loaded machine cannot measure), and the stalled one costs the server at most 0.5 MB.
import { readFileSync } from "node:fs";
import { Client, fail, isSmoke, pings, quantile, scratch, startServer } from "./_parts.mjs";

const LIMIT_RATIO = 1.1;
const LIMIT_BYTES = 0.5e6;
const connections = isSmoke ? 20 : 200;
const phases = isSmoke ? 1 : 3;
const rounds = isSmoke ? 2 : 10;

const server = await startServer(scratch(), { jobs: "scripted", maxConcurrent: 4 });
const leader = await Client.open(server);
await leader.call("session.create", { name: "crowd" });
const { data_handle } = await leader.call("data.upload", { name: "wine", format: "csv" }, readFileSync("samples/wine.csv"));
const crowd = [leader];
for (let i = 1; i < connections; i++) {
  const client = await Client.open(server);
  await client.call("session.join", { name: "crowd", since: -1 });
  crowd.push(client);
}
const job = await leader.call("train", { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds: 100_000 } });
const stalled = crowd.pop();
await measure(); // warms everything up
const times = { reading: [], stalled: [] };
for (let phase = 0; phase < phases; phase++) {
  stalled.socket.resume();
  times.reading.push(...(await measure()));
  stalled.socket.pause();
  times.stalled.push(...(await measure()));
}
const before = quantile(times.reading, 0.99);
const after = quantile(times.stalled, 0.99);

// What it costs: everybody else leaves, large reports come until the operating system's buffers are full and progress is left out, and the
// job ends. Then memory with the stalled connection and without it.
const { status } = await leader.call("job.status", { job_id: job.job_id });
await leader.call("job.cancel", { job_id: job.job_id });
for (const client of crowd.slice(1)) client.socket.terminate();
const flood = { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds: 100_000 }, question: "30000" };
const loud = await leader.call("train", flood);
const from = (await leader.call("session.info")).seq;
for (let seq = from; seq < from + (isSmoke ? 100 : 1000); ) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  seq = (await leader.call("session.info")).seq;
}
await leader.call("job.cancel", { job_id: loud.job_id });
while ((await leader.call("job.status", { job_id: loud.job_id })).status !== "cancelled") await new Promise((resolve) => setTimeout(resolve, 20));
const withIt = bytesOf(await server.memory());
const isStalled = (await leader.call("session.info")).n_connections === 2;
stalled.socket.terminate();
await stalled.closed;
while ((await leader.call("session.info")).n_connections > 1) await new Promise((resolve) => setTimeout(resolve, 20));
const cost = withIt - bytesOf(await server.memory());
console.log(
  `stalled: ${connections} connections, ${times.stalled.length} pings each way: p99 ${before.toFixed(2)} ms, with one stalled ${after.toFixed(2)} ms ` +
    `(${(after / before).toFixed(2)} ×; limit ${LIMIT_RATIO} ×); it costs ${(cost / 1e6).toFixed(2)} MB (limit ${LIMIT_BYTES / 1e6} MB)`,
);
if (!isStalled) fail("the stalled connection was closed, so its cost could not be measured");
if (status !== "running") fail(`the job that reports is ${status}`);
if (!isSmoke && after > before * LIMIT_RATIO && after - before > 1) fail("the others are slower");
if (!isSmoke && cost > LIMIT_BYTES) fail("the stalled connection costs too much");
await server.kill();
process.exit();

/** All others ping at the same time. */
async function measure() {
  return (await Promise.all(crowd.map((client) => pings(client, (n) => n >= rounds)))).flat();
}

function bytesOf({ heapUsed, external }) {
  return heapUsed + external; // arrayBuffers are part of external
}
