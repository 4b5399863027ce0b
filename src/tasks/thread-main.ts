/** Program of a daemon that is a worker thread. Started by `links/thread-link.ts`. */
import { parentPort } from "node:worker_threads";
import { decodeEnvelope } from "../wire/envelope.ts";
import { Executor } from "./executor.ts";
import { encodeError, type OutputMessage } from "./links/thread-messages.ts";
import type { ExecutorMessage, HostMessage } from "./messages.ts";

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

const executor = new Executor({
  isFull: false,
  drained: () => Promise.resolve(),
  send(message: ExecutorMessage, transfer = []) {
    if (message.type === "failed") port.postMessage({ ...message, error: encodeError(message.error) });
    else port.postMessage(message, [...transfer]);
  },
});

port.on("message", (message: HostMessage) => {
  if (message.type !== "reply" || message.isDone) executor.receive(message);
  else executor.receive({ ...message, value: decodeEnvelope(message.value as Uint8Array) });
});
port.postMessage({ type: "ready" });
