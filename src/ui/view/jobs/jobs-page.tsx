import { useState } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { useApp, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { jobName, plural } from "../../app/words.ts";
import { Button, Card, Dialog, Empty, IconButton, Segmented, Skeleton, TextField } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import { PageHead } from "../page-head.tsx";
import { JobTable } from "./job-table.tsx";

type Filter = "all" | "open" | "done" | "failed";

/** All jobs of the session. */
export function JobsPage() {
  const jobs = useStore((state) => state.jobs);
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [deleting, setDeleting] = useState<JobSummary | null>(null);
  const shown = jobs?.filter((job) => matches(job, search, filter)) ?? [];
  return (
    <>
      <PageHead title="Jobs" subtitle={jobs === null ? undefined : plural(jobs.length, "job")}>
        <Button icon="plus" onClick={() => navigate(paths.newModel())}>
          New model
        </Button>
      </PageHead>
      {jobs === null ? (
        <Skeleton height={200} />
      ) : jobs.length === 0 ? (
        <Empty
          title="No jobs yet"
          icon="jobs"
          actions={
            <>
              <Button kind="primary" onClick={() => navigate(paths.start)}>
                Train on sample data
              </Button>
              <Button onClick={() => navigate(paths.data)}>Open a file</Button>
            </>
          }
        >
          Every model you train appears here, with how good it is.
        </Empty>
      ) : (
        <>
          <div class="a-bar">
            <TextField
              label="Search jobs"
              hideLabel
              type="search"
              icon="search"
              placeholder="Algorithm, data or target"
              value={search}
              onChange={setSearch}
            />
            <Segmented
              label="Which jobs"
              value={filter}
              onChange={setFilter}
              options={[
                { value: "all", label: "All" },
                { value: "open", label: "Under way" },
                { value: "done", label: "Done" },
                { value: "failed", label: "Not finished" },
              ]}
            />
          </div>
          <Card flush>
            <JobTable
              jobs={shown}
              caption="Jobs"
              actions={(job) =>
                isFinal(job.status) ? <IconButton icon="trash" label={`Delete ${jobName(job)}`} onClick={() => setDeleting(job)} /> : null
              }
            />
            {shown.length === 0 ? <Empty title="No job matches">Change the search or the filter.</Empty> : null}
          </Card>
        </>
      )}
      {deleting === null ? null : <DeleteDialog job={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

export function DeleteDialog({ job, onClose, onDeleted }: { job: JobSummary; onClose: () => void; onDeleted?: () => void }) {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    if (await attempt(() => app.client.call("job.delete", { job_id: job.job_id }))) {
      onDeleted?.();
      onClose();
    } else setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${jobName(job)}?`}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" busy={busy} onClick={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      Its results, predictions and model are deleted from the server. The data set stays.
    </Dialog>
  );
}

function matches(job: JobSummary, search: string, filter: Filter): boolean {
  if (filter === "open" && isFinal(job.status)) return false;
  if (filter === "done" && job.status !== "complete") return false;
  if (filter === "failed" && !["failed", "cancelled", "interrupted"].includes(job.status)) return false;
  const text = `${jobName(job)} ${job.target ?? ""} ${job.status}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
