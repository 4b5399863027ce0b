import { type ConfigProblem, InvalidConfigError } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Algorithm, Task } from "../algorithm.ts";
import { ALGORITHMS } from "../algorithms/registry.ts";
import { METRIC_INFO } from "../metrics/index.ts";
import { readPreprocessing } from "../preprocessing/read-options.ts";
import type { ResamplerConfig, TrainConfig, TunerConfig } from "./config.ts";
import { FieldReader, isRecord, plural, show, unwrapped } from "./field-reader.ts";
import type { HeldOutMap } from "./held-out-names.ts";
import type { ColumnShape, TableShape } from "./shape.ts";
import { checkHeldOut } from "./validate-held-out.ts";
import { completeHyperparameters, isSearchSpace, readHyperparameters } from "./validate-hyperparameters.ts";
import { defaultTuner, readResampler, readTuner } from "./validate-resampler.ts";

/** Above this many classes a target is taken for an identifier or a measurement, and classification is refused. */
export const CLASSES_MAX = 100;

/** Fields of a training configuration. The last six are kept from older documents and ignored. */
const TRAIN_FIELDS = [
  "algorithm",
  "hyperparameters",
  "target",
  "features",
  "task",
  "positive_class",
  "weights",
  "outer_resampling_config",
  "tuner_config",
  "seed",
  "question",
  "verbosity",
  "preprocessor_config",
  "decomposition_config",
  "execution_config",
  "data_handle",
  "dat_training_path",
  "dat_validation_path",
  "dat_test_path",
  "outdir",
];

const EXECUTION_FIELDS = [
  "backend",
  "n_workers",
  "n_workers_outer",
  "n_workers_tuning",
  "n_workers_algorithm",
  "future_plan",
  "on_error",
  "seed",
  "shared_memory",
  "warm_workers",
];

export interface TrainPlan {
  readonly outer_folds: number;
  readonly candidates: number;
  readonly inner_folds: number;
  readonly fits: number;
  /** Rows of the tables given beside the training table; absent without them. */
  readonly held_out?: HeldOutMap<number>;
}

export interface CheckedTrainConfig {
  /** Null when there are problems. */
  readonly config: TrainConfig | null;
  readonly problems: readonly ConfigProblem[];
  /** Things worth knowing that do not forbid training. */
  readonly warnings: readonly string[];
  readonly plan: TrainPlan | null;
}

export interface CheckOptions {
  /** Where a seed comes from when none is given. Default: the platform's random source, 31 bits. */
  readonly drawSeed?: () => number;
  /** Shapes of the tables given beside the training table. */
  readonly heldOut?: HeldOutMap<TableShape>;
}

/** The checked, complete configuration. @throws {InvalidConfigError} with every fault found. */
export function validateTrainConfig(params: unknown, shape: TableShape, options: CheckOptions = {}): TrainConfig {
  const checked = checkTrainConfig(params, shape, options);
  if (checked.config === null) throw new InvalidConfigError(checked.problems);
  return checked.config;
}

