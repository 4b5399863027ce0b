import { useState } from "preact/hooks";
import type { HandleSummary } from "../../../client/index.ts";
import { ACCEPTED_FILES, attempt, openFiles } from "../../app/actions.ts";
import { useApp, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { plural } from "../../app/words.ts";
import { Button, Card, Dialog, Empty, FileDrop, formatCount, IconButton, Skeleton, Table } from "../../kit/index.ts";
import { forgetDraft } from "../new/drafts.ts";
import { PageHead } from "../page-head.tsx";
import { Uploads } from "../uploads.tsx";

/** The session's tables. */
export function DataPage() {
  const app = useApp();
  const data = useStore((state) => state.data);
  const jobs = useStore((state) => state.jobs);
  const [deleting, setDeleting] = useState<HandleSummary | null>(null);
  const jobsOf = (handle: HandleSummary): number => jobs?.filter((job) => job.data_handle === handle.data_handle).length ?? 0;
  return (
    <>
      <PageHead title="Data" subtitle={data === null ? undefined : plural(data.length, "data set")} />
      <FileDrop onFiles={(files) => void openFiles(app, files)} accept={ACCEPTED_FILES} multiple compact>
        <p class="a-quiet">Drop CSV, TSV, Parquet or Arrow files here.</p>
      </FileDrop>
      <Uploads />
      {data === null ? (
        <Skeleton height={160} />
      ) : data.length === 0 ? (
        <Empty title="No data yet" icon="data" actions={<Button onClick={() => navigate(paths.start)}>Look at sample data</Button>}>
          Tables that you open appear here. They stay on the server until you delete them.
        </Empty>
      ) : (
        <Card flush>
          <Table
            caption="Data sets"
            rows={data}
            rowKey={(row) => row.data_handle}
            columns={[
              {
                id: "name",
                header: "Name",
                rowHeader: true,
                sortValue: (row) => row.name,
                cell: (row) => <a href={paths.dataSet(row.data_handle)}>{row.name}</a>,
              },
              {
                id: "rows",
                header: "Rows",
                align: "end",
                sortValue: (row) => row.rows,
                cell: (row) => <span class="num">{formatCount(row.rows)}</span>,
              },
              {
                id: "cols",
                header: "Columns",
                align: "end",
                sortValue: (row) => row.cols,
                cell: (row) => <span class="num">{formatCount(row.cols)}</span>,
              },
              { id: "jobs", header: "Jobs", align: "end", sortValue: jobsOf, cell: (row) => <span class="num">{jobsOf(row)}</span> },
              {
                id: "actions",
                header: <span class="sr-only">Actions</span>,
                align: "end",
                cell: (row) => (
                  <span class="a-row is-end">
                    <Button
                      size="small"
                      onClick={() => navigate(paths.newModel(row.data_handle))}
                      aria-label={`Set up a model on ${row.name}`}
                    >
                      Set up a model
                    </Button>
                    <IconButton icon="trash" label={`Delete ${row.name}`} onClick={() => setDeleting(row)} />
                  </span>
                ),
              },
            ]}
          />
        </Card>
      )}
      {deleting === null ? null : <DeleteData handle={deleting} jobs={jobsOf(deleting)} onClose={() => setDeleting(null)} />}
    </>
  );
}

export function DeleteData({
  handle,
  jobs,
  onClose,
  onDeleted,
}: {
  handle: HandleSummary;
  jobs: number;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    const done = await attempt(() => app.client.call("data.delete", { data_handle: handle.data_handle }));
    setBusy(false);
    if (!done) return;
    forgetDraft(handle.data_handle);
    onClose();
    onDeleted?.();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${handle.name}?`}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" busy={busy} onClick={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      The table is deleted from the server; the file that you opened stays where it is.
      {jobs > 0 ? ` ${plural(jobs, "job")} used it; their results stay.` : ""}
    </Dialog>
  );
}
