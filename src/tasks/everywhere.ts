import { InvalidArgumentError } from "../core/errors.ts";
import { assertTimeouts, Mirai } from "./mirai.ts";
import type { TaskLike } from "./mirai-context.ts";
import { MiraiMap } from "./mirai-map.ts";
import { entryOf } from "./registry.ts";
import { checkedCode, follow, type MiraiOptions } from "./submit.ts";
import { labelOf } from "./supply.ts";

export interface EverywhereOptions extends Pick<MiraiOptions, "profile" | "globals" | "timeoutMs" | "runTimeoutMs"> {
  /** Nothing that is submitted later begins until so many daemons have been given it. Default: as many as the profile has. */
  readonly least?: number;
}

/**
 * Runs `task` once on every daemon, and on every daemon that joins later before it does anything else. What it leaves stays when cleaning up:
 * globals (also those in `globals`, which shipped functions may then use by name), environment variables, the working directory. Tasks submitted
 * later never run on a daemon before it.
 *
 * @returns one handle for each daemon there is or should be. Random streams of later tasks are as if it had not been called.
 * @throws {TrainyardError} `not_found` without daemons; {InvalidArgumentError} as `mirai`.
 */
export function everywhere<Args, Result>(task: TaskLike<Args, Result>, args?: Args, options: EverywhereOptions = {}): MiraiMap<Result> {
  const entry = entryOf(options.profile);
  const { globals, least = 1 } = options;
  if (!(Number.isSafeInteger(least) && least >= 1))
    throw new InvalidArgumentError(`least must be a whole number of at least 1, not ${least}`);
  assertTimeouts(options);
  const code = checkedCode(task, entry, globals);
  const label = labelOf(code);
  const works = entry.profile.setUp(code, args, least, globals === undefined ? {} : { extras: { globals } });
  for (const name of Object.keys(globals ?? {})) entry.knownGlobals.add(name);
  const map = new MiraiMap<Result>(null, () => {
    throw new InvalidArgumentError("what ran everywhere cannot be run again for one daemon; call everywhere again");
  });
  for (const work of works) {
    const handle = new Mirai<Result>(label, entry.name, options);
    follow(handle, work);
    map.add(handle);
  }
  map.close();
  return map;
}
