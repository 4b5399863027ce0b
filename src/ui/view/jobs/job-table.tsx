import type { JobSummary } from "../../../client/index.ts";
import { useNow } from "../../app/context.ts";
import { paths } from "../../app/router.ts";
import { dateTime, jobName, metricTitle, stateWord } from "../../app/words.ts";
import { type Column, Empty, formatDuration, formatMetric, Pill, Progress, Table } from "../../kit/index.ts";

/** Jobs as rows; those under way are updated in place. */
export function JobTable({
  jobs,
  caption,
  actions,
}: {
  jobs: readonly JobSummary[];
  caption: string;
  actions?: (job: JobSummary) => preact.ComponentChildren;
}) {
  const isMoving = jobs.some((job) => job.status === "running" || job.status === "cancelling");
  const now = useNow(1_000, isMoving);
  const columns: Column<JobSummary>[] = [
    { id: "name", header: "Job", rowHeader: true, sortValue: jobName, cell: (job) => <a href={paths.job(job.job_id)}>{jobName(job)}</a> },
    { id: "state", header: "State", sortValue: (job) => job.status, cell: (job) => <StatePill job={job} /> },
    {
      id: "metric",
      header: "Held-out result",
      align: "end",
      sortValue: (job) => job.headline?.mean ?? null,
      cell: (job) => <Headline job={job} />,
    },
    { id: "target", header: "Target", sortValue: (job) => job.target, cell: (job) => job.target ?? "–" },
    {
      id: "duration",
      header: "Time",
      align: "end",
      sortValue: (job) => duration(job, now),
      cell: (job) => <span class="num">{jobTime(duration(job, now))}</span>,
    },
    {
      id: "submitted",
      header: "Started",
      align: "end",
      sortValue: (job) => job.submitted_at,
      cell: (job) => <span class="num">{dateTime(job.submitted_at)}</span>,
    },
  ];
  if (actions) columns.push({ id: "actions", header: <span class="sr-only">Actions</span>, align: "end", cell: actions });
  return (
    <Table caption={caption} columns={columns} rows={jobs} rowKey={(job) => job.job_id} empty={<Empty title="No jobs yet" icon="jobs" />} />
  );
}

export function StatePill({ job }: { job: JobSummary }) {
  const word = stateWord(job);
  if ((job.status === "running" || job.status === "cancelling") && job.fraction !== null) {
    return (
      <span class="a-state">
        <Pill tone={word.tone} glyph={word.glyph}>
          {word.text}
        </Pill>
        <Progress thin value={job.fraction} label={`${jobName(job)}: ${word.text}`} />
      </span>
    );
  }
  return (
    <Pill tone={word.tone} glyph={word.glyph}>
      {word.text}
    </Pill>
  );
}

export function Headline({ job }: { job: JobSummary }) {
  const { headline } = job;
  if (headline == null || headline.mean === null) return <span class="a-quiet">–</span>;
  return (
    <span class="num">
      {metricTitle(headline.name)} {formatMetric(headline.mean, 3)}
      {headline.sd === null ? "" : ` ± ${formatMetric(headline.sd, 3)}`}
    </span>
  );
}

/** Seconds of work so far, or in all; null before the start. */
export function duration(job: JobSummary, now: number): number | null {
  if (job.started_at === null) return null;
  const end = job.completed_at === null ? now : Date.parse(job.completed_at);
  return Math.max(0, (end - Date.parse(job.started_at)) / 1000);
}

/** As exact as a job's times are: to the second. */
export function jobTime(seconds: number | null): string {
  if (seconds === null || seconds >= 9.95) return formatDuration(seconds);
  return seconds < 1 ? "under 1 s" : `${Math.round(seconds)} s`;
}
