/** A link as the budget sees it. */
export interface InboundLink {
  /** Closes it and lets go of what it holds. */
  overflow(): void;
}

/**
 * What all links together have sent and the server has not answered yet: parts of messages and frames, and requests in line. Above the
 * limit, the link that holds most is ended until the rest is within it, so that many half-sent tables cannot fill the memory.
 * Cost: one entry per link; looking for the greatest only above the limit.
 */
export class InboundBudget {
  readonly #limitBytes: number;
  readonly #held = new Map<InboundLink, number>();
  #total = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get totalBytes(): number {
    return this.#total;
  }

  /** Says what a link holds now; 0 forgets it. */
  set(link: InboundLink, bytes: number): void {
    this.#total += bytes - (this.#held.get(link) ?? 0);
    if (bytes === 0) this.#held.delete(link);
    else this.#held.set(link, bytes);
    while (this.#total > this.#limitBytes) {
      const [greatest] = [...this.#held].reduce((a, b) => (b[1] > a[1] ? b : a)); // not empty: the total is above 0
      this.#total -= this.#held.get(greatest) ?? 0;
      this.#held.delete(greatest);
      greatest.overflow();
    }
  }
}
