import { useState } from "preact/hooks";
import type { JobComparison, JobSummary, TrainReportSlice } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { Boundary } from "../../app/boundary.tsx";
import { useApp, usePulled } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { HEAD_METRICS, metricMeaning, metricTitle, plural } from "../../app/words.ts";
import { POOLED } from "../../chart/classification.ts";
import { RocChart } from "../../chart/roc.tsx";
import { Button, Card, type Column, columnDigits, formatMetric, Note, Switch, Table } from "../../kit/index.ts";
import { Fetched } from "../page-head.tsx";
import { importanceRows, type Metric, type Setting, settingsOf, shortNames, signed, verdict } from "./compare-model.ts";
import { rerunOnFolds } from "./rerun.ts";

interface Parts {
  readonly comparison: JobComparison;
  readonly reports: readonly TrainReportSlice[];
}

/** What differs, how good each is, and whether the folds tell them apart. */
export function Comparison({ jobs }: { jobs: readonly JobSummary[] }) {
  const app = useApp();
  const ids = jobs.map((job) => job.job_id);
  const key = `comparison:${ids.join(",")}`;
  const parts = usePulled(key, async (): Promise<Parts> => {
    const [comparison, ...reports] = await Promise.all([
      app.client.call("jobs.compare", { job_ids: ids }),
      ...ids.map((id) => app.client.jobResult(id, "report")),
    ]);
    return { comparison, reports };
  });
  const names = shortNames(jobs);
  return (
    <Fetched of={parts} pulledKey={key} height={480}>
      {({ comparison, reports }) => (
        <div class="a-stack">
          <Obstacles jobs={jobs} names={names} comparison={comparison} reports={reports} />
          <Boundary what="The metrics">
            <Metrics names={names} comparison={comparison} task={reports[0]?.task ?? "binary"} />
          </Boundary>
          <div class="a-results">
            <div class="a-part">
              <Boundary what="The ROC chart">
                <Rocs names={names} reports={reports} />
              </Boundary>
            </div>
            <div class="a-part">
              <Boundary what="The importance">
                <Importances names={names} reports={reports} />
              </Boundary>
            </div>
          </div>
          <Boundary what="The settings">
            <Settings names={names} settings={settingsOf(reports)} jobs={jobs} />
          </Boundary>
        </div>
      )}
    </Fetched>
  );
}

/** Only the same held-out rows can be paired. What prevents it is said, with a way out where there is one. */
function Obstacles({ jobs, names, comparison, reports }: Parts & { jobs: readonly JobSummary[]; names: readonly string[] }) {
  const app = useApp();
  const [busy, setBusy] = useState<string | null>(null);
  const rerun = async (index: number): Promise<void> => {
    const [job, report, baseline] = [jobs[index], reports[index], reports[0]];
    if (job === undefined || report === undefined || baseline === undefined) return;
    setBusy(job.job_id);
    await attempt(async () => {
      const started = await rerunOnFolds(app, job, report, baseline);
      navigate(paths.compare(jobs.map((other) => (other === job ? started : other.job_id))));
    });
    setBusy(null);
  };
  return (
    <>
      {comparison.obstacles.map((obstacles, index) => {
        const job = jobs[index];
        if (obstacles.length === 0 || job === undefined) return null;
        const canRerun = obstacles.every((obstacle) => obstacle === "another seed" || obstacle === "other resamples");
        return (
          <Note
            key={job.job_id}
            tone="warn"
            title={`${names[index]} has ${obstacles.join(" and ")} than ${names[0]}: no paired difference is shown.`.replace(
              "has no held-out folds than",
              "or the baseline has no held-out folds, so it cannot be paired with",
            )}
            actions={
              canRerun ? (
                <Button size="small" busy={busy === job.job_id} onClick={() => void rerun(index)}>
                  Run {names[index]} again on these folds
                </Button>
              ) : undefined
            }
          >
            Their held-out rows are not the same, so a difference could come from the rows alone.
          </Note>
        );
      })}
    </>
  );
}

function Metrics({ names, comparison, task }: { names: readonly string[]; comparison: JobComparison; task: string }) {
  const head = HEAD_METRICS[task] ?? [];
  const rank = (metric: Metric): number => (head.includes(metric.name) ? head.indexOf(metric.name) : head.length);
  const metrics = [...comparison.metrics].sort((a, b) => rank(a) - rank(b));
  const main = metrics.find((metric) => metric.differences.some((difference) => difference !== null));
  const pairs = main?.differences.filter((difference) => difference !== null).length ?? 0;
  const columns: Column<Metric>[] = [
    {
      id: "metric",
      header: "Metric",
      rowHeader: true,
      cell: (metric) => (
        <span class="a-metric-name" title={metricMeaning(metric.name)}>
          {metricTitle(metric.name)}
        </span>
      ),
    },
    ...names.map((name, index): Column<Metric> => {
      return {
        id: `value ${index}`,
        header: index === 0 ? `${name} (baseline)` : name,
        align: "end",
        cell: (metric) => <Value metric={metric} index={index} />,
      };
    }),
    ...names.slice(1).map((name, index): Column<Metric> => {
      return {
        id: `difference ${index}`,
        header: `${name} − baseline`,
        align: "end",
        cell: (metric) => <DifferenceCell metric={metric} index={index + 1} />,
      };
    }),
  ];
  return (
    <Card title="How good is each?" subtitle="Mean ± sd over held-out folds">
      {main === undefined ? null : (
        <ul class="a-list">
          {main.differences.map((difference, index) =>
            difference === null ? null : <li key={names[index]}>{verdict(main, difference, names[index] ?? "", names[0] ?? "", pairs)}</li>,
          )}
        </ul>
      )}
      <Table caption="Metrics of the jobs" columns={columns} rows={metrics} rowKey={(metric) => metric.name} />
      {main === undefined ? null : (
        <p class="a-fine">
          Differences are paired by fold. Intervals: 95 %, each on its own, by the corrected resampled t (Nadeau and Bengio 2003), because
          training rows of folds overlap. {pairs > 1 ? `p-values of a metric are corrected for ${pairs} comparisons by Holm's method.` : ""}
        </p>
      )}
    </Card>
  );
}

