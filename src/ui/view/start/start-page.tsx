import { useEffect, useState } from "preact/hooks";
import type { SampleEntry } from "../../../client/index.ts";
import { ACCEPTED_FILES, attempt, openFiles, openSample, trainOnSample } from "../../app/actions.ts";
import { useApp, usePulled, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { onCommand } from "../../app/shortcuts.ts";
import { taskWord } from "../../app/words.ts";
import { Button, Card, FileDrop, formatCount, Pill } from "../../kit/index.ts";
import { JobTable } from "../jobs/job-table.tsx";
import { Fetched, PageHead } from "../page-head.tsx";
import { Uploads } from "../uploads.tsx";

/** First a model within a minute; later, back to work. */
export function StartPage() {
  const app = useApp();
  const jobs = useStore((state) => state.jobs);
  const hasWorked = jobs !== null && jobs.length > 0;
  useEffect(() => onCommand("open", () => document.querySelector<HTMLInputElement>("main input[type=file]")?.click()), []);
  return (
    <>
      <PageHead title="Start" subtitle={hasWorked ? undefined : "Drop a table, pick what to predict, press Train, and watch it happen."} />
      <FileDrop onFiles={(files) => void openFiles(app, files)} accept={ACCEPTED_FILES} multiple compact={hasWorked}>
        <p class="a-drop-title">Drop a file here, or pick one</p>
        <p class="a-quiet">CSV, TSV, Parquet or Arrow. Nothing leaves this server.</p>
      </FileDrop>
      <Uploads />
      {hasWorked ? (
        <Card title="Recent jobs" flush actions={jobs.length > 5 ? <a href={paths.jobs}>All {jobs.length} jobs</a> : null}>
          <JobTable jobs={jobs.slice(0, 5)} caption="Recent jobs" />
        </Card>
      ) : null}
      <Samples />
    </>
  );
}

function Samples() {
  const app = useApp();
  const samples = usePulled("samples", async () => (await app.client.call("data.samples", {})).samples);
  return (
    <section aria-labelledby="samples-title" class="a-samples">
      <h2 id="samples-title">Or try sample data</h2>
      <p class="a-quiet">One press trains boosted trees and an elastic net on the same five folds, ready to compare.</p>
      <Fetched of={samples} pulledKey="samples" height={150}>
        {(list) => (
          <ul class="a-sample-grid">
            {list.map((sample) => (
              <li key={sample.name}>
                <SampleCard sample={sample} />
              </li>
            ))}
          </ul>
        )}
      </Fetched>
    </section>
  );
}

function SampleCard({ sample }: { sample: SampleEntry }) {
  const app = useApp();
  const [busy, setBusy] = useState<"train" | "look" | null>(null);
  const go = async (what: "train" | "look"): Promise<void> => {
    setBusy(what);
    await attempt(async () => {
      if (what === "train") await trainOnSample(app, sample);
      else navigate(paths.dataSet((await openSample(app, sample)).data_handle));
    });
    setBusy(null);
  };
  return (
    <Card
      level={3}
      class="a-sample"
      title={sample.title}
      subtitle={
        <span class="num">
          {formatCount(sample.rows)} rows × {formatCount(sample.cols)} columns
        </span>
      }
      actions={<Pill>{sample.task === "regression" ? "Regression" : taskWord(sample.task).split(",")[0]}</Pill>}
    >
      <p class="a-sample-text">{sample.description}</p>
      <div class="a-row">
        <Button
          kind="primary"
          size="small"
          icon="play"
          busy={busy === "train"}
          onClick={() => void go("train")}
          aria-label={`Train now on ${sample.title}`}
        >
          Train now
        </Button>
        <Button
          kind="quiet"
          size="small"
          busy={busy === "look"}
          onClick={() => void go("look")}
          aria-label={`Look first at ${sample.title}`}
        >
          Look first
        </Button>
      </div>
    </Card>
  );
}
