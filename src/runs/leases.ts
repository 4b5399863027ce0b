interface Lease {
  until: number;
  isInherited: boolean;
}

/** Until when each reporter counts as there. An inherited lease is one of a run that the last server left going. */
export class Leases {
  readonly #leaseMs: number;
  readonly #leases = new Map<string, Lease>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  renew(runId: string, now: number): void {
    this.#leases.set(runId, { until: now + this.#leaseMs, isInherited: false });
  }

  inherit(runId: string, now: number): void {
    this.#leases.set(runId, { until: now + this.#leaseMs, isInherited: true });
  }

  end(runId: string): void {
    this.#leases.delete(runId);
  }

  /** Removes and returns what has run out. */
  takeExpired(now: number): { readonly runId: string; readonly isInherited: boolean }[] {
    const expired = [...this.#leases].filter(([, { until }]) => until <= now);
    return expired.map(([runId, { isInherited }]) => {
      this.#leases.delete(runId);
      return { runId, isInherited };
    });
  }
}
