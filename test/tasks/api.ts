import { onTestFinished } from "vitest";
import { type DaemonsOptions, daemons, status } from "../../dist/tasks/index.js";
import { isAlive } from "./processes.ts";

let profilesMade = 0;

/** Daemons of a profile of their own, reset after the test; the test fails when a process is left. @returns the profile's name. */
export async function testDaemons(n: number, options: DaemonsOptions = {}): Promise<string> {
  const profile = options.profile ?? `test-${++profilesMade}`;
  await daemons(n, { ...options, profile });
  onTestFinished(async () => {
    const pids = options.thread === true ? [] : status(profile).daemons.map((daemon) => daemon.pid);
    await daemons(0, { profile });
    for (const pid of pids) if (pid !== null && isAlive(pid)) throw new Error(`process ${pid} was left behind`);
  });
  return profile;
}
