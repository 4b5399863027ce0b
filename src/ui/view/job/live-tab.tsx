import { useMemo } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { Boundary } from "../../app/boundary.tsx";
import { useStore } from "../../app/context.ts";
import { Skeleton } from "../../kit/index.ts";
import { isFinal, type LiveJob } from "../../store/state.ts";
import { lazyView } from "../lazy.tsx";
import { FoldGrid } from "./fold-grid.tsx";
import { foldRows, settledNodes } from "./grid-model.ts";
import { LogView } from "./log-view.tsx";
import { ProgressHead } from "./progress-head.tsx";
import { StepTree } from "./step-tree.tsx";

const Curves = lazyView(() => import("./curves.tsx").then((module) => module.Curves));

/** The job while it runs, and afterwards how it went. */
export function LiveTab({ job }: { job: JobSummary }) {
  const live = useStore((state) => state.live[job.job_id]);
  if (live === undefined || (live.at === "asked" && live.nodes.size === 0)) {
    return (
      <>
        <ProgressHead job={job} rows={[]} />
        <Skeleton height={320} />
      </>
    );
  }
  return <Watched job={job} live={live} />;
}

function Watched({ job, live }: { job: JobSummary; live: LiveJob }) {
  const endedAt = isFinal(job.status) ? Date.parse(job.completed_at ?? job.started_at ?? job.submitted_at) : null;
  const nodes = useMemo(() => settledNodes(live.nodes, endedAt), [live.nodes, endedAt]);
  const rows = useMemo(() => foldRows(nodes), [nodes]);
  return (
    <div class="a-stack">
      <h2 class="sr-only">How it goes</h2>
      <ProgressHead job={job} rows={rows} />
      <div class="a-live">
        <div class="a-stack">
          <Boundary what="The curves">
            <Curves job={job} />
          </Boundary>
          <Boundary what="The tree of steps">
            <StepTree job={job} nodes={nodes} />
          </Boundary>
        </div>
        <div class="a-stack">
          {job.type === "train" ? (
            <Boundary what="The grid of folds">
              <FoldGrid job={job} rows={rows} />
            </Boundary>
          ) : null}
          {live.log.length === 0 ? null : (
            <Boundary what="The log">
              <LogView log={live.log} />
            </Boundary>
          )}
        </div>
      </div>
    </div>
  );
}
