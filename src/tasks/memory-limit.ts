import { readFile } from "node:fs/promises";
import { TrainyardError } from "../core/errors.ts";
import type { LinkEnd, OpenLink } from "./links/link.ts";

/** How often the memory of a process is looked at. A task that allocates faster than its machine allows is beyond help. */
const LOOK_MS = 100;
const PAGE_BYTES = 4096;

export interface MemoryWatch {
  readonly isExceeded: boolean;
  stop(): void;
}

/** Arguments for `node` that keep its heap within the limit; memory outside of the heap is what `watchMemory` sees. */
export function memoryArguments(limitMb: number): readonly string[] {
  return limitMb > 0 ? [`--max-old-space-size=${limitMb}`] : [];
}

/**
 * Calls `onExceeded` once when the resident memory of a process is above `limitMb` MiB. Linux only; elsewhere the limit of the heap is the only one.
 * Cost: one read of a small file in 100 ms, on the thread pool.
 */
export function watchMemory(pid: number, limitMb: number, onExceeded: () => void): MemoryWatch {
  let isExceeded = false;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking || isExceeded) return;
    isLooking = true;
    const pages = await readFile(`/proc/${pid}/statm`, "utf8").then(
      (text) => Number(text.split(" ")[1]),
      () => 0, // it is gone, or there is no such file on this system
    );
    isLooking = false;
    if (isExceeded || pages * PAGE_BYTES <= limitMb * 2 ** 20) return;
    isExceeded = true;
    clearInterval(timer);
    onExceeded();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    get isExceeded() {
      return isExceeded;
    },
    stop: () => clearInterval(timer),
  };
}

/** Whether a process's last words are those of an engine whose heap is full. */
export function ranOutOfMemory(stderr: string): boolean {
  return /(?:JavaScript heap out of memory|Reached heap limit)/.test(stderr);
}

/** Executors as `open` starts them, each ended when its process uses more than `limitMb`; how it ended then names the limit. */
export function withMemoryLimit(open: OpenLink, limitMb: number): OpenLink {
  return (events) => {
    let watch: MemoryWatch | null = null;
    const link = open({
      ...events,
      onClose: (end) => {
        watch?.stop();
        const isBeyond = watch?.isExceeded === true || ranOutOfMemory(end.stderr) || isFullThread(end);
        events.onClose(isBeyond ? { ...end, cause: beyondMemory(limitMb) } : end);
      },
    });
    if (link.pid !== null && link.pid !== process.pid) watch = watchMemory(link.pid, limitMb, () => link.terminate());
    return link;
  };
}

function isFullThread({ cause }: LinkEnd): boolean {
  return (cause as { readonly code?: unknown } | undefined)?.code === "ERR_WORKER_OUT_OF_MEMORY";
}

/** What a task fails with whose daemon went beyond its limit. */
export function beyondMemory(limitMb: number): TrainyardError {
  return new TrainyardError(
    "daemon_lost",
    `it needed more memory than daemonMemoryMb allows, ${limitMb} MB; give it more, or the task less`,
    {
      details: { daemonMemoryMb: limitMb },
    },
  );
}
