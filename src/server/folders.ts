import { accessSync, constants, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "../core/errors.ts";

const KINDS = ["data", "jobs", "uploads"] as const;

/** Where things lie in a data folder. */
export class Folders {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    for (const name of KINDS) mkdirSync(join(root, name), { recursive: true, mode: 0o700 });
  }

  data(folder: string): string {
    return join(this.root, "data", folder);
  }

  upload(uploadId: string): string {
    return join(this.root, "uploads", uploadId);
  }

  job(jobId: string): string {
    return join(this.root, "jobs", jobId);
  }

  /** Folders that nothing refers to: what a crash left half made, or half removed. To be asked before anything new is made. */
  orphans(known: Readonly<Record<"data" | "jobs" | "uploads", ReadonlySet<string>>>): string[] {
    return KINDS.flatMap((kind) => {
      const names = readdirSync(join(this.root, kind)).filter((name) => !known[kind].has(name));
      return names.map((name) => join(this.root, kind, name));
    });
  }
}

/** Makes the folder of a server and those above it, for its user alone. @throws {InvalidArgumentError} when it cannot be made or written to. */
export function makeDataFolder(path: string): void {
  try {
    makeFolder(resolve(path));
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new InvalidArgumentError(`The data folder ${path} cannot be made or written to (${reason}); give another one with --data-dir.`);
  }
}

/** Not `recursive: true`: Node then tries for ever where a folder that is there answers ENOENT, as /proc does. */
function makeFolder(path: string): void {
  const isFolder = (name: string): boolean => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isFolder(path)) throw error;
  }
}
