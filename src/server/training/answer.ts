import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorCode, TrainyardError } from "../../core/errors.ts";

/** An answer that is a refusal: `{ "error": code, "message": text }` (L-50). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;
  constructor(status: number, code: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

const STATUS: Partial<Record<ErrorCode, readonly [status: number, code: string]>> = {
  bad_input: [400, "invalid_input"],
  invalid_argument: [422, "invalid_input"],
  not_found: [404, "not_found"],
  refused: [409, "conflict"],
  too_large: [413, "too_large"],
  queue_full: [503, "busy"],
  closed: [503, "unavailable"],
  unavailable: [503, "unavailable"],
};

/** The refusal that stands for an error; null for one that nobody foresaw. */
export function maybeRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (!(error instanceof TrainyardError)) return null;
  const found = STATUS[error.code];
  return found === undefined ? null : new Refusal(found[0], found[1], error.message, error.details);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(bytes);
}

export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 204 ? {} : { "Content-Length": 0 });
  response.end();
}

/** Answers a refusal, or 500 without saying what went wrong inside; that is for the log. */
export function sendError(response: ServerResponse, error: unknown, log: (line: string) => void): void {
  const refusal = maybeRefusal(error);
  if (refusal === null) log(`request failed: ${error instanceof Error ? error.stack : String(error)}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, more } =
    refusal ?? new Refusal(500, "internal_error", "Something went wrong inside the server; its log says what.");
  sendJson(response, status, { error: code, message, ...more }, status === 503 ? { "Retry-After": "1" } : {});
}

/** The whole body. @throws {Refusal} 413 above the limit. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = new Refusal(413, "too_large", `The body is larger than ${limitBytes} bytes. Send several requests.`);
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limitBytes) throw tooLarge;
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** The body as JSON. @throws {Refusal} 415 without the content type, 400 when it is not JSON, 413 above the limit (L-25). */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new Refusal(415, "invalid_input", "The body must be JSON; send Content-Type: application/json.");
  }
  return toJson((await readBody(request, limitBytes)).toString("utf8"));
}

export function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "invalid_input", "The body is not JSON.");
  }
}
