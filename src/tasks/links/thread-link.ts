import { Worker } from "node:worker_threads";
import { InvalidArgumentError, messageOf } from "../../core/errors.ts";
import type { HostMessage } from "../messages.ts";
import type { OutputListener } from "../profile.ts";
import { buffersOf } from "./buffers.ts";
import { Gate } from "./gate.ts";
import { LineTail } from "./line-tail.ts";
import type { Link, LinkEnd, LinkEvents, Pack, PackedFrame } from "./link.ts";
import { decodeError, encodeError, isOutput } from "./thread-messages.ts";

const STDERR_KEPT = 8192;

/** Less memory than this is copied when a message is sent: moving it would cost as much. */
const MOVED_FROM_BYTES = 65_536;

/** A message for a thread: a copy of its own, whose large memory moves to the thread when it is sent. There are no bytes to write. */
interface ThreadFrame extends PackedFrame {
  readonly message: HostMessage;
  readonly buffers: readonly ArrayBuffer[];
}

/**
 * Copies a message now, by the platform's structured clone; what `transfer` names is moved, not copied. Errors travel in our own form, which keeps
 * their codes and fields.
 */
export const packForThread: Pack = (message, transfer = [], mayRepeat = false) => {
  if (message.type === "run" && message.extras === undefined && isPrimitive(message.args)) return { ...PRIMITIVE, message } as ThreadFrame;
  const plain = "isDone" in message && !message.isDone ? { ...message, value: encodeError(message.value) } : message;
  try {
    const copy = structuredClone(plain, { transfer: [...transfer] });
    const all = buffersOf(copy);
    const bytes = all.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    // What is not a task goes to every daemon.
    const isSentOnce = message.type === "run" && !mayRepeat && bytes >= MOVED_FROM_BYTES;
    return { chunks: [], byteLength: 64 + bytes, message: copy, buffers: isSentOnce ? all : [], isSentOnce } as ThreadFrame;
  } catch (cause) {
    throw new InvalidArgumentError(`the task's arguments cannot be sent to a thread: ${messageOf(cause)}`, { cause });
  }
};

/** What a message without objects needs: no copy, for it cannot change. */
const PRIMITIVE = { chunks: [], byteLength: 64, buffers: [], isSentOnce: false } as const;

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol");
}

export interface ThreadLinkOptions {
  readonly onOutput?: OutputListener | null;
  /** Of its heap; 0: no limit. */
  readonly memoryMb?: number;
}

/** An executor in a worker thread of this process. Ending it also stops a busy loop; it has no process, so `pid` is this one's. */
export function openThreadLink(options: ThreadLinkOptions, events: LinkEvents): Link {
  const { onOutput = null, memoryMb = 0 } = options;
  const stderr = new LineTail(STDERR_KEPT);
  const gate = new Gate();
  const worker = new Worker(new URL("../thread-main.js", import.meta.url), {
    workerData: { gate: gate.memory },
    stdout: true,
    stderr: true,
    ...(memoryMb > 0 ? { resourceLimits: { maxOldGenerationSizeMb: memoryMb } } : {}),
  });
  let cause: unknown;
  worker.on("error", (error) => {
    cause ??= error;
  });
  worker.on("messageerror", (error) => {
    cause ??= error;
    void worker.terminate();
  });
  worker.on("message", (raw: unknown) => {
    try {
      if (!isOutput(raw)) events.onMessage(decodeError(raw));
      else {
        if (raw.from === "stderr") stderr.push(raw.text);
        onOutput?.(raw.text, raw.from);
      }
    } catch (error) {
      cause ??= error;
      void worker.terminate();
    }
  });
  worker.once("exit", (exitCode) => {
    const end: LinkEnd = { exitCode, signal: null, stderr: stderr.toString(), ...(cause === undefined ? {} : { cause }) };
    events.onClose(end);
  });
  // What is sent in one turn goes as one message: each costs as much as a small task.
  let waiting: HostMessage[] = [];
  let moved: ArrayBuffer[] = [];
  const leave = (): void => {
    if (waiting.length > 0) worker.postMessage(waiting, moved);
    waiting = [];
    moved = [];
  };
  return {
    pid: process.pid,
    send(frame) {
      const { message, buffers } = frame as ThreadFrame;
      if (waiting.push(message) === 1) process.nextTick(leave);
      for (const buffer of buffers) moved.push(buffer);
    },
    end: () => void worker.terminate(),
    terminate: () => void worker.terminate(),
    recall: (onPassed) => onPassed(gate.close()),
    hold(isHeld) {
      if (isHeld) worker.ref();
      else worker.unref();
    },
  };
}
