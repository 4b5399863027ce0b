import "./runs.css";
import { useState } from "preact/hooks";
import type { RunInfo } from "../../../client/index.ts";
import { useNow } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { plural } from "../../app/words.ts";
import { ParallelCoordinates } from "../../chart/parallel.tsx";
import { type Limits, parallelAxis, passes } from "../../chart/parallel-model.ts";
import { Button, Card, Empty, Note, Skeleton, Switch } from "../../kit/index.ts";
import { PageHead } from "../page-head.tsx";
import { type ComparedRun, parallelItems, readCompared, settingNames, usualMetrics } from "./compare-runs-model.ts";
import { CompareTable } from "./compare-table.tsx";
import { type Asked, useAsked, useRunLogs, useRunNews } from "./hooks.ts";
import { LinkNote } from "./link-note.tsx";
import { LookBar } from "./look-bar.tsx";
import { ChartGroups } from "./run-charts.tsx";
import { lookFrom, type RunLook, writeLook } from "./run-look.ts";
import { RunPicker } from "./run-picker.tsx";
import { keysInSight } from "./wide-runs.ts";

const FIGURES_MS = 3_000;
const AXES_MAX = 10;
const METRICS_MAX = 3;
/** Of more series of all runs together, only those of open groups are followed. */
const FOLLOWED_SERIES = 3_000;

/** Runs side by side: what differs, their figures against a baseline, and their curves in the same charts. */
export function CompareRunsPage({ search }: { search: string }) {
  const query = new URLSearchParams(search);
  const { ids, baseline } = readCompared(query);
  const [picking, setPicking] = useState(false);
  const asked = useCompared(ids);
  const go = (change: (query: URLSearchParams) => void): void => {
    const changed = new URLSearchParams(search);
    change(changed);
    navigate(`/runs/compare?${changed}`, { replace: true });
  };
  const choose = (chosen: readonly string[]): void => go((changed) => changed.set("runs", chosen.join(",")));
  const runs = asked.value?.filter(({ run }) => ids.includes(run.id)) ?? null;
  const missing = asked.value === null ? 0 : ids.length - (runs?.length ?? 0);
  return (
    <>
      <PageHead title="Compare runs" subtitle={ids.length < 2 ? "Choose two or more runs." : plural(ids.length, "run")}>
        <Button onClick={() => navigate(paths.runs)}>All runs</Button>
        {ids.length < 2 ? null : (
          <Button icon="tune" aria-expanded={picking} onClick={() => setPicking(!picking)}>
            Choose runs
          </Button>
        )}
      </PageHead>
      <LinkNote />
      {asked.fault === null ? null : (
        <Note tone="bad" title="The runs could not be read." actions={<Button onClick={asked.again}>Try again</Button>}>
          {asked.fault}
        </Note>
      )}
      {missing === 0 ? null : (
        <Note tone="warn" title={`${plural(missing, "run")} of the address ${missing === 1 ? "is" : "are"} not here any more.`} />
      )}
      {picking || ids.length < 2 ? <RunPicker chosen={ids} onChoose={choose} /> : null}
      {ids.length < 2 ? null : runs === null ? (
        asked.fault === null ? (
          <Skeleton height={320} />
        ) : null
      ) : runs.length < 2 ? (
        <Empty title="Fewer than two of these runs are here">Choose others.</Empty>
      ) : (
        <Comparison
          key={ids.join()}
          runs={runs}
          baseline={baseline}
          look={lookFrom(query)}
          onLook={(look) => go((changed) => writeLook(changed, look))}
          onBaseline={(run) => go((changed) => changed.set("base", run))}
          onRemove={(run) => choose(ids.filter((id) => id !== run))}
        />
      )}
    </>
  );
}

interface ComparisonProps {
  readonly runs: readonly ComparedRun[];
  readonly baseline: string | null;
  readonly look: RunLook;
  readonly onLook: (look: RunLook) => void;
  readonly onBaseline: (run: string) => void;
  readonly onRemove: (run: string) => void;
}

