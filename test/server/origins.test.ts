import { describe, expect, test } from "vitest";
import { DEFAULT_ORIGINS, isAllowedHost, isAllowedOrigin, toOrigins } from "../../src/server/origins.ts";
import { generateToken, isToken } from "../../src/server/token.ts";

describe("tokens", () => {
  test("R-15, R-16: 20 generated tokens have the documented form and all differ", () => {
    const tokens = Array.from({ length: 20 }, generateToken);
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
    expect(new Set(tokens).size).toBe(20);
  });

  test.each([
    ["0f1e-2d3c-4b5a-6979"],
    ["0f1e-2d3c-4b5a-697"],
    ["0f1e-2d3c-4b5a-69788"],
    [""],
    [12],
    [null],
    [undefined],
    [["0f1e-2d3c-4b5a-6978"]],
  ])("R-17: %j is not the token", (given) => expect(isToken("0f1e-2d3c-4b5a-6978", given)).toBe(false));

  test("R-17: the equal text is the token", () => expect(isToken("ünïcode", "ünïcode")).toBe(true));
});

describe("origins", () => {
  test("R-18: the three default origins are allowed, and our own page is", () => {
    for (const origin of [...DEFAULT_ORIGINS, "http://127.0.0.1:5757", "http://localhost:5757", "http://[::1]:5757"]) {
      expect(isAllowedOrigin(origin, DEFAULT_ORIGINS, 5757)).toBe(true);
    }
  });

  test.each([
    ["R-19: another site", "https://example.org"],
    ["R-19: another port of localhost", "http://localhost:3001"],
    ["R-19: a file", "file://"],
    ["R-19: another capitalisation", "http://LOCALHOST:3000"],
    ["R-19: https instead of http", "https://127.0.0.1:5757"],
    ["R-20: a sandboxed page", "null"],
    ["R-20: nothing", undefined],
    ["R-20: an empty text", ""],
  ])("%s is refused", (_, origin) => expect(isAllowedOrigin(origin, DEFAULT_ORIGINS, 5757)).toBe(false));

  test("R-21: a list of one's own replaces the defaults; our own page stays allowed", () => {
    const own = toOrigins(["https://yard.example"]);
    expect(isAllowedOrigin("https://live.rtemis.org", own, 5757)).toBe(false);
    expect(isAllowedOrigin("https://yard.example", own, 5757)).toBe(true);
    expect(isAllowedOrigin("http://localhost:5757", own, 5757)).toBe(true);
  });

  test("R-22: blanks around and slashes behind are trimmed; null gives the defaults", () => {
    expect(toOrigins(["  https://a.example//  "])).toEqual(["https://a.example"]);
    expect(toOrigins(null)).toEqual(DEFAULT_ORIGINS);
  });

  test.each([["https://a.example"], [[null]], [[""]], [["  "]], [[7]]])("R-23: %j is refused as a list", (list) => {
    expect(() => toOrigins(list)).toThrow(/origins/);
  });
});

test.each([
  ["127.0.0.1:5757", true],
  ["localhost:5757", true],
  ["LocalHost:5757", true],
  ["[::1]:5757", true],
  ["127.0.0.1", false],
  ["127.0.0.1:5758", false],
  ["evil.example:5757", false],
  ["localhost.evil.example:5757", false],
  [undefined, false],
])("D-19: the host %s is ours: %s", (host, isOurs) => expect(isAllowedHost(host, 5757)).toBe(isOurs));
