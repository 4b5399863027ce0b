import type { EncodedFrame } from "../wire/frames.ts";
import type { TaskCode } from "./profile.ts";

/** Something that tasks refer to by key and that a daemon gets once: code, or the constants of a map. */
export interface Supply {
  readonly key: number;
  readonly frame: EncodedFrame;
}

/** Increases over all profiles of the process, so that a key never means two things. */
let suppliesMade = 0;

export function nextSupplyKey(): number {
  return ++suppliesMade;
}

/** Above this many different functions the oldest are sent again when they are used again. */
const CODES_KEPT = 5000;

/** The code that tasks of one profile have used, so that each function travels once per daemon and not once per task. */
export class CodeBook {
  readonly #supplies = new Map<string, Supply>();

  /** `frameOf` encodes the message that tells a daemon what `key` means. */
  supplyOf(code: TaskCode, frameOf: (key: number) => EncodedFrame): Supply {
    const name = "source" in code ? code.source : `${code.export} ${code.module}`;
    const known = this.#supplies.get(name);
    if (known !== undefined) return known;
    const key = nextSupplyKey();
    const made = { key, frame: frameOf(key) };
    if (this.#supplies.size >= CODES_KEPT)
      for (const oldest of [...this.#supplies.keys()].slice(0, CODES_KEPT / 2)) this.#supplies.delete(oldest);
    this.#supplies.set(name, made);
    return made;
  }
}

export function labelOf(code: TaskCode): string {
  return "source" in code ? code.label : code.export;
}
