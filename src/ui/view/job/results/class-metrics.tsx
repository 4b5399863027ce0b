import type { TrainReportSlice } from "../../../../client/index.ts";
import { metricMeaning, metricTitle } from "../../../app/words.ts";
import { Card, formatMetric, Table } from "../../../kit/index.ts";

/** Each class against the rest. */
export function ClassMetrics({ report, basis }: { report: TrainReportSlice; basis: string }) {
  const classes = report.class_metrics ?? [];
  const names = [...new Set(classes.flatMap((entry) => Object.keys(entry.metrics)))];
  return (
    <Card title="Per class" subtitle={basis} flush>
      <Table
        caption="Metrics per class"
        rows={classes}
        rowKey={(row) => row.level}
        columns={[
          {
            id: "class",
            header: "Class",
            rowHeader: true,
            cell: (row) => (row.level === report.positive_class ? `${row.level} (positive)` : row.level),
          },
          ...names.map((name) => ({
            id: name,
            header: <span title={metricMeaning(name)}>{metricTitle(name)}</span>,
            align: "end" as const,
            cell: (row: (typeof classes)[number]) => <span class="num">{formatMetric(row.metrics[name], 3)}</span>,
          })),
        ]}
      />
    </Card>
  );
}
