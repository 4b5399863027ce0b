import type { HyperparameterSchema } from "../engine/hyperparameter.ts";
import type { UnsupervisedKind } from "../engine/unsupervised/config.ts";
import type { AlgorithmDetail, AlgorithmEntry, HyperparameterEntry } from "../wire/live/messages.ts";

/** The supervised learners, with exactly the five keys of version 1. */
export async function algorithmEntries(): Promise<AlgorithmEntry[]> {
  const { ALGORITHMS } = await registry();
  return ALGORITHMS.map(({ name, description, supports }) => ({
    name,
    description,
    supports_classification: supports.classification,
    supports_regression: supports.regression,
    supports_survival: supports.survival,
  }));
}

/** What a page shows of each learner: + `title`, `source` and what it copes with by itself. */
export async function algorithmDetails(): Promise<AlgorithmDetail[]> {
  const { ALGORITHMS } = await registry();
  const entries = await algorithmEntries();
  return ALGORITHMS.map(({ title, source, handles }, index) => ({
    ...(entries[index] as AlgorithmEntry),
    title,
    source,
    handles_missing: handles.missing,
    handles_categories: handles.categories,
  }));
}

export interface AlgorithmDescription {
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  readonly description: string;
  readonly hyperparameters: readonly HyperparameterEntry[];
  /** The papers it follows. */
  readonly source: string;
}

/** @throws {TrainyardError} `not_found`, naming the nearest. */
export async function describeAlgorithm(name: string): Promise<AlgorithmDescription> {
  const { algorithmOf } = await registry();
  const algorithm = algorithmOf(name);
  return {
    name: algorithm.name,
    title: algorithm.title,
    description: algorithm.description,
    hyperparameters: algorithm.hyperparameters.map(toEntry),
    source: algorithm.source,
  };
}

/** Loaded on first use: learners bring their kernels along, and an idle server needs none. */
function registry(): Promise<typeof import("../engine/algorithms/registry.ts")> {
  return import("../engine/algorithms/registry.ts");
}

/** The decompositions; `applicable` when new rows can be transformed. */
export async function decompositionEntries(): Promise<{ name: string; description: string; applicable: boolean }[]> {
  const { DECOMPOSITIONS } = await import("../engine/decompositions/registry.ts");
  return DECOMPOSITIONS.map(({ name, description, applicable }) => ({ name, description, applicable }));
}

export async function clusteringEntries(): Promise<{ name: string; description: string }[]> {
  const { CLUSTERINGS } = await import("../engine/clusterings/registry.ts");
  return CLUSTERINGS.map(({ name, description }) => ({ name, description }));
}

/** @throws {TrainyardError} `not_found`, naming the nearest (R-41b). */
export async function describeUnsupervised(kind: UnsupervisedKind, name: string): Promise<AlgorithmDescription> {
  const { methodOf } = await import("../engine/unsupervised/validate.ts");
  const { hyperparameters, ...method } = methodOf(kind, name);
  return {
    name: method.name,
    title: method.title,
    description: method.description,
    hyperparameters: hyperparameters.map(toEntry),
    source: method.source,
  };
}

/** The options of preprocessing (section 11.1), but those that version 1 does not describe. */
export async function preprocessorEntries(): Promise<HyperparameterEntry[]> {
  const { PREPROCESSOR_OPTIONS } = await import("../engine/preprocessing/options.ts");
  return PREPROCESSOR_OPTIONS.flatMap(({ undescribed, zeroIsOff, minExclusive, holds, min, ...rest }) => {
    if (undescribed === true || holds === "settings") return [];
    const least = zeroIsOff === true ? 0 : min;
    return [
      {
        ...rest,
        ...(holds === undefined ? {} : { holds }),
        ...(least === undefined ? {} : { min: least }),
        ...(minExclusive === true ? { min_exclusive: true } : {}),
        tunable: false,
      },
    ];
  });
}

function toEntry(schema: HyperparameterSchema): HyperparameterEntry {
  const { type, minExclusive, maxExclusive, ...rest } = schema;
  const bounds = { ...(minExclusive === true ? { min_exclusive: true } : {}), ...(maxExclusive === true ? { max_exclusive: true } : {}) };
  return { ...rest, ...bounds, type: type === "doubles" ? "other" : type };
}

const basic = (entry: Omit<HyperparameterEntry, "tunable" | "level">): HyperparameterEntry => ({
  ...entry,
  tunable: false,
  level: "basic",
});
const advanced = (entry: Omit<HyperparameterEntry, "tunable" | "level">): HyperparameterEntry => ({
  ...entry,
  tunable: false,
  level: "advanced",
});

/** Fields of a resampler (section 11.4). `Custom` is not offered, because it cannot be sent. */
export const RESAMPLER_PARAMETERS: readonly HyperparameterEntry[] = [
  basic({
    name: "type",
    title: "Resampling",
    help: "How rows are held out: k folds, random subsamples, bootstraps, or one row at a time.",
    type: "character",
    default: "KFold",
    choices: ["KFold", "StratSub", "StratBoot", "Bootstrap", "LOOCV"],
  }),
  basic({
    name: "n_resamples",
    title: "Resamples",
    help: "How many times rows are held out. More give steadier estimates and take longer. Not used by LOOCV.",
    type: "integer",
    default: 10,
    min: 2,
  }),
  basic({
    name: "train_p",
    title: "Training share",
    help: "Share of rows that train; the rest test. StratSub and StratBoot only.",
    type: "double",
    default: 0.75,
    min: 0,
    max: 1,
  }),
  advanced({
    name: "stratify_var",
    title: "Stratify on",
    help: "Column whose distribution every resample keeps.",
    type: "character",
    default: null,
    automatic: "the outcome",
  }),
  advanced({
    name: "strat_n_bins",
    title: "Strata",
    help: "A numeric stratification column is cut into so many quantile bins.",
    type: "integer",
    default: 4,
    min: 2,
  }),
  advanced({
    name: "target_length",
    title: "Bootstrap size",
    help: "Rows in each stratified bootstrap.",
    type: "integer",
    default: null,
    automatic: "the number of rows",
    min: 1,
  }),
  advanced({
    name: "id_strat",
    title: "Keep together",
    help: "Rows with equal values in this column stay on the same side; it is not a feature.",
    type: "character",
    default: null,
    automatic: "rows are independent",
  }),
  advanced({
    name: "seed",
    title: "Seed",
    help: "The same seed draws the same resamples.",
    type: "integer",
    default: null,
    automatic: "derived from the job's seed",
    min: 0,
  }),
];
