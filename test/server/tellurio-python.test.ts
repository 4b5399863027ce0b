import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { KEY, scriptedModel, tellurioRig } from "./tellurio-rig.ts";

const MISSING = "python3-websockets is missing: apt-get install python3-websockets";

/** A Python that has websockets; on Debian as root the package is installed. Null where there is none. */
function python(): string | null {
  const has = (command: string): boolean => {
    try {
      execFileSync(command, ["-c", "import websockets"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  const commands = ["/usr/bin/python3", "python3"];
  const found = commands.find(has);
  if (found !== undefined || !existsSync("/etc/debian_version") || process.getuid?.() !== 0) return found ?? null;
  try {
    // The lists of a new machine are empty or old.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    execFileSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
    execFileSync("apt-get", ["install", "-y", "-qq", "python3-websockets"], { stdio: "ignore", env });
  } catch {
    return null; // no network, or another installation under way
  }
  return commands.find(has) ?? null;
}

test("T-3, T-4, T-8, T-9: a Python client gets its welcome, a call, a function and a heartbeat, 200 times", async (context) => {
  const command = python();
  if (command === null) {
    expect(process.env.CI, MISSING).not.toBe("true");
    console.warn(MISSING);
    context.skip(MISSING);
    return;
  }
  const { url } = await tellurioRig({ heartbeatFirstMs: 10, heartbeatEveryMs: 10 });
  const model = await scriptedModel(() => new Promise((resolve) => setTimeout(() => resolve("slow answer"), 35)));
  const script = fileURLToPath(new URL("tellurio-python.py", import.meta.url));
  const { stdout } = await promisify(execFile)(command, [script, url, KEY, model.baseUrl, "200"]);
  expect(JSON.parse(stdout)).toMatchObject({ rounds: 200 });
});
