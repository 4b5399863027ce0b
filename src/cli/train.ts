import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, InvalidConfigError } from "../core/errors.ts";
import { importTable } from "../data/import-table.ts";
import { writeTableFile } from "../data/table-file.ts";
import { METRIC_INFO } from "../engine/metrics/index.ts";
import type { HeldOutMap } from "../engine/train/held-out-names.ts";
import type { TrainResult } from "../engine/train/result.ts";
import { shapeOf } from "../engine/train/shape.ts";
import { checkTrainConfig } from "../engine/train/validate.ts";
import { JOB_FILES, runTrainJob } from "../server/jobs/train-job.ts";
import { openProfile } from "../tasks/open-profile.ts";
import { columnList, hyperparameterOptions, tableFormat, wholeNumber } from "./arguments.ts";
import { readHeldOutFiles } from "./held-out-files.ts";
import { preprocessOptions } from "./preprocessing.ts";
import { ProgressLine } from "./progress-line.ts";
import { readRunConfig } from "./run-config.ts";

export interface TrainFlags {
  readonly target?: string;
  readonly algorithm: string;
  readonly task?: string;
  readonly features?: string;
  readonly set: readonly string[];
  readonly tune: readonly string[];
  readonly preprocess: readonly string[];
  readonly folds: string;
  readonly innerFolds: string;
  readonly metric?: string;
  readonly group?: string;
  readonly weights?: string;
  readonly positive?: string;
  readonly seed?: string;
  readonly daemons?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly config?: string;
  readonly validation?: string;
  readonly test?: string;
}

/** Options that go with `--config`; the others would contradict it. */
const BESIDE_CONFIG: readonly string[] = ["config", "daemons", "out", "json", "validation", "test"];

/**
 * `trainyard train [FILE]`: the job that the page runs, without a server.
 * @param given names of the options that were typed, as opposed to defaults.
 */
export async function trainCommand(fileArgument: string | undefined, flags: TrainFlags, given: readonly string[]): Promise<void> {
  const started = Date.now();
  const daemons = wholeNumber("--daemons", flags.daemons, 1, 256) ?? availableParallelism();
  const { file, params, expected, heldOut } = await requestOf(fileArgument, flags, given);
  const note = (line: string): void => void process.stderr.write(`note: ${line}\n`);
  const scratch = await mkdtemp(join(tmpdir(), "trainyard-"));
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const progress = new ProgressLine(process.stderr);
  try {
    const { table, warnings } = await importTable(file, { format: tableFormat(file) });
    const beside = await readHeldOutFiles(heldOut.files, heldOut.expected, scratch, note);
    const checked = checkTrainConfig(params, shapeOf(table), { heldOut: each(beside, ({ shape }) => shape) });
    if (checked.config === null) throw new InvalidConfigError(checked.problems);
    for (const warning of [...warnings, ...checked.warnings]) note(warning);
    const tableFile = join(scratch, "table.bin");
    const { fingerprint } = await writeTableFile(tableFile, table);
    if (expected !== null && expected !== fingerprint) {
      note(`${file} is not the table that the record was made from; the numbers will differ.`);
    }
    await using profile = openProfile({ daemons, warmSpare: false });
    const folder = flags.out === undefined ? join(scratch, "job") : resolve(flags.out);
    const result = await runTrainJob({
      jobId: "job",
      config: checked.config,
      tableFile,
      fingerprint,
      heldOutFiles: each(beside, ({ tableFile }) => tableFile),
      warnings: [...warnings, ...checked.warnings],
      jobFolder: folder,
      profile,
      signal: abort.signal,
      report: (report) => progress.report(report),
    });
    progress.end();
    const seconds = (Date.now() - started) / 1000;
    process.stdout.write(flags.json === true ? `${JSON.stringify(resultJson(result, seconds))}\n` : resultText(result, seconds, flags.out));
  } finally {
    progress.end();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await rm(scratch, { recursive: true, force: true });
  }
}

interface TrainRequest {
  readonly file: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Fingerprint that the table should have, where a record says so. */
  readonly expected: string | null;
  /** Files of tables beside it, and fingerprints that they should have. */
  readonly heldOut: { readonly files: HeldOutMap<string>; readonly expected: HeldOutMap<string> };
}

/** `make` of what there is for each table. */
function each<From, To>(map: HeldOutMap<From>, make: (value: From) => To): HeldOutMap<To> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, make(value)]));
}

