import { useMemo, useState } from "preact/hooks";
import type { JobSummary, TrainReportSlice } from "../../../../client/index.ts";
import { useApp, usePulled } from "../../../app/context.ts";
import { DependenceChart } from "../../../chart/dependence.tsx";
import { ImportanceBars } from "../../../chart/importance.tsx";
import { Button, Card, formatCount, formatMetric, Note, NumberField, Select } from "../../../kit/index.ts";
import { readRows } from "../../arrow-rows.ts";
import { Fetched } from "../../page-head.tsx";
import { dependenceOf, type Explained, importanceOf, pathOf } from "./explain-model.ts";
import { useReport } from "./results-tab.tsx";

/** Learners that answer with exact contributions. */
const WITH_CONTRIBUTIONS = ["LightGBM", "LightRF", "CART", "LightCART"];

/** What the final model has learned, asked of it with the rows it was trained on. */
export function ExplainTab({ job }: { job: JobSummary }) {
  const report = useReport(job);
  return (
    <Fetched of={report} pulledKey={`report:${job.job_id}`} height={480}>
      {(value) => (
        <div class="a-stack">
          <Note title="These describe the model, not the world: a feature that stands in for another shows what that one does." />
          <Shuffled job={job} />
          <Followed job={job} report={value} />
          {WITH_CONTRIBUTIONS.includes(value.algorithm) ? <OneRow job={job} report={value} /> : null}
        </div>
      )}
    </Fetched>
  );
}

function useExplained(job: JobSummary, kind: "permutation" | "partial_dependence" | "contributions", feature: string | null) {
  const app = useApp();
  return usePulled<Explained>(`explain:${job.job_id}:${kind}:${feature ?? ""}`, async () => {
    const { pointer, bytes } = await app.client.explain(job.job_id, job.data_handle, kind, feature);
    return { table: readRows(bytes), facts: (pointer as { facts?: Record<string, unknown> }).facts ?? {} };
  });
}

function Shuffled({ job }: { job: JobSummary }) {
  const [asked, setAsked] = useState(false);
  return (
    <Card class="a-spaced" title="What each feature is worth" subtitle="How much worse predictions become when one feature is shuffled.">
      {asked ? (
        <ShuffledBars job={job} />
      ) : (
        <div class="a-row">
          <Button onClick={() => setAsked(true)}>Shuffle each feature</Button>
          <span class="a-quiet">Five times each, on the training rows. Takes seconds to minutes.</span>
        </div>
      )}
    </Card>
  );
}

function ShuffledBars({ job }: { job: JobSummary }) {
  const explained = useExplained(job, "permutation", null);
  return (
    <Fetched of={explained} pulledKey={`explain:${job.job_id}:permutation:`} height={240}>
      {(value) => (
        <>
          <ImportanceBars plain title="Rise of the loss" table={importanceOf(value)} />
          <p class="a-quiet">
            {String(value.facts.measure)} with all features {formatMetric(Number(value.facts.baseline))}, over{" "}
            {formatCount(Number(value.facts.rows))} training rows.
          </p>
        </>
      )}
    </Fetched>
  );
}

function Followed({ job, report }: { job: JobSummary; report: TrainReportSlice }) {
  const ranked = useMemo(() => {
    const known = (report.importance?.variables ?? []).map((entry) => entry.variable).filter((name) => report.features.includes(name));
    return [...known, ...report.features.filter((name) => !known.includes(name))];
  }, [report]);
  const [feature, setFeature] = useState(ranked[0] ?? "");
  const explained = useExplained(job, "partial_dependence", feature);
  return (
    <Card class="a-spaced" title="How a feature moves the prediction">
      <Select
        label="Feature"
        help="Most important first."
        value={feature}
        options={ranked.map((name) => ({ value: name, label: name }))}
        onChange={setFeature}
      />
      <Fetched of={explained} pulledKey={`explain:${job.job_id}:partial_dependence:${feature}`} height={340}>
        {(value) => <DependenceChart plain feature={feature} target={report.target} {...dependenceOf(value)} />}
      </Fetched>
    </Card>
  );
}

function OneRow({ job, report }: { job: JobSummary; report: TrainReportSlice }) {
  const explained = useExplained(job, "contributions", null);
  const [row, setRow] = useState<number | null>(1);
  return (
    <Card class="a-spaced" title="One row, feature by feature" subtitle="Shapley values: they and the baseline sum to the row's score.">
      <Fetched of={explained} pulledKey={`explain:${job.job_id}:contributions:`} height={340}>
        {(value) => (
          <>
            <NumberField
              label="Row of the data"
              help={`1 to ${formatCount(Number(value.facts.rows))}`}
              value={row}
              min={1}
              max={Number(value.facts.rows)}
              integer
              onChange={setRow}
            />
            <RowBars value={value} row={row} report={report} />
          </>
        )}
      </Fetched>
    </Card>
  );
}

function RowBars({ value, row, report }: { value: Explained; row: number | null; report: TrainReportSlice }) {
  const paths = useMemo(() => (row === null ? [] : pathOf(value, row)), [value, row]);
  if (paths.length === 0) return <p class="a-quiet">There is no such row.</p>;
  const scale = String(value.facts.scale);
  return (
    <>
      {paths.map((path) => (
        <div key={path.class ?? ""}>
          <ImportanceBars
            plain
            most={8}
            title={path.class === null ? `Row ${row}` : `Row ${row}: ${path.class}`}
            table={{ measure: `contribution (${scale})`, variables: path.variables }}
          />
          <p class="a-quiet">
            Baseline {formatMetric(path.baseline)}, score {formatMetric(path.score)}
            {scale === "log-odds" && report.positive_class !== null && path.class === null
              ? `: log-odds of ${report.positive_class}, probability ${formatMetric(1 / (1 + Math.exp(-path.score)))}`
              : ""}
            .
          </p>
        </div>
      ))}
    </>
  );
}
