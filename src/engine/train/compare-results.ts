import { holmAdjusted, type PairedDifference, pairedDifference } from "../metrics/compare.ts";
import { METRIC_INFO } from "../metrics/info.ts";
import type { MetricSummary, TrainResult } from "./result.ts";

export interface ComparedResult {
  readonly result: TrainResult;
  /** Hash of the table it was trained on. */
  readonly fingerprint: string;
}

export interface ComparedMetric {
  readonly name: string;
  readonly maximize: boolean;
  /** Held-out summary per result; null where it has none. */
  readonly summaries: readonly (MetricSummary | null)[];
  /** Per result, against the first; null for the first itself, and where the two cannot be paired. */
  readonly differences: readonly ((PairedDifference & { readonly p_adjusted: number }) | null)[];
}

export interface ResultComparison {
  /** Per result, what keeps it from being paired with the first, e.g. `other data`; empty when nothing does. */
  readonly obstacles: readonly (readonly string[])[];
  readonly metrics: readonly ComparedMetric[];
}

/**
 * Finished trainings side by side; the first is the baseline. Differences are paired by fold, and only where data, target, rows and
 * resamples are the same ones. p is corrected by Holm within a metric for the number of pairs.
 *
 * @param compared two or more. Cost: O(results × metrics × folds). Deterministic.
 */
export function compareResults(compared: readonly ComparedResult[]): ResultComparison {
  const [baseline] = compared;
  if (baseline === undefined) return { obstacles: [], metrics: [] };
  const obstacles = compared.map((other) => (other === baseline ? [] : obstaclesBetween(baseline, other)));
  const names = METRIC_INFO.filter(({ name }) => compared.some(({ result }) => (result.metrics.test?.[name]?.mean ?? null) !== null));
  return {
    obstacles,
    metrics: names.map(({ name, maximize }) => ({
      name,
      maximize,
      summaries: compared.map(({ result }) => result.metrics.test?.[name] ?? null),
      differences: differencesOf(name, compared, obstacles),
    })),
  };
}

function differencesOf(
  name: string,
  compared: readonly ComparedResult[],
  obstacles: readonly (readonly string[])[],
): ComparedMetric["differences"] {
  const [baseline] = compared as readonly [ComparedResult];
  const foldsOf = ({ result }: ComparedResult): (number | null)[] => result.folds.map((fold) => fold.metrics.test?.[name] ?? null);
  const shares = baseline.result.folds.map((fold) => fold.n_test / fold.n_train);
  const share = shares.reduce((sum, value) => sum + value, 0) / Math.max(1, shares.length);
  const differences = compared.map((other, index) =>
    index === 0 || obstacles[index]!.length > 0 ? null : pairedDifference(foldsOf(baseline), foldsOf(other), share),
  );
  const adjusted = holmAdjusted(differences.flatMap((difference) => (difference === null ? [] : [difference.p])));
  let at = 0;
  return differences.map((difference) => (difference === null ? null : { ...difference, p_adjusted: adjusted[at++]! }));
}

/** In words, what differs between two trainings so that their folds are not the same rows. */
function obstaclesBetween(a: ComparedResult, b: ComparedResult): readonly string[] {
  const [one, two] = [a.result, b.result];
  if (one.resampling === null || two.resampling === null) return ["no held-out folds"];
  const found: string[] = [];
  if (a.fingerprint !== b.fingerprint) found.push("other data");
  if (one.target !== two.target || one.task !== two.task) found.push("another target");
  else if (one.positive_class !== two.positive_class) found.push("another positive class");
  const [ours, theirs] = [one.config.outer_resampling_config, two.config.outer_resampling_config];
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) found.push("other resamples");
  else if ((ours?.seed ?? null) === null && one.config.seed !== two.config.seed) found.push("another seed");
  const sizes = ({ folds }: TrainResult): string => folds.map((fold) => `${fold.n_train}/${fold.n_test}`).join(" ");
  if (found.length === 0 && sizes(one) !== sizes(two)) found.push("folds of other sizes");
  return found;
}
