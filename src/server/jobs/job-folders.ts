import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TrainConfig } from "../../engine/train/config.ts";
import { HELD_OUT, type HeldOutMap, type HeldOutName } from "../../engine/train/held-out-names.ts";
import type { TableShape } from "../../engine/train/shape.ts";
import type { UnsupervisedConfig } from "../../engine/unsupervised/config.ts";
import type { DataHandles } from "../data-handles.ts";
import type { Folders } from "../folders.ts";
import { syncTree, writeFileDurably } from "../store/durable-files.ts";
import { type HeldOutHandles, mapped, type StoredHeldOut } from "./held-out-handles.ts";

/** What is kept in `jobs/<id>/config.json`: enough to run the job after a restart. Files without `kind` in their configuration train a model. */
export interface StoredJob {
  readonly config: TrainConfig | UnsupervisedConfig;
  readonly shape: TableShape;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
  /** Tables given beside the training table; absent without them. */
  readonly held_out?: HeldOutMap<StoredHeldOut>;
}

/** Where a job's tables come from. */
export interface JobTables {
  readonly sessionId: string;
  readonly dataHandle: string;
  readonly heldOut: HeldOutHandles;
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

  /** The same of the tables given beside it. */
  heldOutFiles(jobId: string, { held_out: heldOut = {} }: StoredJob): HeldOutMap<string> {
    return mapped((name) => (heldOut[name] === undefined ? undefined : this.#heldOutFile(jobId, name)));
  }

  /** Puts everything a job needs on disk, or nothing. */
  async make(jobId: string, from: JobTables, job: Omit<StoredJob, "fingerprint" | "held_out">): Promise<void> {
    const folder = this.path(jobId);
    try {
      await mkdir(folder, { recursive: true });
      const fingerprint = await this.#data.lend(from.sessionId, from.dataHandle, this.tableFile(jobId));
      const heldOut = await this.#lendHeldOut(jobId, from);
      const more = Object.keys(heldOut).length === 0 ? {} : { held_out: heldOut };
      await writeFileDurably(join(folder, "config.json"), JSON.stringify({ ...job, ...more, fingerprint } satisfies StoredJob));
      await syncTree(folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async read(jobId: string): Promise<StoredJob> {
    return JSON.parse(await readFile(join(this.path(jobId), "config.json"), "utf8")) as StoredJob;
  }

  /** The work is done: the tables are let go, and what was written is on disk when this resolves. */
  async seal(jobId: string): Promise<void> {
    await this.#removeTables(jobId);
    await syncTree(this.path(jobId));
  }

  /** Lets go of tables that nobody will train on any more. */
  dropTables(jobId: string): void {
    void this.#removeTables(jobId);
  }

  remove(jobId: string): void {
    void rm(this.path(jobId), { recursive: true, force: true });
  }

  #heldOutFile(jobId: string, name: HeldOutName): string {
    return join(this.path(jobId), `${name}.bin`);
  }

  async #lendHeldOut(jobId: string, { sessionId, heldOut }: JobTables): Promise<HeldOutMap<StoredHeldOut>> {
    const lent: Partial<Record<HeldOutName, StoredHeldOut>> = {};
    for (const name of HELD_OUT) {
      const handle = heldOut[name];
      if (handle === undefined) continue;
      const shape = await this.#data.shape(sessionId, handle);
      const fingerprint = await this.#data.lend(sessionId, handle, this.#heldOutFile(jobId, name));
      const columns = shape.columns.map((column) => column.name);
      lent[name] = { data_handle: handle, name: this.#data.summary(sessionId, handle).name, fingerprint, rows: shape.rows, columns };
    }
    return lent;
  }

  async #removeTables(jobId: string): Promise<void> {
    const files = [this.tableFile(jobId), ...HELD_OUT.map((name) => this.#heldOutFile(jobId, name))];
    for (const file of files) await rm(file, { force: true });
  }
}
