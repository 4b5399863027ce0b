/** Program of a daemon that is a worker thread. Started by `links/thread-link.ts`. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { decodeEnvelope } from "../wire/envelope.ts";
import { Executor } from "./executor.ts";
import { Gate } from "./links/gate.ts";
import { encodeError, type OutputMessage } from "./links/thread-messages.ts";
import type { ExecutorMessage, HostMessage } from "./messages.ts";
import { Vigil } from "./vigil.ts";

if (parentPort === null) throw new Error("this file is the program of a worker thread; daemons({ thread: true }) starts it");
const port = parentPort;

for (const from of ["stdout", "stderr"] as const) {
  process[from].write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString();
    port.postMessage({ type: "output", from, text } satisfies OutputMessage);
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") queueMicrotask(() => callback());
    return true;
  };
}

/** So long messages may be looked for without going back to the event loop: what tasks left there, as timers, gets its turn. */
const WITHOUT_LOOP_MS = 5;

/** After an answer the next message is looked for without going back to the event loop. */
const vigil = new Vigil();
let loopedAt = 0;

/** A thread that sleeps takes some 15 µs to wake; one that looks gets its next task in 1 µs. */
function watch(): void {
  if (isReceiving) return; // what follows in the same message comes before what follows it
  if (performance.now() - loopedAt > WITHOUT_LOOP_MS || !vigil.begin()) return;
  do {
    const next = receiveMessageOnPort(port) as { readonly message: readonly HostMessage[] } | undefined;
    if (next !== undefined) receive(next.message);
  } while (!executor.isBusy && vigil.goesOn());
}

const executor = new Executor({
  gate: new Gate((workerData as { readonly gate: SharedArrayBuffer }).gate),
  isFull: false,
  drained: () => Promise.resolve(),
  send(message: ExecutorMessage, transfer = []) {
    if (message.type === "failed") port.postMessage({ ...message, error: encodeError(message.error) });
    else if (transfer.length === 0) port.postMessage(message);
    else port.postMessage(message, [...transfer]);
  },
  onRest: watch,
});

let isReceiving = false;

function receive(messages: readonly HostMessage[]): void {
  isReceiving = true;
  for (const message of messages) {
    if (message.type !== "reply" || message.isDone) executor.receive(message);
    else executor.receive({ ...message, value: decodeEnvelope(message.value as Uint8Array) });
  }
  isReceiving = false;
}

port.on("message", (messages: readonly HostMessage[]) => {
  loopedAt = performance.now();
  receive(messages);
});
port.postMessage({ type: "ready" });