/** Checks a configuration completely against a table's shape and says what training would do. Never throws. */
export function checkTrainConfig(params: unknown, shape: TableShape, options: CheckOptions = {}): CheckedTrainConfig {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const reader = new FieldReader(params, "", problems);
  reader.only(TRAIN_FIELDS, "a training configuration");
  refuseWhatIsNotOffered(reader);
  const names = shape.columns.map((column) => column.name);

  const algorithm = readAlgorithm(reader);
  const hyperparameters = algorithm === null ? {} : readHyperparameters(reader.raw("hyperparameters"), algorithm, problems);
  if (algorithm !== null) checkTogether(algorithm, hyperparameters, problems);
  const target = readTarget(reader, shape);
  const weights = readWeights(reader, shape, target);
  const outer = readResampler(reader.raw("outer_resampling_config"), "outer_resampling_config", names, shape.rows, problems);
  const task = target === null ? null : readTask(reader, target, algorithm);
  const metrics = METRIC_INFO.filter((info) => task === null || info.tasks.includes(taskOf(task, target))).map((info) => info.name);
  const tuner = readTuner(reader.raw("tuner_config"), names, shape.rows, metrics, problems);
  const apart = [target?.name, weights, outer?.id_strat, tuner?.resampler_config.id_strat];
  const features = readFeatures(reader, shape, apart, algorithm, warnings);
  const preprocessing = readPreprocessing(reader.raw("preprocessor_config"), target === null ? null : features, problems);
  const positiveClass = readPositiveClass(reader, task, target);
  if (target !== null && task !== null) checkTarget(reader, target, task, outer, warnings);
  const execution = new FieldReader(reader.raw("execution_config"), "execution_config", problems);
  execution.only(EXECUTION_FIELDS, "execution_config");
  const seedBounds = { integer: true, min: 0, max: 2 ** 53 - 1 };
  const seed = reader.number("seed", null, seedBounds) ?? execution.number("seed", null, seedBounds);

  const config: TrainConfig | null =
    problems.length > 0 || algorithm === null || target === null || task === null
      ? null
      : {
          algorithm: algorithm.name,
          hyperparameters,
          target: target.name,
          features,
          task,
          ...(preprocessing === null ? {} : { preprocessor_config: preprocessing }),
          positive_class: positiveClass,
          weights,
          outer_resampling_config: outer,
          tuner_config: tuner ?? (Object.values(hyperparameters).some(isSearchSpace) ? defaultTuner() : null),
          seed: seed ?? (options.drawSeed ?? drawSeed)(),
          question: reader.text("question", null),
          verbosity: reader.number("verbosity", 1, { integer: true, min: 0 }),
        };
  return config === null ? refused(problems, warnings) : withHeldOut({ config, problems, warnings, plan: planOf(config) }, shape, options);
}

function refused(problems: readonly ConfigProblem[], warnings: readonly string[]): CheckedTrainConfig {
  return { config: null, problems, warnings, plan: null };
}

/** The configuration is right by itself: it is checked against the tables that were given beside the training table. */
function withHeldOut(checked: CheckedTrainConfig, shape: TableShape, { heldOut = {} }: CheckOptions): CheckedTrainConfig {
  const { config, plan } = checked;
  const rows = Object.entries(heldOut).map(([name, table]) => [name, table.rows]);
  if (config === null || plan === null || rows.length === 0) return checked;
  const problems: ConfigProblem[] = [];
  const warnings = [...checked.warnings];
  checkHeldOut(config, shape, heldOut, problems, warnings);
  if (problems.length > 0) return refused(problems, warnings);
  return { config, problems, warnings, plan: { ...plan, held_out: Object.fromEntries(rows) } };
}

/** How much work a configuration is. `fits` counts the final model on all rows too. */
export function planOf(config: TrainConfig): TrainPlan {
  const grid = Object.values(config.hyperparameters).reduce<number>(
    (n, value) => n * (isSearchSpace(value) ? value.candidates.length : 1),
    1,
  );
  const tuner: TunerConfig | null = config.tuner_config;
  const share = tuner?.search_type === "randomized" ? (tuner.randomize_p ?? 1) : 1;
  const candidates = grid === 1 ? 1 : Math.max(1, Math.round(grid * share));
  const inner = candidates > 1 && tuner !== null ? tuner.resampler_config.n_resamples : 0;
  const outer = config.outer_resampling_config?.n_resamples ?? 0;
  return { outer_folds: outer, candidates, inner_folds: inner, fits: (outer + 1) * (candidates * inner + 1) };
}

export function taskOf(task: TrainConfig["task"], target: Pick<ColumnShape, "n_unique"> | null): Task {
  if (task === "regression") return "regression";
  return target !== null && target.n_unique > 2 ? "multiclass" : "binary";
}

function readAlgorithm(reader: FieldReader): Algorithm | null {
  const name = reader.text("algorithm", null);
  const names = ALGORITHMS.map((algorithm) => algorithm.name);
  if (name === null) {
    if (!reader.has("algorithm")) reader.report("algorithm", `is required: one of ${names.join(", ")}.`);
    return null;
  }
  const found = ALGORITHMS.find((algorithm) => algorithm.name.toLowerCase() === name.toLowerCase());
  if (found === undefined)
    reader.report("algorithm", `"${name}" is not offered.${didYouMean(name, names)} Available: ${names.join(", ")}.`);
  return found ?? null;
}

