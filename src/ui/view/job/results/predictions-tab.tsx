import { useMemo, useState } from "preact/hooks";
import type { JobSummary } from "../../../../client/index.ts";
import { download } from "../../../app/actions.ts";
import { Button, Card, type Column, Empty, formatCount, formatMetric, Pill, Segmented, Table } from "../../../kit/index.ts";
import { rowsOf, toCsv } from "../../arrow-rows.ts";
import { CellView } from "../../data/preview-table.tsx";
import { Fetched } from "../../page-head.tsx";
import { type Predictions, usePredictions } from "./predictions.ts";

/** Every held-out row with its prediction, hardest first. */
export function PredictionsTab({ job }: { job: JobSummary }) {
  const predictions = usePredictions(job);
  return (
    <Fetched of={predictions} pulledKey={`predictions:${job.job_id}`} height={480}>
      {(value) => <PredictionRows job={job} predictions={value} />}
    </Fetched>
  );
}

function PredictionRows({ job, predictions }: { job: JobSummary; predictions: Predictions }) {
  const [which, setWhich] = useState<"all" | "wrong">("all");
  const order = useMemo(() => [...predictions.hardestFirst()], [predictions]);
  const wrong = useMemo(() => order.filter((row) => predictions.isWrong(row)), [order, predictions]);
  const rows = which === "wrong" ? wrong : order;
  const columns = useMemo(() => columnsOf(predictions), [predictions]);
  if (predictions.rows === 0) return <Empty title="No predictions are stored for this job" />;
  return (
    <Card
      title={`${formatCount(rows.length)} ${which === "wrong" ? "wrong " : ""}predictions, hardest first`}
      subtitle={job.target === null ? undefined : `of ${job.target}`}
      flush
      actions={
        <>
          {predictions.isRegression ? null : (
            <Segmented
              label="Which rows"
              small
              value={which}
              onChange={setWhich}
              options={[
                { value: "all", label: "All" },
                { value: "wrong", label: `Wrong (${formatCount(wrong.length)})` },
              ]}
            />
          )}
          <Button
            size="small"
            icon="download"
            onClick={() =>
              download(`${job.data_name}-predictions.csv`, toCsv(predictions.table.names, rowsOf(predictions.table)), "text/csv")
            }
          >
            Predictions as CSV
          </Button>
        </>
      }
    >
      <Table
        caption="Predictions"
        columns={columns}
        rows={rows}
        rowKey={(row) => row}
        maxHeight={620}
        empty={<Empty title="Every row is predicted right" />}
      />
    </Card>
  );
}

function columnsOf(predictions: Predictions): readonly Column<number>[] {
  const { names } = predictions.table;
  const columns: Column<number>[] = [];
  const plain = (name: string, header: string, align: "start" | "end"): void => {
    const index = names.indexOf(name);
    if (index < 0) return;
    columns.push({
      id: name,
      header,
      align,
      sortValue: (row) => sortable(predictions.table.at(row, index)),
      cell: (row) => <CellView value={predictions.table.at(row, index)} />,
    });
  };
  const isNumber = predictions.isRegression;
  plain("row", "Row", "end");
  plain("fold", "Fold", "start");
  plain("actual", "Actual", isNumber ? "end" : "start");
  plain("predicted", "Predicted", isNumber ? "end" : "start");
  if (isNumber) {
    columns.push({
      id: "residual",
      header: "Actual − predicted",
      align: "end",
      sortValue: (row) => predictions.residuals()[row] ?? null,
      cell: (row) => <span class="num">{formatMetric(predictions.residuals()[row])}</span>,
    });
    return columns;
  }
  columns.push({
    id: "right",
    header: "Right?",
    sortValue: (row) => (predictions.isWrong(row) ? 1 : 0),
    cell: (row) =>
      predictions.isWrong(row) ? (
        <Pill tone="bad" glyph="✕">
          wrong
        </Pill>
      ) : (
        <Pill tone="ok" glyph="✓">
          right
        </Pill>
      ),
  });
  for (const name of names.filter((other) => other.startsWith("prob_"))) {
    columns.push({
      id: name,
      header: `P(${name.slice("prob_".length)})`,
      align: "end",
      sortValue: (row) => predictions.numbers(name)[row] ?? null,
      cell: (row) => <span class="num">{probabilityText(predictions.numbers(name)[row])}</span>,
    });
  }
  return columns;
}

function probabilityText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(3);
}

function sortable(value: unknown): number | string | null {
  if (value instanceof Date) return value.getTime();
  return typeof value === "number" || typeof value === "string" ? value : value === null ? null : String(value);
}
