import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

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
