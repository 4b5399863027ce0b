import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { ResamplerConfig, ResamplerType, TunerConfig } from "./config.ts";
import { FieldReader, isRecord, show } from "./field-reader.ts";

/** Fields of each resampler, as in the live protocol's section 11.4. Anything else is refused. */
export const RESAMPLER_FIELDS: Readonly<Record<ResamplerType, readonly string[]>> = {
  KFold: ["n_resamples", "stratify_var", "strat_n_bins", "id_strat", "seed"],
  StratSub: ["n_resamples", "train_p", "stratify_var", "strat_n_bins", "id_strat", "seed"],
  StratBoot: ["n_resamples", "train_p", "stratify_var", "strat_n_bins", "target_length", "id_strat", "seed"],
  Bootstrap: ["n_resamples", "id_strat", "seed"],
  LOOCV: [],
};

const TYPES = Object.keys(RESAMPLER_FIELDS) as ResamplerType[]; // keys of a record typed by ResamplerType

export const DEFAULT_RESAMPLER: ResamplerConfig = {
  type: "KFold",
  n_resamples: 10,
  train_p: 0.75,
  stratify_var: null,
  strat_n_bins: 4,
  target_length: null,
  id_strat: null,
  seed: null,
};

/** Reads one resampler block; faults go to `problems`. `columns` are the names that `stratify_var` and `id_strat` may take. */
export function readResampler(
  value: unknown,
  path: string,
  columns: readonly string[],
  rows: number,
  problems: ConfigProblem[],
): ResamplerConfig | null {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return null;
  const reader = new FieldReader(value, path, problems);
  if (!isRecord(value)) return null;
  const type = reader.choice("type", TYPES, null);
  if (type === null) {
    if (!reader.has("type")) reader.report("type", `is required: one of ${TYPES.join(", ")}.`);
    return null;
  }
  reader.only(["type", ...RESAMPLER_FIELDS[type]], `the resampler ${type}`);
  const column = (name: "stratify_var" | "id_strat"): string | null => {
    const given = reader.text(name, null);
    if (given !== null && !columns.includes(given))
      reader.report(name, `names a column that is not there: ${show(given)}.${didYouMean(given, columns)}`);
    return given;
  };
  const n = reader.number("n_resamples", DEFAULT_RESAMPLER.n_resamples, { integer: true, min: type === "KFold" ? 2 : 1, max: 10_000 });
  if (type === "KFold" && n > rows) reader.report("n_resamples", `is ${n}, but there are only ${rows} rows; use at most ${rows} folds.`);
  return {
    type,
    n_resamples: type === "LOOCV" ? rows : n,
    train_p: reader.number("train_p", DEFAULT_RESAMPLER.train_p, { min: 0, max: 1, minExclusive: true, maxExclusive: true }),
    stratify_var: column("stratify_var"),
    strat_n_bins: reader.number("strat_n_bins", DEFAULT_RESAMPLER.strat_n_bins, { integer: true, min: 1, max: 1000 }),
    target_length: reader.number("target_length", null, { integer: true, min: 1 }),
    id_strat: column("id_strat"),
    seed: reader.number("seed", null, { integer: true, min: 0, max: 2 ** 53 - 1 }),
  };
}

/** Reads the tuner block; null when there is none. */
export function readTuner(
  value: unknown,
  columns: readonly string[],
  rows: number,
  metrics: readonly string[],
  problems: ConfigProblem[],
): TunerConfig | null {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return null;
  const outer = new FieldReader(value, "tuner_config", problems);
  outer.only(["type", "config"], "tuner_config");
  outer.choice("type", ["GridSearch"], "GridSearch");
  const reader = new FieldReader(outer.raw("config"), "tuner_config.config", problems);
  reader.only(["resampler_config", "search_type", "randomize_p", "metrics_aggregate_fn", "metric", "maximize"], "the grid search");
  const searchType = reader.choice("search_type", ["exhaustive", "randomized"], "exhaustive");
  const randomizeP = reader.number("randomize_p", null, { min: 0, max: 1, minExclusive: true, maxExclusive: true });
  if (searchType === "randomized" && randomizeP === null && !reader.has("randomize_p")) {
    reader.report("randomize_p", "is required for a randomized search: the share of the grid to try, above 0 and below 1.");
  }
  if (searchType === "exhaustive" && randomizeP !== null) {
    reader.report("randomize_p", "applies to a randomized search only; leave it out or set search_type to randomized.");
  }
  return {
    type: "GridSearch",
    resampler_config:
      readResampler(reader.raw("resampler_config"), "tuner_config.config.resampler_config", columns, rows, problems) ?? innerDefault(),
    search_type: searchType,
    randomize_p: randomizeP,
    metrics_aggregate_fn: reader.choice("metrics_aggregate_fn", ["mean", "median"], "mean"),
    metric: reader.choice("metric", metrics, null),
    maximize: reader.flag("maximize", null),
  };
}

/** Inner resampling where none was asked for: 5-fold cross-validation. */
export function innerDefault(): ResamplerConfig {
  return { ...DEFAULT_RESAMPLER, n_resamples: 5 };
}

export function defaultTuner(): TunerConfig {
  return {
    type: "GridSearch",
    resampler_config: innerDefault(),
    search_type: "exhaustive",
    randomize_p: null,
    metrics_aggregate_fn: "mean",
    metric: null,
    maximize: null,
  };
}
