import type { NumericColumn } from "../engine/table.ts";

/**
 * A present numeric value as text that reads back as the same value: shortest decimal form, `true`/`false`, `Inf`, `2024-01-31`,
 * `2024-01-31T10:00:00Z` (milliseconds only when there are some).
 */
export function valueText(type: NumericColumn["type"], value: number): string {
  if (type === "logical") return value === 1 ? "true" : "false";
  if (value === Infinity) return "Inf";
  if (value === -Infinity) return "-Inf";
  if (type === "date") return new Date(value).toISOString().slice(0, 10);
  if (type === "datetime") return new Date(value).toISOString().replace(".000Z", "Z");
  return String(value);
}
