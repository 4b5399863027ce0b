/** Codes that programs switch on. One list for every layer; messages are for people. */
export const ERROR_CODES = [
  "bad_frame",
  "bad_input",
  "cancelled",
  "closed",
  "daemon_lost",
  "data_folder_busy",
  "invalid_argument",
  "invalid_config",
  "not_found",
  "queue_full",
  "refused",
  "task_failed",
  "timeout",
  "too_large",
  "unavailable",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface TrainyardErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable?: boolean;
  /** Facts for programs: ids, limits, positions. JSON-safe. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Base of every error thrown on purpose. Compare `code`, never `instanceof`: errors cross processes. */
export class TrainyardError extends Error {
  override readonly name: string = "TrainyardError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TrainyardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** Thrown when a caller passes a value outside the documented domain. Nothing has happened by then. */
export class InvalidArgumentError extends TrainyardError {
  override readonly name = "InvalidArgumentError";
  constructor(message: string, options: TrainyardErrorOptions = {}) {
    super("invalid_argument", message, options);
  }
}

/** Thrown when outside data (a file, an upload) cannot be used. `details` names the line or column. */
export class BadInputError extends TrainyardError {
  override readonly name = "BadInputError";
  constructor(message: string, options: TrainyardErrorOptions = {}) {
    super("bad_input", message, options);
  }
}

/** One fault of a configuration: which field, what was given, what is allowed, in one sentence. */
export interface ConfigProblem {
  /** Field path with dots, e.g. `hyperparameters.alpha`. Empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** Thrown when a training configuration is refused. Every fault found is in `problems`; nothing was started. */
export class InvalidConfigError extends TrainyardError {
  override readonly name = "InvalidConfigError";
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super("invalid_config", problems.map((p) => p.message).join(" "), { details: { problems } });
    this.problems = problems;
  }
}

/** The message of anything thrown, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
