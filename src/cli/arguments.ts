import { existsSync } from "node:fs";
import { extname } from "node:path";
import { InvalidArgumentError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";

/** A whole number option within bounds. @throws {InvalidArgumentError} that names the option. */
export function wholeNumber(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new InvalidArgumentError(`${option} must be a whole number from ${min} to ${max}, got "${text}".`);
  }
  return value;
}

/** Seconds as milliseconds. */
export function secondsOption(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError(`${option} must be a number of seconds, 0 or more, got "${text}".`);
  }
  return value * 1000;
}

/** `--set` and `--tune` as the configuration's hyperparameters. @throws {InvalidArgumentError} for anything but name=value. */
export function hyperparameterOptions(set: readonly string[], tune: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const add = (option: string, text: string, read: (value: string) => unknown): void => {
    const at = text.indexOf("=");
    if (at < 1) throw new InvalidArgumentError(`${option} takes name=value, got "${text}".`);
    const name = text.slice(0, at).trim();
    if (name in result) throw new InvalidArgumentError(`${option}: ${name} was given twice.`);
    result[name] = read(text.slice(at + 1));
  };
  for (const text of set) add("--set", text, literal);
  for (const text of tune) add("--tune", text, (value) => ({ candidates: value.split(",").map(literal) }));
  return result;
}

/** A number, true, false or null where the text reads so; else the text itself. */
export function literal(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false" || trimmed === "null") return JSON.parse(trimmed);
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

export function columnList(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}

export type TableFormat = "csv" | "parquet" | "arrow-ipc";

const FORMATS: Readonly<Record<string, TableFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".parquet": "parquet",
  ".pq": "parquet",
  ".arrow": "arrow-ipc",
  ".arrows": "arrow-ipc",
  ".feather": "arrow-ipc",
  ".ipc": "arrow-ipc",
};

/** The format of a table file, by its ending. @throws {InvalidArgumentError} for a file that is not there or of another kind. */
export function tableFormat(file: string): TableFormat {
  if (!existsSync(file)) throw new InvalidArgumentError(`There is no file "${file}". Check the path.`);
  const ending = extname(file).toLowerCase();
  const format = FORMATS[ending];
  if (format !== undefined) return format;
  throw new InvalidArgumentError(
    `"${file}" ends in "${ending}", which is not a table format.${didYouMean(ending, Object.keys(FORMATS))} Known: ${Object.keys(FORMATS).join(", ")}.`,
  );
}
