import type { AlgorithmDetail } from "../../../client/index.ts";

export type FitTask = "classification" | "regression";

export function canDo(entry: AlgorithmDetail, task: FitTask): boolean {
  return task === "regression" ? entry.supports_regression : entry.supports_classification;
}

/** What can do the task first; among those what was used most often first; otherwise the catalogue's order. Pure. */
export function orderedAlgorithms(
  algorithms: readonly AlgorithmDetail[],
  task: FitTask,
  used: readonly string[],
): readonly AlgorithmDetail[] {
  const times = new Map<string, number>();
  for (const name of used) times.set(name, (times.get(name) ?? 0) + 1);
  const off = (entry: AlgorithmDetail): number => (canDo(entry, task) ? 0 : 1);
  return [...algorithms].sort((a, b) => off(a) - off(b) || (times.get(b.name) ?? 0) - (times.get(a.name) ?? 0));
}

/** The first `limit` of them, and the chosen one wherever it stands. Pure. */
export function shortList(ordered: readonly AlgorithmDetail[], chosen: string | null, limit: number): readonly AlgorithmDetail[] {
  const first = ordered.slice(0, limit);
  const missing = ordered.slice(limit).find((entry) => entry.name === chosen);
  return missing === undefined ? first : [...first.slice(0, limit - 1), missing];
}

/** Why it is greyed out, or what it copes with by itself. */
export function algorithmNote(entry: AlgorithmDetail, task: FitTask): string {
  if (!canDo(entry, task)) return task === "regression" ? "Cannot estimate a number." : "Cannot tell classes apart.";
  const takes = [entry.handles_missing ? "missing values" : null, entry.handles_categories ? "categories" : null].filter(
    (part) => part !== null,
  );
  return takes.length === 0 ? "Numbers only." : `Takes ${takes.join(" and ")}.`;
}
