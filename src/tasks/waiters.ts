/** Promises that all resolve when something happens. */
export class Waiters {
  #resolvers: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#resolvers.length === 0;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }

  release(): void {
    for (const resolve of this.#resolvers.splice(0)) resolve();
  }
}
