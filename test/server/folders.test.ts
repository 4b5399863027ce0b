import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeDataFolder } from "../../src/server/folders.ts";
import { scratchFolder } from "../support/cli.ts";

describe("the data folder", () => {
  test("is made with the folders above it, for its user alone, and may be there already", () => {
    const folder = join(scratchFolder(onTestFinished), "a", "b");
    makeDataFolder(folder);
    makeDataFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
    if (process.platform !== "win32") expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("is refused in one sentence where a file stands in its place or above it", () => {
    const file = join(scratchFolder(onTestFinished), "table.csv");
    writeFileSync(file, "a\n1\n");
    for (const path of [file, join(file, "yard")])
      expect(() => makeDataFolder(path)).toThrow(`The data folder ${path} cannot be made or written to`);
  });

  test.runIf(existsSync("/proc/self"))("is refused, and not tried for ever, in a folder that takes none", () => {
    expect(() => makeDataFolder("/proc/yard/deeper")).toThrow(/cannot be made or written to \(E\w+\); give another one/);
  });
});
