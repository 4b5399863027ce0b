import { InvalidArgumentError } from "../../core/errors.ts";
import { fill } from "../prompts/template.ts";
import { isBatch, items, joinedText } from "../values.ts";
import type { Variable } from "../variable.ts";
import { type OperationOptions, record, willRecord } from "./record.ts";

export interface SplitOptions extends OperationOptions {
  /** Null (default): any run of white space. */
  readonly separator?: string | null;
  /** Cuts at most; −1 (default): all. */
  readonly maxSplit?: number;
}

/**
 * Cuts a text into as many variables as it has parts. In a list each text is cut; those with fewer parts get empty texts, and
 * every output is a list.
 * @throws {InvalidArgumentError} when the data is not text or the separator is empty.
 */
export function split(x: Variable, { separator = null, maxSplit = -1, ...options }: SplitOptions = {}): Variable[] {
  if (separator === "") throw new InvalidArgumentError("split needs a separator that is not empty.");
  const isRecorded = willRecord([x], options);
  const { data } = x;
  const cut = (text: unknown): string[] => cutText(text, separator, maxSplit, x.role);
  const rows = isBatch(data) ? data.map(cut) : [cut(data)];
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, part) => rows.map((row) => row[part] ?? ""));
  const outputs = columns.map((column, part) => ({ data: isBatch(data) ? column : column[0]!, role: `split part ${part} of ${x.role}` }));
  return record("Split", [x], outputs, isRecorded, (feedback, _wanted, { prompts }) => {
    const parts = feedback.map((list) => list.map(({ data: said }) => joinedText(said)).join("\n"));
    return [[fill(prompts.combinedFeedback, { role: x.role, feedback: items(parts) })]];
  });
}

function cutText(text: unknown, separator: string | null, maxSplit: number, role: string): string[] {
  if (typeof text !== "string") throw new InvalidArgumentError(`split needs text, but "${role}" holds ${typeof text} ${String(text)}.`);
  if (separator === null) return cutAtSpace(text, maxSplit);
  const all = text.split(separator);
  if (maxSplit < 0 || all.length <= maxSplit + 1) return all;
  return [...all.slice(0, maxSplit), all.slice(maxSplit).join(separator)];
}

/** Runs of white space separate; those at the ends are no parts. What is left after the last cut keeps its inner space. */
function cutAtSpace(text: string, maxSplit: number): string[] {
  const parts: string[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const space = maxSplit >= 0 && parts.length >= maxSplit ? null : /\s+/.exec(rest);
    if (space === null) {
      parts.push(maxSplit >= 0 && parts.length >= maxSplit ? rest : rest.trimEnd());
      break;
    }
    parts.push(rest.slice(0, space.index));
    rest = rest.slice(space.index + space[0].length);
  }
  return parts;
}
