import { useEffect, useRef, useState } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { useApp, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { onCommand } from "../../app/shortcuts.ts";
import { dateTime, jobName } from "../../app/words.ts";
import { announce, Button, Empty, Menu, Note, Skeleton, type Tab, Tabs } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import { StatePill } from "../jobs/job-table.tsx";
import { DeleteDialog } from "../jobs/jobs-page.tsx";
import { lazyView } from "../lazy.tsx";
import { PageHead } from "../page-head.tsx";
import { CancelDialog } from "./cancel-dialog.tsx";
import { LiveTab } from "./live-tab.tsx";

const ResultsTab = lazyView(() => import("./results/results-tab.tsx").then((module) => module.ResultsTab));
const PredictionsTab = lazyView(() => import("./results/predictions-tab.tsx").then((module) => module.PredictionsTab));
const UnsupervisedTab = lazyView(() => import("./results/unsupervised-tab.tsx").then((module) => module.UnsupervisedTab));
const ExplainTab = lazyView(() => import("./results/explain-tab.tsx").then((module) => module.ExplainTab));
const UseTab = lazyView(() => import("./results/use-tab.tsx").then((module) => module.UseTab));
const RecordTab = lazyView(() => import("./results/record-tab.tsx").then((module) => module.RecordTab));

/** A job that ends this soon after its page was opened leads to its results by itself. */
const FOLLOW_MS = 30_000;

const TABS: readonly Tab[] = [
  { id: "live", label: "Live" },
  { id: "results", label: "Results" },
  { id: "predictions", label: "Predictions" },
  { id: "explain", label: "Explain" },
  { id: "use", label: "Use the model" },
  { id: "record", label: "Record" },
];

/** Decompositions and clusterings have no held-out rows and no predictions. */
const UNSUPERVISED_TABS = TABS.filter((tab) => tab.id === "live" || tab.id === "results" || tab.id === "record");

/** One job for the whole of its life: watched while it runs, judged when it is done. */
export function JobPage({ id, tab }: { id: string; tab: string | null }) {
  const app = useApp();
  const job = useStore((state) => state.jobs?.find((other) => other.job_id === id));
  const isKnown = useStore((state) => state.jobs !== null);
  const isOpened = useStore((state) => state.live[id] !== undefined);
  const canAsk = useStore((state) => state.session !== null && state.link.at === "live");
  useEffect(() => {
    if (job !== undefined && !isOpened && canAsk) app.openJob(id);
  }, [app, id, job !== undefined, isOpened, canAsk]);
  if (job === undefined) return isKnown ? <GoneJob /> : <Skeleton height={420} />;
  return <KnownJob job={job} tab={tab} />;
}

function KnownJob({ job, tab }: { job: JobSummary; tab: string | null }) {
  const isDone = job.status === "complete";
  const tabs = job.type === "train" ? TABS : UNSUPERVISED_TABS;
  const wanted = tab ?? (isDone ? "results" : "live");
  const shown = tabs.some((other) => other.id === wanted) ? wanted : "live";
  const { markTouched } = useFollowToResults(job, tab);
  return (
    <>
      <JobHead job={job} />
      <JobFault job={job} />
      <Tabs
        label="Parts of the job"
        tabs={isDone ? tabs : tabs.slice(0, 1)}
        value={isDone ? shown : "live"}
        onChange={(next) => {
          markTouched();
          navigate(paths.job(job.job_id, next), { replace: true });
        }}
      >
        <JobTab job={job} tab={isDone ? shown : "live"} />
      </Tabs>
    </>
  );
}

function JobTab({ job, tab }: { job: JobSummary; tab: string }) {
  switch (tab) {
    case "results":
      return job.type === "train" ? <ResultsTab job={job} /> : <UnsupervisedTab job={job} />;
    case "predictions":
      return <PredictionsTab job={job} />;
    case "explain":
      return <ExplainTab job={job} />;
    case "use":
      return <UseTab job={job} />;
    case "record":
      return <RecordTab job={job} />;
    default:
      return <LiveTab job={job} />;
  }
}

/** The job and, as baseline, the newest other training of the same target on the same data. */
export function comparedWith(job: JobSummary, jobs: readonly JobSummary[]): readonly string[] {
  const other = jobs.find(
    (one) =>
      one.job_id !== job.job_id &&
      one.type === "train" &&
      one.data_handle === job.data_handle &&
      one.target === job.target &&
      !["failed", "cancelled", "interrupted"].includes(one.status),
  );
  return other === undefined ? [job.job_id] : [other.job_id, job.job_id];
}

function JobHead({ job }: { job: JobSummary }) {
  const app = useApp();
  const [dialog, setDialog] = useState<"cancel" | "delete" | null>(null);
  const canCancel = job.status === "queued" || job.status === "running";
  useEffect(() => onCommand("cancel", () => canCancel && setDialog("cancel")), [canCancel]);
  return (
    <PageHead
      title={jobName(job)}
      subtitle={
        <span class="a-row">
          <StatePillOnly job={job} />
          <span>
            {job.target === null ? null : (
              <>
                predicts <strong>{job.target}</strong> ·{" "}
              </>
            )}
            <span class="num">{dateTime(job.submitted_at)}</span>
          </span>
        </span>
      }
    >
      {canCancel ? (
        <Button kind="danger" icon="stop" onClick={() => setDialog("cancel")}>
          Cancel…
        </Button>
      ) : null}
      {job.status === "complete" && job.type === "train" ? (
        <Button icon="compare" onClick={() => navigate(paths.compare(comparedWith(job, app.state.jobs ?? [])))}>
          Compare
        </Button>
      ) : null}
      {isFinal(job.status) ? (
        <>
          {job.type === "train" ? (
            <Button icon="tune" onClick={() => navigate(paths.newModel(job.data_handle, job.status === "complete" ? job.job_id : null))}>
              Change and run again
            </Button>
          ) : null}
          <Menu
            label="More for this job"
            icon="more"
            iconOnly
            items={[{ id: "delete", label: "Delete…", icon: "trash", danger: true, onSelect: () => setDialog("delete") }]}
          />
        </>
      ) : null}
      {dialog === "cancel" && canCancel ? <CancelDialog job={job} onClose={() => setDialog(null)} /> : null}
      {dialog === "delete" ? <DeleteDialog job={job} onClose={() => setDialog(null)} onDeleted={() => navigate(paths.jobs)} /> : null}
    </PageHead>
  );
}

/** The pill without a bar: the page has a larger one. */
function StatePillOnly({ job }: { job: JobSummary }) {
  return <StatePill job={{ ...job, fraction: null }} />;
}

function JobFault({ job }: { job: JobSummary }) {
  if (job.status === "failed") {
    return (
      <Note tone="bad" title="The job has failed.">
        {job.error?.message ?? job.last_message ?? "The server gave no reason; its log may."}
      </Note>
    );
  }
  if (job.status === "interrupted") {
    return (
      <Note
        tone="warn"
        title="This job was interrupted."
        actions={<Button onClick={() => navigate(paths.newModel(job.data_handle))}>Run again</Button>}
      >
        {job.error?.message ?? "Its data are still there."}
      </Note>
    );
  }
  if (job.status === "cancelled") return <Note title="This job was cancelled.">What it had computed is not a result.</Note>;
  return null;
}

function GoneJob() {
  return (
    <>
      <PageHead title="This job is gone" />
      <Empty
        title="It was deleted, or it belongs to another session."
        actions={<Button onClick={() => navigate(paths.jobs)}>All jobs</Button>}
      />
    </>
  );
}

/** Moves from Live to Results when the job ends soon and nobody has touched the tabs. */
function useFollowToResults(job: JobSummary, tab: string | null): { markTouched: () => void } {
  const openedAt = useRef(Date.now());
  const touched = useRef(tab !== null);
  const before = useRef(job.status);
  useEffect(() => {
    const wasOpen = !isFinal(before.current);
    before.current = job.status;
    if (!wasOpen || job.status !== "complete") return;
    if (touched.current || Date.now() - openedAt.current > FOLLOW_MS) {
      // Stay where the person is looking.
      navigate(paths.job(job.job_id, "live"), { replace: true });
      return;
    }
    navigate(paths.job(job.job_id, "results"), { replace: true });
    announce(`${jobName(job)} is done. Showing the results.`);
  }, [job]);
  return {
    markTouched: () => {
      touched.current = true;
    },
  };
}
