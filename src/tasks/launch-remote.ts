import { remoteProfileOf } from "./daemons.ts";
import { launchAt } from "./launchers/launch.ts";
import type { Launched, Launcher } from "./launchers/launcher.ts";
import { entryOf } from "./registry.ts";

export interface LaunchRemoteOptions {
  readonly profile?: string;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
}

/**
 * Starts daemons for a profile that listens. Does not wait until they have joined.
 *
 * @param n how many; null: as many as the launcher names.
 * @returns what was done, with each command as a line for a shell: paste it, where nothing is to be run from here (`dryRun`).
 * @throws {TrainyardError} `not_found` without daemons, `refused` for a profile without a URL, `unavailable` when a launch fails.
 */
export async function launchRemote(n: number | null, launcher: Launcher, options: LaunchRemoteOptions = {}): Promise<readonly Launched[]> {
  const { remote } = remoteProfileOf(entryOf(options.profile));
  await remote.listening;
  return launchAt(remote, launcher, { n: n ?? undefined, dryRun: options.dryRun === true });
}
