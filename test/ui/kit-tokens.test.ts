import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../../src/ui/tokens.css", import.meta.url), "utf8");

/** The colour tokens of the n-th block that sets `--bg`. */
function block(index: number): Map<string, string> {
  const starts = [...css.matchAll(/--bg:/g)].map((match) => match.index);
  const from = starts[index] ?? 0;
  const text = css.slice(from, css.indexOf("}", from));
  return new Map([...text.matchAll(/(--[a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]));
}

const THEMES = { light: block(0), dark: block(1) };

/** WCAG 2 contrast ratio of two colours. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("the two ways into the dark theme set the same colours", () => {
  expect(block(2)).toEqual(block(1));
  expect(THEMES.dark.size).toBeGreaterThan(25);
});

test.each(["light", "dark"] as const)("text of the %s theme has 4.5 : 1 on every surface it stands on", (theme) => {
  const colors = THEMES[theme];
  const color = (name: string) => colors.get(`--${name}`) ?? "";
  const faults: string[] = [];
  const check = (text: string, surfaces: string[], least: number) => {
    for (const surface of surfaces) {
      const ratio = contrast(color(text), color(surface));
      if (!(ratio >= least)) faults.push(`${text} on ${surface}: ${ratio.toFixed(2)}`);
    }
  };
  const surfaces = ["bg", "surface", "raise"];
  check("ink", [...surfaces, "sunken", "hover", "accent-soft", "warn-soft", "bad-soft", "ok-soft"], 4.5);
  check("ink2", [...surfaces, "sunken", "hover"], 4.5);
  for (const tone of ["accent", "ok", "warn", "bad"]) check(tone, [...surfaces, `${tone}-soft`], 4.5);
  check("accent-ink", ["accent"], 4.5);
  check("control", surfaces, 3.4);
  check("ink3", surfaces, 3);
  check("focus", surfaces, 3);
  for (let series = 1; series <= 8; series++) check(`series-${series}`, surfaces, 3);
  expect(faults).toEqual([]);
});
