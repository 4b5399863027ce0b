import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/** Where things lie in a data folder. */
export class Folders {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    for (const name of ["data", "uploads", "jobs"]) mkdirSync(join(root, name), { recursive: true, mode: 0o700 });
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

  /** Removes folders that nothing refers to: what a crash left half made, or half removed. */
  async sweep(kind: "data" | "uploads" | "jobs", known: ReadonlySet<string>): Promise<void> {
    for (const name of readdirSync(join(this.root, kind))) {
      if (!known.has(name)) await rm(join(this.root, kind, name), { recursive: true, force: true });
    }
  }
}
