import { useMemo, useState } from "preact/hooks";
import type { JobSummary, UnsupervisedSummary } from "../../../../client/index.ts";
import { download } from "../../../app/actions.ts";
import { useApp, usePulled } from "../../../app/context.ts";
import { ImportanceBars } from "../../../chart/importance.tsx";
import { ScatterChart } from "../../../chart/scatter.tsx";
import { Button, Card, type Column, formatCount, formatMetric, Note, Select, Table } from "../../../kit/index.ts";
import { type RowTable, readRows, rowsOf, toCsv } from "../../arrow-rows.ts";
import { Fetched } from "../../page-head.tsx";

/** What a decomposition or a clustering has found. */
export function UnsupervisedTab({ job }: { job: JobSummary }) {
  const app = useApp();
  const summary = usePulled(
    `report:${job.job_id}`,
    // The summary of these jobs has a shape of its own.
    async () => (await app.client.jobResult(job.job_id, "summary")) as unknown as UnsupervisedSummary,
  );
  return (
    <Fetched of={summary} pulledKey={`report:${job.job_id}`} height={480}>
      {(value) => (
        <div class="a-stack">
          {value.warnings.map((warning) => (
            <Note key={warning} tone="warn" title={warning} />
          ))}
          {value[".class"] === "Decomposition" ? <Components job={job} summary={value} /> : <Clusters job={job} summary={value} />}
        </div>
      )}
    </Fetched>
  );
}

function useRows(job: JobSummary, slice: "transformed" | "loadings" | "assignments") {
  const app = useApp();
  return usePulled(`${slice}:${job.job_id}`, async () => readRows((await app.client.jobTable(job.job_id, slice)).bytes));
}

function numbers(table: RowTable, name: string): Float64Array {
  return Float64Array.from(table.column(name) ?? [], (cell) => (typeof cell === "number" ? cell : Number.NaN));
}

function Components({ job, summary }: { job: JobSummary; summary: UnsupervisedSummary }) {
  const transformed = useRows(job, "transformed");
  const loadings = useRows(job, "loadings");
  return (
    <>
      <Fetched of={transformed} pulledKey={`transformed:${job.job_id}`} height={400}>
        {(table) => <Picture job={job} table={table} />}
      </Fetched>
      <Figures metrics={summary.metrics ?? {}} components={summary.components ?? []} />
      <Fetched of={loadings} pulledKey={`loadings:${job.job_id}`} height={240}>
        {(table) => <Loadings job={job} table={table} />}
      </Fetched>
    </>
  );
}

function Picture({ job, table }: { job: JobSummary; table: RowTable }) {
  const [across, setAcross] = useState(table.names[0] ?? "");
  const [up, setUp] = useState(table.names[1] ?? table.names[0] ?? "");
  const x = useMemo(() => numbers(table, across), [table, across]);
  const y = useMemo(() => numbers(table, up), [table, up]);
  const options = table.names.map((name) => ({ value: name, label: name }));
  return (
    <Card class="a-spaced" title="The rows">
      <div class="a-row">
        <Select small label="Across" value={across} options={options} onChange={setAcross} />
        <Select small label="Up" value={up} options={options} onChange={setUp} />
        <Button
          size="small"
          icon="download"
          onClick={() => download(`${job.data_name}-${job.algorithm}.csv`, toCsv(table.names, rowsOf(table)), "text/csv")}
        >
          All rows as CSV
        </Button>
      </div>
      <ScatterChart plain title={`${up} against ${across}`} x={x} y={y} xLabel={across} yLabel={up} />
    </Card>
  );
}

