import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ALGORITHMS } from "../../src/engine/algorithms/registry.ts";
import { CLUSTERINGS } from "../../src/engine/clusterings/registry.ts";
import { DECOMPOSITIONS } from "../../src/engine/decompositions/registry.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(new URL("../../docs/engine.md", import.meta.url), "utf8");
const sectionOf = (title: string): string => guide.split("\n## ").find((section) => section.startsWith(`${title}\n`)) ?? "";

/** Status and text of the command that prints the table of agreement. */
function agreement(...names: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/engine-agreement.mjs", ...names], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
}

describe("docs/engine.md", () => {
  for (const { name } of [...ALGORITHMS, ...DECOMPOSITIONS, ...CLUSTERINGS]) {
    test(`has a line for ${name} in both tables`, () => {
      expect(sectionOf("Agreement")).toContain(`\n| ${name} |`);
      expect(sectionOf("Speed")).toContain(`\n| ${name} |`);
    });
  }
});

describe("the command that prints the table of agreement", () => {
  test("compares with the fixture and says what agrees", () => {
    const { status, text } = agreement("NNLS", "SuperLearner");
    expect(status, text).toBe(0);
    expect(text).toMatch(/\nNNLS\n/);
    expect(text).toMatch(/coefficients +R: nnls +12 +\S+ +1\.0e-6 +agrees/);
    expect(text).not.toContain("DIFFERS");
  });

  test("names what there is when it does not know a name", () => {
    const { status, text } = agreement("Forest");
    expect(status).toBe(2);
    expect(text).toContain("no algorithm is called Forest");
    expect(text).toContain("Ranger");
  });
});
