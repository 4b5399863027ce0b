/** Values to tune over, as typed and as chips. Pure. */
import { formatInput, numberProblem, parseNumber } from "./number-text.ts";
import type { HyperparameterEntry } from "./schema-types.ts";

export type CandidatesReading =
  | { readonly values: readonly (number | string)[]; readonly problem: null }
  | { readonly values: null; readonly problem: string };

const RANGE = /^(.+?)\.\.(.+?)(?::(\d+))?$/;
const MOST = 200;

/**
 * Reads `0.01 0.1`, `8; 16; 32` or a range `0.001..1:4` (four values; evenly on the logarithm when the entry says so; five when no count is given).
 * The order is kept, repeats are dropped.
 */
export function parseCandidates(text: string, entry: HyperparameterEntry): CandidatesReading {
  const values: (number | string)[] = [];
  for (const piece of text.trim().split(/[;\s]+|,(?=\s)|,(?=\d*\.)/)) {
    const part = piece.replace(/,$/, "");
    if (part === "") continue;
    const reading = readPiece(part, entry);
    if (reading.problem !== null) return reading;
    for (const value of reading.values) if (!values.includes(value)) values.push(value);
  }
  if (values.length > MOST) return { values: null, problem: `Give at most ${MOST} values, not ${values.length}.` };
  return { values, problem: null };
}

function readPiece(part: string, entry: HyperparameterEntry): CandidatesReading {
  if (entry.type !== "double" && entry.type !== "integer") return { values: [part], problem: null };
  const range = RANGE.exec(part);
  if (range) return readRange(range[1] ?? "", range[2] ?? "", Number(range[3] ?? 5), entry);
  const value = parseNumber(part);
  if (value === null || Number.isNaN(value)) return { values: null, problem: `“${part}” is not a number.` };
  const problem = candidateProblem(value, entry);
  return problem === null ? { values: [value], problem: null } : { values: null, problem };
}

function readRange(fromText: string, toText: string, count: number, entry: HyperparameterEntry): CandidatesReading {
  const from = parseNumber(fromText);
  const to = parseNumber(toText);
  if (from === null || to === null || Number.isNaN(from) || Number.isNaN(to)) {
    return { values: null, problem: `“${fromText}..${toText}” is not a range of two numbers.` };
  }
  const faulty = candidateProblem(from, entry) ?? candidateProblem(to, entry);
  if (faulty !== null) return { values: null, problem: faulty };
  if (count < 2 || count > MOST) return { values: null, problem: `A range has 2 to ${MOST} values, not ${count}.` };
  return { values: spacedValues(from, to, count, entry.log === true, entry.type === "integer"), problem: null };
}

function candidateProblem(value: number, entry: HyperparameterEntry): string | null {
  return numberProblem(value, { min: entry.min, max: entry.max, integer: entry.type === "integer" });
}

/** `count` values from `from` to `to`, ends included; on the logarithm when `log` and both are positive. Integers may merge. */
export function spacedValues(from: number, to: number, count: number, log: boolean, integer: boolean): number[] {
  const useLog = log && from > 0 && to > 0;
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = i / (count - 1);
    const raw = useLog ? from * (to / from) ** at : from + (to - from) * at;
    const exact = i === 0 ? from : i === count - 1 ? to : raw;
    const value = integer ? Math.round(exact) : Number(exact.toPrecision(6));
    if (!values.includes(value)) values.push(value);
  }
  return values;
}

export function formatCandidate(value: unknown): string {
  if (value === null) return "automatic";
  if (typeof value === "number") return formatInput(value);
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.map(formatCandidate).join(", ") : String(value);
}

/** How many fits the values multiply to: the product of the numbers of candidates. */
export function candidateCount(values: Readonly<Record<string, unknown>>): number {
  let product = 1;
  for (const value of Object.values(values)) {
    const list = (value as { candidates?: unknown } | null | undefined)?.candidates;
    if (Array.isArray(list)) product *= Math.max(1, list.length);
  }
  return product;
}
