// biome-ignore-all lint/a11y/useSemanticElements: a grid of cells that take focus; a table would say nothing more
// biome-ignore-all lint/a11y/useFocusableInteractive: one cell of the grid is the tab stop
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid handles the keys of its cells
import { useMemo, useRef, useState } from "preact/hooks";
import { classNames } from "../kit/class-names.ts";
import { formatMetric } from "../kit/format.ts";
import { Segmented } from "../kit/segmented.tsx";
import { shade } from "./color.ts";
import {
  type CellState,
  candidateMeans,
  cellKey,
  type GridCandidate,
  type GridCell,
  type GridFold,
  goodness,
  gridKey,
  orderedCandidates,
  valueRange,
} from "./fold-grid-model.ts";
import { ChartFrame } from "./frame.tsx";
import type { ChartTable } from "./types.ts";

export interface FoldGridProps {
  readonly folds: readonly GridFold[];
  readonly candidates: readonly GridCandidate[];
  /** Cells that exist so far; the others are empty. */
  readonly cells: readonly GridCell[];
  /** Name of the inner metric. */
  readonly metric: string;
  readonly maximize: boolean;
  readonly title?: string;
  readonly description?: string;
  readonly plain?: boolean;
  /** Enter or a press on a cell. */
  readonly onOpen?: (cell: GridCell) => void;
}

const STATE_TEXT: Record<CellState, string> = {
  empty: "not planned",
  queued: "queued",
  running: "running",
  done: "done",
  failed: "failed",
  skipped: "skipped",
};
const GLYPH: Record<CellState, string> = { empty: "", queued: "", running: "", done: "", failed: "✕", skipped: "·" };

