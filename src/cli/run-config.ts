import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InvalidArgumentError } from "../core/errors.ts";
import { HELD_OUT, type HeldOutMap } from "../engine/train/held-out-names.ts";
import { RESAMPLER_FIELDS } from "../engine/train/validate-resampler.ts";

type Document = Readonly<Record<string, unknown>>;

export interface RunConfig {
  /** What `train` takes; not checked yet. */
  readonly params: Document;
  /** The table that the document names, as an absolute path. */
  readonly tablePath: string | null;
  /** The tables beside it, likewise. */
  readonly heldOutPaths: HeldOutMap<string>;
  /** Fingerprint of the table that a record was made from. */
  readonly fingerprint: string | null;
  /** Fingerprints of the tables beside it. */
  readonly heldOutFingerprints: HeldOutMap<string>;
}

/** Keys that say where files are; a document may have them, training does not. */
const PATH_KEYS: readonly string[] = ["dat_training_path", "dat_validation_path", "dat_test_path", "outdir"];
/** Keys of a record that tell what happened, or where a value came from. */
const OUTCOME_KEYS: readonly string[] = ["folds", "metrics", "metrics_sd", "provenance", "origin", "execution_config"];

/**
 * Reads a training configuration: the parameters of `train`, or the record of a finished job, which is turned back into them.
 * Paths in it are relative to the file. @throws {InvalidArgumentError} when it is not there or no JSON object.
 */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const document = parse(path, await readText(path));
  const paths = texts((name) => document[`dat_${name}_path`]);
  const { training = null, ...heldOut } = Object.fromEntries(
    Object.entries(paths).map(([name, given]) => [name, resolve(dirname(path), given)]),
  );
  const common = { tablePath: training, heldOutPaths: heldOut };
  if (!isRecord(document)) return { params: without(document, PATH_KEYS), ...common, fingerprint: null, heldOutFingerprints: {} };
  const { training: hash = null, ...hashes } = texts((name) => asObject(asObject(document.provenance)[`data_${name}`]).hash);
  return { params: paramsOfRecord(document), ...common, fingerprint: hash, heldOutFingerprints: hashes };
}

/** What a document says of each table, where that is a text with characters. */
function texts(read: (name: string) => unknown): { training?: string; validation?: string; test?: string } {
  const entries = ["training", ...HELD_OUT].map((name) => [name, read(name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => typeof value === "string" && value !== ""));
}

/** A record nests the algorithm and notes the origin of every value; `train` takes neither. */
export function paramsOfRecord(record: Document): Document {
  const { hyperparameters, ...rest } = without(record, [...PATH_KEYS, ...OUTCOME_KEYS]);
  const { algorithm, hyperparameters: values } = asObject(hyperparameters);
  const blocks = { tuner_config: tunerOf(rest.tuner_config), outer_resampling_config: resamplerOf(rest.outer_resampling_config) };
  const params = withoutOrigins({ ...rest, ...blocks, algorithm, hyperparameters: asObject(values) }) as Document;
  // Inside this block only its own `origin` is one: below it are names of columns.
  const { preprocessor_config: prepared } = record;
  return typeof prepared === "object" && prepared !== null
    ? { ...params, preprocessor_config: without(asObject(prepared), ["origin"]) }
    : params;
}

/** A record has the tuner's settings beside its type, `train` has them in `config`. */
function tunerOf(tuner: unknown): unknown {
  if (typeof tuner !== "object" || tuner === null || "config" in tuner) return tuner ?? null;
  const { type, resampler_config, ...config } = tuner as Document;
  return { type, config: { ...config, resampler_config: resamplerOf(resampler_config) } };
}

/** A record has every setting, `train` those of the resampler's type. */
function resamplerOf(resampler: unknown): unknown {
  const { type } = asObject(resampler);
  const fields: readonly string[] | undefined = Object.entries(RESAMPLER_FIELDS).find(([name]) => name === type)?.[1];
  if (fields === undefined) return resampler ?? null;
  return Object.fromEntries(Object.entries(asObject(resampler)).filter(([key]) => key === "type" || fields.includes(key)));
}

function isRecord(document: Document): boolean {
  return "provenance" in document && "folds" in document;
}

function withoutOrigins(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOrigins);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "origin");
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutOrigins(inner)]));
}

function without(document: Document, keys: readonly string[]): Document {
  return Object.fromEntries(Object.entries(document).filter(([key]) => !keys.includes(key)));
}

function asObject(value: unknown): Document {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : {};
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new InvalidArgumentError(`The configuration "${path}" cannot be read. Check the path.`, { cause });
  }
}

function parse(path: string, text: string): Document {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError(`The configuration "${path}" is not JSON: ${(cause as Error).message}.`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Document;
  throw new InvalidArgumentError(`The configuration "${path}" must be a JSON object: the parameters of train, or the record of a job.`);
}
