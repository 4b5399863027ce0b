import { type ErrorCode, TrainyardError } from "../core/errors.ts";
import type { WireErrorCode } from "../wire/live/messages.ts";

const CODE_OF: Readonly<Record<WireErrorCode, ErrorCode>> = {
  malformed_frame: "bad_frame",
  unknown_method: "unavailable",
  unauthorized: "refused",
  not_attached: "refused",
  session_exists: "invalid_argument",
  session_not_found: "not_found",
  invalid_name: "invalid_argument",
  invalid_params: "invalid_argument",
  not_found: "not_found",
  too_many: "queue_full",
  internal_error: "task_failed",
};

/** The server's answer to a call was an error. Nothing else has happened to the link. */
export class RemoteError extends TrainyardError {
  override readonly name = "RemoteError";
  readonly wireCode: WireErrorCode;
  readonly method: string;
  constructor(method: string, code: WireErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(CODE_OF[code] ?? "task_failed", message, { details: { method, wire_code: code, ...details } });
    this.method = method;
    this.wireCode = code;
  }
}

/**
 * Rejects the calls that were in flight when the link was lost, and those that waited for it too long. Whether the server
 * acted on a call in flight is not known; `sent` says whether it left this side.
 */
export class LinkLostError extends TrainyardError {
  override readonly name = "LinkLostError";
  readonly method: string;
  readonly sent: boolean;
  constructor(method: string, sent: boolean, reason: string) {
    const fate = sent ? "was sent, but the link was lost before the answer" : "was not sent";
    super("unavailable", `${method} ${fate}: ${reason}. Try again when the server answers.`, {
      retryable: true,
      details: { method, sent },
    });
    this.method = method;
    this.sent = sent;
  }
}

/** A call was sent over a working link, and no answer came in time. */
export class CallTimeoutError extends TrainyardError {
  override readonly name = "CallTimeoutError";
  readonly method: string;
  constructor(method: string, timeoutMs: number) {
    super("timeout", `${method} got no answer within ${timeoutMs / 1000} s. Try again, or look at the server's log.`, {
      retryable: true,
      details: { method, timeoutMs },
    });
    this.method = method;
  }
}
