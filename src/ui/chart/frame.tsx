import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { IconButton } from "../kit/button.tsx";
import { classNames } from "../kit/class-names.ts";
import { formatMetric } from "../kit/format.ts";
import { Menu } from "../kit/menu.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { announce, toast } from "../kit/toast.tsx";
import { type ExportKind, exportChart } from "./export.ts";
import type { ChartTable, LegendEntry } from "./types.ts";

export interface ChartFrameProps {
  readonly title: string;
  /** One sentence made from the data; shown under the title and read aloud. */
  readonly description: string;
  /** Numbers behind the chart; a function is called only when they are wanted. */
  readonly table: ChartTable | (() => ChartTable);
  /** What CSV gets, when it is more than the table view shows. */
  readonly fullTable?: () => ChartTable;
  readonly legend?: readonly LegendEntry[];
  /** Controls before the table and export buttons. */
  readonly controls?: ComponentChildren;
  /** Handles the keys of the plot; returns whether it used the key. */
  readonly onKey?: (event: KeyboardEvent) => boolean;
  readonly onLeave?: () => void;
  /** The children take focus and keys themselves, as a grid does; the plot is then no tab stop. */
  readonly interactive?: boolean;
  /** No border and padding: the chart sits in a card already. */
  readonly plain?: boolean;
  readonly footer?: ComponentChildren;
  readonly plotRef?: RefObject<HTMLDivElement>;
  readonly children: ComponentChildren;
}

/**
 * What every chart has around it: title, a sentence that says what is seen, legend, table view of the same numbers, export, and
 * one tab stop with a reading cursor. T opens the table, E the export, Esc leaves.
 */
export function ChartFrame(props: ChartFrameProps) {
  const { title, description, table, legend, controls, onKey, onLeave, plain, footer, interactive, children } = props;
  const [asTable, setAsTable] = useState(false);
  const ids = { title: useId(), text: useId() };
  const ownPlot = useRef<HTMLDivElement>(null);
  const plot = props.plotRef ?? ownPlot;
  const figure = useRef<HTMLElement>(null);

  const moveFocus = useRef(false);
  const toggleTable = (byKey: boolean) => {
    moveFocus.current = byKey;
    setAsTable(!asTable);
    announce(asTable ? `${title}: chart` : `${title}: table`);
  };
  useEffect(() => {
    if (!moveFocus.current) return;
    moveFocus.current = false;
    // A plot whose parts take the focus takes none itself; then the button that swaps the views has it.
    const target = asTable ? ".c-table" : interactive ? ".c-tools .k-icon-button" : ".c-plot";
    figure.current?.querySelector<HTMLElement>(target)?.focus();
  }, [asTable, interactive]);
  const save = (kind: ExportKind) => {
    if (plot.current === null) return;
    const numbers = props.fullTable ?? (typeof table === "function" ? table : () => table);
    exportChart(kind, title, plot.current, kind === "csv" ? numbers() : { columns: [], rows: [] }).catch((error: unknown) => {
      toast(error instanceof Error ? error.message : String(error), "bad");
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    if (!asTable && onKey?.(event)) {
      event.preventDefault();
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "t" && !event.ctrlKey) toggleTable(true);
    else if (key === "e" && !event.ctrlKey) figure.current?.querySelector<HTMLElement>(".c-export button")?.click();
    else if (key === "escape") {
      onLeave?.();
      plot.current?.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <figure ref={figure} class={classNames("c-frame", plain && "is-plain")} aria-labelledby={ids.title}>
      <figcaption class="c-head">
        <h3 id={ids.title} class="c-title">
          {title}
        </h3>
        <div class="c-tools">
          {controls}
          <IconButton
            icon={asTable ? "chart" : "table"}
            label={asTable ? `Show ${title} as chart` : `Show ${title} as table`}
            onClick={() => toggleTable(false)}
          />
          <span class="c-export">
            <Menu
              label={`Export ${title}`}
              icon="download"
              iconOnly
              items={[
                { id: "csv", label: "Numbers as CSV", onSelect: () => save("csv") },
                { id: "png", label: "Picture as PNG", onSelect: () => save("png"), disabled: asTable },
                { id: "svg", label: "Picture as SVG", onSelect: () => save("svg"), disabled: asTable },
              ]}
            />
          </span>
        </div>
        <p id={ids.text} class="c-text">
          {description}
        </p>
      </figcaption>
      {asTable ? <TableView title={title} table={typeof table === "function" ? table() : table} onKeyDown={onKeyDown} /> : null}
      {interactive ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: catches T and E from the controls inside
        <div ref={plot} class="c-plot" hidden={asTable} onKeyDown={onKeyDown}>
          {children}
        </div>
      ) : (
        <div
          ref={plot}
          class="c-plot"
          hidden={asTable}
          role="application"
          aria-roledescription="chart"
          aria-labelledby={ids.title}
          aria-describedby={ids.text}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart reads its values by arrow keys
          tabIndex={0}
          onKeyDown={onKeyDown}
          onBlur={onLeave}
        >
          {children}
        </div>
      )}
      {legend && legend.length > 0 && !asTable ? <Legend entries={legend} /> : null}
      {footer}
    </figure>
  );
}

/** Swatches with words. Series colours are for marks, text stays ink. */
export function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  return (
    <ul class="c-legend">
      {entries.map((entry) => (
        <li key={entry.label}>
          <Swatch entry={entry} />
          <span>{entry.label}</span>
          {entry.value === undefined ? null : <span class="c-legend-value">{entry.value}</span>}
        </li>
      ))}
    </ul>
  );
}

export function Swatch({ entry }: { entry: LegendEntry }) {
  return (
    <svg class="c-swatch" width="20" height="12" viewBox="0 0 20 12" aria-hidden="true" focusable="false">
      {entry.mark === "dot" ? (
        <circle cx="10" cy="6" r="4" style={{ fill: entry.color }} />
      ) : entry.mark === "box" ? (
        <rect x="4" y="0" width="12" height="12" rx="3" style={{ fill: entry.color }} />
      ) : (
        <path d="M0 6H20" style={{ stroke: entry.color }} stroke-width="2.5" stroke-dasharray={entry.dash} fill="none" />
      )}
    </svg>
  );
}

type Row = ChartTable["rows"][number];

function TableView({ title, table, onKeyDown }: { title: string; table: ChartTable; onKeyDown: (event: KeyboardEvent) => void }) {
  const columns: Column<Row>[] = table.columns.map((header, at) => {
    const numeric = table.rows.length > 0 && table.rows.every((row) => typeof row[at] !== "string");
    return {
      id: `${at}`,
      header,
      align: numeric ? "end" : "start",
      rowHeader: at === 0,
      sortValue: (row) => row[at],
      cell: (row) => cellText(row[at]),
    };
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: T goes back to the chart from inside the table
    <div class="c-table" tabIndex={-1} onKeyDown={onKeyDown}>
      <Table columns={columns} rows={table.rows} caption={`${title}, as numbers`} maxHeight={320} />
    </div>
  );
}

function cellText(value: string | number | null | undefined): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value)) return value.toLocaleString("en");
  return formatMetric(value ?? null);
}
