import { existsSync } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { WireError } from "./live/wire-error.ts";
import { wireTime } from "./wire-time.ts";

/** A model file below the operator's folder, as `model.list` shows it. */
export interface SavedModelEntry {
  /** Its place below the folder, with `/` between parts. */
  readonly name: string;
  readonly bytes: number;
  readonly saved: string;
  readonly type: "train" | "decomp" | "cluster";
  readonly algorithm: string;
  readonly target: string | null;
}

/** What the file says about itself. */
type Header = Readonly<Record<string, unknown>> & { readonly format: string };

const MODELS_MAX = 1000;
const PREFIX_BYTES = 16;
const HEADER_MAX_BYTES = 16 * 1024 * 1024;
const TYPES: Readonly<Record<string, SavedModelEntry["type"]>> = {
  "trainyard.model": "train",
  "trainyard.decomposition": "decomp",
  "trainyard.clustering": "cluster",
};

/** The model files below `saveDir`, by name; at most 1,000. Links are not followed, and files that are no models are left out. */
export async function listModels(saveDir: string): Promise<SavedModelEntry[]> {
  const names = existsSync(saveDir) ? await modelNames(saveDir) : [];
  const entries = await Promise.all(names.slice(0, MODELS_MAX).map((name) => describe(saveDir, name).catch(() => null)));
  return entries.flatMap((found) => (found === null ? [] : [found.entry]));
}

/** One of them: its file, its entry, and the header that it begins with. @throws {WireError} `not_found` for anything that `listModels` does not list. */
export async function findModel(saveDir: string, name: string): Promise<{ file: string; entry: SavedModelEntry; header: Header }> {
  const names = existsSync(saveDir) ? await modelNames(saveDir) : [];
  const found = names.includes(name) ? await describe(saveDir, name).catch(() => null) : null;
  if (found === null) throw new WireError("not_found", `There is no saved model "${name}". model.list shows those there are.`);
  return { file: join(await realpath(saveDir), ...name.split("/")), ...found };
}

/** Only names that were found here are ever opened: nothing that a client sends becomes a path. */
async function modelNames(saveDir: string): Promise<string[]> {
  const root = await realpath(saveDir);
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith(".tym"))
    .map((file) => relative(root, join(file.parentPath, file.name)).split(sep).join("/"))
    .sort();
}

async function describe(saveDir: string, name: string): Promise<{ entry: SavedModelEntry; header: Header }> {
  const path = join(saveDir, ...name.split("/"));
  const [header, { size, mtimeMs }] = await Promise.all([readHeader(path), stat(path)]);
  const type = TYPES[header.format];
  if (type === undefined) throw new Error(`${name} is no model`);
  const { algorithm, target } = header;
  const about = { algorithm: String(algorithm), target: typeof target === "string" ? target : null };
  return { entry: { name, bytes: size, saved: wireTime(mtimeMs), type, ...about }, header };
}

/** The header alone: a forest of 100 MB is not read for a list. */
async function readHeader(path: string): Promise<Header> {
  const file = await open(path);
  try {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    await file.read(prefix, 0, PREFIX_BYTES, 0);
    const length = prefix.readUInt32LE(12);
    if (prefix.toString("latin1", 0, 8) !== "TYMODEL\n" || length > HEADER_MAX_BYTES) throw new Error("no model file");
    const json = Buffer.alloc(length);
    await file.read(json, 0, length, PREFIX_BYTES);
    return (JSON.parse(json.toString("utf8")) as { header: Header }).header;
  } finally {
    await file.close();
  }
}
