import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import WebSocket from "ws";
import { type ScriptedModel, startScriptedModel } from "../../examples/prompt-training/scripted-model.mjs";
import { TellurioDoor, type TellurioOptions } from "../../src/server/tellurio/door.ts";

export const KEY = "abcd-1234-key";

export interface Rig {
  readonly url: string;
  readonly http: string;
  readonly door: TellurioDoor;
  readonly logs: string[];
}

/** The door on a free port, with an empty folder; gone after the test. */
export async function tellurioRig(options: Partial<TellurioOptions> = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-tellurio-"));
  const logs: string[] = [];
  const door = new TellurioDoor({
    token: KEY,
    folder,
    runs: null,
    origins: [],
    namespaces: ["testuser", "tellurio-test"],
    log: (line) => logs.push(line),
    ...options,
  });
  const server = createServer((request, response) => door.request(request, response, port()));
  const port = (): number => (server.address() as AddressInfo).port;
  server.on("upgrade", (request, socket, head) => door.upgrade(request, socket, head, port()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await door.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });
  return { url: `ws://127.0.0.1:${port()}/ws/v0/rpc/`, http: `http://127.0.0.1:${port()}`, door, logs };
}

export async function scriptedModel(
  reply: (user: string, messages: readonly { role: string; content: string }[]) => string | Promise<string>,
): Promise<ScriptedModel> {
  const model = await startScriptedModel({ reply: (messages) => reply(messages.at(-1)?.content ?? "", messages) });
  onTestFinished(() => model.close());
  return model;
}

// biome-ignore lint/suspicious/noExplicitAny: what the wire brings; the tests look into it.
export type Message = Record<string, any>;

/**
 * A client as the protocol describes it: answers requests of the server, keeps all that it heard in order, runs functions.
 * Mirrors nothing: tests read what was pushed.
 */
export class RawClient {
  readonly heard: Message[] = [];
  readonly functions = new Map<string, (...args: never[]) => unknown>();
  sessionId = "";
  welcome: Message = {};
  closeCode: number | null = null;
  /** Requests of the server are heard and not answered. */
  isDeaf = false;
  readonly socket: WebSocket;
  #next = 0;
  #functionNr = 0;
  readonly #waiting = new Map<string, (message: Message) => void>();
  #onMessage: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
  }

  static connect(url: string, key: string | null = KEY): Promise<RawClient> {
    const headers = key === null ? {} : { Authorization: `Api-Key ${key}` };
    const socket = new WebSocket(url, { headers, perMessageDeflate: true });
    const client = new RawClient(socket);
    onTestFinished(() => socket.terminate());
    socket.on("close", (code) => {
      client.closeCode = code;
      for (const wake of client.#onMessage.splice(0)) wake();
    });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("unexpected-response", (_request, response) => reject(new Error(`status ${response.statusCode}`)));
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (client.sessionId === "") {
          client.welcome = message;
          client.sessionId = message.result.session_id;
          resolve(client);
        } else client.#receive(message);
      });
    });
  }

  /** The whole answer. */
  request(method: string, params: object, id = `c${++this.#next}`): Promise<Message> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", method, params: { run_uuid: "run", ...params }, id }));
    });
  }

  /** The result. @throws with the answer's error. */
  async call(method: string, params: object): Promise<Message> {
    const { result, error } = await this.request(method, params);
    if (error !== undefined) throw new Error(error.data.exception ?? error.message);
    return result;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  fn(work: (...args: never[]) => unknown): object {
    const callable_id = `f${++this.#functionNr}`;
    this.functions.set(callable_id, work);
    return { __callable__: true, callable_id };
  }

  async variable(data: unknown, role: string, requires_grad = false, obj_type = "__variable__"): Promise<{ id: string; ref: object }> {
    const { variable_id: id } = await this.call("create_variable", { data, role, requires_grad, obj_type });
    return { id, ref: { [obj_type]: true, variable_id: id } };
  }

  async model(baseUrl: string, api_key = "sk-wire-secret"): Promise<{ id: string; ref: object }> {
    const config = { api_key, base_url: baseUrl, max_retries: 0 };
    const { model_id: id } = await this.call("create_model", { class_type: "AsyncOpenAI", provider: "openai", config, usage: {} });
    return { id, ref: { __model_client__: true, model_id: id } };
  }

  get(variable_id: string): Promise<Message> {
    return this.call("get_variable", { variable_id });
  }

  run(function_name: string, args: unknown[], kwargs: object = {}, grad_enabled = true): Promise<Message> {
    return this.call("run_function", { function_name, grad_enabled, args, kwargs });
  }

  /** Requests and notifications of the server by method. */
  pushed(method: string): Message[] {
    return this.heard.filter((message) => message.method === method);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#onMessage.push(resolve));
  }

  #receive(message: Message): void {
    this.heard.push(message);
    if (message.method === undefined) this.#waiting.get(message.id)?.(message);
    else if (message.id !== undefined && !this.isDeaf) void this.#answer(message);
    for (const wake of this.#onMessage.splice(0)) wake();
  }

  async #answer({ id, method, params }: Message): Promise<void> {
    const reply = (body: object): void => this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...body }));
    if (method !== "run_callable") return reply({ result: { message: "Ok" } });
    try {
      const data = await this.functions.get(params.callable_id)!(...(params.args as never[]));
      reply({ result: { message: "Ok", data } });
    } catch (error) {
      reply({ error: { code: -32603, message: "Internal error", data: { exception: (error as Error).message } } });
    }
  }
}

export function chat(...messages: [string, object][]): object[] {
  return messages.map(([role, ref]) => ({ role, content: [ref] }));
}
