/** Rows as an Arrow IPC stream, and what is in it. */
export interface ArrowTable {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly bytes: Uint8Array;
}
