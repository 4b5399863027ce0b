import type { Task } from "../algorithm.ts";
import { aggregateFolds, defaultMetric, type MetricInfo } from "../metrics/index.ts";
import type { TrainConfig } from "./config.ts";
import type { Candidate } from "./grid.ts";
import type { Metrics } from "./result.ts";
import type { CellResult } from "./unit.ts";

export interface ScoredCell {
  readonly cell: number;
  readonly candidate: Candidate;
  readonly training: Metrics;
  readonly validation: Metrics;
  /** The tuning metric, aggregated over inner resamples; null when it is undefined in all of them. */
  readonly metric: number | null;
  readonly seconds: number;
}

/** Which metric decides, and its direction: the configuration's, else the task's default. */
export function tuningMetric(
  config: TrainConfig,
  task: Task,
  infos: readonly MetricInfo[],
): { readonly metric: string; readonly maximize: boolean } {
  const metric = config.tuner_config?.metric ?? defaultMetric(task);
  const natural = infos.find((info) => info.name === metric)?.maximize ?? false;
  return { metric, maximize: config.tuner_config?.maximize ?? natural };
}

/** Aggregates the inner runs of one candidate, metric by metric; a metric undefined in a run is left out of its aggregate. */
export function scoreCandidate(config: TrainConfig, metric: string, runs: readonly CellResult[]): Omit<ScoredCell, "cell" | "candidate"> {
  const how = config.tuner_config?.metrics_aggregate_fn ?? "mean";
  const combine = (all: readonly Metrics[]): Metrics =>
    Object.fromEntries(
      Object.keys(all[0] ?? {}).map((name) => [
        name,
        aggregateFolds(
          all.map((metrics) => metrics[name] ?? null),
          how,
        ),
      ]),
    );
  const validation = combine(runs.map((run) => run.validation));
  return {
    training: combine(runs.map((run) => run.training)),
    validation,
    metric: validation[metric] ?? null,
    seconds: runs.reduce((sum, run) => sum + run.seconds, 0),
  };
}

/** The candidate with the best metric; of equal ones the first. Undefined metrics lose to every number. */
export function bestCandidate(cells: readonly ScoredCell[], maximize: boolean): ScoredCell {
  const sign = maximize ? 1 : -1;
  return cells.reduce((best, cell) => {
    if (cell.metric === null) return best;
    return best.metric === null || sign * cell.metric > sign * best.metric ? cell : best;
  });
}
