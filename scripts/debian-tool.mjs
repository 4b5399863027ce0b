// Finds a program of the system that tests run; on Debian, as root, installs its package.
import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const ATTEMPTS = 10;
const PAUSE_MS = 3000;
/** Where daemons of the system lie, which is not on everybody's path. */
const ELSEWHERE = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** Path of a program, or null. */
export function findTool(name, env = process.env) {
  const folders = [...(env.PATH ?? "").split(delimiter).filter(isAbsolute), ...ELSEWHERE];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** As `findTool`, but installs Debian's package where that is possible. Null, with the reason printed, where it is not. */
export function ensureTool(name, debianPackage) {
  const found = findTool(name);
  if (found !== null) return found;
  if (isDebian() && process.getuid?.() === 0) {
    console.log(`A test needs ${name}; installing Debian's package ${debianPackage}.`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    // Another test, or the system itself, may be installing something at this moment.
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        execFileSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
        execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage], { stdio: "ignore", env });
      } catch (error) {
        if (attempt === ATTEMPTS) console.error(`Installing ${debianPackage} failed: ${error.message}`);
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      }
      const installed = findTool(name);
      if (installed !== null) return installed;
    }
  }
  const how = isDebian() ? `Run: sudo apt-get update && sudo apt-get install -y ${debianPackage}` : `Install ${name}`;
  console.error(`A test needs ${name}, and it was not found. ${how}.`);
  return null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isDebian() {
  try {
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
