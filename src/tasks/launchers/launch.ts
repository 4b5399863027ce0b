import { spawn } from "node:child_process";
import { InvalidArgumentError, messageOf, TrainyardError } from "../../core/errors.ts";
import { LineTail } from "../links/line-tail.ts";
import type { Launch, Launched, Launcher } from "./launcher.ts";

/** A program that hands over should not take longer. */
const SUBMIT_MS = 60_000;
const OUTPUT_KEPT = 65_536;

export interface LaunchOptions {
  /** How many daemons. Default: as many as the launcher names. */
  readonly n?: number | undefined;
  /** Only say what would be done. Default false. */
  readonly dryRun?: boolean;
}

/**
 * Does what a launcher says. Launches that hand over (schedulers, HTTP) are awaited; programs that stay (SSH, local) are only started.
 * @throws {TrainyardError} `unavailable` when a program cannot be started, or one that hands over fails; those started before it stay.
 */
export async function launchAt(
  place: { readonly url: string; readonly token: string },
  launcher: Launcher,
  options: LaunchOptions = {},
): Promise<readonly Launched[]> {
  const { n = launcher.count, dryRun = false } = options;
  if (!(Number.isSafeInteger(n) && n >= 1)) throw new InvalidArgumentError(`n must be a whole number of at least 1, not ${n}`);
  const launches = await launcher.launches({ url: place.url, token: place.token, n });
  const done: Launched[] = [];
  for (const launch of launches) done.push(dryRun ? record(launcher, launch, false) : await run(launcher, launch));
  return done;
}

function record(launcher: Launcher, launch: Launch, hasRun: boolean, output = "", pid: number | null = null): Launched {
  return { launcher: launcher.name, command: launch.text, hasRun, output, pid };
}

async function run(launcher: Launcher, launch: Launch): Promise<Launched> {
  if (launch.run !== undefined) return record(launcher, launch, true, await launch.run());
  const [program = "", ...words] = launch.argv ?? [];
  const isStaying = launch.mode === "stay";
  const child = spawn(program, words, {
    stdio: ["pipe", isStaying ? "ignore" : "pipe", isStaying ? "ignore" : "pipe"],
    env: { ...process.env, ...launch.env },
    detached: isStaying, // Ctrl-C at a terminal is the host's to decide about
  });
  const output = new LineTail(OUTPUT_KEPT);
  const errors = new LineTail(OUTPUT_KEPT);
  child.stdout?.setEncoding("utf8").on("data", (text: string) => output.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  child.stdin?.on("error", () => {}); // it may end without reading; its status tells
  child.stdin?.end(launch.stdin ?? "");
  await new Promise<void>((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => reject(failure(launcher, program, what, cause));
    child.once("error", (cause) => fail(`could not be started: ${messageOf(cause)}`, cause));
    if (isStaying) {
      child.once("spawn", () => resolve());
      return;
    }
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`did not hand over within ${SUBMIT_MS / 1000} s`);
    }, SUBMIT_MS);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      if (status === 0) resolve();
      else fail(`ended with ${signal ?? `status ${status}`}: ${errors.toString().trim() || "it said nothing"}`);
    });
  });
  if (isStaying) child.unref();
  return record(launcher, launch, true, output.toString(), child.pid ?? null);
}

function failure(launcher: Launcher, program: string, what: string, cause: unknown): TrainyardError {
  return new TrainyardError("unavailable", `launcher "${launcher.name}": ${program} ${what}`, {
    details: { launcher: launcher.name },
    ...(cause === undefined ? {} : { cause }),
  });
}
