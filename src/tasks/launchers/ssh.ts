import { InvalidArgumentError } from "../../core/errors.ts";
import { type JoinCommandOptions, joinCommand } from "../remote/join-command.ts";
import { isLocal, parseUrl } from "../remote/url.ts";
import type { Launch, LaunchContext, Launcher } from "./launcher.ts";
import { shellLine } from "./shell.ts";

export interface SshOptions extends JoinCommandOptions {
  /** `ssh://user@host:port`, or whatever the system's `ssh` takes as a host. One daemon each. */
  readonly hosts: readonly string[];
  /** The daemon dials a port of its own machine, which leads back through the SSH link: the profile listens at 127.0.0.1 and needs no TLS. Default false. */
  readonly tunnel?: boolean;
  /** The port over there. Default: the profile's own. Give one when several of the daemons are on one machine. */
  readonly tunnelPort?: number;
  /** For the connection. Default 10. */
  readonly timeoutSeconds?: number;
  /** Default `ssh`. */
  readonly command?: string;
  /** Further options of `ssh`, such as `["-i", "key"]`. */
  readonly sshArguments?: readonly string[];
}

interface Host {
  /** With the user, as `ssh` takes it. */
  readonly name: string;
  readonly port: number | null;
}

/** Daemons on other machines, by the system's `ssh` with its own configuration, keys and agent. It never asks for a password. */
export function ssh(options: SshOptions): Launcher {
  if (!Array.isArray(options.hosts) || options.hosts.length === 0)
    throw new InvalidArgumentError("launchers.ssh needs hosts: the machines to start a daemon on");
  const hosts = options.hosts.map(toHost);
  return {
    name: "ssh",
    count: hosts.length,
    launches: (context) => {
      const { n } = context;
      if (n !== hosts.length && n !== 1)
        throw new InvalidArgumentError(`there are ${hosts.length} hosts: n must be 1 or ${hosts.length}, not ${n}`);
      return hosts.slice(0, n).map((host) => launchOn(host, context, options));
    },
  };
}

function launchOn(host: Host, { url, token }: LaunchContext, options: SshOptions): Launch {
  const { tunnel = false, timeoutSeconds = 10, command = "ssh", sshArguments = [] } = options;
  const { daemonUrl, forward } = tunnel ? tunnelled(url, options.tunnelPort) : { daemonUrl: url, forward: [] };
  const argv = [
    command,
    ...(host.port === null ? [] : ["-p", String(host.port)]),
    "-o",
    `ConnectTimeout=${timeoutSeconds}`,
    "-o",
    "BatchMode=yes",
    ...forward,
    ...sshArguments,
    host.name,
    joinCommand(daemonUrl, token, options),
  ];
  return { daemons: 1, text: shellLine(argv), argv, mode: "stay" };
}

/** @throws {InvalidArgumentError} for a URL that a tunnel cannot lead to. */
function tunnelled(url: string, tunnelPort: number | undefined): { readonly daemonUrl: string; readonly forward: readonly string[] } {
  const parsed = parseUrl(url);
  if (parsed.scheme === "ipc" || !isLocal(parsed) || parsed.host === "localhost") {
    throw new InvalidArgumentError(
      `a tunnel leads to 127.0.0.1, but the profile listens at ${url}: set it with url: localUrl({ tcp: true })`,
    );
  }
  const there = tunnelPort ?? parsed.port;
  if (!(Number.isSafeInteger(there) && there >= 1 && there <= 65_535))
    throw new InvalidArgumentError(`tunnelPort must be from 1 to 65535, not ${there}`);
  const here = parsed.host.includes(":") ? `[${parsed.host}]:${parsed.port}` : `${parsed.host}:${parsed.port}`;
  const daemonUrl = url.replace(/:\d+(?=\/|$)/, `:${there}`);
  return { daemonUrl, forward: ["-o", "ExitOnForwardFailure=yes", "-R", `127.0.0.1:${there}:${here}`] };
}

/** @throws {InvalidArgumentError} for what `ssh` could take as an option of its own, or as nothing. */
function toHost(text: string): Host {
  const [, name = "", port] = /^(?:ssh:\/\/)?([^/:]+|[^/]*\[[^\]]+\])(?::(\d+))?\/?$/.exec(String(text)) ?? [];
  const number = port === undefined ? null : Number(port);
  if (name === "" || name.startsWith("-") || (number !== null && !(number >= 1 && number <= 65_535))) {
    throw new InvalidArgumentError(`"${text}" is no host for ssh: write host, user@host or ssh://user@host:port`);
  }
  return { name: name.replace(/[[\]]/g, ""), port: number };
}
