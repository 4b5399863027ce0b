import { readFileSync } from "node:fs";
import { InvalidArgumentError, messageOf } from "../core/errors.ts";
import { type DialInOptions, daemon } from "../tasks/index.ts";
import { secondsOption, wholeNumber } from "./arguments.ts";

export interface DaemonFlags {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly tlsCa?: string;
  readonly autoExit?: string;
  readonly retry?: string;
  readonly idleTime?: string;
  readonly wallTime?: string;
  readonly maxTasks?: string;
  readonly cleanup?: boolean;
  readonly output?: boolean;
  readonly count?: string;
  readonly heartbeat?: string;
  readonly patience?: string;
  readonly verbosity?: string;
}

/** `trainyard daemon URL`: runs until the host, a limit or a signal ends it. */
export async function daemonCommand(url: string, flags: DaemonFlags): Promise<void> {
  const count = wholeNumber("--count", flags.count, 1, 4096) ?? 1;
  const verbosity = wholeNumber("--verbosity", flags.verbosity, 0, 1) ?? 1;
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => abort.abort());
  const options = daemonOptions(flags, abort.signal);
  const reasons = await Promise.all(Array.from({ length: count }, () => daemon(url, options)));
  if (verbosity > 0) for (const reason of reasons) process.stderr.write(`trainyard daemon: ${SENTENCES[reason]}\n`);
}

const SENTENCES = {
  reset: "the host is done",
  leave: "the host asked it to leave",
  idle: "it had nothing to do for long enough",
  wall: "its time is over",
  tasks: "it has done as many tasks as it was to",
  lost: "the link to the host was lost",
  signal: "it was told to stop",
} as const;

function daemonOptions(flags: DaemonFlags, signal: AbortSignal): DialInOptions {
  const given = {
    token: tokenOf(flags),
    tls: flags.tlsCa === undefined ? undefined : { ca: flags.tlsCa },
    autoExit: flags.autoExit as DialInOptions["autoExit"], // checked by daemon() itself
    retryMs: secondsOption("--retry", flags.retry),
    idleMs: secondsOption("--idle-time", flags.idleTime),
    wallMs: secondsOption("--wall-time", flags.wallTime),
    maxTasks: wholeNumber("--max-tasks", flags.maxTasks, 0, Number.MAX_SAFE_INTEGER),
    heartbeatMs: secondsOption("--heartbeat", flags.heartbeat),
    patienceMs: secondsOption("--patience", flags.patience),
    cleanup: flags.cleanup,
    output: flags.output,
    signal,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function tokenOf({ token, tokenFile }: DaemonFlags): string | undefined {
  if (tokenFile === undefined) return token;
  if (token !== undefined) throw new InvalidArgumentError("Give --token or --token-file, not both.");
  try {
    return readFileSync(tokenFile === "-" ? 0 : tokenFile, "utf8").trim();
  } catch (cause) {
    throw new InvalidArgumentError(`--token-file: "${tokenFile}" cannot be read: ${messageOf(cause)}`, { cause });
  }
}
