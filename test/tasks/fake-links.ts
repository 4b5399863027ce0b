import type { Link, LinkEnd, LinkEvents } from "../../src/tasks/links/link.ts";
import type { HostMessage } from "../../src/tasks/messages.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";

const CLEAN_END: LinkEnd = { exitCode: 0, signal: null, stderr: "" };

/** A link to no process at all: the test plays the executor. */
export class FakeLink implements Link {
  readonly pid: number;
  readonly received: HostMessage[] = [];
  isHeld = false;
  hasEnded = false;
  wasTerminated = false;
  readonly #events: LinkEvents;

  constructor(pid: number, events: LinkEvents) {
    this.pid = pid;
    this.#events = events;
  }

  send(frame: { readonly chunks: readonly Uint8Array[] }): void {
    const bytes = Buffer.concat(frame.chunks as Uint8Array[]);
    this.received.push(decodeEnvelope(bytes.subarray(8)) as HostMessage);
  }

  end(): void {
    this.hasEnded = true;
  }

  terminate(): void {
    this.wasTerminated = true;
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  ready(): void {
    this.#events.onMessage({ type: "ready" });
  }

  /** Arguments of the last task given to it. */
  get task(): { readonly id: number; readonly args: unknown } {
    const run = this.received.filter((message) => message.type === "run").at(-1);
    if (run === undefined) throw new Error("it was given no task");
    return run;
  }

  note(value: unknown): void {
    this.#events.onMessage({ type: "note", id: this.task.id, value });
  }

  done(value: unknown): void {
    this.#events.onMessage({ type: "done", id: this.task.id, value });
  }

  say(message: unknown): void {
    this.#events.onMessage(message);
  }

  die(end: Partial<LinkEnd> = {}): void {
    this.#events.onClose({ ...CLEAN_END, exitCode: null, signal: "SIGKILL", ...end });
  }
}

export function fakeLinks(): { readonly links: FakeLink[]; readonly openLink: (events: LinkEvents) => Link } {
  const links: FakeLink[] = [];
  return {
    links,
    openLink: (events) => {
      const link = new FakeLink(1000 + links.length, events);
      links.push(link);
      return link;
    },
  };
}
