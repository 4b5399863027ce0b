/** Time as the server's services see it; tests bring one that they move by hand. */
export interface Clock {
  /** Epoch ms. */
  readonly now: () => number;
  /** Calls `act` every `delayMs` until the returned function is called. Keeps no process alive. */
  readonly every: (delayMs: number, act: () => void) => () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  every(delayMs, act) {
    const timer = setInterval(act, delayMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
