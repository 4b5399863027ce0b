import { readFileSync } from "node:fs";

/** Titles of the tests in a file, as they are written, and those that stand in tables: they begin with a rule. */
export function sourceTitles(file: URL): string[] {
  const text = readFileSync(file, "utf8");
  const titles = text.matchAll(/\btest(?:\.each\([\s\S]*?\]\))?\(\s*"((?:[^"\\]|\\.)*)"/g);
  const inTables = text.matchAll(/\[\s*"([A-Z]-\d[^"]*)"/g);
  return [...titles, ...inTables].map(([, title = ""]) => title);
}
