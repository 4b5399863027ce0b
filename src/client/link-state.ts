/**
 * The states of one link to the server, as a pure function. Sockets and timers live in `link.ts`, which only acts on what
 * this returns. Times are epoch milliseconds, delays milliseconds.
 */
export const LINK_TIMES = {
  /** From opening a socket to the server's welcome. */
  connectMs: 5_000,
  /** Silence on a live link before it is doubted. */
  silenceMs: 12_000,
  /** Time that a doubted link has to answer. */
  answerMs: 2_000,
  firstDelayMs: 250,
  delayGrowth: 1.6,
  /** The server is on this machine or near it: ask often, for ever. */
  longestDelayMs: 5_000,
} as const;

export type LinkState =
  | { readonly at: "idle" }
  | { readonly at: "connecting"; readonly attempt: number; readonly since: number; readonly downSince: number | null }
  | { readonly at: "live"; readonly since: number }
  /** Open, but silent for too long; a ping is on its way. */
  | { readonly at: "suspect"; readonly since: number }
  | {
      readonly at: "waiting";
      readonly attempt: number;
      readonly since: number;
      readonly delayMs: number;
      readonly downSince: number;
      readonly reason: string;
    }
  | { readonly at: "closed"; readonly why: ClosedWhy; readonly reason: string };

/** `asked`: by this side. The others are refusals that waiting cannot mend. */
export type ClosedWhy = "asked" | "token" | "origin" | "version";

export type LinkEvent =
  | { readonly type: "start" }
  /** The server has welcomed us: authenticated, and the session is joined again where there was one. */
  | { readonly type: "welcomed" }
  /** Anything arrived. */
  | { readonly type: "heard" }
  | { readonly type: "silent" }
  /** The machine woke up, the tab became visible, the network is back. */
  | { readonly type: "woke" }
  | { readonly type: "lost"; readonly reason: string }
  | { readonly type: "refused"; readonly why: Exclude<ClosedWhy, "asked">; readonly reason: string }
  /** The state's own timer ran out; see `timerOf`. */
  | { readonly type: "timer" }
  | { readonly type: "try_now" }
  | { readonly type: "close" };

/** Next state. `random` returns a number in [0, 1); `now` is the time of the event. The same object comes back when nothing changes. */
export function nextLinkState(state: LinkState, event: LinkEvent, now: number, random: () => number): LinkState {
  if (event.type === "close") return state.at === "closed" && state.why === "asked" ? state : { at: "closed", why: "asked", reason: "" };
  if (event.type === "refused") return { at: "closed", why: event.why, reason: event.reason };
  switch (state.at) {
    case "idle":
      return event.type === "start" ? { at: "connecting", attempt: 0, since: now, downSince: null } : state;
    case "closed":
      // A person may correct the token and start again.
      return event.type === "start" ? { at: "connecting", attempt: 0, since: now, downSince: null } : state;
    case "connecting":
      if (event.type === "welcomed") return { at: "live", since: now };
      if (event.type === "lost") return waiting(state.attempt, event.reason, state.downSince ?? state.since, now, random);
      if (event.type === "timer")
        return waiting(state.attempt, "the server did not answer in time", state.downSince ?? state.since, now, random);
      return state;
    case "live":
      if (event.type === "silent" || event.type === "woke") return { at: "suspect", since: now };
      if (event.type === "lost") return waiting(0, event.reason, now, now, random);
      return state;
    case "suspect":
      if (event.type === "heard") return { at: "live", since: now };
      if (event.type === "lost") return waiting(0, event.reason, state.since, now, random);
      if (event.type === "timer") return waiting(0, "the server stopped answering", state.since, now, random);
      return state;
    case "waiting":
      if (event.type === "timer" || event.type === "try_now" || event.type === "woke") {
        return { at: "connecting", attempt: state.attempt + 1, since: now, downSince: state.downSince };
      }
      return state;
  }
}

/** How long the one timer of a state runs, or null for no timer. In `live` it is restarted by whatever arrives. */
export function timerOf(state: LinkState): number | null {
  switch (state.at) {
    case "connecting":
      return LINK_TIMES.connectMs;
    case "live":
      return LINK_TIMES.silenceMs;
    case "suspect":
      return LINK_TIMES.answerMs;
    case "waiting":
      return state.delayMs;
    case "idle":
    case "closed":
      return null;
  }
}

/** How long every link waits before it tries again; `attempt` counts from 0. Spread by ± 20 %, so that tabs do not knock together. */
export function reconnectDelayMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(LINK_TIMES.longestDelayMs, LINK_TIMES.firstDelayMs * LINK_TIMES.delayGrowth ** attempt);
  return Math.round(ceiling * (0.8 + 0.4 * random()));
}

function waiting(attempt: number, reason: string, downSince: number, now: number, random: () => number): LinkState {
  return { at: "waiting", attempt, since: now, delayMs: reconnectDelayMs(attempt, random), downSince, reason };
}
