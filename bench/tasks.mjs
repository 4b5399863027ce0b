// What the task layer costs beside a raw pipe to an equal child process, in the same run. `--smoke`: small sizes.
import { spawn } from "node:child_process";
import { openProfile } from "../dist/tasks/index.js";

const isSmoke = process.argv.includes("--smoke");
const sizes = isSmoke ? { trips: 300, tasks: 2000, elements: 250_000, blocks: 2 } : { trips: 5000, tasks: 100_000, elements: 10_000_000, blocks: 5 };
const task = { module: new URL("./tasks-work.mjs", import.meta.url).href, export: "echo" };
const figures = [];

function figure(name, value, unit, ratio, against) {
  figures.push({ name, value: Number(value.toPrecision(4)), unit, ...(ratio === undefined ? {} : { ratio: Number(ratio.toPrecision(3)), against }) });
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

/** A child that writes back each byte it reads, and how to exchange a block with it. */
function openRawPipe() {
  const code = `const s = new (require("node:net").Socket)({ fd: 3 }); s.pipe(s); s.on("end", () => process.exit(0));`;
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
  return { exchange, close: () => new Promise((resolve) => child.once("exit", resolve) && pipe.end()) };
}

const raw = openRawPipe();
await raw.exchange(Buffer.alloc(64));
const profile = openProfile({ daemons: 1 });
const startMs = await timed(() => profile.submit(task, 0).result);
const bareMs = await best(3, async () => {
  const child = spawn(process.execPath, ["-e", "0"]);
  await new Promise((resolve) => child.once("exit", resolve));
});
figure("first result of a new daemon", startMs, "ms", startMs / bareMs, "node -e 0");

async function trips(exchange) {
  for (let i = 0; i < sizes.trips; i++) await exchange(i);
}
const block = Buffer.alloc(64);
const rawTripUs = ((await best(2, () => trips(() => raw.exchange(block)))) / sizes.trips) * 1000;
const tripUs = ((await best(2, () => trips((i) => profile.submit(task, i).result))) / sizes.trips) * 1000;
figure("raw pipe round trip, 64 bytes", rawTripUs, "us");
figure("sequential task round trip", tripUs, "us", tripUs / rawTripUs, "raw pipe");

const values = Float64Array.from({ length: sizes.elements }, (_, i) => i);
const megabytes = values.byteLength / 1e6;
const bytes = new Uint8Array(values.buffer);
const rawMs = await best(sizes.blocks, () => raw.exchange(bytes));
const arrayMs = await best(sizes.blocks, async () => {
  const back = await profile.submit(task, values).result;
  if (back.length !== values.length || back[back.length - 1] !== values[values.length - 1]) throw new Error("the array came back changed");
});
figure(`raw pipe, ${megabytes} MB there and back`, rawMs, "ms");
figure(`Float64Array of ${megabytes} MB there and back`, arrayMs, "ms", arrayMs / rawMs, "raw pipe");

profile.resize(2);
await Promise.all([profile.submit(task, 0).result, profile.submit(task, 0).result]);
let submitMs = 0;
const manyMs = await timed(async () => {
  const results = [];
  submitMs = await timed(() => {
    for (let i = 0; i < sizes.tasks; i++) results.push(profile.submit(task, i).result);
  });
  await Promise.all(results);
});
const perTaskUs = (manyMs / sizes.tasks) * 1000;
figure(`${sizes.tasks} tasks on 2 daemons`, manyMs / 1000, "s");
figure("per task on 2 daemons", perTaskUs, "us", perTaskUs / rawTripUs, "raw pipe");
figure("per submit", (submitMs / sizes.tasks) * 1000, "us");

let cancelMs = 0;
{
  const handles = Array.from({ length: sizes.tasks }, (_, i) => profile.submit(task, i));
  cancelMs = await timed(() => {
    for (let i = handles.length - 1; i >= 0; i -= 2) handles[i].cancel();
  });
  await Promise.allSettled(handles.map((handle) => handle.result));
}
figure("per cancel of a queued task", (cancelMs / (sizes.tasks / 2)) * 1000, "us");

await Promise.all([profile.close(), raw.close()]);
console.table(figures.map(({ name, value, unit, ratio, against }) => ({ figure: name, value: `${value} ${unit}`, ratio: ratio === undefined ? "" : `${ratio} x ${against}` })));
for (const line of figures) console.log(JSON.stringify({ bench: "tasks", ...line }));
