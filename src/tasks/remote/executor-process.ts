import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../core/errors.ts";
import { LineTail } from "../links/line-tail.ts";
import { type MemoryWatch, memoryArguments, ranOutOfMemory, watchMemory } from "../memory-limit.ts";
import type { OutputListener } from "../profile.ts";

const EXECUTOR = fileURLToPath(new URL("../executor-main.js", import.meta.url));
const STDERR_KEPT = 8192;
/** After its process ended, how long to wait for its last bytes: a grandchild may hold the pipes open. */
const LAST_BYTES_MS = 250;

export interface ExecutorProcessOptions {
  readonly nodeArguments: readonly string[];
  /** For the executor's own program. */
  readonly programArguments: readonly string[];
  /** 0: no limit. */
  readonly memoryMb: number;
  readonly onOutput: OutputListener;
  /** A piece of its frame stream, cut anywhere. @returns false when it should wait for `resume`. */
  readonly onData: (bytes: Uint8Array) => boolean;
  /** Once; its process is gone, and so is its last byte. */
  readonly onExit: (exit: ExecutorExit) => void;
}

export interface ExecutorExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly why: string | null;
  /** The limit that it went beyond. */
  readonly memoryMb: number | null;
}

/** An executor as its supervisor sees it: a process and two streams of bytes, which are passed on unread. */
export class ExecutorProcess {
  readonly #options: ExecutorProcessOptions;
  readonly #child: ChildProcess;
  readonly #pipe: Socket | null;
  readonly #stderr = new LineTail(STDERR_KEPT);
  readonly #memory: MemoryWatch | null = null;
  #why: string | null = null;
  #isGone = false;

  constructor(options: ExecutorProcessOptions) {
    this.#options = options;
    const { nodeArguments, memoryMb } = options;
    this.#child = spawn(process.execPath, [...nodeArguments, ...memoryArguments(memoryMb), EXECUTOR, ...options.programArguments], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: withoutToken(process.env),
      windowsHide: true,
    });
    const streams = ((this.#child.stdio as readonly unknown[] | undefined) ?? []).filter(
      (stream) => stream !== null && stream !== undefined,
    ) as Socket[];
    for (const stream of streams) stream.on("error", () => {}); // the exit of the process tells the story
    this.#pipe = (this.#child.stdio?.[3] as Socket | undefined) ?? null;
    this.#pipe?.on("data", (chunk: Buffer) => {
      if (!options.onData(chunk)) this.#pipe?.pause();
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => options.onOutput(text, "stdout"));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr.push(text);
      options.onOutput(text, "stderr");
    });
    if (this.pid !== null && memoryMb > 0) this.#memory = watchMemory(this.pid, memoryMb, () => this.kill());
    this.#watchEnd(streams);
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  resume(): void {
    this.#pipe?.resume();
  }

  write(bytes: Uint8Array): void {
    if (this.#pipe?.writable === true) this.#pipe.write(bytes);
  }

  /** An idle one leaves; one at work leaves too, or finishes first, as it was told at its start. */
  end(): void {
    this.#pipe?.end();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #watchEnd(streams: readonly Socket[]): void {
    this.#child.once("error", (error) => {
      this.#why ??= `it could not be started: ${messageOf(error)}`;
      if (this.#child.pid === undefined) this.#gone(null, null, streams);
    });
    this.#child.once("exit", (exitCode, signal) => {
      this.resume();
      setTimeout(() => setImmediate(() => setImmediate(() => this.#gone(exitCode, signal, streams))), LAST_BYTES_MS);
    });
    this.#child.once("close", (exitCode, signal) => this.#gone(exitCode, signal, streams));
  }

  #gone(exitCode: number | null, signal: string | null, streams: readonly Socket[]): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#memory?.stop();
    for (const stream of streams) stream.destroy();
    const stderr = this.#stderr.toString();
    const { memoryMb } = this.#options;
    const isBeyond = this.#memory?.isExceeded === true || (memoryMb > 0 && ranOutOfMemory(stderr));
    this.#options.onExit({ exitCode, signal, stderr, why: this.#why, memoryMb: isBeyond ? memoryMb : null });
  }
}

/** What lets a daemon join is nothing for tasks to see. */
function withoutToken({ TRAINYARD_TOKEN: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}
