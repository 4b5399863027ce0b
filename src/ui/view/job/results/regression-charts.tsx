import type { JobSummary } from "../../../../client/index.ts";
import { Boundary } from "../../../app/boundary.tsx";
import { ScatterChart } from "../../../chart/scatter.tsx";
import { Card } from "../../../kit/index.ts";
import { Fetched } from "../../page-head.tsx";
import { usePredictions } from "./predictions.ts";

/** Predicted against actual, and what is left over. */
export function RegressionCharts({ job, basis }: { job: JobSummary; basis: string }) {
  const predictions = usePredictions(job);
  return (
    <>
      <div class="a-part">
        <Card>
          <Fetched of={predictions} pulledKey={`predictions:${job.job_id}`} height={320}>
            {(rows) => (
              <Boundary what="The chart of predicted and actual">
                <ScatterChart
                  plain
                  diagonal
                  title="Predicted and actual"
                  x={rows.numbers("actual")}
                  y={rows.numbers("predicted")}
                  xLabel={`Actual ${job.target ?? ""}`}
                  yLabel="Predicted"
                />
              </Boundary>
            )}
          </Fetched>
          <p class="a-fine">{basis}</p>
        </Card>
      </div>
      <div class="a-part">
        <Card>
          <Fetched of={predictions} pulledKey={`predictions:${job.job_id}`} height={320}>
            {(rows) => (
              <Boundary what="The chart of residuals">
                <ScatterChart
                  plain
                  zero
                  title="Residuals"
                  x={rows.numbers("predicted")}
                  y={rows.residuals()}
                  xLabel="Predicted"
                  yLabel="Actual − predicted"
                />
              </Boundary>
            )}
          </Fetched>
          <p class="a-fine">{basis}</p>
        </Card>
      </div>
    </>
  );
}
