import type { ColumnProfile, DataProfile, TrainParams } from "../../../client/index.ts";

export type ResamplerType = "KFold" | "StratSub" | "StratBoot" | "Bootstrap" | "LOOCV";

export interface OuterDraft {
  /** `none`: one model, judged on its own training rows only. */
  readonly type: ResamplerType | "none";
  readonly folds: number;
  readonly trainShare: number;
  readonly group: string | null;
}

export interface TunerDraft {
  readonly folds: number;
  readonly search: "exhaustive" | "randomized";
  /** Share of the grid that a randomized search tries. */
  readonly share: number;
  /** Null: the default of the task. */
  readonly metric: string | null;
}

/** An unsaved set-up. It names columns, so it belongs to one data set; null means "as proposed". */
export interface Draft {
  readonly target: string | null;
  readonly task: "classification" | "regression" | null;
  /** Columns that are neither target nor feature, by hand; null means the proposal. */
  readonly skipped: readonly string[] | null;
  readonly weights: string | null;
  readonly positiveClass: string | null;
  readonly algorithm: string | null;
  /** Per algorithm: only what differs from the defaults. */
  readonly hyperparameters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Only what differs from the defaults. */
  readonly preprocessing: Readonly<Record<string, unknown>>;
  readonly outer: OuterDraft;
  readonly tuner: TunerDraft;
  readonly seed: number | null;
  readonly question: string;
}

export const NEW_DRAFT: Draft = {
  target: null,
  task: null,
  skipped: null,
  weights: null,
  positiveClass: null,
  algorithm: null,
  hyperparameters: {},
  preprocessing: {},
  outer: { type: "KFold", folds: 5, trainShare: 0.75, group: null },
  tuner: { folds: 5, search: "exhaustive", share: 0.5, metric: null },
  seed: null,
  question: "",
};

export type Role = "feature" | "target" | "skip" | "weights" | "group";

const sets = new WeakMap<object, ReadonlySet<string>>();

/** The names in a list that never changes, made once: tables may have 10,000 columns. */
function asSet<T>(list: readonly T[], nameOf: (entry: T) => string): ReadonlySet<string> {
  let set = sets.get(list);
  if (set === undefined) {
    set = new Set(list.map(nameOf));
    sets.set(list, set);
  }
  return set;
}

export function targetOf(draft: Draft, profile: DataProfile): string | null {
  const names = asSet(profile.columns, (column) => column.name);
  const isThere = (name: string | null): boolean => name !== null && names.has(name);
  if (isThere(draft.target)) return draft.target;
  return isThere(profile.suggested_target) ? profile.suggested_target : (profile.columns.at(-1)?.name ?? null);
}

/** What a target column asks for: categories are classified, numbers with more than two values are estimated. */
export function guessedTask(column: ColumnProfile): "classification" | "regression" {
  const isNumber = column.type === "integer" || column.type === "double" || column.type === "date" || column.type === "datetime";
  return isNumber && column.n_unique > 2 ? "regression" : "classification";
}

export function taskOf(draft: Draft, profile: DataProfile): "classification" | "regression" {
  if (draft.task !== null) return draft.task;
  const target = targetOf(draft, profile);
  if (target === profile.suggested_target && profile.suggested_task !== null) return profile.suggested_task;
  const column = profile.columns.find((other) => other.name === target);
  return column === undefined ? "classification" : guessedTask(column);
}

export function roleOf(draft: Draft, profile: DataProfile, column: ColumnProfile): Role {
  if (column.name === targetOf(draft, profile)) return "target";
  if (column.name === draft.weights) return "weights";
  if (column.name === draft.outer.group) return "group";
  const skipped = draft.skipped === null ? column.suggested_role === "skip" : asSet(draft.skipped, (name) => name).has(column.name);
  return skipped ? "skip" : "feature";
}

/** The draft after a column got another role. A role that only one column can have leaves its former holder a feature. */
export function withRole(draft: Draft, profile: DataProfile, name: string, role: Role): Draft {
  const skipped = new Set(profile.columns.filter((column) => roleOf(draft, profile, column) === "skip").map((column) => column.name));
  skipped.delete(name);
  if (role === "skip") skipped.add(name);
  const target = targetOf(draft, profile);
  const next: Draft = {
    ...draft,
    skipped: [...skipped],
    weights: role === "weights" ? name : draft.weights === name ? null : draft.weights,
    outer: { ...draft.outer, group: role === "group" ? name : draft.outer.group === name ? null : draft.outer.group },
  };
  if (role === "target") return { ...next, target: name, task: null, positiveClass: null };
  // A table without target cannot be trained on: another column becomes it.
  if (name !== target) return next;
  const other = profile.columns.filter((column) => column.name !== name).at(-1);
  return { ...next, target: other?.name ?? null, task: null, positiveClass: null };
}

