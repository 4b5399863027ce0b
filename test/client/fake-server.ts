import type { LinkClock, WebSocketConstructor, WebSocketLike } from "../../src/client/index.ts";
import { encodeFrame, FrameCutter } from "../../src/wire/live/codec.ts";

export interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: Record<string, unknown>;
  readonly payload: Uint8Array | null;
  readonly socket: FakeSocket;
}

/** A clock that moves when told to. */
export class FakeClock implements LinkClock {
  #now = 0;
  #next = 0;
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  now(): number {
    return this.#now;
  }
  random(): number {
    return 0.5;
  }
  setTimeout(run: () => void, delayMs: number): unknown {
    this.#timers.set(++this.#next, { at: this.#now + delayMs, run });
    return this.#next;
  }
  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }
  get timers(): number {
    return this.#timers.size;
  }
  /** Runs what is due within the next `ms`, in order, letting promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export class FakeSocket implements WebSocketLike {
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  readonly #cutter = new FrameCutter();
  readonly #server: FakeServer;
  constructor(server: FakeServer) {
    this.#server = server;
  }
  send(data: Uint8Array<ArrayBuffer>): void {
    if (data.length > 1_048_576) throw new Error(`a message of ${data.length} bytes is above the limit`);
    this.#cutter.push(data);
    for (let frame = this.#cutter.next(); frame !== null; frame = this.#cutter.next()) {
      this.#server.receive({
        ...(frame.header as { id: string; method: string; params: Record<string, unknown> }),
        payload: frame.payload,
        socket: this,
      });
    }
  }
  close(): void {
    this.readyState = 3;
  }
  /** What the server says, as one message. */
  say(header: object, payload?: Uint8Array): void {
    const bytes = encodeFrame(header, payload ?? null);
    this.onmessage?.({ data: bytes.buffer } as never);
  }
  /** The connection breaks. */
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" } as never);
  }
}

/** Answers `auth`, `ping` and the session methods by itself; a test answers or scripts the rest. */
export class FakeServer {
  readonly requests: Request[] = [];
  readonly sockets: FakeSocket[] = [];
  /** The session's log; `events.since` and `session.join` with `since` read it. */
  readonly log: { seq: number; event: string; data: unknown }[] = [];
  reachable = true;
  token = "right";
  knowsSession = true;
  readonly handlers = new Map<string, (request: Request) => unknown>();

  get WebSocket(): WebSocketConstructor {
    const server = this;
    return class extends FakeSocket {
      constructor(_url: string) {
        super(server);
        server.sockets.push(this);
        queueMicrotask(() => {
          if (server.reachable) {
            this.readyState = 1;
            this.say({ v: 1, event: "ready", data: { v: 1 } });
          } else this.drop();
        });
      }
    };
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  methods(): string[] {
    return this.requests.map((request) => request.method);
  }

  event(event: string, data: unknown = {}): void {
    const entry = { seq: this.log.length + 1, event, data };
    this.log.push(entry);
    if (this.socket.readyState === 1) this.socket.say({ v: 1, ...entry });
  }

  answer(request: Request, result: unknown, payload?: Uint8Array): void {
    request.socket.say({ v: 1, id: request.id, ok: true, result }, payload);
  }

  refuse(request: Request, code: string, message = code): void {
    request.socket.say({ v: 1, id: request.id, ok: false, error: { code, message } });
  }

  receive(request: Request): void {
    this.requests.push(request);
    const handler = this.handlers.get(request.method);
    if (handler !== undefined) {
      const result = handler(request);
      if (result !== undefined) this.answer(request, result);
      return;
    }
    const snapshot = {
      session_id: "sess-1",
      name: "one",
      created: "",
      last_seen: "",
      n_connections: 1,
      jobs: [],
      data: [],
      seq: this.log.length,
    };
    switch (request.method) {
      case "auth":
        if (request.params.token === this.token) this.answer(request, { connection_id: "conn-1" });
        else this.refuse(request, "unauthorized", "wrong token");
        break;
      case "ping":
        this.answer(request, { ts: "" });
        break;
      case "session.create":
        this.answer(request, snapshot);
        break;
      case "session.join":
        this.#join(request, snapshot);
        break;
      case "events.since": {
        const { seq, limit } = request.params as { seq: number; limit: number };
        this.answer(request, { events: this.log.filter((e) => e.seq > seq).slice(0, limit), seq: this.log.length });
        break;
      }
    }
  }

  #join(request: Request, snapshot: object): void {
    if (!this.knowsSession) {
      this.refuse(request, "session_not_found");
      return;
    }
    const since = request.params.since as number;
    if (since >= 0) for (const entry of this.log.filter((e) => e.seq > since)) request.socket.say({ v: 1, ...entry });
    this.answer(request, snapshot);
  }
}
