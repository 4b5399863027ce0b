import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(root, "docs/tasks.md"), "utf8");
const blocks = [...text.matchAll(/^## (.*)$|^```js(?: (\S+))?\n([\s\S]*?)^```$/gm)];
const programs: { heading: string; code: string }[] = [];
const files: { name: string; code: string }[] = [];
let heading = "";
for (const [, title, name, code] of blocks) {
  if (title !== undefined) heading = title;
  else if (name !== undefined) files.push({ name, code: code! });
  else programs.push({ heading, code: code! });
}

/** The last comment lines of a program: what it prints. */
function printed(code: string): string {
  const lines = code.trimEnd().split("\n");
  const first = lines.findLastIndex((line) => !line.startsWith("// ")) + 1;
  return lines
    .slice(first)
    .map((line) => line.slice(3))
    .join("\n");
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trainyard-docs-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/trainyard"));
  for (const { name, code } of files) writeFileSync(join(folder, name), code);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("docs/tasks.md", () => {
  test("has programs", () => {
    expect(programs.length).toBeGreaterThan(12);
    expect(programs.every(({ code }) => printed(code) !== "")).toBe(true);
  });

  test.each(programs.map(({ heading, code }, i) => [`${i + 1}. ${heading}`, code]))("%s prints what it says", async (name, code) => {
    const file = join(folder, `${Number.parseInt(name!, 10)}.mjs`);
    writeFileSync(file, code!);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    expect(stdout.trimEnd()).toBe(printed(code!));
  });
});
