import type { HyperparameterValue } from "../hyperparameter.ts";
import type { PreprocessorConfig } from "../preprocessing/option.ts";

/** What a person asks for. Field names are those of the wire, of forms and of records; all are optional but `algorithm`. */
export interface TrainConfig {
  readonly algorithm: string;
  /** Name → value, or `{candidates: […]}` for a search space (two or more values, tunable ones only). */
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue | SearchSpace>>;
  /** Outcome column. Default: the last column. */
  readonly target: string;
  /** Feature columns. Default: every column but target, weights and `id_strat`. */
  readonly features: readonly string[];
  /** `classification` or `regression`; default by the target's type. */
  readonly task: "classification" | "regression";
  /** Options of preprocessing that were given; learned on training rows only. Absent or null: features are used as they are. */
  readonly preprocessor_config?: PreprocessorConfig | null;
  readonly positive_class: string | null;
  /** Numeric column of case weights; not a feature. */
  readonly weights: string | null;
  readonly outer_resampling_config: ResamplerConfig | null;
  readonly tuner_config: TunerConfig | null;
  readonly seed: number;
  readonly question: string | null;
  readonly verbosity: number;
}

export interface SearchSpace {
  readonly candidates: readonly HyperparameterValue[];
}

export type ResamplerType = "KFold" | "StratSub" | "StratBoot" | "Bootstrap" | "LOOCV";

export interface ResamplerConfig {
  readonly type: ResamplerType;
  readonly n_resamples: number;
  readonly train_p: number;
  readonly stratify_var: string | null;
  readonly strat_n_bins: number;
  readonly target_length: number | null;
  readonly id_strat: string | null;
  readonly seed: number | null;
}

export interface TunerConfig {
  readonly type: "GridSearch";
  readonly resampler_config: ResamplerConfig;
  readonly search_type: "exhaustive" | "randomized";
  readonly randomize_p: number | null;
  readonly metrics_aggregate_fn: "mean" | "median";
  readonly metric: string | null;
  readonly maximize: boolean | null;
}
