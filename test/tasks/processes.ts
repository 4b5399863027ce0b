import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { type ComputeProfile, openProfile, type ProfileOptions, type TaskReference } from "../../dist/tasks/index.js";

const MODULE = new URL("./jobs.mjs", import.meta.url).href;

/** A function of jobs.mjs as a task. */
export function job(name: string): TaskReference {
  return { module: MODULE, export: name };
}

/** A profile that is closed when the test ends; the test fails when one of its processes is left. */
export function openTestProfile(options: Partial<ProfileOptions> = {}): ComputeProfile {
  const profile = openProfile({ daemons: 1, ...options });
  onTestFinished(async () => {
    const pids = profile.status().daemons.map((daemon) => daemon.pid);
    await profile.close();
    for (const pid of pids) if (pid !== null && isAlive(pid)) throw new Error(`process ${pid} was left behind`);
  });
  return profile;
}

/** False for a zombie too: it runs no more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** Waits for a fact about the system that nobody announces. */
export async function until(what: string, isTrue: () => boolean, limitMs = 60_000): Promise<number> {
  const start = performance.now();
  while (!isTrue()) {
    if (performance.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - start;
}

export function firstDaemon(profile: ComputeProfile): { readonly pid: number; readonly state: string } {
  const daemon = profile.status().daemons[0];
  if (daemon === undefined || daemon.pid === null) throw new Error("no daemon has started");
  return { pid: daemon.pid, state: daemon.state };
}

/** Resolves with the first note of a task. */
export function firstNote(): { readonly onNote: (note: unknown) => void; readonly noted: Promise<unknown> } {
  let onNote: (note: unknown) => void = () => {};
  const noted = new Promise((resolve) => {
    onNote = resolve;
  });
  return { onNote, noted };
}
