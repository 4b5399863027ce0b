import { messageOf } from "../core/errors.ts";
import type { LiveConnection } from "./live/connection.ts";
import type { Services } from "./services.ts";
import { wireTime } from "./wire-time.ts";

export interface HousekeepingOptions {
  readonly sessionTtlMs: number;
  readonly dataTtlMs: number;
  readonly gcIntervalMs: number;
  readonly heartbeatMs: number;
  readonly daemons: number;
  readonly log: (line: string) => void;
}

/** What the server does by the clock: heartbeats, and collecting what nobody used for long. A limit of 0 switches each off. */
export class Housekeeping {
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(services: Services, options: HousekeepingOptions, connections: Iterable<LiveConnection>) {
    const { sessionTtlMs, dataTtlMs, gcIntervalMs, heartbeatMs, log } = options;
    if (heartbeatMs > 0) this.#every(heartbeatMs, () => beat(services, options.daemons, connections));
    if (sessionTtlMs === 0 && dataTtlMs === 0) return;
    this.#every(gcIntervalMs, () => {
      try {
        if (dataTtlMs > 0) services.data.collect(dataTtlMs);
        const collected = sessionTtlMs > 0 ? services.sessions.collect(sessionTtlMs) : [];
        if (collected.length > 0) log(`sessions collected: ${collected.join(", ")}`);
      } catch (error) {
        log(`collecting failed: ${messageOf(error)}`);
      }
    });
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #every(delayMs: number, act: () => void): void {
    const timer = setInterval(act, delayMs);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** One heartbeat to everybody attached to a session. It is in no log and keeps no session alive. */
function beat(services: Services, daemons: number, connections: Iterable<LiveConnection>): void {
  const data = { ts: wireTime(Date.now()), daemon_count: daemons, jobs_running: services.jobs.runningCount };
  for (const connection of connections) if (connection.sessionId !== null) connection.notify("heartbeat", data);
}
