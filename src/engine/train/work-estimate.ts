import type { Unit } from "./unit.ts";

/**
 * Counts the fits of a job and estimates how long the rest takes: the number of open units of each kind times the mean time of finished
 * ones of that kind (of the other kind while there is none), divided by the daemons that can take them. `fraction` never goes back.
 */
export class WorkEstimate {
  readonly #total: Readonly<Record<Unit["kind"], number>>;
  readonly #done = { cell: 0, fit: 0 };
  readonly #seconds = { cell: 0, fit: 0 };
  readonly #underWay = new Map<Unit, number>();
  #highest = 0;

  constructor(cells: number, fits: number) {
    this.#total = { cell: cells, fit: fits };
  }

  /** How far a running unit is, in [0, 1]. */
  progressed(unit: Unit, share: number): void {
    this.#underWay.set(unit, Math.min(1, Math.max(0, share)));
  }

  finished(unit: Unit, seconds: number): void {
    this.#underWay.delete(unit);
    this.#done[unit.kind]++;
    this.#seconds[unit.kind] += seconds;
  }

  /** Share of all fits that are done, running ones counted by their steps. In [0, 1]. */
  get fraction(): number {
    const partial = [...this.#underWay.values()].reduce((sum, share) => sum + share, 0);
    const fraction = (this.#done.cell + this.#done.fit + partial) / (this.#total.cell + this.#total.fit);
    this.#highest = Math.max(this.#highest, Math.min(1, fraction));
    return this.#highest;
  }

  get done(): number {
    return this.#done.cell + this.#done.fit;
  }

  /** Null until a unit has finished. */
  remainingSeconds(daemons: number): number | null {
    if (this.done === 0) return null;
    const overall = (this.#seconds.cell + this.#seconds.fit) / this.done;
    let work = 0;
    for (const kind of ["cell", "fit"] as const) {
      const mean = this.#done[kind] > 0 ? this.#seconds[kind] / this.#done[kind] : overall;
      const underWay = [...this.#underWay].filter(([unit]) => unit.kind === kind).reduce((sum, [, share]) => sum + share, 0);
      work += (this.#total[kind] - this.#done[kind] - underWay) * mean;
    }
    return Math.max(0, work) / Math.max(1, Math.min(daemons, this.#total.cell + this.#total.fit - this.done));
  }
}
