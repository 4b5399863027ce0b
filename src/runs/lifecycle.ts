/** Where a run is in its life. `completed`, `failed` and `stopped` are facts and final; `crashed` is what the server concludes from silence. */
export const RUN_STATES = ["pending", "running", "stale", "stopping", "completed", "failed", "stopped", "crashed"] as const;
export type RunState = (typeof RUN_STATES)[number];
export type FinalState = "completed" | "failed" | "stopped";
export const FINAL_STATES: readonly FinalState[] = ["completed", "failed", "stopped"];

/** What can happen to a run. */
export type RunEvent =
  /** A reporter said something: points, a log line, a beat. */
  | { readonly type: "sign" }
  | { readonly type: "lease_lost" }
  /** The lease ran out and nothing had come since the server started. */
  | { readonly type: "abandoned" }
  /** Somebody asks the reporter to end; it answers by `finish`. */
  | { readonly type: "stop_requested" }
  | { readonly type: "finish"; readonly state: FinalState }
  | { readonly type: "resume" };

export type Outcome =
  | { readonly type: "moved"; readonly to: RunState }
  /** Nothing changes, and that is right. */
  | { readonly type: "same" }
  /** The run has ended; the request is refused. */
  | { readonly type: "refused"; readonly state: RunState };

export function hasEnded(state: RunState): boolean {
  return state === "completed" || state === "failed" || state === "stopped" || state === "crashed";
}

/**
 * The next state of a run. Pure: clocks, rows and sockets live elsewhere and act on what this returns.
 * The first final state stays; asking for it again is `same`, asking for another is `refused`. Silence never ends a run by itself:
 * a stale run goes on with the next sign, and a crashed one too, because its end was only presumed.
 */
export function nextRunState(state: RunState, event: RunEvent): Outcome {
  switch (event.type) {
    case "sign":
      if (state === "pending" || state === "stale" || state === "crashed") return { type: "moved", to: "running" };
      return hasEnded(state) ? { type: "refused", state } : { type: "same" };
    case "lease_lost":
      if (state === "running") return { type: "moved", to: "stale" };
      // Whoever was asked to stop and fell silent has stopped.
      return state === "stopping" ? { type: "moved", to: "stopped" } : { type: "same" };
    case "abandoned":
      if (state === "stopping") return { type: "moved", to: "stopped" };
      return state === "running" || state === "stale" ? { type: "moved", to: "crashed" } : { type: "same" };
    case "stop_requested":
      if (state === "stopping" || state === "stopped") return { type: "same" };
      if (state === "pending") return { type: "moved", to: "stopped" };
      return hasEnded(state) ? { type: "refused", state } : { type: "moved", to: "stopping" };
    case "finish":
      return finished(state, event.state);
    case "resume":
      return hasEnded(state) ? { type: "moved", to: "running" } : { type: "same" };
  }
}

function finished(state: RunState, wanted: FinalState): Outcome {
  if (state === wanted) return { type: "same" };
  // A reporter that was asked to stop often ends by an error of its own: the cause was the stop (L-8).
  if (state === "stopping") return { type: "moved", to: wanted === "failed" ? "stopped" : wanted };
  if (state === "crashed") return { type: "moved", to: wanted };
  return hasEnded(state) ? { type: "refused", state } : { type: "moved", to: wanted };
}
