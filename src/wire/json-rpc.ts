/** JSON-RPC 2.0 as text messages: one value per message, parameters by name, no batches. Source: jsonrpc.org/specification. */

export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
} as const;

export type RpcId = string | number;
export type RpcParams = Readonly<Record<string, unknown>>;

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  /** Always an object; the readable cause is under `exception`. */
  readonly data: RpcParams;
}

/** What one text message means. */
export type RpcMessage =
  | { readonly kind: "request"; readonly id: RpcId; readonly method: string; readonly params: RpcParams }
  | { readonly kind: "notification"; readonly method: string; readonly params: RpcParams }
  | { readonly kind: "result"; readonly id: RpcId | null; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RpcId | null; readonly error: RpcErrorBody }
  /** To be answered with this error. */
  | { readonly kind: "fault"; readonly id: RpcId | null; readonly error: RpcErrorBody };

export function encodeRequest(id: RpcId, method: string, params: RpcParams): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params, id });
}

export function encodeNotification(method: string, params: RpcParams): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

/** `undefined` travels as null: a result is never absent. */
export function encodeResult(id: RpcId | null, result: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result: result ?? null });
}

export function encodeError(id: RpcId | null, error: RpcErrorBody): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

/** Reads one message. Never throws: what is wrong comes back as a `fault` with the answer that it deserves. */
export function decodeRpc(text: string): RpcMessage {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return withoutNumbers(text) ?? fault(null, RPC_CODES.parseError, "Parse error", `The message is not JSON: ${(error as Error).message}`);
  }
  const large = largeInteger(text);
  return large === null ? toMessage(parsed) : tooLarge(toMessage(parsed), large);
}

function toMessage(parsed: unknown): RpcMessage {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    const what = Array.isArray(parsed) ? "Batches are not supported: send one message at a time." : "A message must be a JSON object.";
    return fault(null, RPC_CODES.invalidRequest, "Invalid Request", what);
  }
  const message = parsed as Readonly<Record<string, unknown>>;
  const id = isId(message.id) ? message.id : null;
  if (message.method === undefined && ("result" in message || "error" in message)) return toAnswer(message, id);
  if (message.jsonrpc !== "2.0") return fault(id, RPC_CODES.invalidRequest, "Invalid Request", 'jsonrpc must be "2.0".');
  if (typeof message.method !== "string") return fault(id, RPC_CODES.invalidRequest, "Invalid Request", "method must be a text.");
  const { params = {} } = message;
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    return fault(id, RPC_CODES.invalidParams, "Invalid params", "params must be an object: parameters go by name.");
  }
  const call = { method: message.method, params: params as RpcParams };
  return id === null ? { kind: "notification", ...call } : { kind: "request", id, ...call };
}

/** An error whose parts are missing is still an error. */
function toAnswer(message: Readonly<Record<string, unknown>>, id: RpcId | null): RpcMessage {
  if (message.error === undefined || message.error === null) return { kind: "result", id, result: message.result };
  const { code, message: said, data } = message.error as Readonly<Record<string, unknown>>;
  const error = {
    code: typeof code === "number" ? code : RPC_CODES.internalError,
    message: typeof said === "string" ? said : "Error",
    data: typeof data === "object" && data !== null ? (data as RpcParams) : {},
  };
  return { kind: "error", id, error };
}

/** The first whole number that JavaScript cannot hold exactly, as written; null when there is none. */
function largeInteger(text: string): string | null {
  if (!/\d{16}/.test(text)) return null;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g)) {
    if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) return token;
  }
  return null;
}

/** A message whose numbers would change is refused rather than understood wrongly. */
function tooLarge(message: RpcMessage, number: string): RpcMessage {
  const exception = `The whole number ${number} is beyond ±(2^53 − 1) and would be changed; send it as a text.`;
  if (message.kind === "request") return fault(message.id, RPC_CODES.invalidParams, "Invalid params", exception);
  if (message.kind !== "result" && message.kind !== "error") return message;
  return { kind: "error", id: message.id, error: { code: RPC_CODES.internalError, message: "Internal error", data: { exception } } };
}

/** Python writes NaN and infinities as bare words. Such a message is understood well enough to refuse it by its id. */
function withoutNumbers(text: string): RpcMessage | null {
  const cleaned = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => (token.startsWith('"') ? token : "null"));
  if (cleaned === text) return null;
  try {
    const message = toMessage(JSON.parse(cleaned));
    if (message.kind !== "request") return null;
    return fault(message.id, RPC_CODES.invalidParams, "Invalid params", "NaN and infinite numbers have no place in JSON.");
  } catch {
    return null;
  }
}

function fault(id: RpcId | null, code: number, message: string, exception: string): RpcMessage {
  return { kind: "fault", id, error: { code, message, data: { exception } } };
}

function isId(id: unknown): id is RpcId {
  return typeof id === "string" || typeof id === "number";
}
