import type { OptionValue, PreprocessorConfig } from "./option.ts";
import { PREPROCESSOR_OPTIONS } from "./options.ts";

/** Every option by its type, defaults filled in. */
export interface Settings {
  readonly complete_cases: boolean;
  readonly remove_features_thres: number | null;
  readonly remove_cases_thres: number | null;
  readonly missingness: boolean;
  readonly impute: boolean;
  readonly impute_type: "missRanger" | "micePMM" | "meanMode";
  readonly impute_missRanger_params: Readonly<Record<"pmm.k" | "maxiter" | "num.trees" | "max.depth", number>>;
  readonly impute_discrete: "get_mode";
  readonly impute_continuous: "mean" | "median";
  readonly integer2factor: boolean;
  readonly integer2numeric: boolean;
  readonly logical2factor: boolean;
  readonly logical2numeric: boolean;
  readonly numeric2factor: boolean;
  readonly numeric2factor_levels: readonly string[] | null;
  readonly numeric_cut_n: number;
  readonly numeric_cut_labels: boolean;
  readonly numeric_quant_n: number;
  readonly numeric_quant_NAonly: boolean;
  readonly unique_len2factor: number;
  readonly character2factor: boolean;
  readonly factorNA2missing: boolean;
  readonly factorNA2missing_level: string;
  readonly factor2integer: boolean;
  readonly factor2integer_startat0: boolean;
  readonly factor2integer_levels: Readonly<Record<string, readonly string[]>> | null;
  readonly scale: boolean;
  readonly center: boolean;
  readonly scale_centers: Readonly<Record<string, number>> | null;
  readonly scale_coefficients: Readonly<Record<string, number>> | null;
  readonly remove_constants: boolean;
  readonly remove_constants_skip_missing: boolean;
  readonly remove_features: readonly string[] | null;
  readonly remove_duplicates: boolean;
  readonly one_hot: boolean;
  readonly one_hot_levels: Readonly<Record<string, readonly string[]>> | null;
  readonly add_date_features: boolean;
  readonly date_features: readonly ("weekday" | "month" | "year")[];
  readonly add_holidays: boolean;
  readonly holidays: readonly string[];
  readonly exclude: readonly number[] | null;
}

/** The whole configuration: what was given (and checked before), else what the option follows, else its default. */
export function settingsOf(config: PreprocessorConfig): Settings {
  const values: Record<string, OptionValue> = {};
  for (const option of PREPROCESSOR_OPTIONS) {
    const followed = option.follows === undefined ? undefined : config[option.follows];
    const given = config[option.name] ?? followed ?? option.default;
    values[option.name] = option.holds === "settings" ? { ...(option.default as object), ...(given as object) } : given;
  }
  return values as unknown as Settings; // every name and type above is declared in options.ts, and a test compares the two
}
