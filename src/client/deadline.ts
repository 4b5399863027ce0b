import type { LinkClock } from "./link.ts";

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** Runs once, when time is up. */
  readonly onLate: () => void;
  /** When the other side last gave a sign of this call. With it, silence is what is limited, not duration. */
  readonly heardAt?: () => number;
}

/**
 * The deadline of one call. A plain call has `timeoutMs`. One with `heardAt` is looked at every `timeoutMs`, and is late when nothing was
 * heard for that long: so it fails between one and two `timeoutMs` after the last sign.
 * @returns how to take it back.
 */
export function startDeadline(clock: LinkClock, { timeoutMs, onLate, heardAt }: DeadlineOptions): () => void {
  const look = (): void => {
    if (heardAt !== undefined && clock.now() - heardAt() < timeoutMs) timer = clock.setTimeout(look, timeoutMs);
    else onLate();
  };
  let timer = clock.setTimeout(look, timeoutMs);
  return () => clock.clearTimeout(timer);
}
