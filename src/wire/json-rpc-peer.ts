import { type ErrorCode, messageOf, TrainyardError } from "../core/errors.ts";
import {
  decodeRpc,
  encodeError,
  encodeNotification,
  encodeRequest,
  encodeResult,
  RPC_CODES,
  type RpcErrorBody,
  type RpcId,
  type RpcParams,
} from "./json-rpc.ts";
import { PendingCalls } from "./pending-calls.ts";

/** An error answer, received or to be sent. `data.exception` is the cause in words. */
export class RpcError extends TrainyardError {
  override readonly name = "RpcError";
  readonly rpcCode: number;
  readonly data: RpcParams;
  constructor(body: RpcErrorBody) {
    const { exception, type, retryable } = body.data;
    const said = typeof exception === "string" ? exception : body.message;
    super(toCode(body.code, type), said, { retryable: retryable === true, details: { rpc_code: body.code } });
    this.rpcCode = body.code;
    this.data = body.data;
  }

  /** Parameters are missing or of the wrong kind. */
  static params(exception: string, more: RpcParams = {}): RpcError {
    return new RpcError({ code: RPC_CODES.invalidParams, message: "Invalid params", data: { exception, ...more } });
  }
}

/** What a handler may return to have something done once its answer is on its way. */
export class Reply {
  readonly result: unknown;
  readonly after: () => void;
  constructor(result: unknown, after: () => void) {
    this.result = result;
    this.after = after;
  }
}

export interface PeerOptions {
  /** False when the link is down; the message is then kept only if it is a request. */
  readonly send: (text: string) => boolean;
  readonly handle: (method: string, params: RpcParams, id: RpcId | null) => unknown;
  readonly isMethod: (method: string) => boolean;
  readonly newId: () => RpcId;
  /** Longer messages are refused, not sent. Default: no limit. */
  readonly maxBytes?: number;
  /** Changes every text of an error before it leaves; to cut out secrets. */
  readonly redact?: (text: string) => string;
  /** Answers kept for requests that come again after a lost link. Default 0. */
  readonly answersKept?: number;
}

interface Sent {
  readonly text: string;
  readonly method: string;
}

/**
 * One side of a JSON-RPC conversation in which both sides ask. Invariants: a call settles once; requests are handed to `handle` in
 * the order in which they came, and a slow one does not hold up the next; answers with unknown ids, late ones among them, are dropped.
 */
