import { BadInputError } from "../../core/errors.ts";
import type { Model, ModelState, Task } from "../algorithm.ts";
import { algorithmOf } from "../algorithms/registry.ts";
import type { Hyperparameters } from "../hyperparameter.ts";
import type { Recipe } from "../preprocessing/recipe.ts";
import { recipeFromState, recipeState, withoutRecipe } from "../preprocessing/recipe-file.ts";
import type { TrainConfig } from "../train/config.ts";
import type { FeatureSchema } from "./features.ts";

/** What a model file says about itself; JSON-safe. */
export interface ModelHeader {
  readonly format: "trainyard.model";
  readonly version: 1;
  readonly algorithm: string;
  readonly task: Task;
  readonly target: string;
  readonly classes: readonly string[];
  /** Columns that new data must have: before preprocessing, without those that it drops. */
  readonly features: readonly FeatureSchema[];
  readonly hyperparameters: Hyperparameters;
  readonly facts: Readonly<Record<string, number | string | boolean | null>>;
  /** The whole configuration it came from, and the fingerprint of the data. */
  readonly config: TrainConfig;
  readonly fingerprint: string | null;
  readonly rows: number;
  readonly library_version: string;
  /** How features are prepared for the learner; written by `encodeModel`, read into `SavedModel.recipe`. Absent: not at all. */
  readonly preprocessing?: unknown;
}

/** What every header says; the rest depends on the format. JSON-safe. */
export interface StateHeader {
  readonly format: string;
}

export interface SavedModel {
  readonly header: ModelHeader;
  readonly model: Model;
  /** Null when features reach the learner as they are. */
  readonly recipe: Recipe | null;
}

interface ArrayEntry {
  readonly name: string;
  readonly type: string;
  readonly length: number;
  /** Bytes from the start of the array block; a multiple of 8. */
  readonly offset: number;
}

const MAGIC = "TYMODEL\n";
const PREFIX_BYTES = 16;
const ARRAY_TYPES = { Float64Array, Float32Array, Int32Array, Uint32Array, Uint16Array, Uint8Array } as const;

/**
 * Layout, little-endian: `TYMODEL\n` | u32 file version: 1, or 2 with preprocessing | u32 header bytes H | header JSON, padded with blanks to a multiple of 8 |
 * arrays, each at a multiple of 8. The inverse is `decodeModel`, to the bit.
 */
export function encodeModel(header: ModelHeader, state: ModelState, recipe: Recipe | null = null): Uint8Array {
  if (recipe === null) return encodeState(header, state);
  const { meta, arrays } = recipeState(recipe);
  const whole: ModelHeader = { ...header, preprocessing: meta };
  return encodeState(whole, { meta: state.meta, arrays: { ...state.arrays, ...arrays } }, 2);
}

/** The same layout with any header; `decodeState` reads it again. */
export function encodeState(header: StateHeader, state: ModelState, version: 1 | 2 = 1): Uint8Array {
  let offset = 0;
  const arrays: ArrayEntry[] = Object.entries(state.arrays).map(([name, array]) => {
    const entry = { name, type: array.constructor.name, length: array.length, offset };
    offset += Math.ceil(array.byteLength / 8) * 8;
    return entry;
  });
  const json = new TextEncoder().encode(JSON.stringify({ header, state: { meta: state.meta, arrays } }));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX_BYTES + headerBytes + offset).fill(32, PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  bytes.set(new TextEncoder().encode(MAGIC), 0);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, version, true); // a program that knows only 1 must not predict without the recipe
  view.setUint32(12, headerBytes, true);
  bytes.set(json, PREFIX_BYTES);
  arrays.forEach((entry) => {
    const array = state.arrays[entry.name]!; // entries were made from these names
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), PREFIX_BYTES + headerBytes + entry.offset);
  });
  return bytes;
}

/** @throws {BadInputError} when the bytes are not a model file of a version this program reads, or are cut short. */
export function decodeModel(bytes: Uint8Array): SavedModel {
  const { header, state } = decodeState<ModelHeader>(bytes, "trainyard.model");
  const { preprocessing } = header;
  const recipe = preprocessing === undefined ? null : recipeFromState(preprocessing, state.arrays);
  const own = recipe === null ? state : { meta: state.meta, arrays: withoutRecipe(state.arrays) };
  return { header, model: algorithmOf(header.algorithm).load(own), recipe };
}

/**
 * A header of that format and the state behind it.
 * @throws {BadInputError} when the bytes are no such file of a version this program reads, hold another format, or are cut short.
 */
export function decodeState<Header extends StateHeader>(
  bytes: Uint8Array,
  format: Header["format"],
): { header: Header; state: ModelState } {
  if (bytes.length < PREFIX_BYTES || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) {
    throw new BadInputError("This is not a Trainyard model file. Use the file that training saved, ending in .tym.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== 1 && version !== 2)
    throw new BadInputError(`The model file has version ${version}; this program reads version 1 and 2. Update Trainyard.`);
  const headerBytes = view.getUint32(12, true);
  const start = PREFIX_BYTES + headerBytes;
  if (start > bytes.length) throw cutShort();
  const { header, state } = parseHeader<Header>(bytes.subarray(PREFIX_BYTES, start), format);
  const arrays: Record<string, ModelState["arrays"][string]> = {};
  for (const entry of state.arrays) {
    const Type = ARRAY_TYPES[entry.type as keyof typeof ARRAY_TYPES]; // unknown types are refused on the next line
    if (Type === undefined) throw new BadInputError(`The model file holds an array of unknown type "${entry.type}". Update Trainyard.`);
    const from = start + entry.offset;
    const end = from + entry.length * Type.BYTES_PER_ELEMENT;
    if (end > bytes.length) throw cutShort();
    // Copied, so that it is aligned; through `Uint8Array.from`, because a Node Buffer's `slice` is a view.
    arrays[entry.name] = new Type(Uint8Array.from(bytes.subarray(from, end)).buffer);
  }
  return { header, state: { meta: state.meta, arrays } };
}

interface ParsedHeader<Header> {
  readonly header: Header;
  readonly state: { readonly meta: ModelState["meta"]; readonly arrays: readonly ArrayEntry[] };
}

function parseHeader<Header extends StateHeader>(json: Uint8Array, format: string): ParsedHeader<Header> {
  let found: unknown = null;
  try {
    const parsed = JSON.parse(new TextDecoder().decode(json));
    found = parsed?.header?.format;
    if (found === format && Array.isArray(parsed?.state?.arrays)) return parsed;
  } catch {
    // falls through to the one answer for every unreadable header
  }
  if (typeof found === "string" && found !== format) {
    throw new BadInputError(`This file holds ${formatInWords(found)}, not ${formatInWords(format)}. Use the file of the right job.`);
  }
  throw new BadInputError("The model file's header cannot be read; the file is damaged. Save the model again.");
}

function formatInWords(format: string): string {
  const known: Readonly<Record<string, string>> = {
    "trainyard.model": "a trained model",
    "trainyard.decomposition": "a decomposition",
    "trainyard.clustering": "a clustering",
  };
  return known[format] ?? `"${format}"`;
}

function cutShort(): BadInputError {
  return new BadInputError("The model file is cut short. Copy or download it again.");
}
