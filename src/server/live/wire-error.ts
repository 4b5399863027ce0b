import { type ErrorCode, TrainyardError } from "../../core/errors.ts";
import type { WireErrorCode } from "../../wire/live/messages.ts";

/** Thrown by a method to answer with exactly this code. Nothing has been changed by then. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  readonly details: Readonly<Record<string, unknown>> | null;

  constructor(code: WireErrorCode, message: string, details: Readonly<Record<string, unknown>> | null = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const WIRE_CODE: Readonly<Record<ErrorCode, WireErrorCode>> = {
  bad_frame: "malformed_frame",
  bad_input: "invalid_params",
  cancelled: "internal_error",
  closed: "internal_error",
  daemon_lost: "internal_error",
  data_folder_busy: "internal_error",
  invalid_argument: "invalid_params",
  invalid_config: "invalid_params",
  not_found: "not_found",
  queue_full: "too_many",
  refused: "invalid_params",
  task_failed: "internal_error",
  timeout: "internal_error",
  too_large: "invalid_params",
  unavailable: "invalid_params",
};

/**
 * The answer to a thrown value. What was thrown on purpose keeps its message; anything else is a fault of ours, and its
 * text and stack stay on the server.
 */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof WireError) return thrown;
  if (isDiskFull(thrown)) {
    return new WireError("internal_error", "The disk of the server is full. Nothing was changed; free some space and try again.");
  }
  const known = knownError(thrown);
  if (known === null) return new WireError("internal_error", "The server failed at this request. Its log says more.");
  const details = Object.keys(known.details).length > 0 ? known.details : null;
  return new WireError(WIRE_CODE[known.code], known.message, details);
}

const DISK_FULL_CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

/** Whether a file or the database had no room, here or in a daemon. */
function isDiskFull(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (DISK_FULL_CODES.has((error as { code?: unknown }).code)) return true;
  }
  return false;
}

/** Errors of daemons arrive wrapped; the cause says what really happened. Compared by code, since they cross processes. */
export function knownError(thrown: unknown): Pick<TrainyardError, "code" | "message" | "details"> | null {
  if (!(thrown instanceof Error)) return null;
  const code = (thrown as { code?: unknown }).code;
  if (code === "task_failed" && thrown.cause !== undefined) {
    const inner = knownError(thrown.cause);
    if (inner !== null && inner.code !== "task_failed") return inner;
  }
  if (thrown instanceof TrainyardError) return thrown;
  if (typeof code !== "string" || !Object.hasOwn(WIRE_CODE, code)) return null;
  const details = (thrown as { details?: unknown }).details;
  const known = typeof details === "object" && details !== null ? (details as Readonly<Record<string, unknown>>) : {};
  return { code: code as ErrorCode, message: thrown.message, details: known };
}
