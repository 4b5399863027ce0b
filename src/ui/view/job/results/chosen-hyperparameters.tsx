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
  const { varying, same } = sortedFacts(rows, tuned);
  const sentences = tuned.map((name) => disagreement(name, rows)).filter((text) => text !== null);
  if (same.length > 0) sentences.push(`The same in every fit: ${same.map(([name, text]) => `${plain(name)} ${text}`).join(", ")}.`);
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
          ...varying.map((name) => ({
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
  const text = plain(name);
  if (text === "aic") return "AIC";
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function plain(name: string): string {
  return name.replaceAll("_", " ");
}

/**
 * Facts that differ between fits get a column; those that all fits share are said once; those that a tuned hyperparameter says, or
 * that no fit has, are left out. Pure.
 */
export function sortedFacts(
  rows: readonly Pick<Row, "facts">[],
  tuned: readonly string[],
): { readonly varying: readonly string[]; readonly same: readonly (readonly [string, string])[] } {
  const varying: string[] = [];
  const same: [string, string][] = [];
  for (const name of new Set(rows.flatMap((row) => Object.keys(row.facts)))) {
    if (tuned.includes(name)) continue;
    const texts = new Set(rows.map((row) => factText(row.facts[name])));
    const [only] = texts;
    if (texts.size > 1 || (rows.length === 1 && only !== NONE)) varying.push(name);
    else if (only !== undefined && only !== NONE) same.push([name, only]);
  }
  return { varying, same };
}

const NONE = "–";

function factText(value: ReportValue | undefined): string {
  if (value === undefined || value === null) return NONE;
  if (typeof value === "boolean") return value ? "yes" : "no";
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
