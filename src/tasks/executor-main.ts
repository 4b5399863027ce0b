/** Program of a daemon's process. Started by `links/process-link.ts`; file descriptors 3 and 4 are explained there. */
import { Worker } from "node:worker_threads";
import { decodeEnvelope } from "../wire/envelope.ts";
import { encodeFrame } from "../wire/frames.ts";
import type { CodecReference } from "./codecs.ts";
import { Executor } from "./executor.ts";
import { FramePipe } from "./links/frame-pipe.ts";
import { Gate } from "./links/gate.ts";
import { toHostMessage } from "./messages.ts";
import { Vigil } from "./vigil.ts";

const gate = new Gate();

/**
 * Kills this process when the host's end of descriptor 4 closes, unless it may finish; closes the gate for each byte that comes there, and answers how
 * many tasks have passed. Both also while user code blocks the event loop: nothing on the main thread could do it then. Measured on Node 20:
 * 2.4 ms to start (the rest runs beside the task), 8 MB; so it starts with the first task, not before.
 */
const WATCHDOG = `
  const { Socket } = require("node:net");
  const { memory, finishesTask } = require("node:worker_threads").workerData;
  const word = new Int32Array(memory);
  const leave = () => finishesTask || process.kill(process.pid, "SIGKILL");
  const socket = new Socket({ fd: 4 }).on("error", leave).on("close", leave).on("data", (bytes) => {
    for (const _ of bytes) {
      const answer = Buffer.alloc(4);
      answer.writeUInt32BE(Atomics.or(word, 0, 1) >>> 1);
      socket.write(answer);
    }
  });
`;

function startWatchdog(): void {
  const watchdog = new Worker(WATCHDOG, {
    eval: true,
    workerData: { memory: gate.memory, finishesTask },
    env: {},
    execArgv: [],
    trackUnmanagedFds: false,
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  watchdog.unref();
}

/** Standard output and error wait for the host to read, so that a process's last words are not lost when it exits right after them. */
function blockOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    // Node has no public way; where this one is missing, at worst some last lines are.
    (stream as { _handle?: { setBlocking?(isBlocking: boolean): void } })._handle?.setBlocking?.(true);
  }
}

const NOTHING = new Uint8Array(0);
const pipe = new FramePipe(3, {
  onPayload: take,
  onFault(cause) {
    throw cause; // ends this process, and the host reads why
  },
});
const { socket } = pipe;
const vigil = new Vigil();
/** Messages that wait; null when none has to. */
let held: Uint8Array[] | null = null;
let finishesTask = process.argv.includes("--finish");
let hasHostLeft = false;
const executor = new Executor({
  keepsState: process.argv.includes("--keep-state"),
  gate,
  send: (message) => pipe.sendNow(encodeFrame(message)),
  get isFull() {
    return socket.writableLength > 0 && !hasHostLeft;
  },
  drained: () =>
    socket.writableLength === 0 || hasHostLeft ? Promise.resolve() : new Promise((resolve) => socket.write(NOTHING, () => resolve())),
  onInit({ autoExit, codecs = [] }) {
    if (codecs.length > 0) void holdFor(codecs);
    finishesTask ||= autoExit === "finish";
  },
  onFirstRun() {
    blockOutput();
    startWatchdog();
  },
  onRest() {
    if (hasHostLeft) process.exit(0);
    vigil.watch();
  },
});

function take(payload: Uint8Array): void {
  if (held === null) executor.receive(toHostMessage(decodeEnvelope(payload)));
  else held.push(payload.slice());
}

/** What comes cannot be read before its codecs are there. */
async function holdFor(references: readonly CodecReference[]): Promise<void> {
  held = [];
  const { loadCodecs } = await import("./codecs.ts");
  await loadCodecs(references);
  const waiting = held;
  held = null;
  for (const payload of waiting) take(payload);
}

/** The host left, or wants this process to leave: at once, without waiting for user code, unless the profile said that it may finish. */
function leave(): void {
  hasHostLeft = true;
  if (!finishesTask || !executor.isBusy) process.exit(0);
  executor.finishRunning();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

// The terminal sends Ctrl-C to the whole group; when to stop is the host's decision.
process.on("SIGINT", () => {});
socket.on("end", leave);
socket.on("error", leave);
pipe.sendNow(encodeFrame({ type: "ready" }));
