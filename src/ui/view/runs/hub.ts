import { signal } from "@preact/signals";
import { type LinkState, type RunFollower, RunStream, RunsApi } from "../../../client/index.ts";
import type { App } from "../../app/app.ts";
import { RunLog } from "../../store/runs-log.ts";

/** A log of more values than this is taken thinned when it is opened: the charts show roll-ups of the rest. Runs side by side share it. */
const WHOLE_VALUES = 500_000;
/** A log that has grown to this is taken anew, thinned, so that a page may stay open for days. */
const HELD_VALUES = 3 * WHOLE_VALUES;
/** A run that is left is followed a little longer: a quick detour costs nothing. */
const LEAVE_MS = 2_000;

interface Open {
  readonly log: RunLog;
  readonly keys: string;
  users: number;
  leaveTimer: ReturnType<typeof setTimeout> | null;
  readonly stop: () => void;
}

/** Connects the runs of the server to the page: requests, one stream for all runs, and the logs of those that are looked at. */
export class RunsHub {
  readonly token: string;
  readonly api: RunsApi;
  readonly stream: RunStream;
  readonly link = signal<LinkState>({ at: "idle" });
  readonly #open = new Map<string, Open>();

  constructor(token: string) {
    this.token = token;
    this.api = new RunsApi({ url: location.origin, token });
    this.stream = new RunStream({
      url: location.origin.replace(/^http/, "ws"),
      token,
      onState: (state) => {
        this.link.value = state;
      },
    });
    const wake = (): void => this.stream.wake();
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") wake();
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) wake();
    });
    addEventListener("online", wake);
    document.addEventListener("resume", wake);
  }

  /**
   * The log of a run, followed until `release`. Everybody who looks at a run shares its log; with other `keys` it is begun anew.
   * @param seriesCount how many series it has, if known: with many of them fewer rows are taken whole.
   * @param together how many runs are looked at side by side.
   */
  openRun(
    run: string,
    seriesCount: number,
    keys: readonly string[] | null,
    together = 1,
  ): { readonly log: RunLog; readonly release: () => void } {
    const name = keys === null ? "" : keys.join("\n");
    let open = this.#open.get(run);
    if (open === undefined || open.keys !== name) {
      this.#close(run);
      const log = new RunLog(run);
      const follower = followerOf(log, seriesCount, keys, together, () => this.stream.refresh(run));
      const stop = this.stream.follow(run, follower);
      open = { log, keys: name, users: 0, leaveTimer: null, stop };
      this.#open.set(run, open);
    }
    const used = open;
    used.users++;
    if (used.leaveTimer !== null) clearTimeout(used.leaveTimer);
    used.leaveTimer = null;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      used.users--;
      if (used.users > 0 || this.#open.get(run) !== used) return;
      used.leaveTimer = setTimeout(() => {
        if (used.users === 0 && this.#open.get(run) === used) this.#close(run);
      }, LEAVE_MS);
    };
    return { log: used.log, release };
  }

  #close(run: string): void {
    const open = this.#open.get(run);
    if (open === undefined) return;
    if (open.leaveTimer !== null) clearTimeout(open.leaveTimer);
    open.stop();
    this.#open.delete(run);
  }
}

function followerOf(log: RunLog, seriesCount: number, keys: readonly string[] | null, together: number, takeAnew: () => void): RunFollower {
  return {
    get seq() {
      return log.seq;
    },
    mayThin: (lastSeq) =>
      lastSeq !== null && (lastSeq - log.seq) * Math.max(1, keys?.length ?? seriesCount, log.series.size) > WHOLE_VALUES / together,
    ...(keys === null ? {} : { keys }),
    onMessage: (message) => {
      log.apply(message);
      if (log.valueCount < HELD_VALUES / together || !log.isComplete) return;
      log.restart();
      takeAnew();
    },
    // A run that is not there is told by the request for it.
    onRefused: () => {},
  };
}

const hubs = new WeakMap<App, RunsHub>();

/** The page's one hub; a new one when the token is another. */
export function hubOf(app: App): RunsHub {
  let hub = hubs.get(app);
  if (hub === undefined || hub.token !== app.token) {
    hub?.stream.close();
    hub = new RunsHub(app.token);
    hubs.set(app, hub);
  }
  return hub;
}
