import type { CategoricalColumn, Column, ColumnType, Table } from "../engine/table.ts";
import { counted } from "./csv-dialect.ts";
import { isDigitCode, isIntegerText, isMissingText, maybeNumber } from "./text-values.ts";

/** A finding worth a person's attention, with what to do. A `problem` will spoil a model if nothing is done. */
export interface ProfileCheck {
  readonly severity: "problem" | "hint";
  readonly kind:
    | "all_missing"
    | "constant"
    | "identifier"
    | "many_levels"
    | "almost_numeric"
    | "digit_codes"
    | "infinite"
    | "mostly_missing"
    | "duplicate"
    | "free_text";
  readonly message: string;
}

/** What the checks need to know of a column beside its values. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: ColumnType;
  readonly rows: number;
  readonly n_missing: number;
  readonly n_unique: number;
  readonly numeric: { readonly min: number; readonly max: number; readonly n_infinite: number } | null;
  readonly levels: readonly { readonly label: string; readonly count: number }[] | null;
}

/** From this share of numbers on, text among them is taken for a slip. */
const ALMOST_NUMERIC = 0.95;
const MANY_LEVELS = 50;
const MOSTLY_MISSING = 0.5;
const IDENTIFIER_NAME =
  /(^|[\s_.-])(id|uuid|guid|key|index|rowid|row|nr|no)$|^(id|uuid|guid|index|unnamed: 0|x1?)([\s_.-]|$)|[a-z](Id|ID)$/;

export function isAllMissing(facts: ColumnFacts): boolean {
  return facts.n_missing === facts.rows;
}

export function isConstant(facts: ColumnFacts): boolean {
  return facts.n_unique === 1;
}

/**
 * Whether a column names rows rather than describing them: every present value differs, and it is text (over 20 rows), or integers
 * that are called an id or count the rows up without a gap.
 */
export function isIdentifier(facts: ColumnFacts): boolean {
  const present = facts.rows - facts.n_missing;
  if (present < 2 || facts.n_unique < present) return false;
  if (facts.type === "factor" || facts.type === "character") return present > 20;
  if (facts.type !== "integer" || facts.numeric === null || present <= 10) return false;
  return (
    IDENTIFIER_NAME.test(facts.name.trim().replace(/^[A-Z]+$/, (name) => name.toLowerCase())) ||
    facts.numeric.max - facts.numeric.min === present - 1
  );
}

export function checkColumn(column: Column, facts: ColumnFacts, duplicateOf: string | null): ProfileCheck[] {
  const checks: ProfileCheck[] = [];
  const add = (severity: ProfileCheck["severity"], kind: ProfileCheck["kind"], message: string): void => {
    checks.push({ severity, kind, message });
  };
  if (isAllMissing(facts)) {
    add("problem", "all_missing", "Every value is missing; it cannot help a model. Leave it out.");
    return checks;
  }
  if (isConstant(facts)) add("problem", "constant", "Every present value is the same; it cannot help a model. Leave it out.");
  if (duplicateOf !== null) add("hint", "duplicate", `Holds the same values as "${duplicateOf}"; keep one of the two.`);
  const missingShare = facts.n_missing / facts.rows;
  if (missingShare > MOSTLY_MISSING) {
    add(
      "hint",
      "mostly_missing",
      `${Math.round(100 * missingShare)} % of the values are missing; check whether the column was exported completely.`,
    );
  }
  const infinite = column.kind === "numeric" ? countInfinite(column.values) : 0;
  if (infinite > 0)
    add(
      "problem",
      "infinite",
      `${counted(infinite, "value")} ${infinite === 1 ? "is" : "are"} infinite; replace them by a number or leave them empty.`,
    );
  if (column.kind === "categorical") checkText(column, facts, add);
  else if (isIdentifier(facts))
    add("hint", "identifier", "Every row has its own number, as a row number or id has; it is left out unless you choose it.");
  return checks;
}

