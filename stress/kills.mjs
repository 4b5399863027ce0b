// Rounds of kill -9 at random moments of a scripted conversation, restart, resume on the same data folder. Limits: nothing that was
// acknowledged is lost, no event comes twice, out of order or changed, no job is shown running that is not.
import { readFileSync } from "node:fs";
import { Client, fail, isSmoke, LinkLost, scratch, seed, seeded, startServer } from "./_parts.mjs";

const rounds = isSmoke ? 3 : 100;
const random = seeded(seed);
const folder = scratch();
const wine = readFileSync("samples/wine.csv");

/** What the server has acknowledged. */
const known = { sessionId: null, name: null, handles: new Map(), jobs: new Map(), uploads: new Map(), events: [] };
/** Asked for, not acknowledged: may or may not have happened. */
let unsure = new Set();
const counts = { acknowledged: 0, interrupted: 0 };
const started = performance.now();

for (let round = 1; round <= rounds && process.exitCode === undefined; round++) {
  const server = await startServer(folder, { jobs: "scripted", maxConcurrent: 2 });
  const client = await Client.open(server);
  client.onEvent = noteEvent;
  try {
    await resume(client, round);
    const killing = new Promise((resolve) => setTimeout(resolve, 200 + random.below(1300))).then(() => server.kill());
    await converse(client).catch((error) => {
      if (!(error instanceof LinkLost)) throw error;
    });
    await killing;
    await client.closed;
  } catch (error) {
    fail(`round ${round}, seed ${seed}: ${error.stack}`);
  }
}
await lastLook();
console.log(
  `kills: ${rounds} rounds in ${((performance.now() - started) / 1000).toFixed(0)} s; ${counts.acknowledged} acknowledged requests, ${known.events.length} events, ` +
    `${known.jobs.size} jobs of which ${counts.interrupted} were interrupted; nothing lost`,
);
process.exit();

/** Joins where the last round ended and compares everything that was acknowledged. */
async function resume(client, round) {
  if (known.sessionId === null) {
    const made = await client.call("session.create", { name: "conversation", request_key: "first" });
    known.sessionId = made.session_id;
    known.name = made.name;
    for (const name of ["first", "second"]) {
      const { data_handle } = await client.call("data.upload", { name, format: "csv" }, wine);
      known.handles.set(data_handle, name);
    }
    return;
  }
  const snapshot = await client.call("session.join", { session_id: known.sessionId, since: known.events.length });
  check(snapshot.seq === known.events.length, `round ${round}: the log ends at ${snapshot.seq}, ${known.events.length} events came`);
  check(snapshot.name === known.name || unsure.has(`name ${snapshot.name}`), `the session is called ${snapshot.name} instead of ${known.name}`);
  known.name = snapshot.name;
  const { handles } = await client.call("data.list");
  for (const [handle, name] of known.handles) {
    const found = handles.find((entry) => entry.data_handle === handle);
    if (found === undefined) check(unsure.has(`delete ${handle}`), `the table ${handle} is gone`);
    else check(found.name === name || unsure.has(`rename ${handle}`), `the table ${handle} is called ${found.name} instead of ${name}`);
  }
  known.handles = new Map(handles.map((entry) => [entry.data_handle, entry.name]));
  const { jobs } = await client.call("job.list");
  for (const [jobId, status] of known.jobs) {
    const found = jobs.find((entry) => entry.job_id === jobId);
    check(found !== undefined, `the job ${jobId} is gone`);
    if (isFinal(status)) check(found.status === status, `the job ${jobId} was ${status} and is ${found.status}`);
  }
  check(jobs.filter((job) => job.status === "running").length <= 2, "more jobs are shown running than may run");
  for (const job of jobs) known.jobs.set(job.job_id, job.status);
  for (const [uploadId, next] of known.uploads) {
    // A chunk that was acknowledged is refused as repeated; one that was not may be sent again.
    if (next > 1) {
      const again = await client.call("data.upload.chunk", { upload_id: uploadId, chunk_index: next - 1 }, Buffer.from("x")).catch((e) => e);
      check(again.code === "invalid_params" || unsure.has(`end ${uploadId}`), `chunk ${next - 1} of ${uploadId} is lost: ${again.message}`);
    }
    await client.call("data.upload.cancel", { upload_id: uploadId });
  }
  known.uploads.clear();
  unsure = new Set();
}

