import { InvalidArgumentError } from "../../core/errors.ts";
import { type JoinCommandOptions, joinCommand } from "../remote/join-command.ts";
import type { Launch, Launcher } from "./launcher.ts";
import { shellLine } from "./shell.ts";

export interface ClusterJobOptions extends JoinCommandOptions {
  /** The job script before the daemon's command: the scheduler's own lines (`#SBATCH --mem=4G`), and any shell lines, such as `module load node`. */
  readonly script?: string | readonly string[];
  /** The program that takes the job. Default: the scheduler's own. */
  readonly command?: string;
  /** Words for it. */
  readonly commandArguments?: readonly string[];
}

/** What one scheduler does in its own way. */
export interface Scheduler {
  readonly name: string;
  readonly command: string;
  /** Begins each of its lines in a script. */
  readonly prefix: string;
  /** The line that makes one job as many as there are daemons. */
  readonly arrayLine: (n: number) => string;
}

const END = "TRAINYARD_JOB";

/** A job script on the program's standard input, one job for all daemons. The token is in the script, not in the list of processes. */
export function clusterLauncher(scheduler: Scheduler, options: ClusterJobOptions): Launcher {
  const lines = toLines(options.script ?? []);
  return {
    name: scheduler.name,
    count: 1,
    launches: ({ url, token, n }): readonly Launch[] => {
      const body = joinCommand(url, token, options);
      const stdin = `${["#!/bin/sh", ...directivesFirst(lines, n === 1 ? [] : [scheduler.arrayLine(n)], scheduler.prefix), body].join("\n")}\n`;
      const argv = [options.command ?? scheduler.command, ...(options.commandArguments ?? [])];
      return [{ daemons: n, text: `${shellLine(argv)} <<'${END}'\n${stdin}${END}`, argv, stdin, mode: "submit" }];
    },
  };
}

/** Schedulers read their lines only before the first command. */
function directivesFirst(lines: readonly string[], own: readonly string[], prefix: string): readonly string[] {
  const isDirective = (line: string): boolean => line.startsWith(prefix);
  return [...lines.filter(isDirective), ...own, ...lines.filter((line) => !isDirective(line))];
}

function toLines(script: string | readonly string[]): readonly string[] {
  const lines = (typeof script === "string" ? script.split("\n") : [...script]).map((line) => line.trim()).filter((line) => line !== "");
  if (lines.some((line) => line === END || line.includes("\n")))
    throw new InvalidArgumentError(`a line of script may neither be "${END}" nor hold a line break`);
  return lines.filter((line) => !line.startsWith("#!"));
}
