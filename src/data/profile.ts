import type { Column, ColumnType, Table } from "../engine/table.ts";
import { checkColumn, duplicatesOf, isAllMissing, isConstant, isIdentifier, type ProfileCheck } from "./column-checks.ts";
import { countLevels, type LevelCount, type NumericSummary, summariseNumeric } from "./column-summary.ts";
import { tableFingerprint } from "./fingerprint.ts";
import { suggestTarget, suggestTask } from "./suggest.ts";

const LEVELS_SHOWN = 24;

/** One column of a profile; the fields of `data.profile`. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  readonly rows: number;
  readonly n_missing: number;
  /** Distinct present values, exact. */
  readonly n_unique: number;
  /** Numbers and times; null for text, and when no value is finite. Infinities are counted, not binned. */
  readonly numeric: NumericSummary | null;
  /** Text and logical: up to 24 levels, most frequent first. */
  readonly levels: readonly LevelCount[] | null;
  /** Present rows in levels that are not listed. */
  readonly n_other: number;
  readonly checks: readonly ProfileCheck[];
  readonly suggested_role: "feature" | "target" | "skip";
}

/** A profile as it is stored beside a table; the server adds the handle and its name. */
export interface TableProfile {
  readonly rows: number;
  readonly cols: number;
  readonly fingerprint: string;
  readonly columns: readonly ColumnProfile[];
  readonly suggested_target: string | null;
  readonly suggested_task: "classification" | "regression" | null;
  readonly warnings: readonly string[];
}

export interface ProfileOptions {
  /** Known already when the table was just written; computed otherwise. */
  readonly fingerprint?: string;
  /** Carried over from the import. */
  readonly warnings?: readonly string[];
}

/**
 * Describes every column of a table and suggests a target and a task. Exact and deterministic.
 * Cost: O(n log n) per numeric column, O(n) per other one; one column's copy at a time.
 */
export function profileTable(table: Table, options: ProfileOptions = {}): TableProfile {
  const duplicates = duplicatesOf(table);
  const drafts = table.columns.map((column) => draftOf(column, table.rows, duplicates.get(column.name) ?? null));
  const target = suggestTarget(drafts);
  return {
    rows: table.rows,
    cols: table.columns.length,
    fingerprint: options.fingerprint ?? tableFingerprint(table),
    columns: drafts.map((draft) => ({ ...draft, suggested_role: draft.name === target?.name ? "target" : draft.suggested_role })),
    suggested_target: target?.name ?? null,
    suggested_task: target === null ? null : suggestTask(target),
    warnings: options.warnings ?? [],
  };
}

function draftOf(column: Column, rows: number, duplicateOf: string | null): ColumnProfile {
  const facts = column.kind === "numeric" ? numericFacts(column) : textFacts(column);
  const base = { name: column.name, type: column.type, rows, ...facts };
  const checks = checkColumn(column, base, duplicateOf);
  const skip = isAllMissing(base) || isConstant(base) || isIdentifier(base) || column.type === "character" || duplicateOf !== null;
  return { ...base, checks, suggested_role: skip ? "skip" : "feature" };
}

type Facts = Pick<ColumnProfile, "n_missing" | "n_unique" | "numeric" | "levels" | "n_other">;

function numericFacts(column: Extract<Column, { kind: "numeric" }>): Facts {
  const { missing, distinct, summary } = summariseNumeric(column);
  const base = { n_missing: missing, n_unique: distinct, n_other: 0 };
  if (column.type !== "logical" || summary === null) return { ...base, numeric: summary, levels: null };
  const present = column.values.length - missing;
  const ones = Math.round(summary.mean * present);
  const both = [
    { label: "true", count: ones },
    { label: "false", count: present - ones },
  ];
  return { ...base, numeric: summary, levels: both.filter((level) => level.count > 0).sort((a, b) => b.count - a.count) };
}

function textFacts(column: Extract<Column, { kind: "categorical" }>): Facts {
  const { missing, levels } = countLevels(column);
  const shown = levels.slice(0, LEVELS_SHOWN);
  const n_other = levels.slice(LEVELS_SHOWN).reduce((sum, level) => sum + level.count, 0);
  return { n_missing: missing, n_unique: levels.length, numeric: null, levels: shown, n_other };
}
