import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
/** First and last number of each group of rules. */
const GROUPS = [
  [1, 17],
  [20, 34],
  [40, 44],
  [50, 53],
  [60, 71],
  [80, 89],
  [90, 97],
  [100, 105],
  [110, 116],
  [120, 124],
] as const;
const RULES = GROUPS.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));

/** Rules that titles of tests in a file name: `T-1, T-3 – T-5: …`. */
function rulesIn(file: string): Set<number> {
  const titles = readFileSync(new URL(file, root), "utf8").matchAll(/\btest\(\s*"(T-\d[^:"]*):/g);
  const found = new Set<number>();
  for (const [, head = ""] of titles) {
    for (const [, from, to = from] of head.matchAll(/T-(\d+)(?:\s*–\s*T-(\d+))?/g)) {
      for (let rule = Number(from); rule <= Number(to); rule++) found.add(rule);
    }
  }
  return found;
}

test("docs/tellurio-conformance.md lists every rule once, with files whose test titles name it", () => {
  const text = readFileSync(new URL("docs/tellurio-conformance.md", root), "utf8");
  const rows = [...text.matchAll(/^\| T-(\d+) \| (.*) \|$/gm)].map(([, rule, files = ""]) => ({
    rule: Number(rule),
    files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file),
  }));
  expect(rows.map(({ rule }) => rule)).toEqual(RULES);
  const named = new Map([...new Set(rows.flatMap(({ files }) => files))].map((file) => [file, rulesIn(file)]));
  for (const { rule, files } of rows) {
    expect(files.length, `T-${rule} has no test`).toBeGreaterThan(0);
    for (const file of files) expect(named.get(file)?.has(rule), `no test title in ${file} names T-${rule}`).toBe(true);
  }
});
