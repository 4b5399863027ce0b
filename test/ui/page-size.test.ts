import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

const PAGE = "dist/ui";
const KIB = 1024;
const html = existsSync(join(PAGE, "index.html")) ? readFileSync(join(PAGE, "index.html"), "utf8") : "";

/** What index.html itself asks for: nothing else is needed for the first picture. */
const first = [...html.matchAll(/(?:src|href)="\/?(assets\/[^"]+)"/g)].map(([, path]) => path as string);
const files = existsSync(PAGE)
  ? readdirSync(PAGE, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(PAGE, name)).isFile())
  : [];

const zipped = (names: readonly string[]): number => names.reduce((sum, name) => sum + gzipSync(readFileSync(join(PAGE, name))).length, 0);

describe("U-1: the built page stays small", () => {
  test("the page is built, and its entry names its files", () => {
    expect(first.some((name) => name.endsWith(".js"))).toBe(true);
    expect(first.some((name) => name.endsWith(".css"))).toBe(true);
  });

  test("at most 90 KiB of script and 12 KiB of style before the first picture, zipped", () => {
    expect(zipped(first.filter((name) => name.endsWith(".js"))) / KIB).toBeLessThan(90);
    expect(zipped(files.filter((name) => name.endsWith(".css"))) / KIB).toBeLessThan(12);
  });

  test("two font files of at most 96 KB together", () => {
    const fonts = files.filter((name) => name.endsWith(".woff2"));
    expect(fonts).toHaveLength(2);
    expect(fonts.reduce((sum, name) => sum + statSync(join(PAGE, name)).size, 0)).toBeLessThan(96_000);
  });

  test("each part that is loaded later is at most 35 KiB, zipped; everything at most 1.2 MB", () => {
    const later = files.filter((name) => name.endsWith(".js") && !first.includes(name));
    expect(later.length).toBeGreaterThan(3);
    for (const name of later) expect(zipped([name]) / KIB, name).toBeLessThan(35);
    expect(files.reduce((sum, name) => sum + statSync(join(PAGE, name)).size, 0)).toBeLessThan(1_200_000);
  });
});
