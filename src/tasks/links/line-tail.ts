/** Keeps the end of a text stream: the last whole lines of at most `limit` characters (a single longer line: its end). */
export class LineTail {
  readonly #limit: number;
  #chunks: string[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(text: string): void {
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > 4 * this.#limit) this.#trim();
  }

  toString(): string {
    this.#trim();
    return this.#chunks.join("");
  }

  #trim(): void {
    const text = this.#chunks.join("");
    let kept = text.slice(-this.#limit);
    if (kept.length < text.length && text.at(-this.#limit - 1) !== "\n") {
      const firstBreak = kept.indexOf("\n");
      if (firstBreak >= 0 && firstBreak < kept.length - 1) kept = kept.slice(firstBreak + 1);
    }
    this.#chunks = [kept];
    this.#length = kept.length;
  }
}
