import type { Clock } from "../../src/server/clock.ts";

/** Time that the test moves. What is due is called in the order of its time. */
export class FakeClock implements Clock {
  #at = Date.UTC(2026, 0, 5);
  readonly #timers = new Set<{ due: number; delayMs: number; act: () => void }>();

  readonly now = (): number => this.#at;

  readonly every = (delayMs: number, act: () => void): (() => void) => {
    const timer = { due: this.#at + delayMs, delayMs, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  pass(ms: number): void {
    const end = this.#at + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#at = next.due;
      next.due += next.delayMs;
      next.act();
    }
    this.#at = end;
  }
}