function digitsOf(metric: Metric): number {
  return Math.max(3, columnDigits(metric.summaries.map((summary) => summary?.mean)));
}

function Value({ metric, index }: { metric: Metric; index: number }) {
  const summary = metric.summaries[index] ?? null;
  if (summary?.mean == null) return <span class="a-quiet">–</span>;
  const digits = digitsOf(metric);
  return (
    <span class="num a-nowrap">
      <strong>{formatMetric(summary.mean, digits)}</strong>
      {summary.sd === null ? null : <span class="a-quiet"> ± {formatMetric(summary.sd, digits)}</span>}
    </span>
  );
}

function DifferenceCell({ metric, index }: { metric: Metric; index: number }) {
  const difference = metric.differences[index] ?? null;
  if (difference === null) return <span class="a-quiet">–</span>;
  const digits = digitsOf(metric);
  return (
    <span class="num a-nowrap" title={`${difference.folds} folds, p ${difference.p.toPrecision(2)}`}>
      {signed(difference.mean, digits)}{" "}
      <span class="a-quiet">
        ({formatMetric(difference.low, digits)} to {formatMetric(difference.high, digits)})
      </span>
    </span>
  );
}

/** One pooled curve per job; for several classes there is no single curve, and the table above speaks. */
function Rocs({ names, reports }: { names: readonly string[]; reports: readonly TrainReportSlice[] }) {
  const curves = reports.flatMap((report, index) =>
    report.roc
      .filter((curve) => curve.fold === POOLED && curve.split === "test" && report.task === "binary")
      .map((curve) => ({ ...curve, class: names[index] ?? "" })),
  );
  if (curves.length < 2) return null;
  const best = curves.reduce((a, b) => ((b.auc ?? 0) > (a.auc ?? 0) ? b : a));
  return (
    <Card>
      <RocChart
        plain
        curves={curves}
        sentence={`Pooled held-out rows; the largest area is that of ${best.class}, ${formatMetric(best.auc, 3)}.`}
      />
    </Card>
  );
}

const IMPORTANCE_ROWS = 12;

function Importances({ names, reports }: { names: readonly string[]; reports: readonly TrainReportSlice[] }) {
  const rows = importanceRows(reports);
  if (rows.length === 0) return null;
  const shown = rows.slice(0, IMPORTANCE_ROWS);
  return (
    <Card title="What drives each" subtitle="Share of the job's most important variable; measures differ between algorithms.">
      <Table
        caption="Importance of variables"
        rows={shown}
        rowKey={(row) => row.variable}
        columns={[
          { id: "variable", header: "Variable", rowHeader: true, cell: (row) => row.variable },
          ...names.map((name, index): Column<(typeof rows)[number]> => {
            return { id: `${index}`, header: name, cell: (row) => <Share share={row.shares[index] ?? null} index={index} /> };
          }),
        ]}
      />
      {rows.length > shown.length ? (
        <p class="a-fine">
          The first {shown.length} of {plural(rows.length, "variable")}.
        </p>
      ) : null}
    </Card>
  );
}

function Share({ share, index }: { share: number | null; index: number }) {
  if (share === null) return <span class="a-quiet">–</span>;
  return (
    <span class="a-share">
      <span class="a-share-bar" aria-hidden="true">
        <span style={{ inlineSize: `${Math.round(share * 100)}%`, background: `var(--series-${(index % 8) + 1})` }} />
      </span>
      <span class="num">{share.toFixed(2)}</span>
    </span>
  );
}

function Settings({ names, settings, jobs }: { names: readonly string[]; settings: readonly Setting[]; jobs: readonly JobSummary[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? settings : settings.filter((setting) => setting.differs);
  return (
    <Card
      title={all ? "All settings" : "What differs"}
      actions={<Switch label="Only what differs" checked={!all} onChange={(only) => setAll(!only)} />}
    >
      {shown.length === 0 ? <p class="a-quiet">Nothing: these jobs were asked the same.</p> : null}
      {shown.length === 0 ? null : (
        <Table
          caption="Settings of the jobs"
          rows={shown}
          rowKey={(setting) => setting.path}
          columns={[
            {
              id: "setting",
              header: "Setting",
              rowHeader: true,
              cell: (setting) => setting.path.replaceAll("_", " ").replaceAll(".", " › "),
            },
            ...names.map((name, index): Column<Setting> => {
              const id = jobs[index]?.job_id ?? "";
              return {
                id: `${index}`,
                header: <a href={paths.job(id)}>{name}</a>,
                cell: (setting) => <span class="a-clip">{setting.values[index]}</span>,
              };
            }),
          ]}
        />
      )}
    </Card>
  );
}