type Add = (severity: ProfileCheck["severity"], kind: ProfileCheck["kind"], message: string) => void;

function checkText(column: CategoricalColumn, facts: ColumnFacts, add: Add): void {
  const slip = almostNumeric(column);
  if (slip !== null) {
    add(
      "problem",
      "almost_numeric",
      `Nearly all values are numbers, but ${counted(slip.badRows, "row")} ${slip.badRows === 1 ? "is" : "are"} not; the first is "${slip.firstText}" in row ${slip.firstRow}. Correct ${slip.badRows === 1 ? "it" : "them"} in the file (or leave the cell empty) to get a numeric column.`,
    );
  }
  if (column.levels.length > 1 && column.levels.every(isIntegerText) && column.levels.some(isDigitCode)) {
    add(
      "hint",
      "digit_codes",
      "Digits with leading zeros, or too long for a number, are kept as text; change the type if they are quantities.",
    );
  }
  if (isIdentifier(facts))
    add("hint", "identifier", "Every row has its own text, as a name or id has; it is left out unless you choose it.");
  else if (facts.type === "character") {
    add(
      "hint",
      "free_text",
      `${counted(facts.n_unique, "different text")}: too many to be categories; it is left out unless you make it a factor.`,
    );
  } else if (facts.n_unique > MANY_LEVELS) {
    add("hint", "many_levels", `${counted(facts.n_unique, "different value")}; models learn little from rare ones. Group them if you can.`);
  }
}

interface NumericSlip {
  readonly badRows: number;
  readonly firstText: string;
  /** 1-based, counted from the first data row. */
  readonly firstRow: number;
}

/** The text values among numbers, when at least 95 % of the present rows are numbers; null otherwise. */
function almostNumeric(column: CategoricalColumn): NumericSlip | null {
  const isNumber = Uint8Array.from(column.levels, (level) => (maybeNumber(level) !== null || isMissingText(level) ? 1 : 0));
  let good = 0;
  let bad = 0;
  let first = -1;
  for (let row = 0; row < column.codes.length; row++) {
    const code = column.codes[row]!;
    if (code < 0) continue;
    if (isNumber[code] === 1) good++;
    else {
      bad++;
      if (first < 0) first = row;
    }
  }
  if (bad === 0 || good < ALMOST_NUMERIC * (good + bad)) return null;
  return { badRows: bad, firstText: column.levels[column.codes[first]!]!, firstRow: first + 1 };
}

function countInfinite(values: Float64Array): number {
  let infinite = 0;
  for (const value of values) if (value === Infinity || value === -Infinity) infinite++;
  return infinite;
}

/** For each column that repeats an earlier one value for value: the earlier one's name. Compares only columns with equal checksums. */
export function duplicatesOf(table: Table): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const byKey = new Map<string, Column[]>();
  for (const column of table.columns) {
    const key = `${column.kind}:${roughHash(column)}`;
    const group = byKey.get(key) ?? [];
    const twin = group.find((other) => haveSameValues(other, column));
    if (twin !== undefined) found.set(column.name, twin.name);
    else byKey.set(key, [...group, column]);
  }
  return found;
}

/** FNV-1a over the values' 32-bit words; equal columns have equal hashes. */
function roughHash(column: Column): number {
  const words =
    column.kind === "numeric" ? new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length * 2) : column.codes;
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash >>> 0;
}

function haveSameValues(a: Column, b: Column): boolean {
  if (a.kind === "numeric" && b.kind === "numeric") {
    return a.values.every((value, row) => Object.is(value, b.values[row])) && !a.values.every(Number.isNaN);
  }
  if (a.kind === "categorical" && b.kind === "categorical") {
    return (
      a.levels.length === b.levels.length &&
      a.levels.every((level, i) => level === b.levels[i]) &&
      a.codes.every((code, row) => code === b.codes[row])
    );
  }
  return false;
}