function Comparison({ runs, baseline, look, onLook, onBaseline, onRemove }: ComparisonProps) {
  const [all, setAll] = useState(false);
  const [limits, setLimits] = useState<ReadonlyMap<string, Limits>>(new Map());
  const colors = new Map(runs.map(({ run }, i) => [run.id, i]));
  const settings = settingNames(runs, all);
  const metrics = look.pins.length > 0 ? look.pins.slice(0, METRICS_MAX) : usualMetrics(runs, METRICS_MAX);
  const axes = [...settings.slice(0, AXES_MAX - metrics.length), ...metrics.map((key) => `${key}, last`)];
  const items = parallelItems(runs, settings.slice(0, AXES_MAX - metrics.length), metrics);
  const scales = axes.map((name, i) =>
    parallelAxis(
      name,
      items.map((item) => item.values[i] ?? null),
    ),
  );
  const kept = new Set(items.filter((item) => passes(item, scales, limits)).map(({ id }) => id));
  const shown = runs.filter(({ run }) => kept.has(run.id));
  const keys = [...new Set(runs.flatMap(({ figures }) => [...figures.keys()]))];
  const total = runs.reduce((sum, { figures }) => sum + figures.size, 0);
  const logs = useRunLogs(
    runs.map(({ run, figures }) => ({ id: run.id, seriesCount: figures.size })),
    total > FOLLOWED_SERIES ? keysInSight(keys, look).slice(0, Math.ceil(FOLLOWED_SERIES / runs.length)) : null,
  );
  const drawn = shown.flatMap(({ run }) => {
    const log = logs.get(run.id);
    return log === undefined ? [] : [{ log, label: labelOf(run, runs), color: colors.get(run.id) ?? 0 }];
  });
  return (
    <>
      <Card
        flush
        title="Figures"
        subtitle={`Small figures are differences to the baseline. ${settings.length === 0 ? "No setting differs." : ""}`}
        actions={<Switch label="Settings that are equal too" checked={all} onChange={setAll} />}
      >
        <CompareTable
          runs={shown}
          baseline={runs.find(({ run }) => run.id === baseline) ?? null}
          settings={settings}
          metrics={metrics}
          colors={colors}
          onBaseline={onBaseline}
          onRemove={onRemove}
        />
      </Card>
      {axes.length < 2 ? null : (
        <ParallelCoordinates
          title="Settings and results"
          axes={axes}
          items={items}
          colorOf={(id) => colors.get(id) ?? 0}
          limits={limits}
          onLimits={setLimits}
        />
      )}
      <LookBar look={look} keys={keys} onLook={onLook} />
      {keys.length === 0 ? (
        <Empty title="No points yet">Curves appear with the first points.</Empty>
      ) : (
        <ChartGroups keys={keys} runs={drawn} look={look} onLook={onLook} isLive={drawn.some(({ log }) => !log.hasEnded)} />
      )}
    </>
  );
}

/** Names that are not unique get the beginning of the id. */
function labelOf(run: RunInfo, runs: readonly ComparedRun[]): string {
  return runs.some((other) => other.run.id !== run.id && other.run.name === run.name) ? `${run.name} ${run.id.slice(0, 4)}` : run.name;
}

/** What is told about each run, and the figures of its series; read again while one of them goes on. */
function useCompared(ids: readonly string[]): Asked<readonly ComparedRun[]> {
  const [news, setNews] = useState(0);
  const asked = useAsked<readonly ComparedRun[]>(ids.length === 0 ? null : `${ids.join()} ${news}`, async (hub, signal) => {
    const found = await Promise.all(
      ids.map(async (id): Promise<ComparedRun[]> => {
        try {
          const [run, series] = await Promise.all([hub.api.get(id, signal), hub.api.keys(id, signal)]);
          return [{ run, figures: new Map(series.map(({ key, ...facts }) => [key, facts])) }];
        } catch (error) {
          if ((error as { status?: number }).status === 404) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  });
  const [isDated, setDated] = useState(false);
  const now = useNow(FIGURES_MS, isDated);
  useRunNews(
    ({ id }) => {
      if (ids.includes(id)) setDated(true);
    },
    () => setDated(true),
    () => {},
  );
  const [seen, setSeen] = useState(now);
  if (isDated && now !== seen) {
    setSeen(now);
    setDated(false);
    setNews(news + 1);
  }
  return asked;
}
