/** Program of a daemon's process. Started by `links/process-link.ts`; file descriptors 3 and 4 are explained there. */
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { decodeEnvelope } from "../wire/envelope.ts";
import { encodeFrame, FrameCutter } from "../wire/frames.ts";
import { Executor } from "./executor.ts";
import { toHostMessage } from "./messages.ts";

/**
 * Kills this process when the host's end of descriptor 4 closes, also while user code blocks the event loop: nothing on the main thread could notice
 * then. Measured on Node 20: 2.4 ms to start (the rest runs beside the task), 8 MB; so it starts with the first task, not before.
 */
const WATCHDOG = `
  const { Socket } = require("node:net");
  const kill = () => process.kill(process.pid, "SIGKILL");
  new Socket({ fd: 4, readable: true, writable: false }).on("error", kill).on("close", kill).resume();
`;

function startWatchdog(): void {
  const watchdog = new Worker(WATCHDOG, {
    eval: true,
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
const pipe = new Socket({ fd: 3, readable: true, writable: true });
const cutter = new FrameCutter();
let finishesTask = false;
let hasHostLeft = false;
const executor = new Executor({
  send(message) {
    const { chunks } = encodeFrame(message);
    if (chunks.length > 1) pipe.cork();
    for (const chunk of chunks) pipe.write(chunk);
    if (chunks.length > 1) pipe.uncork();
  },
  get isFull() {
    return pipe.writableLength > 0 && !hasHostLeft;
  },
  drained: () =>
    pipe.writableLength === 0 || hasHostLeft ? Promise.resolve() : new Promise((resolve) => pipe.write(NOTHING, () => resolve())),
  onInit({ autoExit }) {
    finishesTask = autoExit === "finish";
  },
  onFirstRun() {
    blockOutput();
    if (!finishesTask) startWatchdog();
  },
  onRest() {
    if (hasHostLeft) process.exit(0);
  },
});

/** The host left, or wants this process to leave: at once, without waiting for user code, unless the profile said that it may finish. */
function leave(): void {
  hasHostLeft = true;
  if (!finishesTask || !executor.isBusy) process.exit(0);
  executor.finishRunning();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

// The terminal sends Ctrl-C to the whole group; when to stop is the host's decision.
process.on("SIGINT", () => {});
pipe.on("end", leave);
pipe.on("error", leave);
pipe.on("data", (chunk) => cutter.push(chunk, (payload) => executor.receive(toHostMessage(decodeEnvelope(payload)))));
pipe.write(encodeFrame({ type: "ready" }).chunks[0]!);
