// Functions that the tests of src/tasks run in daemons.
import { spawn } from "node:child_process";
import { appendFileSync, writeSync } from "node:fs";

export const echo = (args) => args;
export const pid = () => process.pid;
export const add = ({ a, b }) => a + b;
export const notAFunction = 5;

/** Blocks the event loop for so many milliseconds; for ever without. */
export function spin({ ms = Number.POSITIVE_INFINITY } = {}, { note } = {}) {
  note?.(process.pid);
  const end = performance.now() + ms;
  while (performance.now() < end);
  return process.pid;
}

/** Loops politely until aborted, then says so in a file. */
export async function politeLoop({ file } = {}, { signal, breathe, note }) {
  note("started");
  while (!signal.aborted) await breathe();
  if (file !== undefined) appendFileSync(file, signal.reason.code);
  throw signal.reason;
}

export const sleep = ({ ms }) => new Promise((resolve) => setTimeout(() => resolve(process.pid), ms));

export function notes({ count }, { note }) {
  for (let i = 0; i < count; i++) note({ i, block: i % 10 === 0 ? new Float64Array(1000).fill(i) : null });
  return count;
}

export function append({ file, text }) {
  appendFileSync(file, `${text}\n`);
  return text;
}

export function fail() {
  const error = new RangeError("no such column", { cause: new Error("deeper") });
  error.code = "E_COLUMN";
  throw error;
}

export function failOddly() {
  const error = new Error("has a function on it");
  error.callback = () => 1;
  throw error;
}

export const throwString = () => {
  throw "just text";
};

export async function failAsOurs() {
  const { BadInputError } = await import(new URL("../../dist/core/errors.js", import.meta.url));
  throw new BadInputError("row 3 has 4 cells", { details: { row: 3 } });
}

export const unsendable = () => ({ deep: [{ callback: () => 1 }] });
export const exit = ({ code }) => process.exit(code);
export const die = () => process.kill(process.pid, "SIGKILL");

/** Answers, and crashes a moment later. */
export function crashLater({ ms }) {
  setTimeout(() => {
    throw new Error("left behind");
  }, ms);
  return process.pid;
}

export function complainAndDie({ lines }) {
  for (let i = 0; i < lines; i++) process.stderr.write(`line ${i} ${"x".repeat(80)}\n`);
  process.exit(7);
}

export function flood({ bytes }) {
  const block = "y".repeat(1023);
  for (let written = 0; written < bytes; written += 1024) {
    process.stderr.write(`${block}\n`);
    process.stdout.write(`${block}\n`);
  }
  return "done";
}

export function garbage() {
  writeSync(3, Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
  return new Promise(() => {});
}

/** A frame that is well-formed but says something an executor may not say. */
export function lie() {
  return import(new URL("../../dist/wire/frames.js", import.meta.url)).then(({ encodeFrame }) => {
    writeSync(3, encodeFrame({ type: "done", id: 999_999, value: "stolen" }).chunks[0]);
    return new Promise(() => {});
  });
}

export function dieEvery({ i, every, file }, { cache }) {
  if (file !== undefined) appendFileSync(file, `${i}\n`);
  const done = (cache.get("done") ?? 0) + 1;
  cache.set("done", done);
  if (done > every) process.kill(process.pid, "SIGKILL");
  return i;
}

export function sum({ values }) {
  let total = 0;
  for (const value of values) total += value;
  return { total, values };
}

export function largeAfterNote({ bytes }, { note }) {
  note(process.pid);
  return new Uint8Array(bytes);
}

/** Leaves a process behind that keeps this one's pipes open. */
export function leaveGrandchild({ ms }) {
  spawn(process.execPath, ["-e", `setTimeout(() => {}, ${ms})`], { stdio: ["ignore", "inherit", "inherit"], detached: true }).unref();
  process.exit(3);
}

/** Sets daemons of its own, inside its daemon. */
export async function setDaemons(n) {
  const { daemons } = await import(new URL("../../dist/tasks/index.js", import.meta.url));
  const set = await daemons(n);
  await set.reset();
  return "set";
}

/** Submits itself, so many levels deep. */
export const dive = (levels, { run }) => (levels === 0 ? "bottom" : run({ module: import.meta.url, export: "dive" }, levels - 1));
