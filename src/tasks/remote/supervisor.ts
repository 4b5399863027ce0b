import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import { Channel } from "./channel.ts";
import { ExecutorProcess } from "./executor-process.ts";
import { type ByeReason, type DaemonControl, type HostControl, toHostControl, VERSION } from "./messages.ts";

export interface SupervisorOptions {
  readonly idleMs: number;
  readonly wallMs: number;
  readonly maxTasks: number;
  /** Whether a task that runs when the link is lost is finished. */
  readonly finishes: boolean;
  readonly cleanup: boolean;
  readonly output: boolean;
  readonly heartbeatMs: number;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** How a link to a host ended: it said so, or it was lost. */
export interface LinkOutcome {
  readonly bye: ByeReason | null;
  readonly cause: Error | null;
}

/**
 * Serves one host over one link: starts, feeds and ends executors as the host says, and passes bytes on unread. No user code runs in this process, so
 * it hears and answers whatever a task does. Resolves when the link has ended and the last executor is gone.
 */
export function supervise(stream: Duplex, options: SupervisorOptions): Promise<LinkOutcome> {
  return new Promise((resolve) => new Supervisor(stream, options, resolve));
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #channel: Channel;
  readonly #executors = new Map<number, ExecutorProcess>();
  readonly #resolve: (outcome: LinkOutcome) => void;
  #bye: ByeReason | null = null;
  #cause: Error | null = null;
  #isLinked = true;

  constructor(stream: Duplex, options: SupervisorOptions, resolve: (outcome: LinkOutcome) => void) {
    this.#options = options;
    this.#resolve = resolve;
    const { heartbeatMs, patienceMs, idleMs, wallMs, maxTasks } = options;
    this.#channel = new Channel(
      stream,
      {
        onControl: (message) => this.#obey(toHostControl(message)),
        onData: (executor, bytes) => this.#executors.get(executor)?.write(Buffer.from(bytes)),
        onOutput: () => {},
        onClose: (cause) => this.#closed(cause),
      },
      { heartbeatMs, patienceMs },
    );
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#say({ type: "hello", version: VERSION, pid: process.pid, host: hostname(), idleMs, wallMs, maxTasks });
  }

  #say(message: DaemonControl): void {
    this.#channel.control({ ...message });
  }

  #obey(message: HostControl): void {
    switch (message.type) {
      case "open":
        this.#open(message);
        break;
      case "end":
        this.#executors.get(message.executor)?.end();
        break;
      case "kill":
        this.#executors.get(message.executor)?.kill();
        break;
      case "bye":
        this.#bye = message.reason;
        this.#channel.end();
        break;
    }
  }

  #open({ executor, nodeArguments, memoryMb, wantsOutput }: HostControl & { readonly type: "open" }): void {
    const { finishes, cleanup, output } = this.#options;
    const programArguments = [...(finishes ? ["--finish"] : []), ...(cleanup ? [] : ["--keep-state"])];
    const made = new ExecutorProcess({
      nodeArguments,
      programArguments,
      memoryMb,
      onOutput: (text, from) => {
        if (output) process[from].write(text);
        if (wantsOutput) this.#channel.output(executor, from, text);
      },
      onData: (bytes) => {
        this.#channel.data(executor, bytes);
        if (!this.#channel.isFull) return true;
        this.#channel.onDrain(() => made.resume());
        return false;
      },
      onExit: (exit) => {
        this.#executors.delete(executor);
        this.#say({ type: "exited", executor, ...exit });
        this.#settle();
      },
    });
    this.#executors.set(executor, made);
    this.#say({ type: "opened", executor, pid: made.pid });
  }

  /** Nobody waits for what runs now, unless it was to be finished: nothing that a host gave up may run on beside its second attempt. */
  #closed(cause: Error | null): void {
    this.#isLinked = false;
    this.#cause = cause;
    for (const executor of this.#executors.values()) {
      executor.resume();
      if (this.#options.finishes && !this.#options.signal.aborted) executor.end();
      else executor.kill();
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#isLinked || this.#executors.size > 0) return;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#resolve({ bye: this.#bye, cause: this.#cause });
  }

  readonly #onAbort = (): void => {
    for (const executor of this.#executors.values()) executor.kill();
    this.#channel.end();
  };
}
