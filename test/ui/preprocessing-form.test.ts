import { describe, expect, test } from "vitest";
import { PREPROCESSOR_OPTIONS } from "../../src/engine/preprocessing/options.ts";
import { heldText, readHeld } from "../../src/ui/kit/held-text.ts";
import { draftOfConfig, NEW_DRAFT, toTrainParams } from "../../src/ui/view/new/draft.ts";
import { preprocessingInWords } from "../../src/ui/view/new/preprocessing-card.tsx";

const profile = {
  data_handle: "data-1",
  name: "t",
  rows: 2,
  cols: 0,
  fingerprint: "f",
  columns: [],
  suggested_target: null,
  suggested_task: null,
  warnings: [],
};

describe("lists and maps as text", () => {
  const list = { holds: "list", type: "character" } as const;
  const levels = { holds: "levels", type: "character" } as const;
  const numbers = { holds: "numbers", type: "double" } as const;

  test("are read back as they are shown", () => {
    for (const [entry, value] of [
      [list, ["age", "blood pressure"]],
      [{ holds: "list", type: "integer" } as const, [1, 3]],
      [numbers, { age: 50, "a: b": -1.5 }],
      [levels, { colour: ["red", "green"], size: ["s"] }],
    ] as const) {
      expect(readHeld(heldText(value), entry)).toEqual({ value, problem: null });
    }
    expect(heldText(null)).toBe("");
    expect(readHeld("  ", list)).toEqual({ value: null, problem: null });
  });

  test("that cannot be read say what is wrong", () => {
    expect(readHeld("age 5", numbers).problem).toBe("“age 5” is not of the form column: value.");
    expect(readHeld("age: x", numbers).problem).toBe("“x” is not a number.");
    expect(readHeld("age:", levels).problem).toBe("Give at least one value.");
  });
});

describe("a set-up with preprocessing", () => {
  const preprocessing = { scale: true, remove_features: ["id"] };

  test("sends what was changed and nothing else, and an earlier job's comes back", () => {
    expect(toTrainParams(NEW_DRAFT, profile, "CART")).not.toHaveProperty("preprocessor_config");
    const params = toTrainParams({ ...NEW_DRAFT, preprocessing }, profile, "CART");
    expect(params.preprocessor_config).toEqual(preprocessing);
    expect(draftOfConfig({ ...params }, profile).preprocessing).toEqual(preprocessing);
    expect(draftOfConfig({ algorithm: "CART", preprocessor_config: null }, profile).preprocessing).toEqual({});
  });

  test("says in its folded line what is changed", () => {
    expect(preprocessingInWords({})).toBe("Features are used as they are");
    expect(preprocessingInWords(preprocessing)).toBe("scale · remove_features");
  });
});

test("the form can draw every option that holds several values", () => {
  for (const { name, holds, undescribed, choices, type } of PREPROCESSOR_OPTIONS) {
    if (undescribed === true || holds === undefined) continue;
    expect(["list", "numbers", "levels"], name).toContain(holds);
    if (choices === undefined && holds === "levels") expect(type, name).toBe("character");
  }
});
