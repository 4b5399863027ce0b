import { type RunRecord, type Runs, type SeriesSummary, summariesOf } from "../../runs/index.ts";

/** A run as our own API shows it. Times are epoch ms. */
export function toOwnRun(record: RunRecord): Record<string, unknown> {
  const { runId, name, about, state, reason, exitCode, createdAt, startedAt, finishedAt, archivedAt } = record;
  return {
    id: runId,
    name,
    state,
    reason,
    exit_code: exitCode,
    created_at: createdAt,
    started_at: startedAt,
    finished_at: finishedAt,
    archived_at: archivedAt,
    ...about,
  };
}

/** A run with the figures of the series that match. */
export function toListedRun(runs: Runs, record: RunRecord, keys: readonly string[]): Record<string, unknown> {
  if (keys.length === 0) return toOwnRun(record);
  const metrics = summariesOf(runs, record, keys).map(([key, summary]) => [key, toWireSummary(summary)]);
  return { ...toOwnRun(record), metrics: Object.fromEntries(metrics) };
}

export function toWireSummary({ lastStep, ...rest }: SeriesSummary): Record<string, unknown> {
  return { ...rest, last_step: lastStep };
}
