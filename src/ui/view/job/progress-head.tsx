import { useEffect, useRef } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { useNow, useStore } from "../../app/context.ts";
import { clockTime, jobName, plural, stateWord } from "../../app/words.ts";
import { announce, classNames, formatCount, Progress } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import { duration, jobTime } from "../jobs/job-table.tsx";
import { type FoldRow, workCounts } from "./grid-model.ts";

/** How far, how long already, how long still. Never goes back; never counts down while the server is not heard. */
export function ProgressHead({ job, rows }: { job: JobSummary; rows: readonly FoldRow[] }) {
  const isOpen = !isFinal(job.status);
  const now = useNow(1_000, isOpen);
  const isLive = useStore((state) => state.link.at === "live" || state.link.at === "suspect");
  const liveAt = useStore((state) => state.liveAt);
  const { done, total } = workCounts(rows);
  // While the server is not heard the clock stands still: whether it works is not known.
  const seconds = duration(job, isLive || liveAt === null ? now : liveAt);
  const share = job.status === "complete" ? 1 : job.fraction;
  const text = summary(job, rows, seconds, isLive);
  useMilestones(job, share, text);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: people who cannot see the bar come here to hear how far it is
    <section class={classNames("a-progress", isOpen && !isLive && "is-stale")} aria-label="Progress" tabIndex={0} data-testid="progress">
      <div class="a-progress-line">
        <span class="a-progress-share num">{share === null ? "–" : `${Math.floor(share * 100)} %`}</span>
        <Progress
          value={job.status === "queued" || (share === null && !isOpen) ? 0 : share}
          label={`${jobName(job)}: progress`}
          tone={job.status === "complete" ? "ok" : job.status === "failed" ? "bad" : isOpen ? "accent" : "plain"}
          text=""
        />
      </div>
      <p class="a-progress-text num">
        {total === 0 ? null : (
          <span>
            {formatCount(done)} of {plural(Math.max(total, done), "step")}
          </span>
        )}
        <span>{isFinal(job.status) ? `took ${jobTime(seconds)}` : `${jobTime(seconds)} elapsed`}</span>
        {job.status === "running" && isLive ? <span>{remainingText(job.remaining_seconds)}</span> : null}
        {isOpen && !isLive && liveAt !== null ? <span>as of {clockTime(liveAt)}</span> : null}
        {isOpen && job.last_message !== null ? <span class="a-progress-now">{job.last_message}</span> : null}
      </p>
      <p class="sr-only">{text}</p>
    </section>
  );
}

/** Rounded, because it is a guess. */
export function remainingText(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "estimating the time left";
  if (seconds < 1.5) return "about a second left";
  if (seconds < 10) return `about ${Math.round(seconds)} s left`;
  if (seconds < 60) return `about ${Math.round(seconds / 5) * 5} s left`;
  if (seconds < 5400) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${Math.round(seconds / 1800) / 2} h left`;
}

function summary(job: JobSummary, rows: readonly FoldRow[], seconds: number | null, isLive: boolean): string {
  const { done, total } = workCounts(rows);
  const parts = [stateWord(job).text];
  if (job.fraction !== null && !isFinal(job.status)) parts.push(`${Math.floor(job.fraction * 100)} percent`);
  if (total > 0) parts.push(`${done} of ${total} steps`);
  if (job.status === "running" && isLive && job.remaining_seconds !== null) parts.push(remainingText(job.remaining_seconds));
  else if (seconds !== null) parts.push(`${jobTime(seconds)}`);
  return `${parts.join(", ")}.`;
}

/** Says a quarter, a half, three quarters aloud; the end is said elsewhere. */
function useMilestones(job: JobSummary, share: number | null, text: string): void {
  const said = useRef(Math.floor((share ?? 0) * 4));
  useEffect(() => {
    const quarter = Math.floor((share ?? 0) * 4);
    if (quarter <= said.current || isFinal(job.status)) return;
    said.current = quarter;
    if (quarter < 4) announce(text, job.job_id);
  }, [job, share, text]);
}
