import { messageOf } from "../core/errors.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
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
  readonly parts?: { readonly clock?: Clock };
}

/** What the server does by the clock: heartbeats, and collecting what nobody used for long. A limit of 0 switches each off. */
export class Housekeeping {
  readonly #clock: Clock;
  readonly #stops: (() => void)[] = [];

  constructor(services: Services, options: HousekeepingOptions, connections: Iterable<LiveConnection>) {
    const { sessionTtlMs, dataTtlMs, gcIntervalMs, heartbeatMs, log } = options;
    this.#clock = options.parts?.clock ?? SYSTEM_CLOCK;
    const { now } = this.#clock;
    if (heartbeatMs > 0) this.#every(heartbeatMs, () => beat(services, { daemons: options.daemons, now: now() }, connections));
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
    for (const stop of this.#stops) stop();
  }

  #every(delayMs: number, act: () => void): void {
    this.#stops.push(this.#clock.every(delayMs, act));
  }
}

/** One heartbeat to everybody attached to a session. It is in no log and keeps no session alive. */
function beat(
  services: Services,
  { daemons, now }: { readonly daemons: number; readonly now: number },
  connections: Iterable<LiveConnection>,
): void {
  const data = { ts: wireTime(now), daemon_count: daemons, jobs_running: services.jobs.runningCount };
  for (const connection of connections) if (connection.sessionId !== null) connection.beat("heartbeat", data);
}
