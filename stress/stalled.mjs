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

// What it costs: memory with it stalled and its budget full, against memory once it has been cut off.
const costs = [];
for (let sample = 0; sample < (isSmoke ? 1 : 5); sample++) {
  await measure();
  costs.push(bytesOf(await server.memory()));
}
stalled.socket.terminate();
await stalled.closed;
const without = [];
for (let sample = 0; sample < (isSmoke ? 1 : 5); sample++) {
  await measure();
  without.push(bytesOf(await server.memory()));
}
const cost = quantile(costs, 0.5) - quantile(without, 0.5);
const { status } = await leader.call("job.status", { job_id: job.job_id });
console.log(
  `stalled: ${connections} connections, ${times.stalled.length} pings each way: p99 ${before.toFixed(2)} ms, with one stalled ${after.toFixed(2)} ms ` +
    `(${(after / before).toFixed(2)} ×; limit ${LIMIT_RATIO} ×); it costs ${(cost / 1e6).toFixed(2)} MB (limit ${LIMIT_BYTES / 1e6} MB)`,
);
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
