import { HOLIDAY_NAMES } from "./holidays.ts";
import { flagOption, type PreprocessorOption } from "./option.ts";

/** What R's missRanger would be told, by its own names, and the depth of its trees. */
export const FOREST_SETTINGS = { "pmm.k": 3, maxiter: 10, "num.trees": 500, "max.depth": 8 } as const;

/** The options of rows, of missing values and of imputation. */
const MISSING_OPTIONS: readonly PreprocessorOption[] = [
  flagOption(
    "complete_cases",
    "Complete rows only",
    "Trains only on rows in which no feature is missing. Held-out and new rows all stay: each of them is predicted.",
  ),
  {
    name: "remove_features_thres",
    title: "Drop columns missing from",
    help: "Drops features of which this share of the training rows, or more, is missing.",
    type: "double",
    default: null,
    automatic: "none is dropped",
    min: 0,
    minExclusive: true,
    max: 1,
    level: "advanced",
  },
  {
    name: "remove_cases_thres",
    title: "Drop rows missing from",
    help: "Leaves out training rows in which this share of the features, or more, is missing. Held-out and new rows all stay.",
    type: "double",
    default: null,
    automatic: "none is left out",
    min: 0,
    minExclusive: true,
    max: 1,
    level: "advanced",
  },
  flagOption(
    "missingness",
    "Flag missing values",
    "Adds a true/false column <name>_missing for each feature with missing values in the training rows. Made before values are imputed.",
    { level: "basic" },
  ),
  flagOption("impute", "Impute missing values", "Fills in missing values as impute_type says, from what the training rows show.", {
    level: "basic",
  }),
  {
    name: "impute_type",
    title: "Imputed by",
    help: "missRanger predicts each feature from the others by random forests; micePMM by linear regressions, taking the value of a similar row; meanMode takes the mean of numbers and the most frequent category, and is by far the fastest.",
    type: "character",
    default: "missRanger",
    choices: ["missRanger", "micePMM", "meanMode"],
    level: "basic",
  },
  {
    name: "impute_missRanger_params",
    title: "Forests for imputation",
    help: "Settings of missRanger: pmm.k similar rows to take a value from (0 takes the forest's prediction), at most maxiter rounds, num.trees trees per forest, each at most max.depth deep (0: no limit).",
    type: "integer",
    holds: "settings",
    default: FOREST_SETTINGS,
    min: 0,
    max: 100_000,
    level: "advanced",
    undescribed: true,
  },
  {
    name: "impute_discrete",
    title: "Fill of categories",
    help: "What meanMode fills into categories, whole numbers and true/false columns: the most frequent value, of equally frequent ones the first.",
    type: "character",
    default: "get_mode",
    choices: ["get_mode"],
    level: "advanced",
  },
  {
    name: "impute_continuous",
    title: "Fill of numbers",
    help: "What meanMode fills into other numbers and dates.",
    type: "character",
    default: "mean",
    choices: ["mean", "median"],
    level: "advanced",
  },
];

/** The options that change a column's type. */
const CONVERSION_OPTIONS: readonly PreprocessorOption[] = [
  flagOption(
    "integer2factor",
    "Whole numbers to categories",
    "Makes every integer column a category with the training rows' values as levels.",
  ),
  flagOption("integer2numeric", "Whole numbers to numbers", "Treats integer columns as continuous: imputed by a mean, for example."),
  flagOption("logical2factor", "True/false to categories", "Makes every true/false column a category with the levels false and true."),
  flagOption("logical2numeric", "True/false to numbers", "Makes every true/false column a number, 0 or 1."),
  flagOption("numeric2factor", "Numbers to categories", "Makes every number column a category with the training rows' values as levels."),
  {
    name: "numeric2factor_levels",
    title: "Levels of such categories",
    help: "Levels that numeric2factor uses for every column, in this order; other values count as missing.",
    type: "character",
    holds: "list",
    default: null,
    automatic: "the values of the training rows",
    level: "advanced",
  },
  {
    name: "numeric_cut_n",
    title: "Equal-width bins",
    help: "Cuts every number column into so many bins of equal width over the training rows' range. 0 does not.",
    type: "integer",
    default: 0,
    zeroIsOff: true,
    min: 2,
    max: 1000,
    level: "advanced",
  },
  flagOption(
    "numeric_cut_labels",
    "Name bins by their range",
    "Names bins by their range, such as (2.5,5]; otherwise by their number, from 1.",
  ),
  {
    name: "numeric_quant_n",
    title: "Quantile bins",
    help: "Cuts every number column into so many bins with about as many training rows each; fewer where values are tied. 0 does not.",
    type: "integer",
    default: 0,
    zeroIsOff: true,
    min: 2,
    max: 1000,
    level: "advanced",
  },
  flagOption(
    "numeric_quant_NAonly",
    "Bin only where values are missing",
    "Restricts quantile bins to columns with missing values in the training rows.",
  ),
  {
    name: "unique_len2factor",
    title: "Few values to category",
    help: "Makes every number column with at most so many different values in the training rows a category. 0 makes none.",
    type: "integer",
    default: 0,
    min: 0,
    max: 1000,
    level: "advanced",
  },
  flagOption(
    "character2factor",
    "Text to categories",
    "Makes text columns categories with the training rows' texts as levels, and so lets them be features.",
  ),
  flagOption(
    "factorNA2missing",
    "Missing as a category",
    "Makes missing values of categories, and levels not seen in training, a level of their own.",
    { level: "basic" },
  ),
  {
    name: "factorNA2missing_level",
    title: "Name of that category",
    help: "What factorNA2missing calls the level.",
    type: "character",
    default: "missing",
    level: "advanced",
  },
  flagOption("factor2integer", "Categories to whole numbers", "Numbers the levels of every category in their order."),
  flagOption("factor2integer_startat0", "Number from 0", "Numbers levels from 0; otherwise from 1.", { default: true }),
  {
    name: "factor2integer_levels",
    title: "Order of levels",
    help: "Levels of named columns, in the order in which factor2integer numbers them; others count as missing.",
    type: "character",
    holds: "levels",
    default: null,
    automatic: "the levels of the training rows",
    level: "advanced",
  },
];

