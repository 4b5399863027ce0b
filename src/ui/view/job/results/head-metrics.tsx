import type { ReportSummary, TrainReportSlice } from "../../../../client/index.ts";
import { HEAD_METRICS, isSmallerBetter, metricMeaning, metricTitle, plural } from "../../../app/words.ts";
import { FoldStrip, stripDomain } from "../../../chart/fold-strip.tsx";
import { Card, type Column, columnDigits, formatCount, formatMetric, Icon, Note, Table } from "../../../kit/index.ts";

interface Row {
  readonly name: string;
  readonly test: ReportSummary | null;
  readonly training: ReportSummary | null;
  readonly baseline: ReportSummary | null;
}

/** Held-out metrics with their spread and interval; training values apart; guessing beside them. */
export function HeadMetrics({ report }: { report: TrainReportSlice }) {
  const rows = rowsOf(report);
  const folds = report.folds.filter((fold) => fold.error === null).length;
  const isTested = report.metrics.test !== null;
  const hint = isTested ? overfitting(rows, report.task) : null;
  const columns: Column<Row>[] = [
    {
      id: "metric",
      header: "Metric",
      rowHeader: true,
      cell: (row) => (
        <span class="a-metric-name" title={metricMeaning(row.name)}>
          {metricTitle(row.name)}
        </span>
      ),
    },
  ];
  if (isTested) {
    columns.push(
      {
        id: "test",
        header: "Held-out",
        align: "end",
        cell: (row) => <strong class="a-metric num">{formatMetric(row.test?.mean, digitsOf(row))}</strong>,
      },
      {
        id: "spread",
        header: "± sd",
        align: "end",
        cell: (row) => <span class="num a-quiet">{row.test?.sd == null ? "–" : formatMetric(row.test.sd, digitsOf(row))}</span>,
      },
      { id: "interval", header: "95 % interval", align: "end", cell: (row) => <span class="num">{intervalText(row)}</span> },
      { id: "folds", header: "Folds", cell: (row) => <Strip row={row} /> },
      {
        id: "baseline",
        header: "Guessing",
        align: "end",
        cell: (row) => <span class="num a-quiet">{formatMetric(withoutDust(row.baseline?.mean), digitsOf(row))}</span>,
      },
    );
  }
  columns.push({
    id: "training",
    header: "Training",
    align: "end",
    cell: (row) => <span class={isTested ? "num a-quiet" : "num"}>{formatMetric(row.training?.mean, digitsOf(row))}</span>,
  });
  return (
    <Card
      title="How good is it?"
      subtitle={
        isTested
          ? `Mean of ${plural(folds, "test fold")} · ${report.resampling?.description ?? ""} · ${formatCount(report.rows)} rows`
          : `${formatCount(report.rows)} training rows`
      }
    >
      {isTested ? null : (
        <Note tone="warn" title="These figures come from rows that the model has seen.">
          They are too good. Train with outer resampling to learn how it does on new rows.
        </Note>
      )}
      <Table caption="Metrics" columns={columns} rows={rows} rowKey={(row) => row.name} />
      {hint === null ? null : (
        <p class="a-hint">
          <Icon name="warning" size={14} /> {hint}
        </p>
      )}
      {isTested ? (
        <p class="a-fine">
          A dot per fold, the mean as a tick. Intervals: stratified bootstrap of the pooled held-out predictions, 2,000 draws. Guessing: the
          most frequent class, or the mean, on the same folds (hollow diamond).
        </p>
      ) : null}
      {report.rows_missing_target > 0 ? (
        <p class="a-fine">
          {plural(report.rows_missing_target, "row")} without a value of {report.target} were left out.
        </p>
      ) : null}
    </Card>
  );
}

function rowsOf(report: TrainReportSlice): readonly Row[] {
  const { test, training, baseline } = report.metrics;
  const names = Object.keys(test ?? training);
  const head = HEAD_METRICS[report.task] ?? [];
  const rank = (name: string): number => (head.includes(name) ? head.indexOf(name) : head.length);
  return names
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => ({ name, test: test?.[name] ?? null, training: training[name] ?? null, baseline: baseline?.[name] ?? null }))
    .filter((row) => (row.test?.mean ?? row.training?.mean ?? null) !== null);
}

/** Three digits after the point for what lies near [0, 1]; three significant ones for larger errors. */
function digitsOf(row: Row): number {
  const values = [row.test?.mean, row.training?.mean, row.test?.interval?.[1]];
  const isSmall = values.every((value) => value == null || Math.abs(value) < 10);
  return isSmall ? Math.max(3, columnDigits(values)) : columnDigits(values);
}

/** Guessing the mean has an R² of 0 but for rounding. */
function withoutDust(value: number | null | undefined): number | null {
  if (value == null) return null;
  return Math.abs(value) < 5e-4 ? 0 : value;
}

function intervalText(row: Row): string {
  const interval = row.test?.interval ?? null;
  return interval === null ? "–" : `${formatMetric(interval[0], digitsOf(row))} – ${formatMetric(interval[1], digitsOf(row))}`;
}

function Strip({ row }: { row: Row }) {
  const { test } = row;
  if (test === null) return null;
  const values = test.folds.filter((value): value is number => value !== null);
  // Guessing is drawn only where it does not squeeze the folds together.
  const domain = stripDomain(values, test.mean, test.interval, null);
  const base = row.baseline?.mean ?? null;
  const isNear = base !== null && base >= domain[0] - (domain[1] - domain[0]) && base <= domain[1] + (domain[1] - domain[0]);
  return (
    <FoldStrip
      label={metricTitle(row.name)}
      values={test.folds}
      mean={test.mean}
      interval={test.interval}
      baseline={isNear ? base : null}
      domain={isNear ? stripDomain(values, test.mean, test.interval, base) : domain}
    />
  );
}

/** A sentence when training rows are predicted clearly better than held-out ones, judged by the first metric. Pure. */
export function overfitting(rows: readonly Row[], task: string): string | null {
  const row = rows.find((other) => HEAD_METRICS[task]?.includes(other.name) && other.test?.mean != null && other.training?.mean != null);
  const test = row?.test?.mean ?? null;
  const training = row?.training?.mean ?? null;
  if (row === undefined || test === null || training === null) return null;
  const gap = isSmallerBetter(row.name) ? test - training : training - test;
  const spread = row.test?.sd ?? 0;
  if (gap < 0.02 * Math.max(1e-12, Math.abs(training)) || gap < spread) return null;
  return `Training ${metricTitle(row.name)} is ${formatMetric(gap, digitsOf(row))} better than held-out: some overfitting.`;
}
