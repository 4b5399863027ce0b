import { existsSync } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { WireError } from "./live/wire-error.ts";
import { writeFileDurably } from "./store/durable-files.ts";

export interface SaveRequest {
  /** The one folder that clients may write below; the operator chose it. */
  readonly saveDir: string;
  /** Relative to `saveDir`, or an absolute path inside it. */
  readonly dir: string;
  /** Only its last component counts; `.tym` is appended when missing. */
  readonly filename: string;
  readonly bytes: Uint8Array;
}

/** Writes a model file on the server's disk. @throws {WireError} `invalid_params` for a place outside `saveDir`, links included. */
export async function saveModel({
  saveDir,
  dir,
  filename,
  bytes,
}: SaveRequest): Promise<{ readonly path: string; readonly bytes: number }> {
  const folder = resolve(
    saveDir,
    dir.replace(/^~(?=$|[\\/])/, () => homedir()),
  );
  assertBelow(saveDir, folder, dir);
  const name = basename(filename.replaceAll("\\", "/"));
  if (name === "" || name === "." || name === ".." || name.includes("\0")) {
    throw new WireError("invalid_params", `job.save: "${filename}" is not a file name.`);
  }
  await mkdir(saveDir, { recursive: true });
  // A link inside the folder must not lead out of it, not even for making a folder there.
  assertBelow(await realpath(saveDir), await realpath(deepestExisting(folder)), dir);
  await mkdir(folder, { recursive: true });
  const path = join(folder, /\.tym$/i.test(name) ? name : `${name}.tym`);
  await writeFileDurably(path, bytes);
  return { path, bytes: bytes.length };
}

function deepestExisting(folder: string): string {
  for (let at = folder; ; at = dirname(at)) if (existsSync(at)) return at;
}

function assertBelow(saveDir: string, folder: string, given: string): void {
  const way = relative(saveDir, folder);
  if (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return;
  throw new WireError(
    "invalid_params",
    `job.save: models are saved below ${saveDir} only; "${given}" is elsewhere. Start the server with --save-dir to choose.`,
  );
}
