import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { RunStore } from "./run-store.ts";

export interface Layout {
  readonly name: string;
  readonly body: unknown;
  /** Epoch ms. */
  readonly updatedAt: number;
}

const NAME_MAX = 100;
const BYTES_MAX = 256 * 1024;
const LAYOUTS_MAX = 1000;

/** What pages keep of how they show runs, by name, for everybody who uses this data folder. The last one who writes wins. */
export class Layouts {
  readonly #store: RunStore;
  readonly #now: () => number;

  constructor(store: RunStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Without their bodies, by name. */
  list(): Omit<Layout, "body">[] {
    return this.#store
      .sql("SELECT name, updated_at FROM layouts ORDER BY name")
      .all()
      .map((row) => ({ name: row.name as string, updatedAt: row.updated_at as number }));
  }

  /** @throws {TrainyardError} `not_found` */
  get(name: string): Layout {
    const row = this.#store.sql("SELECT name, body, updated_at FROM layouts WHERE name = ?").get(name);
    if (row === undefined) throw new TrainyardError("not_found", `There is no layout named ${JSON.stringify(name)}.`);
    return { name, body: JSON.parse(row.body as string), updatedAt: row.updated_at as number };
  }

  /** @throws {InvalidArgumentError} for a name that is empty or long; {TrainyardError} `too_large`. */
  put(name: string, body: Readonly<Record<string, unknown>>): Layout {
    if (name === "" || name.length > NAME_MAX)
      throw new InvalidArgumentError(`The name of a layout must have 1 to ${NAME_MAX} characters.`);
    const text = JSON.stringify(body);
    if (Buffer.byteLength(text) > BYTES_MAX) throw new TrainyardError("too_large", `A layout may have ${BYTES_MAX} bytes of JSON.`);
    const others = this.#store.sql("SELECT COUNT(*) AS n FROM layouts WHERE name <> ?").get(name)?.n as number;
    if (others >= LAYOUTS_MAX) throw new TrainyardError("too_large", `There are ${LAYOUTS_MAX} layouts. Remove one first.`);
    const updatedAt = this.#now();
    this.#store.sql("INSERT OR REPLACE INTO layouts (name, body, updated_at) VALUES (?, ?, ?)").run(name, text, updatedAt);
    return { name, body, updatedAt };
  }

  /** Removing one that is not there is fine. */
  remove(name: string): void {
    this.#store.sql("DELETE FROM layouts WHERE name = ?").run(name);
  }
}