/** Until the link is lost. */
async function converse(client) {
  const acknowledged = async (doubt, call) => {
    unsure.add(doubt);
    const result = await call();
    unsure.delete(doubt);
    counts.acknowledged++;
    return result;
  };
  for (;;) {
    const handle = random.pick([...known.handles.keys()]);
    switch (random.below(6)) {
      case 0: {
        if (known.handles.size >= 12) break;
        const half = Math.floor(wine.length / 2);
        const { upload_id } = await client.call("data.upload.begin", { name: "w", format: "csv", total_bytes: wine.length, n_chunks: 2 });
        known.uploads.set(upload_id, 1);
        for (const [index, bytes] of [wine.subarray(0, half), wine.subarray(half)].entries()) {
          await client.call("data.upload.chunk", { upload_id, chunk_index: index + 1 }, bytes);
          known.uploads.set(upload_id, index + 2);
        }
        const added = await acknowledged(`end ${upload_id}`, () => client.call("data.upload.end", { upload_id }));
        known.uploads.delete(upload_id);
        known.handles.set(added.data_handle, added.name);
        break;
      }
      case 1: {
        const name = `conversation-${random.below(1e6)}`;
        await acknowledged(`name ${name}`, () => client.call("session.rename", { name }));
        known.name = name;
        break;
      }
      case 2: {
        if (handle === undefined) break;
        const name = `table ${random.below(1e6)}`;
        await acknowledged(`rename ${handle}`, () => client.call("data.rename", { data_handle: handle, name }));
        known.handles.set(handle, name);
        break;
      }
      case 3: {
        if (handle === undefined || known.handles.size < 6) break;
        await acknowledged(`delete ${handle}`, () => client.call("data.delete", { data_handle: handle }));
        known.handles.delete(handle);
        break;
      }
      case 4: {
        if (handle === undefined) break;
        const hyperparameters = { nrounds: 1 + random.below(60) };
        const job = await acknowledged("train", () => client.call("train", { data_handle: handle, algorithm: "LightGBM", hyperparameters }));
        if (!known.jobs.has(job.job_id)) known.jobs.set(job.job_id, job.status);
        break;
      }
      default: {
        const open = [...known.jobs].filter(([, status]) => !isFinal(status));
        if (open.length === 0) break;
        await client.call("job.cancel", { job_id: random.pick(open)[0] });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, random.below(40)));
  }
}

/** Events are numbered from 1 without gaps, whatever happens to the server. */
function noteEvent({ event, data, seq }) {
  if (seq === undefined) return;
  check(seq === known.events.length + 1, `event ${seq} came after ${known.events.length}`);
  known.events.push({ seq, event, data });
  const status = { "job.complete": "complete", "job.failed": "failed", "job.cancelled": "cancelled", "job.interrupted": "interrupted" }[event];
  if (status === undefined) return;
  check(!isFinal(known.jobs.get(data.job_id) ?? ""), `${data.job_id} ended twice: ${known.jobs.get(data.job_id)}, then ${status}`);
  known.jobs.set(data.job_id, status);
  if (status === "interrupted") counts.interrupted++;
}

/** Everything unfinished ends by itself, and the whole log is what was heard. */
async function lastLook() {
  const server = await startServer(folder, { jobs: "scripted", maxConcurrent: 2 });
  const client = await Client.open(server);
  client.onEvent = noteEvent;
  await resume(client, "last");
  for (let wait = 0; wait < 3000 && [...known.jobs.values()].some((status) => !isFinal(status)); wait++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { jobs } = await client.call("job.list");
  for (const job of jobs) check(isFinal(job.status), `${job.job_id} is still ${job.status}`);
  const log = [];
  for (let seq = 0; ; ) {
    const page = await client.call("events.since", { seq, limit: 1000 });
    log.push(...page.events);
    seq = log.length;
    if (page.events.length === 0) break;
  }
  check(JSON.stringify(log) === JSON.stringify(known.events.map(({ seq, event, data }) => ({ seq, event, data }))), "the log differs from what was sent");
  await server.kill();
}

function isFinal(status) {
  return ["complete", "failed", "cancelled", "interrupted"].includes(status);
}

function check(isRight, message) {
  if (!isRight) fail(`${message} (seed ${seed})`);
}