async function requestOf(file: string | undefined, flags: TrainFlags, given: readonly string[]): Promise<TrainRequest> {
  const { validation, test } = flags;
  const files = { ...(validation === undefined ? {} : { validation }), ...(test === undefined ? {} : { test }) };
  if (flags.config === undefined) {
    if (file === undefined)
      throw new InvalidArgumentError("Which table? Give a file: trainyard train FILE, or --config with dat_training_path.");
    // A test table judges instead of folds, unless folds were asked for: then the configuration is refused with the reason.
    const folds = test === undefined || given.includes("folds") ? flags.folds : "0";
    return { file, params: trainParams({ ...flags, folds }), expected: null, heldOut: { files, expected: {} } };
  }
  const surplus = given.filter((name) => !BESIDE_CONFIG.includes(name));
  if (surplus.length > 0) {
    const names = surplus.map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    throw new InvalidArgumentError(`With --config, ${names.join(", ")} must be said in the configuration itself.`);
  }
  const { params, tablePath, heldOutPaths, fingerprint, heldOutFingerprints } = await readRunConfig(flags.config);
  const table = file ?? tablePath;
  if (table === null)
    throw new InvalidArgumentError(`"${flags.config}" names no table: give a file beside it, or dat_training_path in it.`);
  return { file: table, params, expected: fingerprint, heldOut: { files: { ...heldOutPaths, ...files }, expected: heldOutFingerprints } };
}

function trainParams(flags: TrainFlags): Record<string, unknown> {
  const folds = wholeNumber("--folds", flags.folds, 0, 10_000) ?? 5;
  const inner = wholeNumber("--inner-folds", flags.innerFolds, 2, 1000) ?? 5;
  const group = flags.group === undefined ? {} : { id_strat: flags.group };
  return {
    algorithm: flags.algorithm,
    hyperparameters: hyperparameterOptions(flags.set, flags.tune),
    target: flags.target,
    task: flags.task,
    features: columnList(flags.features),
    preprocessor_config: preprocessOptions(flags.preprocess),
    weights: flags.weights,
    positive_class: flags.positive,
    seed: wholeNumber("--seed", flags.seed, 0, Number.MAX_SAFE_INTEGER),
    outer_resampling_config: folds === 0 ? null : { type: "KFold", n_resamples: folds, ...group },
    tuner_config:
      flags.tune.length === 0
        ? null
        : { type: "GridSearch", config: { resampler_config: { type: "KFold", n_resamples: inner, ...group }, metric: flags.metric } },
  };
}

/** The document that `--json` prints; metric names are those of results everywhere. */
function resultJson(result: TrainResult, seconds: number): Record<string, unknown> {
  const summary = (metrics: TrainResult["metrics"]["test"]): unknown =>
    metrics === null
      ? null
      : Object.fromEntries(Object.entries(metrics).map(([name, { mean, sd, folds, interval }]) => [name, { mean, sd, folds, interval }]));
  return {
    task: result.config.task,
    algorithm: result.algorithm,
    target: result.target,
    rows: result.rows,
    features: result.features.length,
    classes: result.classes,
    seed: result.config.seed,
    folds: result.folds.length,
    metrics: { training: summary(result.metrics.training), test: summary(result.metrics.test), baseline: summary(result.metrics.baseline) },
    hyperparameters: result.final?.hyperparameters ?? {},
    warnings: result.warnings,
    seconds,
  };
}

function resultText(result: TrainResult, seconds: number, out: string | undefined): string {
  const { test, training, baseline } = result.metrics;
  const lines = [
    `${result.algorithm} predicts "${result.target}" from ${result.features.length} column${result.features.length === 1 ? "" : "s"}, ${result.rows.toLocaleString("en")} rows, in ${seconds.toFixed(1)} s (seed ${result.config.seed}).`,
    "",
    test === null
      ? "Metrics on the rows it was trained on (too good to expect of new rows; use --folds to test):"
      : result.resampling === null
        ? `Metrics on the ${result.held_out?.test?.rows.toLocaleString("en")} rows of the test table:`
        : `Metrics on held-out rows, mean of ${result.folds.filter((fold) => fold.error === null).length} folds:`,
    "",
  ];
  const rows = METRIC_INFO.filter((info) => info.name in (test ?? training)).map((info) => {
    const { mean, sd, interval } = (test ?? training)[info.name]!; // filtered just before
    return [
      info.name,
      number(mean),
      sd === null ? "" : `± ${number(sd)}`,
      interval === null ? "" : `${number(interval[0])} – ${number(interval[1])}`,
      test === null ? "" : number(training[info.name]?.mean ?? null),
      baseline === null ? "" : number(baseline[info.name]?.mean ?? null),
    ];
  });
  const header = test === null ? ["", "value"] : ["", "mean", "sd", "95 % interval", "training", "baseline"];
  lines.push(...columns([header, ...rows]));
  if (result.importance !== null) {
    const top = result.importance.variables.slice(0, 5).map((entry) => entry.variable);
    lines.push("", `Most important by ${result.importance.measure}: ${top.join(", ")}.`);
  }
  lines.push(
    "",
    out === undefined
      ? "Nothing was saved; add --out FOLDER to keep the model."
      : `Saved in ${out}: ${Object.values(JOB_FILES).join(", ")}.`,
    "",
  );
  return lines.join("\n");
}

function number(value: number | null): string {
  if (value === null) return "–";
  return Math.abs(value) >= 1000 ? value.toFixed(1) : value.toPrecision(4);
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")}`.trimEnd(),
  );
}
