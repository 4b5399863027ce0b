import { InvalidArgumentError } from "../core/errors.ts";
import type { RunState } from "./lifecycle.ts";

/** A condition on one entry of a run's configuration. */
export interface ConfigTest {
  /** A key, or a path into nested objects: `optimizer.lr`. */
  readonly key: string;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
  readonly value: string;
}

export interface RunFilter {
  readonly states?: readonly RunState[];
  /** Part of the name. */
  readonly name?: string;
  readonly tag?: string;
  /** Part of the name, the notes, a tag, the id, or the configuration as text. */
  readonly search?: string;
  readonly config?: readonly ConfigTest[];
  /** Default: those that are not archived. */
  readonly archived?: "no" | "only" | "all";
  readonly jobId?: string;
  readonly limit: number;
  readonly offset?: number;
  /** From the answer before. */
  readonly cursor?: string;
}

type SqlValue = string | number;

const OPERATORS = ["<=", ">=", "!=", "=", "<", ">"] as const;

/** Reads `lr>=0.1`, `optimizer.name=adam`. @throws {InvalidArgumentError} when there is no comparison in it. */
export function toConfigTest(text: string): ConfigTest {
  const [, key, operator, value] = /^([^<>=!"]+)(<=|>=|!=|=|<|>)(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError(
      `config must be a comparison such as lr>=0.1, with one of ${OPERATORS.join(" ")}; got ${JSON.stringify(text)}.`,
    );
  }
  return { key: key.trim(), operator: operator as ConfigTest["operator"], value: value.trim() };
}

/** What a filter asks of a row of `runs`: SQL conditions and the values of their placeholders. */
export function conditions(filter: Omit<RunFilter, "limit">): { where: string[]; values: SqlValue[] } {
  const { states, name, tag, search, config = [], archived = "no", jobId } = filter;
  const where: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, ...more: readonly SqlValue[]): void => {
    where.push(condition);
    values.push(...more);
  };
  if (states !== undefined) add(`state IN (${states.map(() => "?").join(", ")})`, ...states);
  if (name !== undefined) add("instr(lower(name), lower(?)) > 0", name);
  if (tag !== undefined) add("EXISTS (SELECT 1 FROM json_each(about, '$.tags') WHERE value = ?)", tag);
  if (search !== undefined) {
    // `about` holds tags, notes and configuration; as JSON text they are found wherever they stand.
    add("(instr(lower(name), lower(?)) > 0 OR instr(lower(about), lower(?)) > 0 OR instr(run_id, lower(?)) > 0)", search, search, search);
  }
  if (jobId !== undefined) add("json_extract(about, '$.job_id') = ?", jobId);
  if (archived !== "all") add(archived === "only" ? "archived_at IS NOT NULL" : "archived_at IS NULL");
  for (const test of config) addConfigTest(add, test);
  return { where, values };
}

function addConfigTest(add: (condition: string, ...values: readonly SqlValue[]) => void, { key, operator, value }: ConfigTest): void {
  const [plain, nested] = configPaths(key);
  const found = "COALESCE(json_extract(about, ?), json_extract(about, ?))";
  const number = value === "" ? Number.NaN : Number(value);
  if (operator === "=" || operator === "!=") {
    const wanted = value === "true" ? "1" : value === "false" ? "0" : value;
    const equal = `(CAST(${found} AS TEXT) = ? OR (typeof(${found}) IN ('integer', 'real') AND ${found} = ?))`;
    const paths = [plain, nested, wanted, plain, nested, plain, nested];
    // Runs without that key are not equal to anything.
    add(operator === "=" ? equal : `NOT COALESCE(${equal}, 0)`, ...paths, Number.isNaN(number) ? wanted : number);
    return;
  }
  if (Number.isNaN(number)) add(`${found} ${operator} ?`, plain, nested, value);
  else add(`(typeof(${found}) IN ('integer', 'real') AND ${found} ${operator} ?)`, plain, nested, plain, nested, number);
}

/** Where a key of the configuration may be: as it is written, or with its dots as steps into objects. */
export function configPaths(key: string): [plain: string, nested: string] {
  const nested = key
    .split(".")
    .map((part) => `"${part}"`)
    .join(".");
  return [`$.config."${key}"`, `$.config.${nested}`];
}
