import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TrainConfig } from "../../engine/train/config.ts";
import type { TableShape } from "../../engine/train/shape.ts";
import type { UnsupervisedConfig } from "../../engine/unsupervised/config.ts";
import type { DataHandles } from "../data-handles.ts";
import type { Folders } from "../folders.ts";
import { syncTree, writeFileDurably } from "../store/durable-files.ts";

/** What is kept in `jobs/<id>/config.json`: enough to run the job after a restart. Files without `kind` in their configuration train a model. */
export interface StoredJob {
  readonly config: TrainConfig | UnsupervisedConfig;
  readonly shape: TableShape;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

export function isUnsupervised(config: StoredJob["config"]): config is UnsupervisedConfig {
  return "kind" in config;
}

/** The files of jobs: what they need before they run, and what they leave behind. */
export class JobFolders {
  readonly #folders: Folders;
  readonly #data: DataHandles;

  constructor(folders: Folders, data: DataHandles) {
    this.#folders = folders;
    this.#data = data;
  }

  path(jobId: string): string {
    return this.#folders.job(jobId);
  }

  /** The job's own name for its table; it is gone once the job has ended. */
  tableFile(jobId: string): string {
    return join(this.path(jobId), "table.bin");
  }

  /** Puts everything a job needs on disk, or nothing. */
  async make(jobId: string, from: { sessionId: string; dataHandle: string }, job: Omit<StoredJob, "fingerprint">): Promise<void> {
    const folder = this.path(jobId);
    try {
      await mkdir(folder, { recursive: true });
      const fingerprint = await this.#data.lend(from.sessionId, from.dataHandle, this.tableFile(jobId));
      await writeFileDurably(join(folder, "config.json"), JSON.stringify({ ...job, fingerprint } satisfies StoredJob));
      await syncTree(folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async read(jobId: string): Promise<StoredJob> {
    return JSON.parse(await readFile(join(this.path(jobId), "config.json"), "utf8")) as StoredJob;
  }

  /** The work is done: the table is let go, and what was written is on disk when this resolves. */
  async seal(jobId: string): Promise<void> {
    await rm(this.tableFile(jobId), { force: true });
    await syncTree(this.path(jobId));
  }

  /** Lets go of a table that nobody will train on any more. */
  dropTables(jobId: string): void {
    void rm(this.tableFile(jobId), { force: true });
  }

  remove(jobId: string): void {
    void rm(this.path(jobId), { recursive: true, force: true });
  }
}