function checkTogether(algorithm: Algorithm, given: TrainConfig["hyperparameters"], problems: ConfigProblem[]): void {
  if (algorithm.check === undefined) return;
  const single = Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (isSearchSpace(value) ? [] : [[name, value]])));
  for (const fault of algorithm.check(completeHyperparameters(algorithm, single))) {
    problems.push({ path: `hyperparameters.${fault.name}`, message: `${algorithm.name}: ${fault.name} ${fault.message}` });
  }
}

function readTarget(reader: FieldReader, shape: TableShape): ColumnShape | null {
  const names = shape.columns.map((column) => column.name);
  if (shape.columns.length < 2) reader.report("", "needs a table with at least two columns: one to predict and one to predict it from.");
  const name = reader.text("target", null) ?? (reader.has("target") ? null : (names.at(-1) ?? null));
  const target = shape.columns.find((column) => column.name === name) ?? null;
  if (target === null && name !== null) reader.report("target", `"${name}" is not a column.${didYouMean(name, names)}`);
  if (target !== null && target.n_missing === shape.rows)
    reader.report("target", `"${target.name}" has no value at all; choose another column.`);
  return target;
}

function readTask(reader: FieldReader, target: ColumnShape, algorithm: Algorithm | null): TrainConfig["task"] | null {
  const natural = target.kind === "categorical" || target.type === "logical" ? "classification" : "regression";
  const task = reader.choice("task", ["classification", "regression"], natural);
  if (task === "regression" && target.kind === "categorical") {
    reader.report("task", `cannot be regression: the target "${target.name}" holds text. Choose classification or a numeric target.`);
    return null;
  }
  if (target.type === "date" || target.type === "datetime") {
    reader.report("target", `"${target.name}" is a date; a target must be a number or a category.`);
    return null;
  }
  if (algorithm !== null && !algorithm.supports[task]) reader.report("algorithm", `${algorithm.name} does not do ${task}.`);
  return task;
}

function checkTarget(
  reader: FieldReader,
  target: ColumnShape,
  task: TrainConfig["task"],
  outer: ResamplerConfig | null,
  warnings: string[],
): void {
  if (target.n_missing > 0) warnings.push(`${plural(target.n_missing, "row")} without a value of "${target.name}" left out.`);
  if (target.n_infinite > 0)
    reader.report("target", `"${target.name}" has ${plural(target.n_infinite, "infinite value")}; remove those rows or correct them.`);
  if (target.n_unique < 2) {
    reader.report("target", `"${target.name}" has the same value in every row; there is nothing to learn. Choose another column.`);
    return;
  }
  if (task === "regression") {
    if (target.is_counting) {
      warnings.push(
        `"${target.name}" looks like an identifier: whole numbers that rise with every row. Check that it is what you want to predict.`,
      );
    }
    return;
  }
  if (target.levels === null || target.n_unique > CLASSES_MAX) {
    const many = target.n_unique > 1000 ? "more than 1,000" : String(target.n_unique);
    reader.report(
      "target",
      `"${target.name}" has ${many} different values; classification takes at most ${CLASSES_MAX} classes. ` +
        (target.kind === "numeric"
          ? "Choose regression, or another column."
          : "It looks like an identifier or free text; choose another column."),
    );
    return;
  }
  const rare = target.levels.filter((level) => level.count < 2);
  if (rare.length > 0 && outer !== null) {
    const list = rare
      .map((level) => `"${level.label}"`)
      .slice(0, 5)
      .join(", ");
    reader.report(
      "target",
      `"${target.name}" has classes with a single row (${list}); they cannot be both trained on and tested. Merge or remove them.`,
    );
    return;
  }
  if (outer?.type === "KFold") {
    const scarce = target.levels.filter((level) => level.count < outer.n_resamples);
    for (const level of scarce.slice(0, 3)) {
      warnings.push(
        `Class "${level.label}" has ${plural(level.count, "row")}, fewer than the ${outer.n_resamples} folds: some folds will not have it.`,
      );
    }
  }
}

