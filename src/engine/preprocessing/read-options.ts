import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { isRecord, numberFault, show, unwrapped } from "../train/field-reader.ts";
import type { OptionValue, PreprocessorConfig, PreprocessorOption } from "./option.ts";
import { PREPROCESSOR_OPTIONS } from "./options.ts";

const PATH = "preprocessor_config";

/** Lists and maps longer than this are refused: they are a mistake, and every job stores them. */
const MAX_ENTRIES = 10_000;

type Report = (name: string, message: string) => void;
type Read = { readonly value: OptionValue } | { readonly fault: string };

/**
 * Checks a preprocessing block against the declarations and keeps what was given; null when nothing was. Defaults are not filled in here,
 * so that a record can tell what the user chose. Every fault goes to `problems`, named by option, value and remedy.
 *
 * @param features names of the feature columns, in order; null when they are not known because of other faults.
 */
export function readPreprocessing(
  given: unknown,
  features: readonly string[] | null,
  problems: ConfigProblem[],
): PreprocessorConfig | null {
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return null;
  const report: Report = (name, message) => problems.push({ path: `${PATH}.${name}`, message: `${PATH}.${name} ${message}` });
  if (!isRecord(given)) {
    problems.push({ path: PATH, message: `${PATH} must be an object, got ${show(given)}.` });
    return null;
  }
  const names = PREPROCESSOR_OPTIONS.map((option) => option.name);
  const config: Record<string, OptionValue> = {};
  for (const [name, raw] of Object.entries(given)) {
    if (name.startsWith("$") || raw === undefined) continue;
    const option = PREPROCESSOR_OPTIONS.find((candidate) => candidate.name === name);
    if (option === undefined) {
      report(name, `is not a preprocessing option.${didYouMean(name, names) || ` Known: ${names.join(", ")}.`}`);
      continue;
    }
    const read = readValue(raw, option);
    if ("fault" in read) report(name, read.fault);
    else config[name] = read.value;
  }
  if (features !== null) checkColumns(config, features, report);
  checkTogether(config, report);
  return Object.keys(config).length === 0 ? null : config;
}

function readValue(raw: unknown, option: PreprocessorOption): Read {
  if (raw === null) {
    return option.automatic !== undefined
      ? { value: null }
      : { fault: `needs a value; leave it out for the default, ${show(option.default)}.` };
  }
  switch (option.holds) {
    case undefined: {
      const value = unwrapped(raw);
      const fault = valueFault(value, option);
      return fault === null ? { value: value as OptionValue } : { fault }; // valueFault has checked the type
    }
    case "list":
      return readList(raw, option);
    case "settings":
      return readSettings(raw, option);
    default:
      return readMap(raw, option);
  }
}

function valueFault(value: unknown, option: PreprocessorOption): string | null {
  if (option.type === "logical") return typeof value === "boolean" ? null : `must be true or false, got ${show(value)}.`;
  if (option.type === "character") {
    if (typeof value !== "string" || value === "") return `must be text, got ${show(value)}.`;
    if (option.choices === undefined || option.choices.includes(value)) return null;
    return `must be one of ${option.choices.join(", ")}, got ${show(value)}.${didYouMean(value, option.choices)}`;
  }
  if (option.zeroIsOff === true && value === 0) return null;
  const fault = numberFault(value, { ...option, integer: option.type === "integer" });
  return fault === null || option.zeroIsOff !== true ? fault : fault.replace("must be ", "must be 0, or ");
}

/** A bare value is a list of one, as everywhere on the wire. */
function readList(raw: unknown, option: PreprocessorOption): Read {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (list.length > MAX_ENTRIES) return { fault: `has ${list.length} entries, more than ${MAX_ENTRIES}; shorten the list.` };
  if (list.length === 0)
    return option.automatic !== undefined ? { value: null } : { fault: "must name at least one; leave it out for the default." };
  for (const item of list) {
    const fault = valueFault(item, option);
    if (fault !== null) return { fault: fault.replace("must be ", "must be a list, and each entry ") };
  }
  const twice = list.find((item, index) => list.indexOf(item) < index);
  return twice === undefined ? { value: list as OptionValue } : { fault: `names ${show(twice)} twice; name it once.` };
}

