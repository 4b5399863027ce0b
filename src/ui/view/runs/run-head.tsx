import { useState } from "preact/hooks";
import type { RunInfo } from "../../../client/index.ts";
import { attempt, download } from "../../app/actions.ts";
import { useNow } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { clockTime } from "../../app/words.ts";
import { announce, Button, Dialog, formatDuration, Menu, Progress } from "../../kit/index.ts";
import type { RunLog } from "../../store/runs-log.ts";
import { remainingText } from "../job/progress-head.tsx";
import { PageHead } from "../page-head.tsx";
import { useHub } from "./hooks.ts";
import { pinnedRuns, togglePin } from "./pins.ts";
import { RunStatePill, Tags } from "./run-state.tsx";
import { progressOf, runSeconds, totalSteps } from "./run-words.ts";

export interface RunHeadProps {
  readonly run: RunInfo;
  readonly log: RunLog | null;
  /** Of the log: changes with everything but points. */
  readonly version: number;
  readonly onChange: (run: RunInfo) => void;
}

/** Name, state, time, how far, and what can be done: stop, export, pin, delete. */
export function RunHead({ run, log, version, onChange }: RunHeadProps) {
  const hub = useHub();
  const [asking, setAsking] = useState<"stop" | "delete" | null>(null);
  // The stream is ahead of the record, which is told at most twice a second.
  const state = log?.isComplete && log.state !== null ? log.state : run.state;
  const canStop = state === "pending" || state === "running" || state === "stale";
  const save = (format: "csv" | "ndjson" | "arrow" | "parquet"): void =>
    void attempt(async () => download(`${fileStem(run.name)}.${format}`, await hub.api.exported(run.id, format)));
  const isPinned = pinnedRuns.value.includes(run.id);
  return (
    <>
      <PageHead title={run.name || "Unnamed run"} subtitle={<Tags tags={run.tags} />}>
        <RunStatePill state={state} />
        {run.job_id === undefined ? null : (
          <a class="k-button is-plain" href={paths.job(run.job_id)}>
            Open the job
          </a>
        )}
        {run.model_type === "prompt" ? (
          <a class="k-button is-plain" href={paths.prompt(run.id)}>
            Prompts and criticism
          </a>
        ) : null}
        {canStop ? (
          <Button icon="stop" onClick={() => setAsking("stop")}>
            Stop…
          </Button>
        ) : null}
        <Menu
          label="More about this run"
          icon="more"
          iconOnly
          items={[
            { id: "pin", label: isPinned ? "Unpin" : "Pin", onSelect: () => togglePin(run.id) },
            { id: "compare", label: "Compare with…", onSelect: () => navigate(paths.runCompare(compareWith(run.id))) },
            { id: "csv", label: "All points as CSV", onSelect: () => save("csv") },
            { id: "parquet", label: "All points as Parquet", onSelect: () => save("parquet") },
            { id: "arrow", label: "All points as Arrow", onSelect: () => save("arrow") },
            { id: "ndjson", label: "All points as NDJSON", onSelect: () => save("ndjson") },
            { id: "delete", label: "Delete…", danger: true, onSelect: () => setAsking("delete") },
          ]}
        />
      </PageHead>
      <RunProgress run={run} log={log} version={version} isOver={!canStop && state !== "stopping"} isHeard={state === "running"} />
      {asking === "stop" ? <StopDialog run={run} onClose={() => setAsking(null)} onStopped={onChange} /> : null}
      {asking === "delete" ? <DeleteDialog run={run} onClose={() => setAsking(null)} /> : null}
    </>
  );
}

function compareWith(run: string): readonly string[] {
  return [run, ...pinnedRuns.value.filter((pin) => pin !== run)];
}

/** How far and how long; the clock stands still while the server is not heard. */
function RunProgress({
  run,
  log,
  isOver,
  isHeard,
}: {
  run: RunInfo;
  log: RunLog | null;
  version: number;
  isOver: boolean;
  isHeard: boolean;
}) {
  const { link } = useHub();
  const { at } = link.value;
  const isLive = at === "live" || at === "suspect";
  const now = useNow(1_000, !isOver);
  const asOf = link.value.at === "waiting" || link.value.at === "connecting" ? (link.value.downSince ?? now) : now;
  const seconds = runSeconds(run, Math.min(now, asOf));
  const step = log?.lastStep ?? null;
  const total = totalSteps(run.config);
  const { share, left } = progressOf(step, total, seconds);
  const facts = [
    step === null
      ? null
      : total === null
        ? `step ${step.toLocaleString("en")}`
        : `step ${step.toLocaleString("en")} of ${total.toLocaleString("en")}`,
    seconds === null ? null : isOver ? `took ${formatDuration(seconds)}` : `${formatDuration(seconds)} elapsed`,
    isOver ? null : total === null ? "no end known" : isLive && isHeard && left !== null ? remainingText(left) : null,
    run.reason,
    run.exit_code === null ? null : `exit code ${run.exit_code}`,
    log !== null && !log.isComplete ? "catching up…" : null,
    isOver || isLive ? null : `as of ${clockTime(asOf)}`,
  ].filter((fact) => fact !== null && fact !== "");
  return (
    <section class="a-progress" aria-label="Progress" data-testid="run-progress">
      {share === null ? null : (
        <div class="a-progress-line">
          <span class="a-progress-share num">{Math.floor(share * 100)} %</span>
          <Progress value={share} label={`${run.name}: progress`} tone={isOver ? "plain" : "accent"} text="" />
        </div>
      )}
      <p class="a-progress-text num">
        {facts.length === 0 ? <span>Waiting for the first point.</span> : facts.map((fact) => <span key={fact}>{fact}</span>)}
      </p>
    </section>
  );
}

function StopDialog({ run, onClose, onStopped }: { run: RunInfo; onClose: () => void; onStopped: (run: RunInfo) => void }) {
  const hub = useHub();
  const [busy, setBusy] = useState(false);
  const stop = async (): Promise<void> => {
    setBusy(true);
    const done = await attempt(async () => {
      onStopped({ ...run, ...(await hub.api.stop(run.id)) });
      announce(`${run.name} is asked to stop.`);
    });
    if (done) onClose();
    else setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Ask ${run.name} to stop?`}
      actions={
        <>
          <Button onClick={onClose}>Let it run</Button>
          <Button kind="danger" busy={busy} onClick={() => void stop()}>
            Ask to stop
          </Button>
        </>
      }
    >
      Its program is told with its next report and ends by itself. Everything that it has logged stays.
    </Dialog>
  );
}

function DeleteDialog({ run, onClose }: { run: RunInfo; onClose: () => void }) {
  const hub = useHub();
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    if (await attempt(() => hub.api.remove(run.id))) navigate(paths.runs);
    else setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${run.name}?`}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" busy={busy} onClick={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      All its points, its log and its notes are deleted from the server.
    </Dialog>
  );
}

function fileStem(name: string): string {
  return name.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || "run";
}
