import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { SessionEvent } from "../../client/index.ts";
import { reduce } from "./reduce.ts";
import { SeriesBook } from "./series.ts";
import { INITIAL_STATE, type Message, type State } from "./state.ts";

/** Runs `flush` soon; replaceable in tests. */
export type Scheduler = (flush: () => void) => void;

/** Once per frame while the page is seen, four times a second while it is not: the title stays right. */
export const perFrame: Scheduler = (flush) => {
  if (document.visibilityState === "visible") requestAnimationFrame(flush);
  else setTimeout(flush, 250);
};

/**
 * Holds the state, changes it only through `reduce`, and shows it as a signal. Events wait for the next frame and are reduced
 * together; any other message flushes them first, so the order of arrival is kept.
 */
export class Store {
  readonly #state: Signal<State> = signal(INITIAL_STATE);
  readonly #curvesVersion: Signal<number> = signal(0);
  readonly series: SeriesBook;
  readonly #schedule: Scheduler;
  #waiting: SessionEvent[] = [];
  #scheduled = false;

  constructor(schedule: Scheduler = perFrame) {
    this.#schedule = schedule;
    this.series = new SeriesBook(() => {
      this.#curvesVersion.value++;
    });
  }

  get state(): ReadonlySignal<State> {
    return this.#state;
  }

  /** Changes whenever a job has other curves than before; their points announce themselves. */
  get curvesVersion(): ReadonlySignal<number> {
    return this.#curvesVersion;
  }

  dispatch(message: Message): void {
    this.flush();
    this.#apply(message);
  }

  event(event: SessionEvent): void {
    this.#waiting.push(event);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    this.#apply({ type: "events", events });
  }

  #apply(message: Message): void {
    // Curves first: whoever is told of a new state finds its points already there.
    this.series.apply(message);
    this.#state.value = reduce(this.#state.peek(), message);
  }
}
