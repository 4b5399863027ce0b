import { useState } from "preact/hooks";
import type { JobSummary } from "../../../../client/index.ts";
import { messageOf } from "../../../../core/errors.ts";
import { ACCEPTED_FILES, attempt, download } from "../../../app/actions.ts";
import { useApp } from "../../../app/context.ts";
import { announce, Button, Card, FileDrop, formatBytes, formatCount, Note, Progress } from "../../../kit/index.ts";
import { type Cell, type RowTable, readRows, rowsOf, toCsv } from "../../arrow-rows.ts";
import { RowTableView } from "../../data/preview-table.tsx";
import { useReport } from "./results-tab.tsx";

/** Take the model away, or let it predict here. */
export function UseTab({ job }: { job: JobSummary }) {
  return (
    <div class="a-stack">
      <SaveModel job={job} />
      <PredictFile job={job} />
      <ExportResults job={job} />
    </div>
  );
}

function SaveModel({ job }: { job: JobSummary }) {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  const save = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => {
      const { filename, bytes } = await app.client.model(job.job_id);
      download(filename, bytes);
      setSaved(`${filename}, ${formatBytes(bytes.length)}`);
    });
    setBusy(false);
  };
  return (
    <Card class="a-spaced" title="The model" subtitle="Fitted on all rows. Its expected quality is that of the held-out folds.">
      <p class="a-row">
        <Button kind="primary" icon="download" busy={busy} onClick={() => void save()}>
          Download the model
        </Button>
        {saved === null ? null : <span class="a-quiet">{saved}</span>}
      </p>
      <p class="a-quiet">On the command line:</p>
      <pre class="a-code">npx trainyard predict {saved === null ? "MODEL.tym" : saved.split(",")[0]} NEW.csv</pre>
    </Card>
  );
}

interface Predicted {
  readonly filename: string;
  readonly table: RowTable;
  readonly warnings: readonly string[];
}

function PredictFile({ job }: { job: JobSummary }) {
  const app = useApp();
  const [work, setWork] = useState<{ name: string; sent: number; total: number } | null>(null);
  const [predicted, setPredicted] = useState<Predicted | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const predict = async (file: File): Promise<void> => {
    setFault(null);
    setPredicted(null);
    setWork({ name: file.name, sent: 0, total: file.size });
    let handle: string | null = null;
    try {
      const uploaded = await app.client.upload(file, {
        name: file.name,
        filename: file.name,
        onProgress: (sent, total) => setWork({ name: file.name, sent, total }),
      });
      handle = uploaded.data_handle;
      const { pointer, bytes } = await app.client.predict(job.job_id, handle);
      const table = readRows(bytes);
      setPredicted({ filename: file.name, table, warnings: [...(uploaded.warnings ?? []), ...(pointer.warnings ?? [])] });
      announce(`${formatCount(table.rows)} rows of ${file.name} are predicted.`);
    } catch (error) {
      setFault(messageOf(error));
    } finally {
      setWork(null);
      // The table was only needed for this; it does not stay among the session's data.
      if (handle !== null) app.client.call("data.delete", { data_handle: handle }).catch(() => {});
    }
  };
  return (
    <Card class="a-spaced" title="Predict a new file" subtitle="Drop a table with the same feature columns. The target may be missing.">
      <FileDrop
        compact
        accept={ACCEPTED_FILES}
        disabled={work !== null}
        action="Choose a file…"
        onFiles={([file]) => file !== undefined && void predict(file)}
      >
        <p class="a-quiet">CSV, TSV, Parquet or Arrow</p>
      </FileDrop>
      {work === null ? null : (
        <Progress
          value={work.sent < work.total ? work.sent : null}
          max={work.total}
          label={`Predicting ${work.name}`}
          text={work.sent < work.total ? `${formatBytes(work.sent)} of ${formatBytes(work.total)}` : "Predicting…"}
        />
      )}
      {fault === null ? null : (
        <div role="alert">
          <Note tone="bad" title="The file could not be predicted.">
            {fault}
          </Note>
        </div>
      )}
      {predicted === null ? null : <PredictedRows predicted={predicted} />}
    </Card>
  );
}

function PredictedRows({ predicted }: { predicted: Predicted }) {
  const { table, filename, warnings } = predicted;
  return (
    <>
      {warnings.map((warning) => (
        <Note key={warning} tone="warn" title={warning} />
      ))}
      <div class="a-row is-apart">
        <p>
          <strong>{formatCount(table.rows)}</strong> rows predicted, in the order of {filename}.
        </p>
        <Button
          icon="download"
          onClick={() => download(`${filename.replace(/\.[^.]+$/, "")}-predicted.csv`, numberedCsv(table), "text/csv")}
        >
          Download as CSV
        </Button>
      </div>
      <RowTableView table={table} caption={`Predictions for ${filename}`} />
    </>
  );
}

/** With the row of the file in front, so that the lines can be joined to it. */
function numberedCsv(table: RowTable): string {
  let row = 0;
  const numbered = function* (): Generator<Cell[]> {
    for (const cells of rowsOf(table)) yield [++row, ...cells];
  };
  return toCsv(["row", ...table.names], numbered());
}

function ExportResults({ job }: { job: JobSummary }) {
  const app = useApp();
  const report = useReport(job);
  const [busy, setBusy] = useState(false);
  const saveReport = (): void => {
    if (report.at === "ready")
      download(`${job.data_name}-${job.algorithm}-report.json`, JSON.stringify(report.value, null, 2), "application/json");
  };
  const savePredictions = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => {
      const table = readRows((await app.client.jobTable(job.job_id, "predictions")).bytes);
      download(`${job.data_name}-predictions.csv`, toCsv(table.names, rowsOf(table)), "text/csv");
    });
    setBusy(false);
  };
  return (
    <Card class="a-spaced" title="Export the results">
      <div class="a-row">
        <Button icon="download" disabled={report.at !== "ready"} onClick={saveReport}>
          Report as JSON
        </Button>
        <Button icon="download" busy={busy} onClick={() => void savePredictions()}>
          Predictions as CSV
        </Button>
      </div>
      <p class="a-quiet">Every chart of the results has its own export to SVG, PNG and CSV.</p>
    </Card>
  );
}
