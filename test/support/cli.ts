import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MAIN = join(ROOT, "dist/cli/main.js");

/** Runs the built command line to its end. */
export function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: options.cwd ?? ROOT, env: { ...process.env, ...options.env }, maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** With `#token=…`, as printed. */
  readonly address: string;
  readonly token: string;
  readonly dataDir: string;
  /** Ends it with a signal and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts the built server on a free port, as a person would, and waits until it has printed its address. */
export async function startServer(options: {
  dataDir: string;
  args?: readonly string[];
  env?: Record<string, string>;
}): Promise<ServerProcess> {
  const child = spawn(process.execPath, [MAIN, "serve", "--port", "0", "--data-dir", options.dataDir, ...(options.args ?? [])], {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let printed = "";
  const address = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const found = /https?:\/\/\S+#token=\S+/.exec(printed);
      if (found !== null) resolve(found[0]);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`the server ended with status ${code}:\n${printed}`)));
  });
  return {
    child,
    address,
    token: address.slice(address.indexOf("#token=") + 7),
    dataDir: options.dataDir,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      await exited;
    },
  };
}

/** A folder that is gone after the test. */
export function scratchFolder(onCleanUp: (clean: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-test-"));
  onCleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
