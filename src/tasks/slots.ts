/**
 * How many daemons a profile should have: at most `most`, at least `floor` even with nothing to do. A task that waits for tasks of its own lends its slot,
 * so that waiting never blocks the profile.
 */
export class Slots {
  /** What was asked for. */
  wanted: number;
  floor: number;
  #lent = 0;
  #waiting = 0;

  constructor(daemons: number, isLazy: boolean) {
    this.wanted = daemons;
    this.floor = isLazy ? 0 : daemons;
  }

  /** With the slots on loan. */
  get most(): number {
    return this.wanted + this.#lent;
  }

  /** A task began, or no longer has, to wait for others. The loan stays until nothing is left to do: daemons are not ended and started in between. */
  setWaiting(isWaiting: boolean): void {
    this.#waiting += isWaiting ? 1 : -1;
    this.#lent = Math.max(this.#lent, this.#waiting);
  }

  /** Nothing is left to do. */
  rest(): void {
    this.#lent = this.#waiting;
  }

  /** Of those asked for, so many are needed from now on. */
  need(count: number): void {
    this.floor = Math.max(this.floor, Math.min(this.wanted, count));
  }

  resize(daemons: number): void {
    if (this.floor > 0) this.floor = daemons;
    this.wanted = daemons;
  }

  /** So many more, at once, than the `alive` ones. */
  launch(count: number, alive: number): void {
    this.wanted += count;
    this.floor = Math.min(this.wanted, Math.max(this.floor, alive) + count);
  }

  /** One is not replaced. */
  loseOne(): void {
    this.wanted = Math.max(0, this.wanted - 1);
    this.floor = Math.min(this.floor, this.wanted);
  }

  close(): void {
    this.wanted = 0;
    this.floor = 0;
  }
}
