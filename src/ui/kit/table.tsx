import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { classNames } from "./class-names.ts";
import { Icon } from "./icon.tsx";
import { rowWindow, type SortValue, sortedRows } from "./table-window.ts";

export interface Column<R> {
  readonly id: string;
  readonly header: ComponentChildren;
  readonly cell: (row: R, index: number) => ComponentChildren;
  /** Makes the column sortable. */
  readonly sortValue?: ((row: R) => SortValue) | undefined;
  readonly align?: "start" | "end";
  /** CSS width; with many rows every column needs one or shares what is left. */
  readonly width?: string;
  /** The cell names its row. */
  readonly rowHeader?: boolean;
}

export interface Sort {
  readonly column: string;
  readonly direction: "ascending" | "descending";
}

export interface TableProps<R> {
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** Names the table; hidden unless `showCaption`. */
  readonly caption: string;
  readonly showCaption?: boolean;
  readonly rowKey?: (row: R, index: number) => string | number;
  /** Height in px after which the rows scroll. */
  readonly maxHeight?: number;
  readonly onRowClick?: (row: R) => void;
  readonly isSelected?: (row: R) => boolean;
  readonly sort?: Sort | null;
  /** When given, sorting is the caller's work. */
  readonly onSort?: (sort: Sort) => void;
  readonly empty?: ComponentChildren;
}

const VIRTUAL_FROM = 150;

/** Rows and columns with real table semantics. Above 150 rows only those in view are in the page; the rest is told by `aria-rowcount`. */
export function Table<R>(props: TableProps<R>) {
  const { columns, rows, caption, showCaption, maxHeight, onSort, empty } = props;
  const [ownSort, setOwnSort] = useState<Sort | null>(null);
  const sort = onSort ? (props.sort ?? null) : ownSort;
  const ordered = useMemo(() => {
    const by = onSort || sort === null ? undefined : columns.find((column) => column.id === sort.column)?.sortValue;
    return by === undefined || sort === null ? rows : sortedRows(rows, by, sort.direction);
  }, [rows, columns, sort, onSort]);
  const isVirtual = rows.length > VIRTUAL_FROM;
  const height = maxHeight ?? (isVirtual ? 480 : undefined);
  const { box, view, rowHeight } = useRowWindow(ordered.length, isVirtual, height ?? 0);
  const scrolls = useScrolls(box, rows.length, columns.length);
  const press = (column: Column<R>) => {
    const direction = sort?.column === column.id && sort.direction === "ascending" ? "descending" : "ascending";
    (onSort ?? setOwnSort)({ column: column.id, direction });
  };
  const shown = isVirtual ? ordered.slice(view.first, view.last) : ordered;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset holds form fields; this holds a table that scrolls
    <div
      ref={box}
      role="group"
      class={classNames("k-table-box", isVirtual && "is-virtual")}
      aria-label={caption}
      tabIndex={scrolls ? 0 : undefined}
      style={height === undefined ? undefined : { maxBlockSize: `${height}px` }}
    >
      <table class={classNames("k-table", isVirtual && "is-fixed")} aria-rowcount={isVirtual ? rows.length + 1 : undefined}>
        <caption class={showCaption ? "k-caption" : "sr-only"}>{caption}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={column.width ? { inlineSize: column.width } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={isVirtual ? 1 : undefined}>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sort={sort} onPress={press} />
            ))}
          </tr>
        </thead>
        <tbody>
          {isVirtual && view.before > 0 ? <Spacer height={view.before} columns={columns.length} /> : null}
          {shown.map((row, at) => {
            const index = isVirtual ? view.first + at : at;
            return (
              <BodyRow
                key={props.rowKey?.(row, index) ?? index}
                table={props}
                row={row}
                index={index}
                height={isVirtual ? rowHeight : undefined}
              />
            );
          })}
          {isVirtual && view.after > 0 ? <Spacer height={view.after} columns={columns.length} /> : null}
        </tbody>
      </table>
      {rows.length === 0 && empty ? <div class="k-table-empty">{empty}</div> : null}
    </div>
  );
}

function HeaderCell<R>({ column, sort, onPress }: { column: Column<R>; sort: Sort | null; onPress: (column: Column<R>) => void }) {
  const direction = sort?.column === column.id ? sort.direction : undefined;
  const isEnd = column.align === "end";
  return (
    <th scope="col" class={isEnd ? "is-end" : undefined} aria-sort={column.sortValue ? (direction ?? "none") : undefined}>
      {column.sortValue ? (
        <button type="button" class={classNames("k-sort", direction && "is-active")} onClick={() => onPress(column)}>
          <span>{column.header}</span>
          <Icon name={direction === "descending" ? "chevron-down" : "chevron-up"} size={12} />
        </button>
      ) : (
        column.header
      )}
    </th>
  );
}

function BodyRow<R>({ table, row, index, height }: { table: TableProps<R>; row: R; index: number; height: number | undefined }) {
  const { columns, onRowClick, isSelected } = table;
  const selected = isSelected?.(row) ?? false;
  return (
    <tr
      class={classNames(onRowClick && "is-pressable", selected && "is-selected")}
      aria-rowindex={height === undefined ? undefined : index + 2}
      aria-selected={isSelected ? selected : undefined}
      style={height === undefined ? undefined : { blockSize: `${height}px` }}
      onClick={onRowClick ? () => onRowClick(row) : undefined}
    >
      {columns.map((column) => {
        const className = column.align === "end" ? "is-end" : undefined;
        return column.rowHeader ? (
          <th key={column.id} scope="row" class={className}>
            {column.cell(row, index)}
          </th>
        ) : (
          <td key={column.id} class={className}>
            {column.cell(row, index)}
          </td>
        );
      })}
    </tr>
  );
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row without content takes no focus
    <tr class="k-spacer" aria-hidden="true">
      <td colSpan={columns} style={{ blockSize: `${height}px` }} />
    </tr>
  );
}

/** Follows the scroll position of the box, one update per frame. */
function useRowWindow(count: number, isVirtual: boolean, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const rowHeight = useMemo(() => (isVirtual ? readRowHeight() : 36), [isVirtual]);
  useEffect(() => {
    const element = box.current;
    if (element === null || !isVirtual) return;
    let frame = 0;
    const onScroll = () => {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        setScrollTop(element.scrollTop);
      });
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      element.removeEventListener("scroll", onScroll);
      cancelAnimationFrame(frame);
    };
  }, [isVirtual]);
  return { box, view: rowWindow(count, rowHeight, scrollTop, height), rowHeight };
}

/** Whether the box has more than it shows: only then is it a tab stop. */
function useScrolls(box: RefObject<HTMLElement>, rows: number, columns: number): boolean {
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => setScrolls(element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, rows, columns]);
  return scrolls;
}

function readRowHeight(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 36;
}
