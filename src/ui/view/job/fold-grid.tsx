import { useMemo } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { isSmallerBetter, metricTitle } from "../../app/words.ts";
import { FoldGrid as GridChart } from "../../chart/fold-grid.tsx";
import type { GridCell as ChartCell } from "../../chart/fold-grid-model.ts";
import { Card, Empty, formatDuration, formatMetric } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import type { CellState, FoldRow } from "./grid-model.ts";

const STATE_WORDS: Readonly<Record<CellState, string>> = {
  queued: "waiting",
  running: "running",
  done: "done",
  error: "failed",
  aborted: "stopped",
};
const CHART_STATES: Readonly<Record<CellState, ChartCell["state"]>> = {
  queued: "queued",
  running: "running",
  done: "done",
  error: "failed",
  aborted: "skipped",
};

/** Folds as rows; with tuning, candidates as columns. */
export function FoldGrid({ job, rows }: { job: JobSummary; rows: readonly FoldRow[] }) {
  if (rows.length === 0) {
    const isOver = isFinal(job.status);
    return (
      <Card title="Folds">
        <Empty title={job.status === "queued" ? "Waiting for a free daemon" : isOver ? "Nothing was started" : "Nothing has started yet"}>
          {isOver ? null : "Folds appear here as soon as they are known."}
        </Empty>
      </Card>
    );
  }
  if (rows.some((row) => row.cells.length > 0)) return <TunedFolds job={job} rows={rows} />;
  return (
    <Card title="Folds" subtitle={rows.some((row) => row.metric !== null) ? "Held-out result of each fold" : undefined}>
      <ul class="a-folds">
        {rows.map((row) => (
          <li key={row.fold} class={`is-${row.state}`}>
            <span class="a-fold-name">{row.label}</span>
            <span class="a-fold-state">
              <span class="a-dot" aria-hidden="true" />
              {STATE_WORDS[row.state]}
            </span>
            <span class="num a-fold-time">{row.seconds === null ? "" : formatDuration(row.seconds)}</span>
            <span class="num a-fold-metric">{row.metric === null ? "" : formatMetric(row.metric, 3)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function TunedFolds({ job, rows }: { job: JobSummary; rows: readonly FoldRow[] }) {
  // What the server tunes by unless told otherwise.
  const metric = job.task === "regression" ? "mse" : "balanced_accuracy";
  const folds = useMemo(
    () =>
      rows.map((row) => ({
        index: row.fold,
        label: row.label,
        result:
          row.metric !== null
            ? formatMetric(row.metric, 3)
            : row.state === "queued" || row.state === "running"
              ? undefined
              : STATE_WORDS[row.state],
      })),
    [rows],
  );
  const candidates = useMemo(() => (rows[0]?.cells ?? []).map((cell) => ({ index: cell.cell, label: cell.label })), [rows]);
  const cells = useMemo(
    () =>
      rows.flatMap((row) =>
        row.cells.map(
          (cell): ChartCell => ({
            fold: row.fold,
            candidate: cell.cell,
            state: CHART_STATES[cell.state],
            value: cell.metric,
            note: cell.seconds === null ? undefined : formatDuration(cell.seconds),
          }),
        ),
      ),
    [rows],
  );
  return (
    <Card>
      <GridChart
        plain
        folds={folds}
        candidates={candidates}
        cells={cells}
        metric={`inner ${metricTitle(metric)}`}
        maximize={!isSmallerBetter(metric)}
      />
    </Card>
  );
}
