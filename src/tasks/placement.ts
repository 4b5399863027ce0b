/** Everything that decides what a dispatcher does next. Counts only, so that deciding costs the same for any number of tasks. */
export interface Yard {
  readonly queued: number;
  readonly idle: number;
  readonly starting: number;
  readonly busy: number;
  /** Ended or asked to, their processes not yet gone. They hold their slots. */
  readonly stopping: number;
  /** Slots there may be. */
  readonly wanted: number;
  /** Slots there should be even with nothing queued. */
  readonly floor: number;
  /** False during the pause after a failed start. */
  readonly mayStart: boolean;
  readonly wantsSpare: boolean;
  readonly hasSpare: boolean;
}

export type Move = "assign" | "retire" | "promote_spare" | "start" | "start_spare" | "retire_spare";

/**
 * The next thing to do, or null when there is nothing. Surplus daemons leave before tasks are given out; tasks are given out before
 * daemons are started; a spare is started only when no slot waits for a daemon.
 */
export function nextMove(yard: Yard): Move | null {
  const alive = yard.idle + yard.starting + yard.busy;
  const slots = alive + yard.stopping;
  if (alive > yard.wanted && yard.idle + yard.starting > 0) return "retire";
  if (yard.queued > 0 && yard.idle > 0) return "assign";
  const demand = Math.min(yard.wanted - slots, yard.queued - yard.idle - yard.starting);
  if (Math.max(demand, yard.floor - slots) > 0) {
    if (yard.hasSpare) return "promote_spare";
    return yard.mayStart ? "start" : null;
  }
  if (yard.hasSpare && (!yard.wantsSpare || (slots === 0 && yard.queued === 0))) return "retire_spare";
  if (yard.wantsSpare && !yard.hasSpare && yard.mayStart && yard.starting === 0 && alive > 0) return "start_spare";
  return null;
}

/** Pause before the next start after so many failed ones in a row: 100 ms, doubling, at most 5 s. */
export function startPauseMs(failedStarts: number): number {
  return Math.min(5000, 100 * 2 ** (failedStarts - 1));
}
