import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { algorithmDocs } from "../../scripts/algorithm-docs.mjs";
import { ALGORITHMS } from "../../src/engine/algorithms/registry.ts";

describe("the documentation of algorithms", () => {
  test("is what the declarations say; if not, build and run scripts/algorithm-docs.mjs", () => {
    expect(readFileSync(new URL("../../docs/algorithms.md", import.meta.url), "utf8")).toBe(algorithmDocs(ALGORITHMS));
  });

  test("has a row for every hyperparameter, with its default and its bounds", () => {
    const text = algorithmDocs(ALGORITHMS);
    for (const { name, hyperparameters } of ALGORITHMS) {
      const section = text.slice(text.indexOf(`\n## ${name}:`)).split("\n## ")[1] ?? "";
      for (const schema of hyperparameters) expect(section).toContain(`| \`${schema.name}\` | ${schema.type} |`);
    }
    expect(text).toContain("| `sample_fraction` | double | automatic: 1 with replacement, 0.632 without | above 0 to 1 | yes |");
  });
});

describe("every declaration", () => {
  for (const { name, hyperparameters, source, title } of ALGORITHMS) {
    test(`${name} is whole: a source, a title, and for each hyperparameter a help text and a default that its own rules allow`, () => {
      expect(source).toMatch(/\d{4}/);
      expect(title).not.toBe("");
      expect(new Set(hyperparameters.map((schema) => schema.name)).size).toBe(hyperparameters.length);
      for (const schema of hyperparameters) {
        expect(schema.help, schema.name).toMatch(/\.$/);
        const { default: value } = schema;
        if (value === null) expect(schema.automatic, schema.name).toBeTruthy();
        else if (schema.choices !== undefined) expect(schema.choices).toContain(value);
        else if (typeof value === "number") {
          expect(value).toBeGreaterThanOrEqual(schema.min ?? Number.NEGATIVE_INFINITY);
          expect(value).toBeLessThanOrEqual(schema.max ?? Number.POSITIVE_INFINITY);
        }
      }
    });
  }
});