/** Figures of quality: those of each component in a table, single ones beneath. */
function Figures({ metrics, components }: { metrics: NonNullable<UnsupervisedSummary["metrics"]>; components: readonly string[] }) {
  const entries = Object.entries(metrics);
  const perComponent = entries.filter((entry): entry is [string, readonly number[]] => Array.isArray(entry[1]));
  const single = entries.filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const columns: Column<number>[] = [
    { id: "component", header: "Component", rowHeader: true, cell: (index) => components[index] ?? "" },
    ...perComponent.map(
      ([name, values]): Column<number> => ({
        id: name,
        header: words(name),
        align: "end",
        cell: (index) => <span class="num">{formatMetric(values[index])}</span>,
      }),
    ),
  ];
  return (
    <Card class="a-spaced" title="Figures">
      {perComponent.length === 0 ? null : (
        <Table caption="Figures of each component" columns={columns} rows={components.map((_, index) => index)} rowKey={(row) => row} />
      )}
      <dl class="a-facts is-wide">
        {single.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd class="num">{formatMetric(value)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Loadings({ job, table }: { job: JobSummary; table: RowTable }) {
  const components = table.names.filter((name) => name !== "variable");
  const [component, setComponent] = useState(components[0] ?? "");
  const isPicture = job.algorithm === "tSNE" || job.algorithm === "UMAP";
  const shown = useMemo(() => {
    const values = numbers(table, component);
    const variables = (table.column("variable") ?? []).map((name, index) => ({
      variable: String(name),
      mean: values[index] ?? Number.NaN,
      folds: [],
    }));
    return { measure: isPicture ? "correlation" : "loading", variables: variables.sort((a, b) => Math.abs(b.mean) - Math.abs(a.mean)) };
  }, [table, component, isPicture]);
  return (
    <Card class="a-spaced" title="The columns">
      <Select
        small
        label="Component"
        value={component}
        options={components.map((name) => ({ value: name, label: name }))}
        onChange={setComponent}
      />
      <ImportanceBars plain title={isPicture ? "Which columns go with it" : "What it is made of"} table={shown} />
    </Card>
  );
}

function Clusters({ job, summary }: { job: JobSummary; summary: UnsupervisedSummary }) {
  const { clust, quality, k } = summary;
  const assignments = useRows(job, "assignments");
  const sizes = clust?.sizes ?? [];
  const features = summary.config.features;
  const rows = sizes.map((_, index) => index);
  const columns: Column<number>[] = [
    { id: "cluster", header: "Cluster", rowHeader: true, cell: (index) => String(index + 1) },
    { id: "rows", header: "Rows", align: "end", cell: (index) => <span class="num">{formatCount(sizes[index] ?? 0)}</span> },
    ...(clust?.centers == null
      ? []
      : features.map(
          (name, j): Column<number> => ({
            id: `center ${name}`,
            header: name,
            align: "end",
            cell: (index) => <span class="num">{formatMetric(clust.centers?.[index]?.[j])}</span>,
          }),
        )),
  ];
  return (
    <>
      <Card class="a-spaced" title={`${formatCount(k ?? sizes.length)} clusters`} subtitle={noiseText(clust?.noise ?? 0)} flush>
        <Table caption="Clusters, their rows and centres" columns={columns} rows={rows} rowKey={(row) => row} maxHeight={620} />
      </Card>
      <Card class="a-spaced" title="How well they are apart">
        <dl class="a-facts is-wide">
          {Object.entries(quality ?? {}).map(([name, value]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd class="num">{formatMetric(value)}</dd>
            </div>
          ))}
        </dl>
        <Fetched of={assignments} pulledKey={`assignments:${job.job_id}`} height={40}>
          {(table) => (
            <Button
              size="small"
              icon="download"
              onClick={() => download(`${job.data_name}-${job.algorithm}.csv`, toCsv(table.names, rowsOf(table)), "text/csv")}
            >
              Cluster of each row as CSV
            </Button>
          )}
        </Fetched>
      </Card>
    </>
  );
}

function noiseText(noise: number): string {
  return noise === 0 ? "Largest first." : `Largest first; ${formatCount(noise)} rows belong to none.`;
}

const NAMES: Readonly<Record<string, string>> = {
  sd: "Standard deviation",
  davies_bouldin: "Davies–Bouldin",
  calinski_harabasz: "Caliński–Harabasz",
  silhouette_rows: "Rows looked at for the silhouette",
  rmse: "RMSE",
};

/** `explained_variance_ratio` as people read it. */
function words(name: string): string {
  const known = NAMES[name];
  if (known !== undefined) return known;
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
