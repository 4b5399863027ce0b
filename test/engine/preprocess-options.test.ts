import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { preprocessingDocs } from "../../scripts/preprocessing-docs.mjs";
import type { ConfigProblem } from "../../src/core/errors.ts";
import { PREPROCESSOR_OPTIONS } from "../../src/engine/preprocessing/options.ts";
import { readPreprocessing } from "../../src/engine/preprocessing/read-options.ts";
import { settingsOf } from "../../src/engine/preprocessing/settings.ts";

const FEATURES = ["age", "colour", "day"];

function read(given: unknown, features: readonly string[] | null = FEATURES) {
  const problems: ConfigProblem[] = [];
  return { config: readPreprocessing(given, features, problems), problems };
}
/** The one fault of a configuration. */
function fault(given: Record<string, unknown>): string {
  const { problems } = read(given);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.path).toBe(`preprocessor_config.${Object.keys(given)[0]}`);
  return problems[0]!.message;
}

/** The catalogue of the reference, section 11.1, with its defaults. */
const REFERENCE: Readonly<Record<string, unknown>> = {
  complete_cases: false,
  remove_features_thres: null,
  remove_cases_thres: null,
  missingness: false,
  impute: false,
  impute_type: "missRanger",
  impute_missRanger_params: { "pmm.k": 3, maxiter: 10, "num.trees": 500, "max.depth": 8 },
  impute_discrete: "get_mode",
  impute_continuous: "mean",
  integer2factor: false,
  integer2numeric: false,
  logical2factor: false,
  logical2numeric: false,
  numeric2factor: false,
  numeric2factor_levels: null,
  numeric_cut_n: 0,
  numeric_cut_labels: false,
  numeric_quant_n: 0,
  numeric_quant_NAonly: false,
  unique_len2factor: 0,
  character2factor: false,
  factorNA2missing: false,
  factorNA2missing_level: "missing",
  factor2integer: false,
  factor2integer_startat0: true,
  factor2integer_levels: null,
  scale: false,
  center: false,
  scale_centers: null,
  scale_coefficients: null,
  remove_constants: false,
  remove_constants_skip_missing: true,
  remove_features: null,
  remove_duplicates: false,
  one_hot: false,
  one_hot_levels: null,
  add_date_features: false,
  date_features: ["weekday", "month", "year"],
  add_holidays: false,
  holidays: ["USLaborDay", "NewYearsDay", "ChristmasDay"],
  exclude: null,
};

describe("the declaration", () => {
  test("has the 41 options of the reference, in its order, with its defaults (section 11.1)", () => {
    expect(Object.keys(REFERENCE)).toHaveLength(41);
    expect(PREPROCESSOR_OPTIONS.map(({ name }) => name)).toEqual(Object.keys(REFERENCE));
    expect(settingsOf({})).toEqual(REFERENCE);
  });

  for (const option of PREPROCESSOR_OPTIONS) {
    test(`of ${option.name} is whole, and allows its own default`, () => {
      expect(option.help).toMatch(/\.$/);
      expect(option.title).not.toBe("");
      if (option.default === null) expect(option.automatic).toBeTruthy();
      expect(read({ [option.name]: option.default }).problems).toEqual([]);
      if (option.follows !== undefined) expect(PREPROCESSOR_OPTIONS.some(({ name }) => name === option.follows)).toBe(true);
    });
  }

  test("center follows scale unless it is given", () => {
    expect(settingsOf({ scale: true }).center).toBe(true);
    expect(settingsOf({ scale: true, center: false }).center).toBe(false);
    expect(settingsOf({ center: true })).toMatchObject({ scale: false, center: true });
  });
});

