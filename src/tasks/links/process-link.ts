import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { decodeEnvelope } from "../../wire/envelope.ts";
import type { EncodedFrame } from "../../wire/frames.ts";
import type { OutputListener } from "../profile.ts";
import { FramePipe } from "./frame-pipe.ts";
import { LineTail } from "./line-tail.ts";
import type { Link, LinkEnd, LinkEvents } from "./link.ts";

const EXECUTOR = fileURLToPath(new URL("../executor-main.js", import.meta.url));
const STDERR_KEPT = 8192;
/** Any byte on descriptor 4. */
const RECALL = Uint8Array.of(1);
/** After its process ended, how long to wait for its last bytes: a grandchild may hold the pipes open. */
const LAST_BYTES_MS = 250;

export interface ProcessLinkOptions {
  readonly nodeArguments?: readonly string[];
  /** Gets what the process prints, beside the end of standard error that is kept. */
  readonly onOutput?: OutputListener | null;
  /** Another program that speaks for the executor; tests use it. */
  readonly executor?: string;
}

/**
 * An executor in a child process. File descriptor 3 carries frames both ways; 4 is for the child's watchdog: it sees it close when this process
 * dies, and answers there how many tasks have begun. Standard output is read and given to `onOutput` or dropped; of standard error the end is kept as well.
 */
export function openProcessLink(options: ProcessLinkOptions, events: LinkEvents): Link {
  try {
    return new ProcessLink(options, events);
  } catch (cause) {
    setImmediate(() => events.onClose({ exitCode: null, signal: null, stderr: "", cause }));
    return NO_LINK;
  }
}

/** For a process that the system refused to start. */
const NO_LINK: Link = { pid: null, send() {}, end() {}, terminate() {}, hold() {} };

/** States: open, then (the process ended or could not start) closing, then closed: `onClose` was called. */
class ProcessLink implements Link {
  readonly #child: ChildProcess;
  readonly #events: LinkEvents;
  readonly #pipe: FramePipe | null;
  readonly #watch: Socket | null;
  readonly #onPassed: ((count: number) => void)[] = [];
  readonly #streams: Socket[] = [];
  readonly #stderr = new LineTail(STDERR_KEPT);
  #cause: unknown;
  #isClosed = false;
  #lastBytes: NodeJS.Timeout | null = null;

  constructor(options: ProcessLinkOptions, events: LinkEvents) {
    this.#events = events;
    this.#child = spawn(process.execPath, [...(options.nodeArguments ?? []), options.executor ?? EXECUTOR], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    // The system may have refused so early that there are no streams, whatever the types say.
    const streams = ((this.#child.stdio as readonly unknown[] | undefined) ?? []) as readonly (Socket | null | undefined)[];
    const pipe = streams[3] ?? null;
    this.#pipe = pipe === null ? null : this.#openPipe(pipe);
    for (const stream of [streams[1], streams[2], this.#pipe?.socket, streams[4]]) {
      if (stream !== null && stream !== undefined) this.#streams.push(stream);
    }
    // A broken pipe is not news: the exit of the process tells the story.
    for (const stream of this.#streams) stream.on("error", () => {});
    this.#watch = streams[4] ?? null;
    this.#readPassed();
    this.#watchEnd();
    this.#readOutput(options.onOutput ?? null);
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  send(frame: EncodedFrame): void {
    this.#pipe?.send(frame);
  }

  end(): void {
    this.#pipe?.end();
  }

  recall(onPassed: (count: number) => void): void {
    if (this.#watch?.writable !== true) return;
    this.#onPassed.push(onPassed);
    this.#watch.write(RECALL);
  }

  terminate(): void {
    this.#child.kill("SIGKILL");
  }

  hold(isHeld: boolean): void {
    for (const part of [this.#child, ...this.#streams]) {
      if (isHeld) part.ref();
      else part.unref();
    }
  }

  /** Answers of the child's watchdog: four bytes each. */
  #readPassed(): void {
    let left: Buffer = Buffer.alloc(0);
    this.#watch?.on("data", (bytes: Buffer) => {
      left = Buffer.concat([left, bytes]);
      for (; left.length >= 4; left = left.subarray(4)) this.#onPassed.shift()?.(left.readUInt32BE());
    });
  }

  #readOutput(onOutput: OutputListener | null): void {
    const { stdout, stderr } = this.#child;
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr.push(text);
      onOutput?.(text, "stderr");
    });
    if (onOutput === null) stdout?.resume();
    else stdout?.setEncoding("utf8").on("data", (text: string) => onOutput(text, "stdout"));
  }

  #openPipe(stream: Socket): FramePipe {
    return new FramePipe(stream, {
      onPayload: (payload) => this.#events.onMessage(decodeEnvelope(payload)),
      onFault: (cause) => this.#refuse(cause),
    });
  }

  /** What came cannot be understood: nothing after it can be either. */
  #refuse(cause: unknown): void {
    this.#cause ??= cause;
    this.#pipe?.socket.destroy();
    this.terminate();
  }

  #watchEnd(): void {
    this.#child.once("error", (error) => {
      this.#cause ??= error;
      if (this.#child.pid === undefined) this.#close({ exitCode: null, signal: null });
    });
    this.#child.once("exit", (exitCode, signal) => {
      const close = (): void => this.#close({ exitCode, signal });
      // Timers come before reads in a turn of the event loop: after a long block, read once more before giving up.
      this.#lastBytes = setTimeout(() => setImmediate(() => setImmediate(close)), LAST_BYTES_MS);
    });
    this.#child.once("close", (exitCode, signal) => {
      const close = (): void => this.#close({ exitCode, signal });
      const pipe = this.#pipe?.socket;
      if (pipe === undefined || pipe.closed) close();
      else pipe.once("close", close);
    });
  }

  #close(end: Pick<LinkEnd, "exitCode" | "signal">): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#lastBytes !== null) clearTimeout(this.#lastBytes);
    for (const stream of this.#streams) stream.destroy();
    const cause = this.#cause === undefined ? {} : { cause: this.#cause };
    this.#events.onClose({ ...end, ...cause, stderr: this.#stderr.toString() });
  }
}