export class JsonRpcPeer {
  readonly #options: PeerOptions;
  readonly #waiting = new PendingCalls<RpcId, unknown, Sent>();
  readonly #open = new Set<RpcId>();
  readonly #answers = new Map<RpcId, string>();
  readonly #encoder = new TextEncoder();

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#waiting.size;
  }

  /** @throws {RpcError} the other side's answer · {TrainyardError} `too_large`, or what `drop` and `failAll` are given. */
  call(method: string, params: RpcParams, id: RpcId = this.#options.newId()): Promise<unknown> {
    const text = encodeRequest(id, method, params);
    this.#assertSize(text, method);
    const answer = this.#waiting.add(id, { text, method });
    this.#options.send(text);
    return answer;
  }

  notify(method: string, params: RpcParams): void {
    this.#options.send(encodeNotification(method, params));
  }

  /** Gives up one call; its answer will be dropped. */
  drop(id: RpcId, error: unknown): void {
    this.#waiting.reject(id, error);
  }

  failAll(error: (method: string) => unknown): void {
    this.#waiting.rejectAll(({ method }) => error(method));
  }

  /** Sends again what has no answer yet, oldest first; the other side knows what it has seen. */
  replay(): void {
    for (const { text } of this.#waiting.notes()) this.#options.send(text);
  }

  receive(text: string): void {
    const message = decodeRpc(text);
    switch (message.kind) {
      case "fault":
        this.#options.send(encodeError(message.id, message.error));
        return;
      case "notification":
        this.#notified(message.method, message.params);
        return;
      case "request":
        void this.#answer(message.id, message.method, message.params);
        return;
      case "result":
        if (message.id !== null) this.#waiting.resolve(message.id, message.result);
        return;
      case "error":
        if (message.id !== null) this.#waiting.reject(message.id, new RpcError(message.error));
    }
  }

  /** Nobody waits for the outcome of a notification. */
  #notified(method: string, params: RpcParams): void {
    if (!this.#options.isMethod(method)) return;
    try {
      const outcome = this.#options.handle(method, params, null);
      if (outcome instanceof Promise) outcome.catch(() => {});
    } catch {
      // as above
    }
  }

  async #answer(id: RpcId, method: string, params: RpcParams): Promise<void> {
    const kept = this.#answers.get(id);
    if (kept !== undefined) this.#options.send(kept);
    if (kept !== undefined || this.#open.has(id)) return;
    const keeps = (this.#options.answersKept ?? 0) > 0;
    if (keeps) this.#open.add(id);
    let text: string;
    let after: (() => void) | null = null;
    try {
      if (!this.#options.isMethod(method)) throw notFound(method);
      let result = this.#options.handle(method, params, id);
      if (result instanceof Promise) result = await result;
      if (result instanceof Reply) {
        after = result.after;
        result = result.result;
      }
      text = encodeResult(id, result);
      this.#assertSize(text, method);
    } catch (error) {
      after = null;
      text = encodeError(id, this.#bodyOf(error));
    }
    this.#open.delete(id);
    if (keeps) this.#keep(id, text);
    this.#options.send(text);
    after?.();
  }

  #keep(id: RpcId, text: string): void {
    this.#answers.set(id, text);
    if (this.#answers.size > (this.#options.answersKept ?? 0)) this.#answers.delete(this.#answers.keys().next().value!);
  }

  #bodyOf(error: unknown): RpcErrorBody {
    const redact = this.#options.redact ?? ((text: string) => text);
    if (error instanceof RpcError) {
      const { exception } = error.data;
      const data = typeof exception === "string" ? { ...error.data, exception: redact(exception) } : error.data;
      return { code: error.rpcCode, message: error.rpcCode === RPC_CODES.methodNotFound ? error.message : nameOf(error.rpcCode), data };
    }
    const typed = error instanceof TrainyardError ? { type: error.code, retryable: error.retryable } : {};
    return { code: RPC_CODES.internalError, message: "Internal error", data: { exception: redact(messageOf(error)), ...typed } };
  }

  #assertSize(text: string, method: string): void {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    // A character has at most three bytes in UTF-8, so most messages need no counting.
    if (text.length * 3 <= maxBytes) return;
    const bytes = this.#encoder.encode(text).length;
    if (bytes <= maxBytes) return;
    throw new TrainyardError("too_large", `${method}: the message would have ${bytes} bytes; the other side takes at most ${maxBytes}.`, {
      details: { bytes, maxBytes },
    });
  }
}

function notFound(method: string): RpcError {
  return new RpcError({ code: RPC_CODES.methodNotFound, message: `Method '${method}' not found.`, data: { method } });
}

function nameOf(code: number): string {
  switch (code) {
    case RPC_CODES.parseError:
      return "Parse error";
    case RPC_CODES.invalidRequest:
      return "Invalid Request";
    case RPC_CODES.invalidParams:
      return "Invalid params";
    default:
      return "Internal error";
  }
}

const TYPES: readonly ErrorCode[] = ["bad_input", "cancelled", "closed", "not_found", "refused", "timeout", "too_large", "unavailable"];

function toCode(rpcCode: number, type: unknown): ErrorCode {
  const known = TYPES.find((code) => code === type);
  if (known !== undefined) return known;
  if (rpcCode === RPC_CODES.methodNotFound) return "unavailable";
  return rpcCode === RPC_CODES.invalidParams ? "invalid_argument" : "task_failed";
}
