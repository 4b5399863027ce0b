import { TrainyardError, type TrainyardErrorOptions } from "../core/errors.ts";

/** Thrown when received bytes cannot be what the peer should have sent. The link they came over is of no more use. */
export class BadFrameError extends TrainyardError {
  override readonly name = "BadFrameError";
  constructor(message: string, options: TrainyardErrorOptions = {}) {
    super("bad_frame", message, options);
  }
}
