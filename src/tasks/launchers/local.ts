import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { daemonWords, type JoinCommandOptions, joinCommand } from "../remote/join-command.ts";
import type { Launcher } from "./launcher.ts";

/** Trainyard's own command line, run by the `node` that runs this. */
const PROGRAM_HERE: readonly string[] = [process.execPath, join(dirname(fileURLToPath(import.meta.url)), "../../cli/main.js")];

/** Daemons on this machine that dial in, as processes that outlive nothing but their link. For mixed profiles, and to try things out. */
export function local(options: JoinCommandOptions = {}): Launcher {
  const complete = { program: PROGRAM_HERE, ...options };
  return {
    name: "local",
    count: 1,
    launches: ({ url, token, n }) => {
      const argv = daemonWords(url, complete);
      const launch = { daemons: 1, text: joinCommand(url, token, complete), argv, env: { TRAINYARD_TOKEN: token }, mode: "stay" } as const;
      return Array.from({ length: n }, () => launch);
    },
  };
}
