import { useMemo } from "preact/hooks";
import type { JobSummary, TrainReportSlice } from "../../../../client/index.ts";
import { Boundary } from "../../../app/boundary.tsx";
import { useApp, usePulled } from "../../../app/context.ts";
import { plural } from "../../../app/words.ts";
import { CalibrationChart } from "../../../chart/calibration.tsx";
import { precisionRecall } from "../../../chart/classification.ts";
import { ConfusionTable } from "../../../chart/confusion.tsx";
import { ImportanceBars } from "../../../chart/importance.tsx";
import { PrChart, RocChart } from "../../../chart/roc.tsx";
import { Card, formatCount, Note } from "../../../kit/index.ts";
import { Fetched } from "../../page-head.tsx";
import { ChosenHyperparameters } from "./chosen-hyperparameters.tsx";
import { ClassMetrics } from "./class-metrics.tsx";
import { HeadMetrics } from "./head-metrics.tsx";
import { RegressionCharts } from "./regression-charts.tsx";
import { ThresholdCard } from "./threshold-card.tsx";

/** How good it is, how it errs, what drives it. */
export function ResultsTab({ job }: { job: JobSummary }) {
  const report = useReport(job);
  return (
    <Fetched of={report} pulledKey={`report:${job.job_id}`} height={480}>
      {(value) => <Report job={job} report={value} />}
    </Fetched>
  );
}

export function useReport(job: JobSummary) {
  const app = useApp();
  return usePulled(`report:${job.job_id}`, () => app.client.jobResult(job.job_id, "report"));
}

function Report({ job, report }: { job: JobSummary; report: TrainReportSlice }) {
  const basis =
    report.metrics.test === null ? `${formatCount(report.rows)} training rows` : `${formatCount(heldOut(report))} held-out rows`;
  const roc = useMemo(() => (report.metrics.test === null ? report.roc : report.roc.filter((curve) => curve.split === "test")), [report]);
  const pr = useMemo(() => precisionRecall(roc, report.confusion), [roc, report]);
  const failed = report.folds.filter((fold) => fold.error !== null);
  return (
    <div class="a-stack">
      {failed.length === 0 ? null : (
        <Note tone="bad" title={`${failed.length} of ${plural(report.folds.length, "fold")} failed; the figures are those of the others.`}>
          <ul class="a-list">
            {failed.slice(0, 5).map((fold) => (
              <li key={fold.index}>
                {fold.label}: {fold.error}
              </li>
            ))}
          </ul>
        </Note>
      )}
      {report.warnings.map((warning) => (
        <Note key={warning} tone="warn" title={warning} />
      ))}
      <div class="a-results">
        <Part what="The metrics" wide>
          <HeadMetrics report={report} />
        </Part>
        {roc.length === 0 ? null : (
          <Part what="The ROC chart">
            <Card>
              <RocChart plain curves={roc} />
            </Card>
          </Part>
        )}
        {pr.length === 0 ? null : (
          <Part what="The chart of precision and recall">
            <Card>
              <PrChart plain curves={pr} />
            </Card>
          </Part>
        )}
        {report.calibration.length === 0 && report.confusion === null ? null : (
          <div class="a-stack">
            {report.calibration.length === 0 ? null : (
              <Part what="The calibration chart">
                <Card>
                  <CalibrationChart plain curves={report.calibration} />
                </Card>
              </Part>
            )}
            {report.confusion === null ? null : (
              <Part what="The confusion matrix">
                <Card>
                  <ConfusionTable
                    plain
                    matrix={report.confusion}
                    basis={report.metrics.test === null ? "training rows" : "held-out rows"}
                  />
                </Card>
              </Part>
            )}
          </div>
        )}
        {report.task === "regression" ? <RegressionCharts job={job} basis={basis} /> : null}
        <div class="a-stack">
          {report.task === "binary" && report.positive_class !== null ? (
            <Part what="The threshold">
              <ThresholdCard job={job} report={report} />
            </Part>
          ) : null}
          <Part what="The importance">
            <Card>
              {report.importance === null ? (
                <>
                  <h2>What drives it</h2>
                  <p class="a-quiet">{report.algorithm} gives no importance of variables.</p>
                </>
              ) : (
                <ImportanceBars plain table={report.importance} />
              )}
            </Card>
          </Part>
        </div>
        {report.class_metrics === null ? null : (
          <Part what="The metrics per class" wide>
            <ClassMetrics report={report} basis={basis} />
          </Part>
        )}
        <Part what="The chosen hyperparameters" wide>
          <ChosenHyperparameters report={report} />
        </Part>
      </div>
    </div>
  );
}

function Part({ what, wide, children }: { what: string; wide?: boolean; children: preact.ComponentChildren }) {
  return (
    <div class={wide ? "a-part is-wide" : "a-part"}>
      <Boundary what={what}>{children}</Boundary>
    </div>
  );
}

function heldOut(report: TrainReportSlice): number {
  if (report.confusion !== null) return report.confusion.counts.flat().reduce((sum, count) => sum + count, 0);
  return report.folds.reduce((sum, fold) => sum + (fold.error === null ? fold.n_test : 0), 0);
}
