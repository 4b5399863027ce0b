import { messageOf } from "../core/errors.ts";

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Codes that mean: the command or its input was wrong, and running it again unchanged is of no use. */
const INPUT_CODES: ReadonlySet<unknown> = new Set([
  "bad_input",
  "invalid_argument",
  "invalid_config",
  "not_found",
  "data_folder_busy",
  "refused",
]);

/** 2 when the command or its input was wrong, 1 when the work failed. */
export function exitStatusOf(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return INPUT_CODES.has(code) ? EXIT.usage : EXIT.failed;
}

/** One line per fault on standard error. */
export function reportFailure(error: unknown): void {
  const problems =
    typeof error === "object" && error !== null && "problems" in error && Array.isArray(error.problems) ? error.problems : null;
  const lines: readonly string[] = problems === null ? [messageOf(error)] : problems.map((problem) => String(problem.message));
  for (const line of lines) process.stderr.write(`error: ${line}\n`);
  if (process.env.TRAINYARD_DEBUG !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
