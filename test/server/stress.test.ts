import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const programs = readdirSync(`${ROOT}/stress`).filter((name) => name.endsWith(".mjs") && !name.startsWith("_"));

/** Runs a stress program in its short version. */
function smoke(program: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [`stress/${program}`, "--seed", "7", "--smoke"], { cwd: ROOT }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });
}

test("there is a program for load, a stalled reader, malformed frames and kill -9", () => {
  expect(programs.sort()).toEqual(expect.arrayContaining(["kills.mjs", "malformed.mjs", "pings.mjs", "stalled.mjs"]));
});

test.each(programs)("the short version of stress/%s keeps its limits and prints one line of figures", async (program) => {
  const { status, output } = await smoke(program);
  expect(status, output).toBe(0);
  expect(output).toMatch(new RegExp(`^${program.replace(".mjs", "")}: .*\\d`, "m"));
});
