import { readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { readQueue } from "./queue-file.ts";
import { type Parcel, Sender, type SenderOptions } from "./sender.ts";

export interface DeliverOptions {
  readonly url?: string;
  readonly token?: string;
  readonly queueDir?: string;
}

/** Where points wait while no server is there. */
export function queueFolder(given: string | undefined): string {
  return given ?? (process.env.TRAINYARD_QUEUE_DIR || join(homedir(), ".trainyard", "queue"));
}

export function toServer({ url, token }: DeliverOptions): SenderOptions {
  const address = url ?? (process.env.TRAINYARD_URL || "http://127.0.0.1:5757");
  return { url: address, token: token ?? process.env.TRAINYARD_TOKEN ?? "" };
}

/**
 * Brings what programs that have ended left in the queue folder; do not call it while one of them still runs. Rows that arrived
 * before are not stored twice.
 * @returns how many runs were delivered whole. Never throws; what cannot be delivered stays.
 */
export async function deliver(options: DeliverOptions = {}): Promise<number> {
  const folder = queueFolder(options.queueDir);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".jsonl"));
  let delivered = 0;
  for (const name of names) {
    const path = join(folder, name);
    const queue = await readQueue(path);
    if (queue === null) continue;
    const server = toServer({ url: queue.head.url, ...options });
    if (!(await sendAll(new Sender(server, queue.head.run, queue.head.runId), queue.parcels))) continue;
    await rm(path, { force: true }).catch(() => {});
    delivered++;
  }
  return delivered;
}

async function sendAll(sender: Sender, parcels: readonly Parcel[]): Promise<boolean> {
  for (const parcel of parcels) if ((await sender.send(parcel)).type === "away") return false;
  return true;
}