const SCALE_OPTIONS: readonly PreprocessorOption[] = [
  flagOption(
    "scale",
    "Scale numbers",
    "Divides every number column by its standard deviation in the training rows (without center: by its root mean square).",
    { level: "basic" },
  ),
  flagOption("center", "Centre numbers", "Subtracts from every number column its mean in the training rows. Follows scale unless given.", {
    follows: "scale",
    level: "basic",
  }),
  {
    name: "scale_centers",
    title: "Given centres",
    help: "What to subtract from named columns instead of their mean.",
    type: "double",
    holds: "numbers",
    default: null,
    automatic: "the means of the training rows",
    level: "advanced",
  },
  {
    name: "scale_coefficients",
    title: "Given divisors",
    help: "What to divide named columns by instead of their standard deviation; not 0.",
    type: "double",
    holds: "numbers",
    default: null,
    automatic: "the standard deviations of the training rows",
    level: "advanced",
  },
];

const SELECTION_OPTIONS: readonly PreprocessorOption[] = [
  flagOption("remove_constants", "Drop constant columns", "Drops features with the same value in every training row.", { level: "basic" }),
  flagOption(
    "remove_constants_skip_missing",
    "Constant but for gaps",
    "Looks past missing values when it judges whether a feature is constant; otherwise missing counts as a value of its own.",
    { default: true },
  ),
  {
    name: "remove_features",
    title: "Drop columns",
    help: "Features to leave out, by name.",
    type: "character",
    holds: "list",
    default: null,
    automatic: "none",
    level: "advanced",
  },
  flagOption(
    "remove_duplicates",
    "Drop duplicate rows",
    "Trains on only the first of rows that agree in every feature and in the target. Held-out and new rows all stay.",
  ),
  flagOption(
    "one_hot",
    "One column per category",
    "Replaces every category by one 0/1 column <name>_<level> per level of the training rows. Missing and unseen levels: 0 in all of them.",
    { level: "basic" },
  ),
  {
    name: "one_hot_levels",
    title: "Levels with a column",
    help: "Levels of named columns that one_hot gives a column, in this order.",
    type: "character",
    holds: "levels",
    default: null,
    automatic: "the levels of the training rows",
    level: "advanced",
  },
];

const DATE_OPTIONS: readonly PreprocessorOption[] = [
  flagOption(
    "add_date_features",
    "Parts of dates",
    "Adds to every date column what date_features names, as <name>_<part>. The date stays.",
    {
      level: "basic",
    },
  ),
  {
    name: "date_features",
    title: "Which parts",
    help: "Weekday and month become categories, the year a whole number. Times are read as UTC.",
    type: "character",
    holds: "list",
    default: ["weekday", "month", "year"],
    choices: ["weekday", "month", "year"],
    level: "advanced",
  },
  flagOption("add_holidays", "Holidays", "Adds to every date column a category <name>_holiday: which of holidays the day is, else none."),
  {
    name: "holidays",
    title: "Which holidays",
    help: "Holidays to look for, by the names of R's timeDate. Of two on one day the first named counts.",
    type: "character",
    holds: "list",
    default: ["USLaborDay", "NewYearsDay", "ChristmasDay"],
    choices: HOLIDAY_NAMES,
    level: "advanced",
  },
];

const EXCLUDE_OPTIONS: readonly PreprocessorOption[] = [
  {
    name: "exclude",
    title: "Leave as they are",
    help: "Features that no step touches, by their number among the features, from 1. They come last.",
    type: "integer",
    holds: "list",
    default: null,
    automatic: "none",
    min: 1,
    max: 1_000_000,
    level: "advanced",
  },
];

/** All 41 options, in the order of the live protocol's section 11.1. The order of steps is that of `STEPS` in `recipe.ts`. */
export const PREPROCESSOR_OPTIONS: readonly PreprocessorOption[] = [
  ...MISSING_OPTIONS,
  ...CONVERSION_OPTIONS,
  ...SCALE_OPTIONS,
  ...SELECTION_OPTIONS,
  ...DATE_OPTIONS,
  ...EXCLUDE_OPTIONS,
];
