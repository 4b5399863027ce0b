// A million malformed frames, generated and mutated from valid ones, from several connections at once. Limits: no crash, memory does not
// grow from the first tenth to the end by more than 32 MB, and another connection is served all the time.
import { Client, fail, isSmoke, quantile, scratch, seed, seeded, startServer, toBytes } from "./_parts.mjs";

const LIMIT_GROWTH = 32e6;
const total = isSmoke ? 20_000 : 1_000_000;
const perLink = 250;
const random = seeded(seed);
const METHODS = ["ping", "info", "session.info", "session.join", "data.upload", "data.upload.begin", "data.upload.chunk", "train", "job.result"];
const JUNK = [null, true, -1, 1e308, "", "x", "\u0000", [], [[]], {}, { bytes: 4 }, { candidates: [] }, "sess-0000000000000000"];

const server = await startServer(scratch(), { jobs: "scripted" });
const bystander = await Client.open(server);
await bystander.call("session.create", { name: "bystander" });
const { session_id: sessionId } = await bystander.call("session.info");
const waits = [];
let isDone = false;
const watching = watch();

let sent = 0;
let answers = 0;
let early = 0;
const started = performance.now();
while (sent < total && server.isAlive) {
  await Promise.all([attack(), attack(), attack(), attack()]);
  if (early === 0 && sent >= total / 10) early = (await server.memory()).rss;
}
isDone = true;
await watching;
if (!server.isAlive) {
  fail(`the server ended with ${await server.gone}; repeat with --seed ${seed}`);
  process.exit();
}
const late = (await server.memory()).rss;
const info = await bystander.call("session.info");
const seconds = (performance.now() - started) / 1000;
console.log(
  `malformed: ${sent} frames in ${seconds.toFixed(0)} s, ${answers} answered; memory ${(early / 1e6).toFixed(0)} MB after a tenth, ${(late / 1e6).toFixed(0)} MB at the end; ` +
    `another connection: ${waits.length} pings, p50 ${quantile(waits, 0.5).toFixed(1)} ms, max ${quantile(waits, 1).toFixed(0)} ms`,
);
if (info.session_id !== sessionId || info.n_connections !== 1) fail("the bystander's session has changed");
if (!isSmoke && late - early > LIMIT_GROWTH) fail(`memory has grown by ${((late - early) / 1e6).toFixed(0)} MB`);
await server.kill();
process.exit();

/** One link that sends nothing but trouble and then a ping on a fresh link, which must be answered. */
async function attack() {
  const client = await Client.open(server, random.next() < 0.9 ? server.token : null);
  for (let i = 0; i < perLink && client.socket.readyState === client.socket.OPEN; i++) {
    client.send(trouble());
    sent++;
    if (client.socket.bufferedAmount > 1 << 20) await new Promise((resolve) => setImmediate(resolve));
  }
  // What is cut off in the middle of a frame gets no answer: the link is closed and all of it must be forgotten.
  await new Promise((resolve) => setTimeout(resolve, 20));
  answers += client.orphans;
  client.socket.terminate();
  await client.closed;
}

function trouble() {
  switch (random.below(6)) {
    case 0: // any bytes
      return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
    case 1: // a header length out of range
      return Buffer.concat([int32(random.pick([-1, -(2 ** 31), 1_048_577, 2 ** 31 - 1])), Buffer.from("{}")]);
    case 2: // JSON that is no request
      return toBytes(random.pick([JUNK, null, 5, "x", { payload: 3 }, { payload: { bytes: -1 } }, { payload: { bytes: 2 ** 40 } }, { id: 1 }]));
    case 3: // a known method with unusable parameters
      return toBytes({ v: 1, id: random.below(1e9), method: random.pick(METHODS), params: junkParams() });
    case 4: // a valid frame with some bits turned over
      return mutated(toBytes({ v: 1, id: "m", method: random.pick(METHODS), params: junkParams(), payload: { bytes: 3 } }, Buffer.from("abc")));
    default: // a valid frame that is cut off, with another behind it
      return Buffer.concat([valid().subarray(0, random.below(30)), valid()]);
  }
}

function valid() {
  return toBytes({ v: 1, id: "v", method: "ping" });
}

function junkParams() {
  const names = ["name", "session_id", "data_handle", "upload_id", "chunk_index", "total_bytes", "n_chunks", "algorithm", "job_id", "slice", "since"];
  return random.next() < 0.2 ? random.pick(JUNK) : Object.fromEntries(names.map((name) => [name, random.pick(JUNK)]));
}

function mutated(bytes) {
  for (let i = 1 + random.below(4); i > 0; i--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

async function watch() {
  while (!isDone && server.isAlive) {
    const before = performance.now();
    await bystander.call("ping").catch(() => {});
    waits.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
