import type { Progress } from "./mirai-context.ts";
import type { NoteKind } from "./profile.ts";

/** What a running task tells its handle. */
export type Note =
  | { readonly kind: "note"; readonly value: unknown }
  | ({ readonly kind: "progress" } & Progress)
  | { readonly kind: "log"; readonly message: string };

export function toNote(value: unknown, kind: NoteKind): Note {
  if (kind === "progress") return { kind, ...(value as Progress) };
  if (kind === "log") return { kind, message: String(value) };
  return { kind, value };
}

/** So many are kept while nobody reads; then the oldest go. */
const NOTES_KEPT = 1000;

/** The notes of one task: kept from the start, so that a reader who comes later misses nothing but what is too old. Each reader gets all of them. */
export class NoteLog {
  #notes: Note[] = [];
  #dropped = 0;
  #hasEnded = false;
  #wake: (() => void)[] = [];

  push(note: Note): void {
    if (this.#hasEnded) return;
    this.#notes.push(note);
    if (this.#notes.length > 2 * NOTES_KEPT) {
      this.#dropped += this.#notes.length - NOTES_KEPT;
      this.#notes = this.#notes.slice(-NOTES_KEPT);
    }
    this.#wakeAll();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wakeAll();
  }

  async *read(): AsyncIterableIterator<Note> {
    let at = 0;
    for (;;) {
      at = Math.max(at, this.#dropped);
      const note = this.#notes[at - this.#dropped];
      if (note !== undefined) {
        at++;
        yield note;
      } else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
