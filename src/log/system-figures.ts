import { execFile } from "node:child_process";
import { cpus, freemem, totalmem } from "node:os";

export type SystemValues = Readonly<Record<string, number>>;

const MIB = 2 ** 20;
const GPU_FIELDS = ["utilization.gpu", "memory.used", "temperature.gpu", "power.draw"] as const;
const GPU_KEYS = ["util_percent", "memory_mb", "temperature_c", "power_w"] as const;
const SMI_TIMEOUT_MS = 5000;

/**
 * What the process and its machine are busy with. `sys/process/cpu_percent` is 100 for one whole core; `sys/process/memory_mb` is what the process holds; `sys/cpu_percent` and
 * `sys/memory_percent` are the machine's, 0 to 100; `sys/gpu0/…` of each GPU that nvidia-smi names. What cannot be known is left out, never made up.
 */
export class SystemFigures {
  #cpu = process.cpuUsage();
  #at = performance.now();
  #machine = machineTimes();
  #hasGpus = true;

  /** Figures of the time since the last call. Cost: well below a millisecond; GPUs are asked in another process. */
  async sample(): Promise<SystemValues> {
    return { ...this.#sampleNow(), ...(await this.#sampleGpus()) };
  }

  #sampleNow(): SystemValues {
    const { user, system } = process.cpuUsage(this.#cpu);
    const now = performance.now();
    const machine = machineTimes();
    const busy = machine.busy - this.#machine.busy;
    const all = machine.all - this.#machine.all;
    const elapsedMs = now - this.#at;
    this.#cpu = process.cpuUsage();
    this.#at = now;
    this.#machine = machine;
    return {
      "sys/process/memory_mb": rounded(process.memoryUsage.rss() / MIB),
      "sys/memory_percent": rounded(100 * (1 - freemem() / totalmem())),
      ...(elapsedMs > 0 ? { "sys/process/cpu_percent": rounded((user + system) / 10 / elapsedMs) } : {}),
      ...(all > 0 ? { "sys/cpu_percent": rounded((100 * busy) / all) } : {}),
    };
  }

  async #sampleGpus(): Promise<SystemValues> {
    if (!this.#hasGpus) return {};
    const text = await new Promise<string | null>((resolve) => {
      const query = [`--query-gpu=index,${GPU_FIELDS.join(",")}`, "--format=csv,noheader,nounits"];
      execFile("nvidia-smi", query, { timeout: SMI_TIMEOUT_MS }, (error, stdout) => resolve(error === null ? stdout : null));
    });
    // Not there, or no driver: it will not appear while the program runs.
    if (text === null) this.#hasGpus = false;
    return text === null ? {} : gpuValues(text);
  }
}

/** Reads what nvidia-smi prints, a line a GPU; `[N/A]` is left out. */
export function gpuValues(text: string): SystemValues {
  const entries = text.split("\n").flatMap((line) => {
    const [index = "", ...cells] = line.split(",").map((cell) => cell.trim());
    if (!/^\d+$/.test(index)) return [];
    return GPU_KEYS.flatMap((key, i): [string, number][] => {
      const value = cells[i] === undefined || cells[i] === "" ? Number.NaN : Number(cells[i]);
      return Number.isFinite(value) ? [[`sys/gpu${index}/${key}`, value]] : [];
    });
  });
  return Object.fromEntries(entries);
}

function machineTimes(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const whole = times.user + times.nice + times.sys + times.irq + times.idle;
    all += whole;
    busy += whole - times.idle;
  }
  return { busy, all };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
