import type { RunSeriesFacts } from "../../../client/index.ts";
import { toValue } from "../../../client/index.ts";
import { paths } from "../../app/router.ts";
import { seriesColor, seriesDash } from "../../chart/color.ts";
import { Swatch } from "../../chart/frame.tsx";
import { Button, type Column, formatMetric, IconButton, Table } from "../../kit/index.ts";
import { type ComparedRun, difference } from "./compare-runs-model.ts";
import { RunStatePill } from "./run-state.tsx";
import { flatConfig, valueText } from "./run-words.ts";

export interface CompareTableProps {
  readonly runs: readonly ComparedRun[];
  readonly baseline: ComparedRun | null;
  readonly settings: readonly string[];
  readonly metrics: readonly string[];
  readonly colors: ReadonlyMap<string, number>;
  readonly onBaseline: (run: string) => void;
  readonly onRemove: (run: string) => void;
}

/** One row per run: its settings that differ, the last and the best values of its series, and how far they are from the baseline's. */
export function CompareTable({ runs, baseline, settings, metrics, colors, onBaseline, onRemove }: CompareTableProps) {
  const figure = (key: string, which: "last" | "min" | "max", header: string): Column<ComparedRun> => ({
    id: `${which} ${key}`,
    header,
    align: "end",
    sortValue: ({ figures }) => numberOrNull(figures.get(key)?.[which]),
    cell: (row) => <Figure facts={row.figures.get(key)} base={row === baseline ? undefined : baseline?.figures.get(key)} which={which} />,
  });
  const base = flatConfig(baseline?.run.config);
  const columns: Column<ComparedRun>[] = [
    {
      id: "name",
      header: "Run",
      rowHeader: true,
      sortValue: ({ run }) => run.name,
      cell: ({ run }) => {
        const slot = colors.get(run.id) ?? 0;
        return (
          <span class="r-name">
            <Swatch entry={{ label: run.name, color: seriesColor(slot), dash: seriesDash(slot) }} />
            <a href={paths.run(run.id)}>{run.name}</a>
          </span>
        );
      },
    },
    { id: "state", header: "State", sortValue: ({ run }) => run.state, cell: ({ run }) => <RunStatePill state={run.state} /> },
    ...settings.map(
      (name): Column<ComparedRun> => ({
        id: `config ${name}`,
        header: name,
        sortValue: ({ run }) => sortable(flatConfig(run.config).get(name)),
        cell: (row) => {
          const text = valueText(flatConfig(row.run.config).get(name));
          const isOther = row !== baseline && text !== valueText(base.get(name));
          return <span class={isOther ? "num r-other" : "num"}>{text}</span>;
        },
      }),
    ),
    ...metrics.flatMap((key) => [
      figure(key, "last", `${key}, last`),
      figure(key, "min", `${key}, lowest`),
      figure(key, "max", `${key}, highest`),
    ]),
    {
      id: "actions",
      header: <span class="sr-only">Actions</span>,
      align: "end",
      cell: (row) => (
        <span class="r-actions">
          {row === baseline ? (
            <span class="r-tag">Baseline</span>
          ) : (
            <Button size="small" kind="quiet" onClick={() => onBaseline(row.run.id)}>
              <span>
                Make <span class="sr-only">{row.run.name} the </span>baseline
              </span>
            </Button>
          )}
          <IconButton icon="cross" label={`Take ${row.run.name} out`} onClick={() => onRemove(row.run.id)} />
        </span>
      ),
    },
  ];
  return <Table caption="Figures of the compared runs" columns={columns} rows={runs} rowKey={({ run }) => run.id} />;
}

function Figure({
  facts,
  base,
  which,
}: {
  facts: RunSeriesFacts | undefined;
  base: RunSeriesFacts | undefined;
  which: "last" | "min" | "max";
}) {
  const value = facts?.[which];
  if (value === undefined || value === null) return <span class="a-quiet">–</span>;
  const delta = base === undefined ? null : difference(value, base[which]);
  return (
    <span class="num">
      {typeof value === "string" ? value : formatMetric(toValue(value))}
      {delta === null ? null : (
        <span class="r-delta">
          {" "}
          {delta > 0 ? "+" : ""}
          {formatMetric(delta, 3)}
        </span>
      )}
    </span>
  );
}

function numberOrNull(value: Parameters<typeof toValue>[0]): number | null {
  const number = toValue(value);
  return Number.isFinite(number) ? number : null;
}

function sortable(value: unknown): string | number | null {
  if (value === undefined || value === null) return null;
  return typeof value === "number" ? value : valueText(value);
}
