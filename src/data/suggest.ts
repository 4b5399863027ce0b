import type { ColumnType } from "../engine/table.ts";

/** Names that people give to an outcome, the more telling first; compared in lower case without punctuation. */
const OUTCOME_NAMES = [
  "target",
  "label",
  "labels",
  "outcome",
  "response",
  "diagnosis",
  "survived",
  "species",
  "cultivar",
  "churn",
  "churned",
  "default",
  "saleprice",
  "price",
  "medv",
  "progression",
  "status",
  "digit",
  "class",
  "classes",
];
/** Too common as a feature's name (coordinates, survey items): an outcome only as the first or last column. */
const EDGE_NAMES = ["y", "quality", "income", "salary", "result", "category", "type", "event", "value"];

/** What a suggestion needs to know of a column. */
export interface TargetCandidate {
  readonly name: string;
  readonly type: ColumnType;
  readonly n_unique: number;
  readonly suggested_role: "feature" | "target" | "skip";
}

/**
 * The column that is most likely to be predicted: the last one when its name says so, else the first match in the order of the lists,
 * else the last usable column. Null when no column varies.
 */
export function suggestTarget<Candidate extends TargetCandidate>(columns: readonly Candidate[]): Candidate | null {
  const usable = columns.filter((column) => column.suggested_role !== "skip" && column.type !== "date" && column.type !== "datetime");
  const last = usable.at(-1);
  if (last === undefined) return null;
  if (OUTCOME_NAMES.includes(plainName(last)) || EDGE_NAMES.includes(plainName(last))) return last;
  for (const name of OUTCOME_NAMES) {
    const match = usable.find((column) => plainName(column) === name);
    if (match !== undefined) return match;
  }
  const first = usable[0]!; // there is a last one
  return EDGE_NAMES.includes(plainName(first)) ? first : last;
}

function plainName(column: TargetCandidate): string {
  return column.name.toLowerCase().replace(/[^a-z]/g, "");
}

/** Text, logical values and up to 10 distinct integers are classes; so are two distinct numbers of any kind. */
export function suggestTask(column: TargetCandidate): "classification" | "regression" {
  if (column.type === "factor" || column.type === "character" || column.type === "logical") return "classification";
  return column.n_unique <= (column.type === "integer" ? 10 : 2) ? "classification" : "regression";
}
