import { InvalidArgumentError } from "../core/errors.ts";
import type { PreprocessorOption } from "../engine/preprocessing/option.ts";
import { PREPROCESSOR_OPTIONS } from "../engine/preprocessing/options.ts";
import { literal } from "./arguments.ts";

/**
 * `--preprocess` as the configuration's block: `name` alone switches on, lists are separated by commas, maps are JSON.
 * @throws {InvalidArgumentError} for a name given twice, or JSON that cannot be read. Everything else is checked with the rest.
 */
export function preprocessOptions(given: readonly string[]): Record<string, unknown> | undefined {
  if (given.length === 0) return undefined;
  const result: Record<string, unknown> = {};
  for (const text of given) {
    const at = text.indexOf("=");
    const name = (at < 0 ? text : text.slice(0, at)).trim();
    if (name === "") throw new InvalidArgumentError(`--preprocess takes name or name=value, got "${text}".`);
    if (name in result) throw new InvalidArgumentError(`--preprocess: ${name} was given twice.`);
    const option = PREPROCESSOR_OPTIONS.find((candidate) => candidate.name === name);
    result[name] = at < 0 ? true : readOption(name, text.slice(at + 1).trim(), option);
  }
  return result;
}

function readOption(name: string, text: string, option: PreprocessorOption | undefined): unknown {
  if (text.startsWith("{") || text.startsWith("[")) return json(name, text);
  const read = (part: string): unknown => (option?.type === "character" ? part.trim() : literal(part));
  if (text === "null") return null;
  return option?.holds === "list" ? text.split(",").map(read) : read(text);
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError(`--preprocess ${name}: ${(cause as Error).message}. Check quotes and brackets of the JSON.`, { cause });
  }
}

/** `trainyard preprocessing`: every option with everything its declaration says. */
export function preprocessingCommand(flags: { json?: boolean }): void {
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ options: PREPROCESSOR_OPTIONS }, null, 2)}\n`);
    return;
  }
  const lines = PREPROCESSOR_OPTIONS.flatMap((option) => [
    `${option.name} = ${option.follows === undefined ? JSON.stringify(option.default) : `as ${option.follows}`}  (${domainOf(option)})`,
    `    ${option.help}`,
  ]);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function domainOf({ type, holds, choices, min, max, minExclusive, zeroIsOff, automatic }: PreprocessorOption): string {
  const shapes = { list: "list of ", numbers: "column to ", levels: "column to list of ", settings: "JSON object of " };
  const parts = [
    `${holds === undefined ? "" : shapes[holds]}${choices === undefined ? type : choices.join(" | ")}`,
    min === undefined ? "" : `${zeroIsOff === true ? "0, or " : ""}${minExclusive === true ? "above" : "from"} ${min}`,
    max === undefined ? "" : `to ${max}`,
    automatic === undefined ? "" : `null: ${automatic}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}
