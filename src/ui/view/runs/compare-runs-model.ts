import type { RunInfo, RunSeriesFacts, SpelledValue } from "../../../client/index.ts";
import { toValue } from "../../../client/index.ts";
import type { ParallelItem, ParallelValue } from "../../chart/parallel-model.ts";
import { flatConfig, valueText } from "./run-words.ts";

/** A run that is compared: what is told about it, and the figures of its series. */
export interface ComparedRun {
  readonly run: RunInfo;
  readonly figures: ReadonlyMap<string, RunSeriesFacts>;
}

export const COMPARED_MAX = 100;

/** Which runs an address compares; the first is the baseline unless it names another one of them. Pure. */
export function readCompared(query: URLSearchParams): { readonly ids: readonly string[]; readonly baseline: string | null } {
  const ids = [...new Set((query.get("runs") ?? "").split(",").filter((id) => id !== ""))].slice(0, COMPARED_MAX);
  const base = query.get("base");
  return { ids, baseline: base !== null && ids.includes(base) ? base : (ids[0] ?? null) };
}

/** Settings whose values are not the same in all runs, nested ones as paths; with `all`, every setting. Pure. */
export function settingNames(runs: readonly ComparedRun[], all: boolean): readonly string[] {
  const configs = runs.map(({ run }) => flatConfig(run.config));
  const names = [...new Set(configs.flatMap((config) => [...config.keys()]))];
  return all ? names : names.filter((name) => new Set(configs.map((config) => valueText(config.get(name)))).size > 1);
}

/** Series that a comparison shows by default: those most runs have, system ones left out. Pure. */
export function usualMetrics(runs: readonly ComparedRun[], most: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const { figures } of runs)
    for (const key of figures.keys()) if (!key.startsWith("sys/")) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .slice(0, most)
    .map(([key]) => key);
}

/** A number of a run less that of the baseline; null where either is missing or not finite. Pure. */
export function difference(value: SpelledValue | undefined, base: SpelledValue | undefined): number | null {
  const [a, b] = [toValue(value), toValue(base)];
  return Number.isFinite(a) && Number.isFinite(b) ? a - b : null;
}

/** The lines of parallel coordinates: settings, then the last value of each metric. Pure. */
export function parallelItems(
  runs: readonly ComparedRun[],
  settings: readonly string[],
  metrics: readonly string[],
): readonly ParallelItem[] {
  return runs.map(({ run, figures }) => {
    const config = flatConfig(run.config);
    const set = settings.map((name): ParallelValue => {
      const value = config.get(name);
      if (value === undefined || value === null) return null;
      return typeof value === "number" ? value : valueText(value);
    });
    const last = metrics.map((key): ParallelValue => {
      const value = toValue(figures.get(key)?.last);
      return Number.isFinite(value) ? value : null;
    });
    return { id: run.id, label: run.name, values: [...set, ...last] };
  });
}
