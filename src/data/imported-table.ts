import type { Table } from "../engine/table.ts";

/** What every reader returns. */
export interface ImportedTable {
  readonly table: Table;
  /** What was changed or assumed on the way, one sentence each. */
  readonly warnings: readonly string[];
}
