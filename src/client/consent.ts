import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";

/** Who may allow that the key of a language model leaves this program. Asked in this order: `setting`, `remembered`, `ask`. */
export interface Consent {
  /** What ALLOW_API_KEY_SHARING says, in any case: `true` allows; `false` only asks the next. */
  readonly setting?: string | undefined;
  /** True when a person once said "always". */
  readonly remembered?: boolean | undefined;
  /** Asks a person: `yes` allows this once, `always` from now on, anything else refuses. Leave it out where nobody can answer. */
  readonly ask?: (() => string | Promise<string>) | undefined;
  /** Called after "always". */
  readonly remember?: (() => void | Promise<void>) | undefined;
}

/**
 * Returns when the key may be shared. Nothing is sent before.
 * @throws {InvalidArgumentError} for a setting that is neither true nor false · {TrainyardError} `refused` without consent.
 */
export async function assertConsent({ setting, remembered = false, ask, remember }: Consent): Promise<void> {
  const said = setting?.trim().toLowerCase() ?? "";
  if (said !== "" && said !== "true" && said !== "false") {
    throw new InvalidArgumentError(`ALLOW_API_KEY_SHARING must be true or false, got "${setting}".`);
  }
  if (said === "true" || remembered) return;
  if (ask === undefined) {
    throw new TrainyardError(
      "refused",
      "The key of the language model would leave this program, and nobody allowed it. Pass shareKey: true, or set ALLOW_API_KEY_SHARING=true.",
    );
  }
  const answer = (await ask()).trim().toLowerCase();
  if (answer === "always") await remember?.();
  else if (answer !== "yes") throw new TrainyardError("refused", "Sharing the key of the language model was declined; nothing was sent.");
}
