import { useEffect } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { useApp, useNow, useStore } from "../../app/context.ts";
import { plural } from "../../app/words.ts";
import { Card, Empty, formatCount, formatDuration, Skeleton } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import { JobTable } from "../jobs/job-table.tsx";
import { PageHead } from "../page-head.tsx";

const ASK_EVERY_MS = 2_000;

/** Who does the work, and what waits for it. */
export function DaemonsPage() {
  const app = useApp();
  const info = useStore((state) => state.info);
  const daemons = useStore((state) => state.daemons);
  const jobs = useStore((state) => state.jobs);
  const isLive = useStore((state) => state.link.at === "live");
  const now = useNow(ASK_EVERY_MS, isLive);
  useEffect(() => {
    if (!isLive) return;
    app.client.call("info", {}).then(
      (next) => app.store.dispatch({ type: "info", info: next }),
      () => {
        // The next beat asks again.
      },
    );
  }, [app, isLive, now]);
  if (info === null) {
    return (
      <>
        <PageHead title="Daemons" />
        <Skeleton height={160} />
      </>
    );
  }
  const open = (jobs ?? []).filter((job: JobSummary) => !isFinal(job.status));
  return (
    <>
      <PageHead title="Daemons" subtitle="Daemons are the processes that train. Each works on one fit at a time." />
      <dl class="a-tiles">
        <Tile name="Daemons" value={formatCount(daemons ?? info.daemons)} />
        <Tile name="Jobs running, all sessions" value={formatCount(info.n_jobs_running)} />
        <Tile name="Jobs at the same time, at most" value={formatCount(info.max_concurrent)} />
        <Tile name="Sessions" value={formatCount(info.n_sessions)} />
        <Tile name="Server up" value={formatDuration(info.uptime_seconds)} />
      </dl>
      <Card title="Work of this session" subtitle={plural(open.length, "job")} flush>
        {open.length === 0 ? (
          <Empty title="Nothing is under way">Jobs that run or wait appear here.</Empty>
        ) : (
          <JobTable jobs={open} caption="Jobs under way" />
        )}
      </Card>
      <p class="a-quiet">
        To change their number start the server with <code>--daemons N</code>.
      </p>
    </>
  );
}

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div class="a-tile">
      <dt>{name}</dt>
      <dd class="num">{value}</dd>
    </div>
  );
}
