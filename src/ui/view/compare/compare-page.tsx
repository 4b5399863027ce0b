import { useState } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { jobName, plural } from "../../app/words.ts";
import { Button, Card, type Column, Empty, Skeleton, Table } from "../../kit/index.ts";
import { Headline, StatePill } from "../jobs/job-table.tsx";
import { PageHead } from "../page-head.tsx";
import { MOST_JOBS } from "./compare-model.ts";
import { Comparison } from "./comparison.tsx";

/** Two to eight trainings side by side; the first in the address is the baseline. */
export function ComparePage({ jobIds }: { jobIds: readonly string[] }) {
  const jobs = useStore((state) => state.jobs);
  const [picking, setPicking] = useState(false);
  if (jobs === null) return <Skeleton height={320} />;
  const trainings = jobs.filter((job) => job.type === "train");
  const chosen = jobIds.map((id) => trainings.find((job) => job.job_id === id)).filter((job) => job !== undefined);
  const isPicking = picking || chosen.length < 2;
  return (
    <>
      <PageHead title="Compare" subtitle={chosen.length < 2 ? "Choose two to eight trainings." : plural(chosen.length, "job")}>
        {chosen.length < 2 ? null : (
          <Button icon="tune" aria-expanded={isPicking} onClick={() => setPicking(!isPicking)}>
            Choose jobs
          </Button>
        )}
      </PageHead>
      {isPicking ? <Picker jobs={trainings} chosen={chosen.map((job) => job.job_id)} /> : null}
      {chosen.length < 2 ? null : <WhenDone jobs={chosen} />}
    </>
  );
}

/** What still trains is waited for, in sight. */
function WhenDone({ jobs }: { jobs: readonly JobSummary[] }) {
  const waiting = jobs.filter((job) => job.status === "queued" || job.status === "running" || job.status === "cancelling");
  const unusable = jobs.filter((job) => job.status !== "complete" && !waiting.includes(job));
  if (waiting.length > 0) {
    return (
      <Card title="Waiting for what still trains" subtitle="The comparison appears here when all are done.">
        <ul class="a-list is-plain">
          {waiting.map((job) => (
            <li key={job.job_id} class="a-row">
              <a href={paths.job(job.job_id)}>{jobName(job)}</a> <StatePill job={job} />
            </li>
          ))}
        </ul>
      </Card>
    );
  }
  const done = jobs.filter((job) => !unusable.includes(job));
  if (done.length >= 2) return <Comparison key={done.map((job) => job.job_id).join()} jobs={done} />;
  return <Empty title="Fewer than two of these have a result">{unusable.map(jobName).join(", ")} did not finish. Choose others.</Empty>;
}

function Picker({ jobs, chosen }: { jobs: readonly JobSummary[]; chosen: readonly string[] }) {
  const offered = jobs.filter((job) => job.status === "complete" || chosen.includes(job.job_id));
  const set = (ids: readonly string[]): void => navigate(paths.compare(ids), { replace: true });
  const columns: Column<JobSummary>[] = [
    {
      id: "chosen",
      header: <span class="sr-only">Compare</span>,
      width: "44px",
      cell: (job) => {
        const isChosen = chosen.includes(job.job_id);
        return (
          <input
            type="checkbox"
            class="k-check"
            aria-label={`Compare ${jobName(job)}`}
            checked={isChosen}
            disabled={!isChosen && chosen.length >= MOST_JOBS}
            onChange={() => set(isChosen ? chosen.filter((id) => id !== job.job_id) : [...chosen, job.job_id])}
          />
        );
      },
    },
    { id: "name", header: "Job", rowHeader: true, cell: (job) => jobName(job) },
    { id: "target", header: "Target", cell: (job) => job.target ?? "–" },
    { id: "metric", header: "Held-out result", align: "end", cell: (job) => <Headline job={job} /> },
    {
      id: "baseline",
      header: "Baseline",
      cell: (job) =>
        !chosen.includes(job.job_id) ? null : chosen[0] === job.job_id ? (
          "baseline"
        ) : (
          <Button
            kind="quiet"
            size="small"
            aria-label={`Take as baseline: ${jobName(job)}`}
            onClick={() => set([job.job_id, ...chosen.filter((id) => id !== job.job_id)])}
          >
            Take as baseline
          </Button>
        ),
    },
  ];
  return (
    <Card title="Trainings of this session" flush>
      <Table
        caption="Trainings to compare"
        columns={columns}
        rows={offered}
        rowKey={(job) => job.job_id}
        empty={
          <Empty title="No finished training yet" actions={<Button onClick={() => navigate(paths.start)}>Train on sample data</Button>}>
            Train two models on the same data, and see here which held-out folds tell them apart.
          </Empty>
        }
      />
    </Card>
  );
}