describe("reading", () => {
  test("R-47, R-48: keeps what was given and nothing else; document metadata is ignored", () => {
    expect(read({ $schema: "x", scale: true }).config).toEqual({ scale: true });
    for (const nothing of [null, undefined, [], {}]) expect(read(nothing)).toEqual({ config: null, problems: [] });
  });

  test("R-42: a one-element array is its element, and a bare value a list of one", () => {
    expect(read({ scale: [true], remove_features: "age", exclude: 2 })).toEqual({
      config: { scale: true, remove_features: ["age"], exclude: [2] },
      problems: [],
    });
  });

  test("R-43: objects inside the block stay objects", () => {
    const maps = { scale_centers: { age: 40 }, one_hot_levels: { colour: ["red"] }, impute_missRanger_params: { maxiter: 2 } };
    expect(read(maps).config).toEqual(maps);
    expect(settingsOf(read(maps).config!).impute_missRanger_params).toEqual({ "pmm.k": 3, maxiter: 2, "num.trees": 500, "max.depth": 8 });
  });

  test("R-47, R-119: a name that is no option is refused, with the nearest", () => {
    expect(fault({ sclae: true })).toBe('preprocessor_config.sclae is not a preprocessing option. Did you mean "scale"?');
    expect(fault({ qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq: true })).toContain("Known: complete_cases");
  });

  test("D-25: functions are closed lists", () => {
    expect(fault({ impute_continuous: "system" })).toContain("must be one of mean, median");
    expect(fault({ impute_discrete: "max" })).toContain("get_mode");
  });

  const faults: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ scale: "yes" }, 'must be true or false, got "yes"'],
    [{ scale: null }, "needs a value; leave it out for the default, false"],
    [{ remove_features_thres: 0 }, "above 0 and at most 1, got 0"],
    [{ remove_cases_thres: 1.5 }, "above 0 and at most 1, got 1.5"],
    [{ numeric_quant_n: 1 }, "must be 0, or a whole number of at least 2 and at most 1000, got 1"],
    [{ numeric_cut_n: 2.5 }, "must be 0, or a whole number"],
    [{ unique_len2factor: -1 }, "of at least 0"],
    [{ impute_type: "missranger" }, 'Did you mean "missRanger"?'],
    [{ impute_missRanger_params: { num_trees: 5 } }, 'has no setting "num_trees". Did you mean "num.trees"?'],
    [{ impute_missRanger_params: { "num.trees": 0 } }, "of at least 1"],
    [{ impute_missRanger_params: 5 }, "must be an object with pmm.k, maxiter, num.trees, max.depth, got 5"],
    [{ factorNA2missing_level: "" }, 'must be text, got ""'],
    [{ date_features: ["day"] }, "must be a list, and each entry one of weekday, month, year"],
    [{ date_features: [] }, "must name at least one"],
    [{ holidays: ["Christmas"] }, "Did you mean"],
    [{ remove_features: ["aeg"] }, 'names "aeg", which is not a feature. Did you mean "age"?'],
    [{ remove_features: FEATURES }, "names every feature; leave one"],
    [{ remove_features: ["age", "age"] }, 'names "age" twice'],
    [{ exclude: [4] }, "names feature number 4; there are 3. Count features from 1."],
    [{ exclude: [0] }, "of at least 1"],
    [{ scale_centers: { agee: 1 } }, 'names "agee", which is not a feature. Did you mean "age"?'],
    [{ scale_centers: { age: "1" } }, 'has for "age" "1"; it must be a number'],
    [{ scale_coefficients: { age: 0 } }, 'has 0 for "age"; nothing can be divided by it'],
    [{ one_hot_levels: { colour: ["red", "red"] } }, "give a list of its levels, each once"],
    [{ factor2integer_levels: ["red"] }, 'must be an object {"column": ["level", …]}'],
  ];
  for (const [given, words] of faults) {
    test(`refuses ${JSON.stringify(given)} by option, value and remedy`, () => expect(fault(given)).toContain(words));
  }

  test("a column that another step makes may be named", () => {
    expect(read({ scale_centers: { day_year: 2000 } }).problems).toEqual([]);
  });

  test("anything but an object is refused", () => {
    expect(read("scale").problems[0]!.message).toBe('preprocessor_config must be an object, got "scale".');
  });
});

test("docs/preprocessing.md is what the declarations say; if not, build and run scripts/preprocessing-docs.mjs", () => {
  const text = readFileSync(new URL("../../docs/preprocessing.md", import.meta.url), "utf8");
  expect(text).toBe(preprocessingDocs(text, PREPROCESSOR_OPTIONS));
  expect(text.match(/^\| `\w+` \|/gm)).toHaveLength(41);
});
