import { useState } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { useApp, useStore } from "../../app/context.ts";
import { jobName, plural } from "../../app/words.ts";
import { announce, Button, Dialog } from "../../kit/index.ts";
import { foldRows } from "./grid-model.ts";

/** Asks with the cost: what is finished and will not count. */
export function CancelDialog({ job, onClose }: { job: JobSummary; onClose: () => void }) {
  const app = useApp();
  const live = useStore((state) => state.live[job.job_id]);
  const [busy, setBusy] = useState(false);
  const rows = live === undefined ? [] : foldRows(live.nodes).filter((row) => row.fold > 0);
  const done = rows.filter((row) => row.state === "done").length;
  const cancel = async (): Promise<void> => {
    setBusy(true);
    if (await attempt(() => app.client.call("job.cancel", { job_id: job.job_id }))) {
      announce(`Cancelling ${jobName(job)}.`);
      onClose();
    } else setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Cancel ${jobName(job)}?`}
      actions={
        <>
          <Button onClick={onClose}>Keep training</Button>
          <Button kind="danger" busy={busy} onClick={() => void cancel()}>
            Cancel the job
          </Button>
        </>
      }
    >
      {job.status === "queued"
        ? "It has not started yet."
        : `${done} of ${plural(rows.length, "fold")} ${done === 1 ? "is" : "are"} finished. Nothing of a cancelled job is kept.`}
    </Dialog>
  );
}
