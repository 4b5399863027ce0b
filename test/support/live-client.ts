import { WebSocket } from "ws";

// biome-ignore lint/suspicious/noExplicitAny: what tests read from the wire is checked by their assertions
type Json = any;

/** A frame as the tests see it. Coded here from the protocol's description, so that a fault of the codec cannot hide itself. */
export interface TestFrame {
  readonly header: Record<string, Json>;
  readonly payload: Buffer | null;
}

export function toBytes(header: unknown, payload?: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(json.length);
  return Buffer.concat(payload === undefined ? [prefix, json] : [prefix, json, payload]);
}

export interface TestServer {
  readonly port: number;
  readonly token: string;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** One WebSocket with calls that wait for their answer and events that can be waited for. */
export class TestClient {
  readonly socket: WebSocket;
  readonly events: Record<string, Json>[] = [];
  /** Replies that no call asked for, e.g. to malformed frames. */
  readonly orphans: TestFrame[] = [];
  readonly closed: Promise<Closed>;
  #calls = new Map<string, (frame: TestFrame) => void>();
  #waits: { matches: () => boolean; resolve: () => void }[] = [];
  #lastId = 0;

  /** @param options `ca`: over TLS, trusting that certificate alone. */
  static async open(
    server: TestServer,
    options: { origin?: string | null; path?: string; host?: string; ca?: string } = {},
  ): Promise<TestClient> {
    const { ca } = options;
    const isSecure = ca !== undefined;
    const origin = options.origin === undefined ? `http${isSecure ? "s" : ""}://127.0.0.1:${server.port}` : options.origin;
    const headers = { ...(origin === null ? {} : { Origin: origin }), ...(options.host === undefined ? {} : { Host: options.host }) };
    const url = `ws${isSecure ? "s" : ""}://127.0.0.1:${server.port}${options.path ?? "/"}`;
    const socket = new WebSocket(url, isSecure ? { headers, ca } : { headers });
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
      socket.once("unexpected-response", (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
    });
    return client;
  }

  /** Opened, authenticated, and attached to a session: a new one, or the one named. */
  static async attached(server: TestServer, name: string): Promise<TestClient> {
    const client = await TestClient.authenticated(server);
    const created = await client.call("session.create", { name });
    if (!created.header.ok) await client.result("session.join", { name });
    return client;
  }

  static async authenticated(server: TestServer): Promise<TestClient> {
    const client = await TestClient.open(server);
    await client.result("auth", { token: server.token });
    return client;
  }

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
    socket.on("message", (data: Buffer) => this.#onFrame(data));
    socket.on("error", () => {});
  }

  /** The whole reply, whether it is a result or an error. */
  call(method: string, params?: unknown, payload?: Uint8Array, format = "arrow-ipc"): Promise<TestFrame> {
    const id = `t${++this.#lastId}`;
    const header = { v: 1, id, method, ...(params === undefined ? {} : { params }) };
    const reply = new Promise<TestFrame>((resolve) => this.#calls.set(id, resolve));
    this.send(payload === undefined ? toBytes(header) : toBytes({ ...header, payload: { format, bytes: payload.length } }, payload));
    return reply;
  }

  /** The result; an error fails the test. */
  async result(method: string, params?: unknown, payload?: Uint8Array): Promise<Json> {
    const { header } = await this.call(method, params, payload);
    if (header.ok !== true) throw new Error(`${method} answered ${JSON.stringify(header.error)}`);
    return header.result;
  }

  /** The code of the error; a result fails the test. */
  async refusal(method: string, params?: unknown, payload?: Uint8Array): Promise<{ code: string; message: string; details?: Json }> {
    const { header } = await this.call(method, params, payload);
    if (header.ok !== false) throw new Error(`${method} was accepted: ${JSON.stringify(header.result)}`);
    return header.error;
  }

  send(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true });
  }

  /** The first event that matches, whether it came already or comes later. */
  async event(name: string, matches: (data: Json) => boolean = () => true): Promise<Record<string, Json>> {
    const find = () => this.events.find((event) => event.event === name && matches(event.data));
    await this.until(() => find() !== undefined);
    return find()!;
  }

  until(matches: () => boolean): Promise<void> {
    if (matches()) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ matches, resolve }));
  }

  /** Numbers of the logged events, in the order they came. */
  get seqs(): number[] {
    return this.events.map((event) => event.seq).filter((seq) => seq !== undefined);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #onFrame(data: Buffer): void {
    const length = data.readUInt32BE(0);
    const header = JSON.parse(data.subarray(4, 4 + length).toString());
    const payload = header.payload === undefined ? null : data.subarray(4 + length);
    if (payload !== null && payload.length !== header.payload.bytes) throw new Error("payload length differs from the header");
    if (header.event !== undefined) this.events.push(header);
    else {
      const settle = this.#calls.get(header.id);
      this.#calls.delete(header.id);
      if (settle === undefined) this.orphans.push({ header, payload });
      else settle({ header, payload });
    }
    const due = this.#waits.filter((wait) => wait.matches());
    this.#waits = this.#waits.filter((wait) => !due.includes(wait));
    for (const wait of due) wait.resolve();
  }
}
