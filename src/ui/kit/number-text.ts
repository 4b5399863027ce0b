/** What a person types into a number field, and what it means. Pure. */

export interface NumberRule {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly integer?: boolean | undefined;
}

export type NumberReading = { readonly value: number | null; readonly problem: null } | { readonly value: null; readonly problem: string };

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const GROUPED = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;

/**
 * Reads a number as typed: `1e-3`, `0.5`, `0,5`, `10,000`, with spaces as digit groups.
 * A comma before exactly three digits after a non-zero group is a thousands separator, any other single comma a decimal one.
 *
 * @returns the number; null for an empty text; NaN for anything else, infinities included.
 */
export function parseNumber(text: string): number | null {
  const bare = text
    .trim()
    .replace(/[\s\u00a0\u202f_]/g, "")
    .replace(/\u2212/g, "-");
  if (bare === "") return null;
  const candidate = GROUPED.test(bare) ? bare.replace(/,/g, "") : bare.replace(",", ".");
  if (!PLAIN.test(candidate)) return Number.NaN;
  const value = Number(candidate);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** `parseNumber` with the field's rule; the problem is a sentence for the person. */
export function readNumber(text: string, rule: NumberRule): NumberReading {
  const value = parseNumber(text);
  if (value === null) return { value: null, problem: null };
  if (Number.isNaN(value)) return { value: null, problem: `“${text.trim()}” is not a number.` };
  const problem = numberProblem(value, rule);
  return problem === null ? { value, problem: null } : { value: null, problem };
}

/** Why `value` breaks the rule, or null. */
export function numberProblem(value: number, rule: NumberRule): string | null {
  if (rule.integer && !Number.isInteger(value)) return `Give a whole number, not ${formatInput(value)}.`;
  const below = rule.min !== undefined && value < rule.min;
  const above = rule.max !== undefined && value > rule.max;
  if (!below && !above) return null;
  return `Give a value ${rangeText(rule)}.`;
}

/** `from 0 to 1`, `of at least 1`, `of at most 5`, or an empty text. */
export function rangeText(rule: NumberRule): string {
  if (rule.min !== undefined && rule.max !== undefined) return `from ${formatInput(rule.min)} to ${formatInput(rule.max)}`;
  if (rule.min !== undefined) return `of at least ${formatInput(rule.min)}`;
  if (rule.max !== undefined) return `of at most ${formatInput(rule.max)}`;
  return "";
}

/** Shortest text that reads back as the same number; exponents for very small and very large ones. */
export function formatInput(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e9)) return value.toExponential().replace("e+", "e");
  return String(value);
}

/**
 * The next value for an arrow key: a whole step for integers, else one unit in the first digit (0.05 → 0.06, 0.1 → 0.2),
 * ten times that when `large`. Stays inside the rule.
 */
export function stepNumber(value: number, direction: 1 | -1, rule: NumberRule, large = false): number {
  const scale = large ? 10 : 1;
  const toward = direction * (value < 0 ? -1 : 1);
  const unit = rule.integer ? 1 : firstDigitUnit(value, toward);
  const moved = value + direction * unit * scale;
  const digits = Math.max(0, -Math.floor(Math.log10(unit)) + 1);
  const rounded = rule.integer ? Math.round(moved) : Number(moved.toFixed(Math.min(20, digits)));
  return Math.min(rule.max ?? Infinity, Math.max(rule.min ?? -Infinity, rounded));
}

/** Power of ten of the first digit; on the way down from an exact power it is the next smaller one, so 0.1 becomes 0.09. */
function firstDigitUnit(value: number, toward: number): number {
  const size = Math.abs(value);
  if (size === 0) return 0.1;
  const exponent = Math.floor(Math.log10(size) + 1e-9);
  const isPower = Math.abs(size - 10 ** exponent) <= size * 1e-9;
  return 10 ** (toward < 0 && isPower ? exponent - 1 : exponent);
}
