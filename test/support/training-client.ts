import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { RunningServer } from "../../src/server/serve.ts";

export interface Answer {
  readonly status: number;
  // Shapes are what the tests are about.
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body: any;
  readonly headers: Headers;
}

/** Asks a server as a reporter does. */
export class TrainingClient {
  readonly server: RunningServer;

  constructor(server: RunningServer) {
    this.server = server;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isText = typeof body === "string";
    const response = await fetch(this.server.url + path.replace(/^\//, ""), {
      method,
      headers: {
        authorization: `Bearer ${this.server.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? null : maybeJson(text) };
  }

  get(path: string): Promise<Answer> {
    return this.call("GET", path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.call("POST", path, body);
  }

  /** A run of the compatible protocol, and the path of it. */
  async newRun(more: object = {}): Promise<{ readonly id: string; readonly path: string; readonly answer: Answer }> {
    const config = { epochs: 10, batch_size: 32, learning_rate: 0.001 };
    const answer = await this.post("/api/training/runs", { name: "r1", model_type: "cnn", config, ...more });
    return { id: answer.body.id, path: `/api/training/runs/${answer.body.id}`, answer };
  }

  /** A run of our own protocol. */
  async ownRun(more: object = {}): Promise<{ readonly id: string; readonly path: string }> {
    const { body } = await this.post("/api/v2/runs", { name: "own", ...more });
    return { id: body.id, path: `/api/v2/runs/${body.id}` };
  }

  /** An open stream; refused ones reject with the status and text. */
  async stream(path: string, options: ConstructorParameters<typeof WebSocket>[2] = {}): Promise<TestStream> {
    const stream = new TestStream(`ws://127.0.0.1:${this.server.port}${path}`, options);
    await stream.opened;
    onTestFinished(() => stream.socket.terminate());
    return stream;
  }
}

/** A WebSocket that keeps what it got. */
export class TestStream {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: () => void = () => {};

  constructor(url: string, options: ConstructorParameters<typeof WebSocket>[2]) {
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (data: Buffer) => {
      this.texts.push(data.toString());
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.socket.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
    this.opened = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
      this.socket.once("unexpected-response", (_request, response) => {
        let text = "";
        response.on("data", (piece: Buffer) => (text += piece.toString()));
        response.on("end", () => reject(Object.assign(new Error(text), { status: response.statusCode })));
      });
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: shapes are what the tests are about
  get messages(): any[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message for which `isIt` holds, also one that came before. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async message(isIt: (message: any) => boolean): Promise<any> {
    for (;;) {
      const found = this.messages.find(isIt);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(type: string) {
    return this.message((message) => message.type === type);
  }
}

function maybeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
