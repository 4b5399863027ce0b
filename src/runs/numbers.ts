/** Numbers as JSON can carry them: null is a missing value, the three that JSON lacks are spelled. */
export type SpelledNumber = number | null | "NaN" | "Inf" | "-Inf";

const SPELLINGS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Inf", Number.POSITIVE_INFINITY],
  ["+Inf", Number.POSITIVE_INFINITY],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Inf", Number.NEGATIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** The number that a JSON value stands for; undefined when it is none. `null` is not a number here. */
export function maybeNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : SPELLINGS.get(value);
}

export function spelled(value: number): SpelledNumber {
  if (value - value === 0) return value;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Inf" : "-Inf";
}
