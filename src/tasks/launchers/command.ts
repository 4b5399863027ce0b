import { InvalidArgumentError } from "../../core/errors.ts";
import { daemonWords, type JoinCommandOptions, joinCommand } from "../remote/join-command.ts";
import type { LaunchContext, Launcher } from "./launcher.ts";
import { shellLine } from "./shell.ts";

export interface CommandOptions extends JoinCommandOptions {
  readonly command: string;
  /** Words for the command; the word "." stands for the daemon's command. A list of lists is one launch each. Default ["."]. */
  readonly args?: readonly string[] | readonly (readonly string[])[];
  /** The daemon's command as one word, a line for a shell (as `ssh` and `sbatch --wrap` want it), or as words of their own (`srun`). Default true. */
  readonly quote?: boolean;
  /** Whether the command lives as long as the daemon, or hands over and ends. Default "stay". */
  readonly mode?: "stay" | "submit";
}

const PLACE = ".";

/** Any command that can start another one: `srun`, `docker run`, `kubectl exec`, `nice`. */
export function command(options: CommandOptions): Launcher {
  const { args = [PLACE], quote = true, mode = "stay" } = options;
  if (typeof options.command !== "string" || options.command === "")
    throw new InvalidArgumentError("launchers.command needs a command to run");
  const lists = isListOfLists(args) ? args : [args as readonly string[]];
  for (const list of lists) {
    if (list.includes(PLACE)) continue;
    throw new InvalidArgumentError(`args must have a "." where the daemon's command goes, in ${JSON.stringify(list)}`, {
      details: { args: list },
    });
  }
  return {
    name: "command",
    count: lists.length,
    launches: (context) => {
      const { n } = context;
      if (lists.length > 1 && n !== 1 && n !== lists.length) {
        throw new InvalidArgumentError(`there are ${lists.length} lists of args: n must be 1 or ${lists.length}, not ${n}`);
      }
      // As the rule of this family has it: with several lists, each is one launch.
      const chosen = lists.length > 1 ? lists : Array.from({ length: n }, () => lists[0]!);
      const words = quote
        ? [joinCommand(context.url, context.token, options)]
        : [...environment(context), ...daemonWords(context.url, options)];
      return chosen.map((list) => {
        const argv = [options.command, ...list.flatMap((word) => (word === PLACE ? words : [word]))];
        return { daemons: 1, text: shellLine(argv), argv, mode };
      });
    },
  };
}

/** Where no shell reads the words, `env` sets the token. */
function environment({ token }: LaunchContext): readonly string[] {
  return ["env", `TRAINYARD_TOKEN=${token}`];
}

function isListOfLists(args: CommandOptions["args"]): args is readonly (readonly string[])[] {
  return Array.isArray(args) && args.length > 0 && args.every((each) => Array.isArray(each));
}
