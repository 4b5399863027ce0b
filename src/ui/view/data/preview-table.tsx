import type { HandleSummary } from "../../../client/index.ts";
import { useApp, usePulled } from "../../app/context.ts";
import { type Column, formatCount, Table } from "../../kit/index.ts";
import { type Cell, type RowTable, readRows } from "../arrow-rows.ts";
import { Fetched } from "../page-head.tsx";

const ROWS = 100;
/** More columns than this are not drawn at once. */
const COLUMNS = 60;

/** The first rows as they were read. */
export function PreviewTable({ handle }: { handle: HandleSummary }) {
  const app = useApp();
  const key = `preview:${handle.data_handle}:0`;
  const rows = usePulled(key, async () => readRows((await app.client.preview(handle.data_handle, 0, ROWS)).bytes));
  return (
    <Fetched of={rows} pulledKey={key} height={360}>
      {(table) => (
        <>
          <RowTableView table={table} caption={`First ${formatCount(table.rows)} rows of ${handle.name}`} />
          <p class="a-table-foot">
            {formatCount(table.rows)} of {formatCount(handle.rows)} rows
            {table.names.length > COLUMNS ? `, the first ${COLUMNS} of ${formatCount(table.names.length)} columns` : ""}
          </p>
        </>
      )}
    </Fetched>
  );
}

/** Rows of any decoded table. */
export function RowTableView({ table, caption }: { table: RowTable; caption: string }) {
  const columns: Column<number>[] = [
    { id: "#", header: "Row", align: "end", width: "64px", cell: (row) => <span class="a-quiet num">{formatCount(row + 1)}</span> },
    ...table.names.slice(0, COLUMNS).map(
      (name, index): Column<number> => ({
        id: `c${index}`,
        header: name,
        align: table.isNumeric(index) ? "end" : "start",
        cell: (row) => <CellView value={table.at(row, index)} />,
      }),
    ),
  ];
  return <Table caption={caption} columns={columns} rows={Array.from({ length: table.rows }, (_, row) => row)} maxHeight={560} />;
}

export function CellView({ value }: { value: Cell }) {
  if (value === null) {
    return (
      <span class="a-missing">
        <span aria-hidden="true">·</span>
        <span class="sr-only">missing</span>
      </span>
    );
  }
  if (typeof value === "number")
    return <span class="num">{Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))}</span>;
  if (value instanceof Date) return <span class="num">{value.toISOString().slice(0, 10)}</span>;
  return <>{String(value)}</>;
}