/** The two classes of a two-class target in the engine's order, the second one positive by default; null for other targets. */
export function twoClasses(draft: Draft, profile: DataProfile): readonly [string, string] | null {
  const column = profile.columns.find((other) => other.name === targetOf(draft, profile));
  if (column === undefined || column.n_unique !== 2 || taskOf(draft, profile) !== "classification") return null;
  if (column.levels !== null) {
    const [a, b] = column.levels.map((level) => level.label).sort();
    return a !== undefined && b !== undefined ? [a, b] : null;
  }
  return column.numeric === null ? null : [String(column.numeric.min), String(column.numeric.max)];
}

export function isTuning(draft: Draft, algorithm: string): boolean {
  return Object.values(draft.hyperparameters[algorithm] ?? {}).some(
    (value) => typeof value === "object" && value !== null && "candidates" in value,
  );
}

/** What the server is asked. Everything the page shows is said explicitly, so the record holds no guess of the page. */
export function toTrainParams(draft: Draft, profile: DataProfile, algorithm: string): TrainParams {
  const target = targetOf(draft, profile);
  const two = twoClasses(draft, profile);
  const { outer, tuner } = draft;
  return {
    data_handle: profile.data_handle,
    algorithm,
    hyperparameters: draft.hyperparameters[algorithm] ?? {},
    ...(target === null ? {} : { target }),
    features: profile.columns.filter((column) => roleOf(draft, profile, column) === "feature").map((column) => column.name),
    task: taskOf(draft, profile),
    ...(two !== null && draft.positiveClass !== null ? { positive_class: draft.positiveClass } : {}),
    ...(draft.weights === null ? {} : { weights: draft.weights }),
    ...(Object.keys(draft.preprocessing).length === 0 ? {} : { preprocessor_config: draft.preprocessing }),
    ...(outer.type === "none" ? {} : { outer_resampling_config: resamplerOf(outer) }),
    ...(isTuning(draft, algorithm)
      ? {
          tuner_config: {
            type: "GridSearch",
            config: {
              resampler_config: { type: "KFold", n_resamples: tuner.folds },
              search_type: tuner.search,
              ...(tuner.search === "randomized" ? { randomize_p: tuner.share } : {}),
              ...(tuner.metric === null ? {} : { metric: tuner.metric }),
            },
          },
        }
      : {}),
    ...(draft.seed === null ? {} : { seed: draft.seed }),
    ...(draft.question.trim() === "" ? {} : { question: draft.question.trim() }),
  };
}

function resamplerOf(outer: OuterDraft): Readonly<Record<string, unknown>> {
  if (outer.type === "LOOCV") return { type: "LOOCV" };
  const hasShare = outer.type === "StratSub" || outer.type === "StratBoot";
  return {
    type: outer.type,
    n_resamples: outer.folds,
    ...(hasShare ? { train_p: outer.trainShare } : {}),
    ...(outer.group === null ? {} : { id_strat: outer.group }),
  };
}

/** The set-up of an earlier job as a draft for the same data: what the record says, unknown parts left out. */
export function draftOfConfig(config: Readonly<Record<string, unknown>>, profile: DataProfile): Draft {
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  const number = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);
  const record = (value: unknown): Readonly<Record<string, unknown>> | null =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  const outer = record(config.outer_resampling_config);
  const tuner = record(config.tuner_config);
  const tunerConfig = record(tuner?.config) ?? tuner;
  const inner = record(tunerConfig?.resampler_config);
  const algorithm = text(config.algorithm);
  const features = Array.isArray(config.features) ? new Set(config.features) : null;
  const apart = new Set([text(config.target), text(config.weights), text(outer?.id_strat)]);
  return {
    ...NEW_DRAFT,
    target: text(config.target),
    task: config.task === "classification" || config.task === "regression" ? config.task : null,
    skipped:
      features === null ? null : profile.columns.map((column) => column.name).filter((name) => !features.has(name) && !apart.has(name)),
    weights: text(config.weights),
    positiveClass: text(config.positive_class),
    algorithm,
    hyperparameters: algorithm === null ? {} : { [algorithm]: record(config.hyperparameters) ?? {} },
    preprocessing: record(config.preprocessor_config) ?? {},
    outer:
      outer === null
        ? { ...NEW_DRAFT.outer, type: "none" }
        : {
            type: (text(outer.type) as ResamplerType | null) ?? "KFold",
            folds: number(outer.n_resamples, 5),
            trainShare: number(outer.train_p, 0.75),
            group: text(outer.id_strat),
          },
    tuner: {
      folds: number(inner?.n_resamples, 5),
      search: tunerConfig?.search_type === "randomized" ? "randomized" : "exhaustive",
      share: number(tunerConfig?.randomize_p, 0.5),
      metric: text(tunerConfig?.metric),
    },
    seed: typeof config.seed === "number" ? config.seed : null,
    question: text(config.question) ?? "",
  };
}
