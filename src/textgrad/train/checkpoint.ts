import { BadInputError } from "../../core/errors.ts";
import type { StateDict } from "../modules/module.ts";
import type { OptimizerState } from "../optimize/optimizer.ts";

/** Everything that training needs to go on. Plain JSON: reading one runs no code. */
export interface Checkpoint {
  readonly format: "trainyard.textgrad.checkpoint";
  readonly version: 1;
  /** Epochs that are complete. */
  readonly epoch: number;
  readonly module: StateDict;
  readonly optimizer: OptimizerState;
  readonly best: { readonly epoch: number; readonly value: number; readonly module: StateDict } | null;
  readonly costUsd: number;
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return `${JSON.stringify(checkpoint, null, 2)}\n`;
}

/** @throws {BadInputError} when the text is no checkpoint of this version. What is inside is checked where it is loaded. */
export function decodeCheckpoint(text: string): Checkpoint {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new BadInputError("The checkpoint is not JSON; it may have been cut off while it was written.", { cause });
  }
  const { format, version, epoch, module, optimizer } = (parsed ?? {}) as Partial<Checkpoint>;
  if (format !== "trainyard.textgrad.checkpoint") throw new BadInputError("This JSON is no checkpoint of prompt training.");
  if (version !== 1) throw new BadInputError(`Checkpoint version ${String(version)} is not known here; expected 1.`);
  if (!Number.isInteger(epoch) || typeof module !== "object" || typeof optimizer !== "object") {
    throw new BadInputError("The checkpoint lacks its epoch, module or optimizer.");
  }
  return parsed as Checkpoint;
}
