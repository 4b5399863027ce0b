// Shared parts of the stress programs: arguments, seeded random numbers, frames and a client written from PROTOCOL.md, a server in a process of its own.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

const at = process.argv.indexOf("--seed");
/** Small sizes and no limits on time: shows that the program works. */
export const isSmoke = process.argv.includes("--smoke");
export const seed = at < 0 ? 1 : Number(process.argv[at + 1]);

/** Random numbers in [0, 1): mulberry32, good enough to choose what happens next. */
export function seeded(start) {
  let state = start >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

/** A limit that was missed: printed at once, and the exit status is 1. */
export function fail(message) {
  console.error(`FAILED: ${message}`);
  process.exitCode = 1;
}

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-stress-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server process; resolves when it listens. `runner` "scripted": jobs that only report; null: real training. */
export async function startServer(dataDir, options = {}) {
  const child = fork(fileURLToPath(new URL("./_server.mjs", import.meta.url)), [JSON.stringify({ dataDir, ...options })], {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const stop = () => child.kill("SIGKILL");
  process.once("exit", stop);
  const gone = new Promise((resolve) =>
    child.once("exit", (code, signal) => {
      process.off("exit", stop);
      resolve(signal ?? code);
    }),
  );
  const first = await Promise.race([new Promise((resolve) => child.once("message", resolve)), gone]);
  if (typeof first !== "object") throw new Error(`the server ended with ${first} before it listened`);
  return {
    port: first.port,
    token: "stress",
    gone,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    /** Bytes that the server's process uses, after a garbage collection. */
    memory: () =>
      new Promise((resolve) => {
        child.once("message", resolve);
        child.send("memory");
      }),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

export function toBytes(header, payload = null) {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(json.length);
  return payload === null ? Buffer.concat([prefix, json]) : Buffer.concat([prefix, json, payload]);
}

/** One WebSocket. Calls reject when the link is gone before the answer. */
export class Client {
  #calls = new Map();
  #lastId = 0;
  /** Replies to nothing that was asked for, e.g. to malformed frames. */
  orphans = 0;
  onEvent = () => {};

  static async open(server, token = server.token) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, { origin: `http://127.0.0.1:${server.port}` });
    const client = new Client(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    if (token !== null) await client.call("auth", { token });
    return client;
  }

  constructor(socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
    socket.on("error", () => {});
    socket.on("message", (data) => this.#onFrame(data));
    void this.closed.then(() => {
      for (const { reject } of this.#calls.values()) reject(new LinkLost());
      this.#calls.clear();
    });
  }

  /** The result. @throws {Refused} with the code of the answer; {LinkLost}. */
  call(method, params = {}, payload = null) {
    const id = `q${++this.#lastId}`;
    const header = { v: 1, id, method, params, ...(payload === null ? {} : { payload: { format: "arrow-ipc", bytes: payload.length } }) };
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new LinkLost());
      this.#calls.set(id, { resolve, reject });
      this.send(toBytes(header, payload));
    });
  }

  send(bytes) {
    this.socket.send(bytes, { binary: true }, () => {});
  }

  #onFrame(data) {
    const length = data.readUInt32BE(0);
    const header = JSON.parse(data.toString("utf8", 4, 4 + length));
    if (header.event !== undefined) return this.onEvent(header);
    const call = this.#calls.get(header.id);
    this.#calls.delete(header.id);
    if (call === undefined) this.orphans++;
    else if (header.ok) call.resolve(header.result);
    else call.reject(new Refused(header.error));
  }
}

export class LinkLost extends Error {}
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** Round trips in ms, one after the other, until `isDone` says so. */
export async function pings(client, isDone) {
  const took = [];
  while (!isDone(took.length)) {
    const started = performance.now();
    await client.call("ping");
    took.push(performance.now() - started);
  }
  return took;
}
