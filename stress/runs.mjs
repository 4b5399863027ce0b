// Reporters, readers, cut links and kill -9 of the server at random moments, on one run. In the end every full reader holds exactly the log, every thinned
// one the first, last, least and greatest value of each series in each stretch that it was told of, and the log is what the reporters sent, once.
import { WebSocket } from "ws";
import { fail, isSmoke, scratch, seed, seeded, startServer } from "./_parts.mjs";

const rounds = isSmoke ? 3 : 40;
const random = seeded(seed);
const folder = scratch();
const started = performance.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const valueOf = (producer, n) => Math.round(Math.sin(n * 7 + producer) * 1e6);

let server = await startServer(folder);
let isOver = false;
const counts = { repeats: 0, cuts: 0 };
const call = async (path, body) => {
  const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  return fetch(`http://127.0.0.1:${server.port}/api/v2/runs${path}`, init);
};
const { id } = await (await call("", { name: "storm" })).json();

/** Sends rows until the storm is over; what was not answered is sent again, cut differently. */
async function report(producer) {
  const own = seeded(seed * 31 + producer);
  let answered = 0;
  let tried = 0;
  // What was sent and not answered may be stored: it is sent until it is answered.
  for (let from = 0; !isOver || answered < tried; ) {
    const count = isOver ? tried - from : own.below(60) === 0 ? 3000 : 1 + own.below(40);
    tried = Math.max(tried, from + count);
    const steps = Array.from({ length: count }, (_, i) => from + i);
    const values = { [`p${producer}`]: steps.map((n) => valueOf(producer, n)), n: steps };
    try {
      const answer = await call(`/${id}/points`, { producer: `p${producer}`, sequence: from, steps, values });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      const { duplicates } = await answer.json();
      counts.repeats += duplicates;
      answered = Math.max(answered, from + count);
      // Now and then a piece that was answered goes again.
      from = Math.max(0, answered - (own.below(8) === 0 ? own.below(30) : 0));
    } catch {
      await sleep(20);
    }
    await sleep(own.below(8));
  }
  return answered;
}

/** Reads from its place on, over as many links as it takes. */
class Reader {
  place = 0;
  rows = [];
  stretches = [];
  ended = null;
  constructor(isFull, isSlow) {
    this.isFull = isFull;
    this.isSlow = isSlow;
  }

  async follow() {
    while (this.ended === null) {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/api/training/runs/${id}/stream?token=${server.token}&v=2&since=${this.place}&full=${this.isFull}`);
      this.socket = socket;
      socket.on("error", () => {});
      socket.on("message", (data) => this.take(JSON.parse(data.toString())));
      const pauses = setInterval(() => {
        if (!this.isSlow || socket.readyState !== WebSocket.OPEN) return;
        socket.pause();
        setTimeout(() => socket.resume(), 150);
      }, 200);
      await new Promise((resolve) => socket.once("close", resolve));
      clearInterval(pauses);
      await sleep(20);
    }
  }

  take(message) {
    const { type, seq } = message;
    if (type === "snapshot") return;
    if (type === "end") {
      this.ended = message.state;
      return;
    }
    if (seq <= this.place) fail(`${type} ${seq} came when ${this.place} was known (seed ${seed})`);
    const before = type === "points" ? seq - message.steps.length : type === "thinned" ? message.from_seq - 1 : seq - 1;
    if (before !== this.place) fail(`${type} begins behind ${before}, known was ${this.place} (seed ${seed})`);
    if (type === "points") this.rows.push(...rowsOf(message).map((row, i) => ({ seq: before + 1 + i, ...row })));
    if (type === "thinned") this.stretches.push({ from: before + 1, to: seq, rows: message.parts.flatMap(rowsOf) });
    this.place = seq;
  }
}

/** Columns as rows: step and values. */
function rowsOf({ steps, values }) {
  const rows = steps.map((step) => ({ step, values: {} }));
  for (const [key, column] of Object.entries(values)) {
    const list = Array.isArray(column) ? column : column.values;
    list.forEach((value, i) => {
      rows[Array.isArray(column) ? i : column.rows[i]].values[key] = value;
    });
  }
  return rows;
}

const readers = [new Reader(true, false), new Reader(true, true), new Reader(false, false), new Reader(false, true)];
const reading = readers.map((reader) => reader.follow());
const reporting = [0, 1, 2].map(report);
for (let round = 1; round <= rounds; round++) {
  for (let cut = random.below(4); cut > 0; cut--) {
    await sleep(random.below(200));
    random.pick(readers).socket?.terminate();
    counts.cuts++;
  }
  await sleep(random.below(600));
  await server.kill();
  await sleep(random.below(300));
  server = await startServer(folder);
}
isOver = true;
const sent = await Promise.all(reporting);
await call(`/${id}/finish`, { state: "completed" });
const late = [new Reader(true, false), new Reader(false, false)];
await Promise.all([...reading, ...late.map((reader) => reader.follow())]);
const log = (await (await call(`/${id}/export`)).text()).trim().split("\n").map((line) => JSON.parse(line));
check();
console.log(
  `runs: ${rounds} kills, ${counts.cuts} cut links in ${((performance.now() - started) / 1000).toFixed(0)} s; ${log.length} rows, ` +
    `${counts.repeats} repeats refused; thinned stretches: ${[...readers, ...late].map(({ stretches }) => stretches.length).join(", ")}`,
);
await server.kill();
process.exit();

function check() {
  const total = sent.reduce((sum, count) => sum + count, 0);
  if (log.length !== total) fail(`the log has ${log.length} rows, ${total} were answered (seed ${seed})`);
  sent.forEach((count, producer) => {
    const found = new Map(log.filter(({ values }) => values[`p${producer}`] !== undefined).map(({ step, values }) => [step, values[`p${producer}`]]));
    for (let n = 0; n < count; n++) if (found.get(n) !== valueOf(producer, n)) fail(`row ${n} of reporter ${producer} is ${found.get(n)} (seed ${seed})`);
  });
  for (const reader of [...readers, ...late]) checkReader(reader);
}

function checkReader({ rows, stretches, ended, isFull }) {
  if (ended !== "completed") fail(`a reader was told ${ended} (seed ${seed})`);
  if (isFull && stretches.length > 0) fail(`a full reader was thinned (seed ${seed})`);
  const isThinned = (seq) => stretches.some(({ from, to }) => seq >= from && seq <= to);
  const exact = log.filter(({ seq }) => !isThinned(seq)).map(({ seq, step, values }) => ({ seq, step, values }));
  if (digest(exact) !== digest(rows)) fail(`a reader holds ${rows.length} rows that are not the ${exact.length} of the log (seed ${seed})`);
  for (const { from, to, rows: kept } of stretches) {
    const whole = log.filter(({ seq }) => seq >= from && seq <= to);
    for (const key of ["p0", "p1", "p2", "n"]) {
      const [all, some] = [whole, kept].map((list) => list.flatMap(({ values }) => (values[key] === undefined ? [] : [values[key]])));
      const marks = (list) => (list.length === 0 ? "" : [list[0], list.at(-1), least(list), -least(list.map((value) => -value))].join());
      if (marks(all) !== marks(some)) fail(`${key} from ${from} to ${to}: ${marks(some)} instead of ${marks(all)} (seed ${seed})`);
    }
  }
}

function least(list) {
  return list.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function digest(rows) {
  return rows.map(({ seq, step, values }) => `${seq} ${step} ${["p0", "p1", "p2", "n"].map((key) => values[key] ?? "").join()}`).join("\n");
}