/** A row per fold, a column per candidate; stronger is better. One tab stop, arrows walk the cells, Enter opens one. */
export function FoldGrid(props: FoldGridProps) {
  const { folds, candidates, cells, metric, maximize, title = "Folds × candidates", plain = false, onOpen } = props;
  const [order, setOrder] = useState<"plan" | "mean">("plan");
  const [at, setAt] = useState<readonly [number, number]>([0, 0]);
  const grid = useRef<HTMLDivElement>(null);
  const byKey = useMemo(() => new Map(cells.map((cell) => [cellKey(cell.fold, cell.candidate), cell])), [cells]);
  const columns = useMemo(
    () => orderedCandidates(candidates, cells, { byMean: order === "mean", maximize }),
    [candidates, cells, order, maximize],
  );
  const range = useMemo(() => valueRange(cells), [cells]);
  const stop: readonly [number, number] = [Math.min(at[0], folds.length - 1), Math.min(at[1], columns.length - 1)];
  const cellAt = (fold: GridFold, candidate: GridCandidate): GridCell =>
    byKey.get(cellKey(fold.index, candidate.index)) ?? { fold: fold.index, candidate: candidate.index, state: "empty" };

  const onKeyDown = (event: KeyboardEvent) => {
    const next = gridKey(event, stop, folds.length, columns.length);
    const [fold, candidate] = [folds[stop[0]], columns[stop[1]]];
    if ((event.key === "Enter" || event.key === " ") && fold && candidate) {
      event.preventDefault();
      onOpen?.(cellAt(fold, candidate));
    }
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-at="${next[0]}:${next[1]}"]`)?.focus();
  };
  const hiddenCount = candidates.length - columns.length;
  return (
    <ChartFrame
      title={title}
      description={props.description ?? gridSentence(props)}
      plain={plain}
      interactive
      table={() => gridTable(folds, columns, cellAt)}
      controls={
        candidates.length > 1 ? (
          <Segmented
            small
            label="Order of candidates"
            value={order}
            options={[
              { value: "plan", label: "As planned" },
              { value: "mean", label: "Best first" },
            ]}
            onChange={setOrder}
          />
        ) : null
      }
      footer={
        <div class="c-grid-foot">
          {range ? <ShadeScale range={range} maximize={maximize} metric={metric} /> : <p class="c-note">Scores appear as cells finish.</p>}
          {hiddenCount > 0 ? (
            <p class="c-note">
              The best {columns.length} so far; {hiddenCount} more are not drawn.
            </p>
          ) : null}
        </div>
      }
    >
      <div
        ref={grid}
        class="c-cells"
        role="grid"
        aria-label={title}
        aria-rowcount={folds.length}
        aria-colcount={columns.length + 2}
        onKeyDown={onKeyDown}
      >
        {folds.map((fold, row) => (
          <div key={fold.index} class="c-cells-row" role="row" aria-rowindex={row + 1}>
            <span class="c-cells-name" role="rowheader">
              {fold.label}
            </span>
            <span class="c-cells-line" role="presentation">
              {columns.map((candidate, column) => (
                <Cell
                  key={candidate.index}
                  cell={cellAt(fold, candidate)}
                  name={`${fold.label}, candidate ${candidate.index}, ${candidate.label}`}
                  at={`${row}:${column}`}
                  isStop={row === stop[0] && column === stop[1]}
                  range={range}
                  metric={metric}
                  maximize={maximize}
                  onOpen={(cell) => {
                    setAt([row, column]);
                    onOpen?.(cell);
                  }}
                />
              ))}
            </span>
            <span class="c-cells-result" role="gridcell">
              {fold.result ?? "–"}
            </span>
          </div>
        ))}
      </div>
    </ChartFrame>
  );
}

interface CellProps {
  readonly cell: GridCell;
  readonly name: string;
  readonly at: string;
  readonly isStop: boolean;
  readonly range: readonly [number, number] | null;
  readonly metric: string;
  readonly maximize: boolean;
  readonly onOpen: (cell: GridCell) => void;
}

function Cell({ cell, name, at, isStop, range, metric, maximize, onOpen }: CellProps) {
  const isScored = cell.state === "done" && typeof cell.value === "number" && range !== null;
  const background = isScored ? shade(0.12 + 0.88 * goodness(cell.value as number, range, maximize), 0, 1) : undefined;
  const score = isScored ? `${metric} ${formatMetric(cell.value)}` : STATE_TEXT[cell.state];
  const said = `${name}: ${score}${cell.note ? `, ${cell.note}` : ""}`;
  return (
    <span
      role="gridcell"
      class={classNames("c-cell", `is-${cell.state}`)}
      data-at={at}
      tabIndex={isStop ? 0 : -1}
      aria-label={said}
      title={said}
      style={background === undefined ? undefined : { background }}
      onClick={() => onOpen(cell)}
    >
      {GLYPH[cell.state]}
    </span>
  );
}

/** What the shades mean, with numbers at the ends: in a dark theme "stronger" is lighter. */
function ShadeScale({ range, maximize, metric }: { range: readonly [number, number]; maximize: boolean; metric: string }) {
  const [worst, best] = maximize ? range : [range[1], range[0]];
  return (
    <p class="c-shades">
      <span>
        {metric} <span class="mono">{formatMetric(worst)}</span>
      </span>
      <span class="c-shade-steps" aria-hidden="true">
        {Array.from({ length: 9 }, (_, i) => (
          <span key={`${i + 1}`} style={{ background: shade(0.12 + (0.88 * i) / 8, 0, 1) }} />
        ))}
      </span>
      <span>
        <span class="mono">{formatMetric(best)}</span> better
      </span>
    </p>
  );
}

/** How far the grid is, and its best candidate so far. Pure. */
export function gridSentence({
  folds,
  candidates,
  cells,
  metric,
  maximize,
}: Pick<FoldGridProps, "folds" | "candidates" | "cells" | "metric" | "maximize">): string {
  const total = folds.length * candidates.length;
  const done = cells.filter((cell) => cell.state === "done").length;
  const failed = cells.filter((cell) => cell.state === "failed").length;
  let best: { candidate: number; mean: number } | null = null;
  for (const [candidate, mean] of candidateMeans(cells)) {
    if (best === null || (maximize ? mean > best.mean : mean < best.mean)) best = { candidate, mean };
  }
  const label = candidates.find((candidate) => candidate.index === best?.candidate)?.label;
  const lead = best === null ? "" : ` Best so far: ${label}, mean ${metric} ${formatMetric(best.mean)}.`;
  return `${done.toLocaleString("en")} of ${total.toLocaleString("en")} cells are done${failed > 0 ? `, ${failed} failed` : ""}.${lead}`;
}

function gridTable(
  folds: readonly GridFold[],
  columns: readonly GridCandidate[],
  cellAt: (fold: GridFold, candidate: GridCandidate) => GridCell,
): ChartTable {
  return {
    columns: ["Candidate", "Hyperparameters", ...folds.map((fold) => fold.label)],
    rows: columns.map((candidate) => [
      String(candidate.index),
      candidate.label,
      ...folds.map((fold) => {
        const cell = cellAt(fold, candidate);
        return cell.state === "done" ? (cell.value ?? null) : STATE_TEXT[cell.state];
      }),
    ]),
  };
}
