import type { ReportValue, TrainReportSlice } from "../../../../client/index.ts";
import { Card, formatCandidate, formatDuration, Table } from "../../../kit/index.ts";

interface Row {
  readonly key: string;
  readonly label: string;
  readonly rows: string;
  readonly values: Readonly<Record<string, ReportValue>>;
  readonly facts: Readonly<Record<string, ReportValue>>;
  readonly seconds: number;
}

/** What each fold's tuning chose, and what each fit found; disagreement is named. */
export function ChosenHyperparameters({ report }: { report: TrainReportSlice }) {
  const tuned = tunedNames(report);
  const rows: Row[] = report.folds
    .filter((fold) => fold.error === null)
    .map((fold) => ({
      key: `f${fold.index}`,
      label: fold.label.replaceAll("_", " "),
      rows: `${fold.n_train} / ${fold.n_test}`,
      values: fold.hyperparameters,
      facts: fold.facts,
      seconds: fold.seconds,
    }));
  if (report.final !== null) {
    rows.push({
      key: "final",
      label: "All rows (the model)",
      rows: String(report.rows),
      values: report.final.hyperparameters,
      facts: report.final.facts,
      seconds: report.final.seconds,
    });
  }
  const facts = [...new Set(rows.flatMap((row) => Object.keys(row.facts)))];
  const sentences = tuned.map((name) => disagreement(name, rows)).filter((text) => text !== null);
  return (
    <Card
      title={tuned.length > 0 ? "What tuning chose" : "The fits"}
      subtitle={tuned.length > 0 ? "Each fold chooses on its own inner folds." : undefined}
    >
      {sentences.length === 0 ? null : <p class="a-fine">{sentences.join(" ")}</p>}
      <Table
        caption="Fits"
        rows={rows}
        rowKey={(row) => row.key}
        columns={[
          { id: "fold", header: "Fit", rowHeader: true, cell: (row) => <span class="a-nowrap">{row.label}</span> },
          { id: "rows", header: "Train / test rows", align: "end", cell: (row) => <span class="num">{row.rows}</span> },
          ...tuned.map((name) => ({
            id: name,
            header: words(name),
            align: "end" as const,
            cell: (row: Row) => <span class="num">{formatCandidate(row.values[name] ?? null)}</span>,
          })),
          ...facts.map((name) => ({
            id: `fact ${name}`,
            header: words(name),
            align: "end" as const,
            cell: (row: Row) => <span class="num">{factText(row.facts[name])}</span>,
          })),
          { id: "seconds", header: "Time", align: "end", cell: (row) => <span class="num">{formatDuration(row.seconds)}</span> },
        ]}
      />
    </Card>
  );
}

function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function factText(value: ReportValue | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return String(value);
}

/** Hyperparameters that differed between candidates. */
function tunedNames(report: TrainReportSlice): readonly string[] {
  const cells = (report.final?.tuning ?? report.folds.find((fold) => fold.tuning !== null)?.tuning ?? null)?.cells ?? [];
  const names = new Set<string>();
  for (const cell of cells) for (const name of Object.keys(cell.hyperparameters)) names.add(name);
  return [...names].filter((name) => new Set(cells.map((cell) => JSON.stringify(cell.hyperparameters[name]))).size > 1);
}

/** `Learning rate: 0.05 in 7 fits, 0.1 in 3.` or null when all agree. */
function disagreement(name: string, rows: readonly Row[]): string | null {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = formatCandidate(row.values[name] ?? null);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size < 2) return null;
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([text, count], index) => `${text} in ${count}${index === 0 ? " fits" : ""}`);
  return `${words(name)}: ${parts.join(", ")}.`;
}
