/** Which fields a schema form shows, and which differ from their default. Pure. */
import type { FieldProblem, HyperparameterEntry } from "./schema-types.ts";

export const SEARCH_FROM = 12;

/** Entries that apply to the task, basic ones first, each group in the schema's order. */
export function applicableEntries(
  entries: readonly HyperparameterEntry[],
  task: string | null | undefined,
): readonly HyperparameterEntry[] {
  const fitting = entries.filter((entry) => !task || entry.tasks === undefined || entry.tasks.includes(task));
  return [...fitting.filter((entry) => entry.level === "basic"), ...fitting.filter((entry) => entry.level !== "basic")];
}

/** Entries to draw. A search looks through all of them; a changed or faulty advanced entry shows even while the rest is folded. */
export function visibleEntries(
  entries: readonly HyperparameterEntry[],
  view: { readonly all: boolean; readonly search: string; readonly pinned: ReadonlySet<string> },
): readonly HyperparameterEntry[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > 0) {
    return entries.filter((entry) => {
      const text = `${entry.name} ${entry.title} ${entry.help}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }
  return entries.filter((entry) => view.all || entry.level === "basic" || view.pinned.has(entry.name));
}

/** Names whose value is set to something other than the default. */
export function changedNames(entries: readonly HyperparameterEntry[], values: Readonly<Record<string, unknown>>): readonly string[] {
  return entries.filter((entry) => isChanged(entry, values[entry.name])).map((entry) => entry.name);
}

export function isChanged(entry: HyperparameterEntry, value: unknown): boolean {
  return value !== undefined && !sameValue(value, entry.default ?? null);
}

/** Equality of JSON values. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Sets one value; undefined goes back to the default by leaving the name out. */
export function withValue(values: Readonly<Record<string, unknown>>, name: string, value: unknown): Record<string, unknown> {
  const next: Record<string, unknown> = { ...values };
  if (value === undefined) delete next[name];
  else next[name] = value;
  return next;
}

/** The problem that belongs to a field: its path is the name, or ends with it (`hyperparameters.max_depth`, `/tuning/max_depth/2`). */
export function problemOf(name: string, problems: readonly FieldProblem[]): string | null {
  for (const problem of problems) if (problem.path.split(/[./[\]]+/).includes(name)) return problem.message;
  return null;
}
