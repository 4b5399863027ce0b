import { shellLine, shellWord } from "../launchers/shell.ts";

/** How to start Trainyard's command line where a daemon is to run. */
export const PROGRAM: readonly string[] = ["npx", "trainyard"];

export interface JoinCommandOptions {
  /** Words that start Trainyard there. Default `npx trainyard`. */
  readonly program?: readonly string[];
  /** Further words for `trainyard daemon`, such as `--max-tasks 10`. */
  readonly daemonArguments?: readonly string[];
}

/** The command as words, without the token, which belongs into the environment: the list of processes is for everybody to read. */
export function daemonWords(url: string, { program = PROGRAM, daemonArguments = [] }: JoinCommandOptions = {}): readonly string[] {
  return [...program, "daemon", url, ...daemonArguments];
}

/** One line for a POSIX shell that starts a daemon and lets it join. It holds the token: treat it as a password. */
export function joinCommand(url: string, token: string, options: JoinCommandOptions = {}): string {
  return `TRAINYARD_TOKEN=${shellWord(token)} ${shellLine(daemonWords(url, options))}`;
}
