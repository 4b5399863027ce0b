import "./runs.css";
import { useEffect, useState } from "preact/hooks";
import { isEnded, type RunInfo } from "../../../client/index.ts";
import { navigate, paths } from "../../app/router.ts";
import { announce, Button, Empty, Note, Skeleton, Tabs, toast } from "../../kit/index.ts";
import type { RunAlert, RunChange, RunLine, RunLog } from "../../store/runs-log.ts";
import { LogView } from "../job/log-view.tsx";
import { PageHead } from "../page-head.tsx";
import { useAsked, useHub, useRunLog, useRunNews } from "./hooks.ts";
import { LinkNote } from "./link-note.tsx";
import { RunAbout } from "./run-about.tsx";
import { AlertNotes } from "./run-alerts.tsx";
import { RunCharts } from "./run-charts.tsx";
import { RunHead } from "./run-head.tsx";
import { lookFrom, type RunLook, writeLook } from "./run-look.ts";
import { runStateWord } from "./run-words.ts";
import { useWantedKeys } from "./wide-runs.ts";

const NO_ALERTS: readonly RunAlert[] = [];
const NO_CHANGES: readonly RunChange[] = [];

type TabName = "charts" | "log" | "about";

/** One run, live: how far it is, its charts, its log, and what is known about it. */
export function RunPage({ id, search }: { id: string; search: string }) {
  const asked = useAsked(id, (hub, signal) => hub.api.get(id, signal));
  const hub = useHub();
  const query = new URLSearchParams(search);
  const look = lookFrom(query);
  const run = asked.value;
  const wanted = useWantedKeys(run, look);
  const log = useRunLog(id, run === null || !wanted.isKnown ? null : (run.series_count ?? 0), wanted.keys);
  useRunNews(
    (record) => {
      if (record.id !== id || run === null) return;
      asked.set({ ...run, ...record });
      // It had ended, and goes on.
      if (log?.hasEnded && !isEnded(record.state)) hub.stream.refresh(id);
    },
    () => {},
    asked.again,
  );
  useTitleOf(run, log);
  useAlertToasts(log);
  useEndAnnounced(run, log);

  if (asked.isGone || log?.state === "deleted") {
    return (
      <>
        <PageHead title="Run" />
        <Empty title="This run is not here" icon="chart" actions={<Button onClick={() => navigate(paths.runs)}>All runs</Button>}>
          It was deleted, or it belongs to another server.
        </Empty>
      </>
    );
  }
  if (run === null) return asked.fault === null ? <Skeleton height={320} /> : <Fault text={asked.fault} onAgain={asked.again} />;

  // The log is one and the same object: what is made of it is drawn again when its version is another.
  const version = log?.version ?? 0;
  const tab = toTab(query.get("tab"));
  const setTab = (next: string): void => {
    const changed = new URLSearchParams(search);
    if (next === "charts") changed.delete("tab");
    else changed.set("tab", next);
    navigate(address(id, changed), { replace: true });
  };
  const setLook = (next: RunLook): void => {
    const changed = new URLSearchParams(search);
    writeLook(changed, next);
    navigate(address(id, changed), { replace: true });
  };
  return (
    <>
      <RunHead run={run} log={log} version={version} onChange={asked.set} />
      <LinkNote />
      <AlertNotes alerts={log?.alerts ?? NO_ALERTS} />
      <Tabs
        label="Parts of the run"
        value={tab}
        onChange={setTab}
        tabs={[
          { id: "charts", label: "Charts", count: wanted.all?.length ?? (log?.series.size || undefined) },
          { id: "log", label: "Log", count: log === null || log.lines.length === 0 ? undefined : log.lines.length },
          { id: "about", label: "About" },
        ]}
      >
        {tab === "charts" ? <RunCharts run={run} log={log} version={version} look={look} onLook={setLook} allKeys={wanted.all} /> : null}
        {tab === "log" ? <RunLines lines={log?.lines ?? null} /> : null}
        {tab === "about" ? <RunAbout run={run} changes={log?.changes ?? NO_CHANGES} onChange={asked.set} /> : null}
      </Tabs>
    </>
  );
}

function address(id: string, query: URLSearchParams): string {
  return query.size === 0 ? paths.run(id) : `${paths.run(id)}?${query}`;
}

function toTab(name: string | null): TabName {
  return name === "log" || name === "about" ? name : "charts";
}

function Fault({ text, onAgain }: { text: string; onAgain: () => void }) {
  return (
    <Note tone="bad" title="The run could not be read." actions={<Button onClick={onAgain}>Try again</Button>}>
      {text}
    </Note>
  );
}

function RunLines({ lines }: { lines: readonly RunLine[] | null }) {
  if (lines === null) return <Skeleton height={200} />;
  if (lines.length === 0) return <Empty title="No lines yet">What the run's program writes to its log appears here.</Empty>;
  return <LogView log={lines} />;
}

function useTitleOf(run: RunInfo | null, log: RunLog | null): void {
  const state = log?.state ?? run?.state;
  const text = run === null || state === undefined ? null : `${runStateWord(state).glyph} ${run.name}`;
  useEffect(() => {
    if (text !== null) document.title = text;
  }, [text]);
}

/** The end is said aloud when it comes while the page is open. */
function useEndAnnounced(run: RunInfo | null, log: RunLog | null): void {
  const [seen, setSeen] = useState<RunLog["state"]>(null);
  const state = log?.isComplete ? log.state : null;
  useEffect(() => {
    if (state === null) return;
    if (seen !== null && seen !== state && isEnded(state)) announce(`${run?.name ?? "The run"}: ${runStateWord(state).text}.`);
    setSeen(state);
  }, [state]);
}

/** Alerts that come while the page is open are told at once; those that were there before are in the notes. */
function useAlertToasts(log: RunLog | null): void {
  const [told, setTold] = useState<number | null>(null);
  const count = log?.alerts.length ?? 0;
  const isComplete = log?.isComplete ?? false;
  useEffect(() => {
    if (log === null || !isComplete) return;
    if (told !== null) for (const alert of log.alerts.slice(told)) toast(alert.message, "warn");
    setTold(count);
  }, [count, isComplete]);
}