function readMap(raw: unknown, option: PreprocessorOption): Read {
  const shape = option.holds === "numbers" ? '{"column": number}' : '{"column": ["level", …]}';
  if (!isRecord(raw)) return { fault: `must be an object ${shape}, got ${show(raw)}.` };
  const entries = Object.entries(raw);
  if (entries.length > MAX_ENTRIES) return { fault: `has ${entries.length} entries, more than ${MAX_ENTRIES}; shorten it.` };
  const value: Record<string, number | readonly string[]> = {};
  for (const [column, item] of entries) {
    if (option.holds === "numbers") {
      const fault = valueFault(item, option);
      if (fault !== null) return { fault: `has for "${column}" ${show(item)}; it ${fault}` };
      value[column] = item as number; // just checked
    } else {
      const read = readList(item, { ...option, holds: "list" });
      if ("fault" in read || read.value === null)
        return { fault: `has for "${column}" ${show(item)}; give a list of its levels, each once.` };
      value[column] = read.value as readonly string[]; // options with levels are texts
    }
  }
  return { value: value as OptionValue };
}

/** A map over the default's keys. */
function readSettings(raw: unknown, option: PreprocessorOption): Read {
  const known = Object.keys(option.default as object);
  if (!isRecord(raw)) return { fault: `must be an object with ${known.join(", ")}, got ${show(raw)}.` };
  const value: Record<string, number> = {};
  for (const [key, item] of Object.entries(raw)) {
    if (key.startsWith("$")) continue;
    if (!known.includes(key)) return { fault: `has no setting "${key}".${didYouMean(key, known) || ` Known: ${known.join(", ")}.`}` };
    const least = key === "num.trees" || key === "maxiter" ? 1 : (option.min ?? 0);
    const fault = numberFault(item, { ...option, min: least, integer: true });
    if (fault !== null) return { fault: `has for "${key}" ${show(item)}; it ${fault}` };
    value[key] = item as number; // just checked
  }
  return { value };
}

/** Options that name columns name features, or columns that other steps make of them. */
function checkColumns(config: PreprocessorConfig, features: readonly string[], report: Report): void {
  const isKnown = (name: string): boolean => features.some((feature) => name === feature || name.startsWith(`${feature}_`));
  const check = (option: string, names: readonly string[], known: (name: string) => boolean): void => {
    const unknown = names.find((name) => !known(name));
    if (unknown !== undefined) report(option, `names "${unknown}", which is not a feature.${didYouMean(unknown, features)}`);
  };
  const listed = config.remove_features as readonly string[] | null | undefined; // checked above
  if (Array.isArray(listed)) {
    check("remove_features", listed, (name) => features.includes(name));
    if (features.length > 0 && features.every((name) => listed.includes(name)))
      report("remove_features", "names every feature; leave one.");
  }
  for (const option of PREPROCESSOR_OPTIONS) {
    const value = config[option.name];
    if ((option.holds === "numbers" || option.holds === "levels") && isRecord(value)) check(option.name, Object.keys(value), isKnown);
  }
  const beyond = (config.exclude as readonly number[] | null | undefined)?.find((number) => number > features.length);
  if (beyond !== undefined) report("exclude", `names feature number ${beyond}; there are ${features.length}. Count features from 1.`);
}

function checkTogether(config: PreprocessorConfig, report: Report): void {
  const divisors = config.scale_coefficients;
  if (isRecord(divisors)) {
    const zero = Object.entries(divisors).find(([, value]) => value === 0);
    if (zero !== undefined) report("scale_coefficients", `has 0 for "${zero[0]}"; nothing can be divided by it. Give another number.`);
  }
}
