/** Lists and maps of a schema form, as typed. Pure. */
import { parseNumber } from "./number-text.ts";
import type { HyperparameterEntry } from "./schema-types.ts";

export type HeldReading = { readonly value: unknown; readonly problem: null } | { readonly value: null; readonly problem: string };

/** A list is separated by commas; a map has `column: value` parts separated by semicolons, its lists separated by commas. */
export function heldText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([column, held]) => `${column}: ${heldText(held)}`)
    .join("; ");
}

/** The inverse; null for an empty text. The server checks names, levels and bounds. */
export function readHeld(text: string, entry: Pick<HyperparameterEntry, "holds" | "type">): HeldReading {
  if (text.trim() === "") return { value: null, problem: null };
  if (entry.holds === "list") return readList(text, entry.type);
  const map: Record<string, unknown> = {};
  for (const part of pieces(text, ";")) {
    const at = part.lastIndexOf(":");
    const column = part.slice(0, Math.max(0, at)).trim();
    if (column === "") return { value: null, problem: `“${part}” is not of the form column: value.` };
    const rest = part.slice(at + 1);
    const reading = entry.holds === "levels" ? readList(rest, "character") : readOne(rest.trim(), entry.type);
    if (reading.problem !== null) return reading;
    map[column] = reading.value;
  }
  return { value: map, problem: null };
}

function readList(text: string, type: HyperparameterEntry["type"]): HeldReading {
  const values: unknown[] = [];
  for (const part of pieces(text, ",")) {
    const reading = readOne(part, type);
    if (reading.problem !== null) return reading;
    values.push(reading.value);
  }
  return values.length === 0 ? { value: null, problem: "Give at least one value." } : { value: values, problem: null };
}

function readOne(part: string, type: HyperparameterEntry["type"]): HeldReading {
  if (type !== "integer" && type !== "double") return { value: part, problem: null };
  const number = parseNumber(part);
  return number === null || Number.isNaN(number)
    ? { value: null, problem: `“${part}” is not a number.` }
    : { value: number, problem: null };
}

function pieces(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
