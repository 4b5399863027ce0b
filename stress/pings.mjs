// Pings while a table of 200 MB is uploaded and a job runs: the server's loop is never held up. Limit: p99 under 20 ms.
import { readFileSync } from "node:fs";
import { Client, fail, isSmoke, pings, quantile, scratch, seed, seeded, startServer } from "./_parts.mjs";

const LIMIT_MS = 20;
const megabytes = isSmoke ? 4 : 200;
const count = isSmoke ? 100 : 1000;
const random = seeded(seed);

const server = await startServer(scratch());
const worker = await Client.open(server);
await worker.call("session.create", {});
const wine = await worker.call("data.upload", { name: "wine", format: "csv" }, readFileSync("samples/wine.csv"));
const job = await worker.call("train", {
  data_handle: wine.data_handle,
  algorithm: "LightGBM",
  hyperparameters: { nrounds: 5000 },
  outer_resampling_config: { type: "KFold", n_resamples: 10 },
});
const pinger = await Client.open(server);
// The same before anything is uploaded: on a machine that is busy with other things the limit says nothing.
const calm = quantile(await pings(pinger, (n) => n >= count), 0.99);
let isUploaded = false;
const started = performance.now();
const uploading = upload().finally(() => {
  isUploaded = true;
});
// At least `count` of them, and for as long as the upload takes.
const took = await pings(pinger, (n) => n >= count && isUploaded);
await uploading;
const status = (await worker.call("job.status", { job_id: job.job_id })).status;
const p99 = quantile(took, 0.99);
console.log(
  `pings: ${took.length} in ${((performance.now() - started) / 1000).toFixed(1)} s beside an upload of ${megabytes} MB and a job (${status}): ` +
    `p50 ${quantile(took, 0.5).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${quantile(took, 1).toFixed(1)} ms (before the upload p99 ${calm.toFixed(2)} ms; limit p99 ${LIMIT_MS} ms)`,
);
if (!isSmoke && p99 >= LIMIT_MS && calm < LIMIT_MS / 4) fail(`p99 is ${p99.toFixed(2)} ms`);
if (status !== "running" && status !== "complete") fail(`the job is ${status}`);
await server.kill();
process.exit();

/** Chunks of 1 MB, eight on their way at a time, in shuffled order within a window. Then the import, which is cancelled with the process. */
async function upload() {
  const chunk = Buffer.from(`${"1.5,2.5,3.5,abc\n".repeat(62_500)}`);
  const { upload_id } = await worker.call("data.upload.begin", {
    name: "big",
    format: "csv",
    total_bytes: megabytes * chunk.length,
    n_chunks: megabytes,
  });
  for (let first = 1; first <= megabytes; first += 8) {
    const window = Array.from({ length: Math.min(8, megabytes + 1 - first) }, (_, i) => first + i).sort(() => random.next() - 0.5);
    await Promise.all(window.map((chunk_index) => worker.call("data.upload.chunk", { upload_id, chunk_index }, chunk)));
  }
  const { rows } = await worker.call("data.upload.end", { upload_id });
  if (rows !== megabytes * 62_500) fail(`the table has ${rows} rows`);
}