function readWeights(reader: FieldReader, shape: TableShape, target: ColumnShape | null): string | null {
  const name = reader.text("weights", null);
  if (name === null) return null;
  const column = shape.columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    reader.report(
      "weights",
      `"${name}" is not a column.${didYouMean(
        name,
        shape.columns.map((candidate) => candidate.name),
      )}`,
    );
  } else if (
    column.kind !== "numeric" ||
    column.n_missing > 0 ||
    column.n_infinite > 0 ||
    (column.min ?? 0) < 0 ||
    (column.max ?? 0) <= 0
  ) {
    reader.report("weights", `"${name}" must be a number in every row, none negative and not all zero.`);
  } else if (column === target) reader.report("weights", `"${name}" is the target; weights are another column.`);
  return name;
}

function readFeatures(
  reader: FieldReader,
  shape: TableShape,
  apart: readonly (string | null | undefined)[],
  algorithm: Algorithm | null,
  warnings: string[],
): readonly string[] {
  const names = shape.columns.map((column) => column.name);
  const prepares = (option: string): boolean => {
    const asked = reader.raw("preprocessor_config");
    return isRecord(asked) && unwrapped(asked[option]) === true;
  };
  const usable = (column: ColumnShape): boolean => (column.type !== "character" || prepares("character2factor")) && column.n_unique > 0;
  const asked = reader.texts("features");
  const chosen: string[] = [];
  for (const name of asked ?? names) {
    const column = shape.columns.find((candidate) => candidate.name === name);
    if (column === undefined) reader.report("features", `name a column that is not there: "${name}".${didYouMean(name, names)}`);
    else if (apart.includes(name)) {
      if (asked !== null) reader.report("features", `must not hold "${name}", which has another role.`);
    } else if (chosen.includes(name)) reader.report("features", `name "${name}" twice.`);
    else if (!usable(column)) {
      const why = column.n_unique === 0 ? "has no values" : "is free text with too many different values to be a category";
      if (asked === null || column.n_unique === 0) warnings.push(`Column "${name}" ${why} and is not used.`);
      else
        reader.report(
          "features",
          `cannot hold "${name}", which ${why}. Leave it out, change its type, or make it a category with character2factor.`,
        );
    } else {
      chosen.push(name);
      if (column.n_missing > 0 && algorithm?.handles.missing === false && !prepares("impute")) {
        reader.report("features", `hold "${name}" with ${plural(column.n_missing, "missing value")}, which ${algorithm.name} cannot take.`);
      }
    }
  }
  const most = algorithm?.mostFeatures;
  if (most !== undefined && chosen.length > most) {
    const some = chosen.slice(0, 3).map((name) => `"${name}"`);
    reader.report(
      "features",
      `are ${chosen.length}, and ${algorithm?.name} takes ${most}. Choose ${most === 1 ? "one" : `at most ${most}`} of them: ${some.join(", ")}${chosen.length > 3 ? " …" : ""}.`,
    );
  }
  if (chosen.length === 0 && reader.problems.length === 0) reader.report("features", "are empty: no column is left to predict from.");
  return chosen;
}

function readPositiveClass(reader: FieldReader, task: TrainConfig["task"] | null, target: ColumnShape | null): string | null {
  const raw = reader.raw("positive_class");
  const name = typeof raw === "number" || typeof raw === "boolean" ? String(raw) : reader.text("positive_class", null);
  if (name === null || task === null || target === null) return null;
  const labels = target.levels?.map((level) => level.label) ?? [];
  if (task === "regression" || labels.length !== 2) {
    reader.report("positive_class", "applies to a target with two classes only; leave it out.");
    return null;
  }
  const label = target.type === "logical" ? name.toLowerCase() : name;
  if (!labels.includes(label)) {
    reader.report("positive_class", `must be ${labels.map(show).join(" or ")}, got ${show(name)}.${didYouMean(name, labels)}`);
    return null;
  }
  return label;
}

/** Parts of the configuration that this version does not offer are refused when they ask for anything. */
function refuseWhatIsNotOffered(reader: FieldReader): void {
  const asksNothing = (value: unknown): boolean =>
    value === null || value === undefined || value === false || value === 0 || (Array.isArray(value) && value.length === 0);
  if (!asksNothing(reader.raw("decomposition_config"))) reader.report("decomposition_config", "is not offered; leave it out.");
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
}
