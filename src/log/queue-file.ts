import { appendFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Parcel, RunParcel } from "./sender.ts";

/** First line of a queue file. The token is not in it. */
export interface QueueHead {
  readonly format: "trainyard.queue";
  readonly version: 1;
  readonly url: string;
  readonly run: RunParcel;
  readonly runId: string | null;
}

/**
 * What waits for a server that is away: a file of JSON lines, the run first, then parcels in order. Sending all of it again is
 * harmless, because each row has its producer's number; so the file is only ever appended to and removed.
 */
export class QueueFile {
  readonly path: string;
  readonly #head: () => QueueHead;
  #parcels = 0;

  constructor(path: string, head: () => QueueHead) {
    this.path = path;
    this.#head = head;
  }

  get isEmpty(): boolean {
    return this.#parcels === 0;
  }

  async add(parcels: readonly Parcel[]): Promise<void> {
    if (parcels.length === 0) return;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await appendFile(this.path, this.#text(parcels), { mode: 0o600 });
    this.#parcels += parcels.length;
  }

  /** The same at the end of the process, when nothing can be waited for. */
  addNow(parcels: readonly Parcel[]): void {
    if (parcels.length === 0) return;
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    appendFileSync(this.path, this.#text(parcels), { mode: 0o600 });
    this.#parcels += parcels.length;
  }

  async parcels(): Promise<readonly Parcel[]> {
    return (await readQueue(this.path))?.parcels ?? [];
  }

  remove(): void {
    rmSync(this.path, { force: true });
    this.#parcels = 0;
  }

  #text(parcels: readonly Parcel[]): string {
    const head = existsSync(this.path) ? [] : [this.#head()];
    return [...head, ...parcels].map((line) => `${JSON.stringify(line)}\n`).join("");
  }
}

/** A queue file's content, or null when it is none. A last line that was cut off is left out: it was never reported as kept. */
export async function readQueue(path: string): Promise<{ readonly head: QueueHead; readonly parcels: readonly Parcel[] } | null> {
  const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
  const values = lines.flatMap((line): unknown[] => {
    try {
      return line === "" ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  const [head, ...parcels] = values as [QueueHead?, ...Parcel[]];
  return head?.format === "trainyard.queue" && head.version === 1 ? { head, parcels } : null;
}
