/**
 * Decides when charts redraw, so that drawing never takes the page: each waits at least 100 ms and four times the cost of its
 * last draw, and all together stay under a quarter of the main thread. Charts out of view are not drawn until they are seen.
 */

export interface Drawable {
  /** Draws now. */
  readonly draw: () => void;
  readonly isVisible: () => boolean;
}

interface Entry {
  readonly drawable: Drawable;
  dirty: boolean;
  lastAt: number;
  cost: number;
}

const LEAST_MS = 100;
const COST_FACTOR = 4;
const SHARE = 0.25;
const HIDDEN_MS = 1000;

export interface GovernorHost {
  readonly now: () => number;
  /** Calls back once, at the next frame after `delayMs`. */
  readonly later: (callback: () => void, delayMs: number) => void;
  readonly isHidden: () => boolean;
}

/** How long a chart waits between draws, in ms: its own cost, the cost of all, and whether the tab is hidden. Pure. */
export function drawInterval(cost: number, totalCost: number, hidden: boolean): number {
  const own = Math.max(LEAST_MS, COST_FACTOR * cost, totalCost / SHARE);
  return hidden ? Math.max(HIDDEN_MS, own) : own;
}

export class Governor {
  readonly #host: GovernorHost;
  readonly #entries = new Map<Drawable, Entry>();
  /** Time of the nearest run that is already asked for. */
  #nextAt = Infinity;

  constructor(host: GovernorHost) {
    this.#host = host;
  }

  /** Puts a chart under the governor; the returned function takes it out. */
  add(drawable: Drawable): () => void {
    this.#entries.set(drawable, { drawable, dirty: true, lastAt: -Infinity, cost: 0 });
    this.#schedule(0);
    return () => this.#entries.delete(drawable);
  }

  /** Says that a chart has something new. Cheap; call it as often as data comes. */
  request(drawable: Drawable): void {
    const entry = this.#entries.get(drawable);
    if (entry === undefined) return;
    entry.dirty = true;
    this.#schedule(Math.max(0, this.#dueAt(entry) - this.#host.now()));
  }

  /** Redraws soon whatever the interval: after zoom, resize, a new theme. */
  urge(drawable: Drawable): void {
    const entry = this.#entries.get(drawable);
    if (entry === undefined) return;
    entry.dirty = true;
    entry.lastAt = -Infinity;
    this.#schedule(0);
  }

  #dueAt(entry: Entry): number {
    let total = 0;
    for (const other of this.#entries.values()) if (other.drawable.isVisible()) total += other.cost;
    return entry.lastAt + drawInterval(entry.cost, total, this.#host.isHidden());
  }

  #schedule(delayMs: number): void {
    const at = this.#host.now() + delayMs;
    if (at >= this.#nextAt - 1) return;
    this.#nextAt = at;
    this.#host.later(() => {
      if (this.#nextAt !== at) return; // an earlier run was asked for meanwhile and has looked after everything
      this.#nextAt = Infinity;
      this.#run();
    }, delayMs);
  }

  #run(): void {
    let soonest = Infinity;
    for (const entry of this.#entries.values()) {
      if (!entry.dirty || !entry.drawable.isVisible()) continue;
      const due = this.#dueAt(entry);
      const now = this.#host.now();
      if (due > now + 1) {
        soonest = Math.min(soonest, due - now);
        continue;
      }
      entry.dirty = false;
      entry.drawable.draw();
      entry.lastAt = this.#host.now();
      entry.cost = entry.lastAt - now;
    }
    if (soonest !== Infinity) this.#schedule(soonest);
  }
}

/** Time and frames of the browser. */
export function browserHost(): GovernorHost {
  return {
    now: () => performance.now(),
    isHidden: () => document.hidden,
    later: (callback, delayMs) => {
      const frame = () => (document.hidden ? setTimeout(callback, 0) : requestAnimationFrame(callback));
      if (delayMs <= 0) frame();
      else setTimeout(frame, delayMs);
    },
  };
}
