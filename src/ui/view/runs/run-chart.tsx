import { useEffect, useMemo, useState } from "preact/hooks";
import { toValue } from "../../../client/index.ts";
import { type LiveLine, LiveLines } from "../../chart/index.ts";
import type { LineMark, Range } from "../../chart/live/lines-model.ts";
import type { LineBand } from "../../chart/live/painter.ts";
import { IconButton } from "../../kit/index.ts";
import type { RunLog } from "../../store/runs-log.ts";
import type { RunX } from "../../store/runs-series.ts";
import { useHub } from "./hooks.ts";
import { alertText } from "./run-alerts.tsx";
import { type RunLook, xKindOf, xLabelOf } from "./run-look.ts";

/** One run in a chart: its log and how it is told from others. */
export interface ChartRun {
  readonly log: RunLog;
  /** Empty when the run is the only one. */
  readonly label: string;
  readonly color: number;
}

export interface RunChartProps {
  readonly metric: string;
  readonly runs: readonly ChartRun[];
  readonly look: RunLook;
  readonly isLive: boolean;
  readonly isPinned: boolean;
  readonly onPin: () => void;
  readonly height?: number;
}

const BUCKETS = 800;
/** While a thinned run goes on, its roll-ups are read again this often. */
const BAND_MS = 15_000;

/** One metric of one or several runs over the chosen x. */
export function RunChart({ metric, runs, look, isLive, isPinned, onPin, height = 220 }: RunChartProps) {
  const [window, setWindow] = useState<Range | null>(null);
  const bands = useBands(metric, runs, look.x, window, isLive);
  const shape = runs
    .map(({ log, label, color }) => `${log.run} ${label} ${color} ${log.series.has(metric)} ${log.rewinds.length}`)
    .join("|");
  const lines = useMemo(() => linesOf(metric, runs, look.x, bands), [metric, shape, look.x, bands, ...runs.map(({ log }) => log)]);
  const alertCount = runs.reduce((sum, { log }) => sum + log.alerts.length, 0);
  const marks = useMemo(() => marksOf(metric, runs, look.x), [metric, shape, look.x, alertCount]);
  const alerts = runs.flatMap(({ log }) => log.alerts.filter((alert) => alert.key === metric));
  const thinned = runs.reduce((sum, { log }) => sum + (log.series.has(metric) ? log.thinned.of - log.thinned.rows : 0), 0);
  const zeroLeft = look.xLog && lines.some(({ data }) => data.length > 0 && data.xAt(0) <= 0);
  return (
    <LiveLines
      title={metric}
      lines={lines}
      xLabel={xLabelOf(look.x)}
      yLabel={metric}
      live={isLive}
      height={height}
      xKind={xKindOf(look.x)}
      xScale={look.xLog ? "log" : "linear"}
      chosen={{ scale: look.yLog ? "log" : "linear", halfLife: look.smooth }}
      syncKey={`runs ${look.x}`}
      marks={marks}
      onZoom={setWindow}
      controls={<IconButton icon="target" label={isPinned ? `Unpin ${metric}` : `Pin ${metric}`} pressed={isPinned} onClick={onPin} />}
      notes={
        <>
          {alerts.slice(-2).map((alert) => (
            <p key={alert.seq} class="c-note is-bad">
              ! {alertText(alert)}
            </p>
          ))}
          {thinned > 0 ? (
            <p class="c-note">
              {bands.size > 0 ? "Drawn from roll-ups" : "Thinned"}: minimum, maximum and mean of stretches, {thinned.toLocaleString("en")}{" "}
              rows more than are here. Zoom for detail.
            </p>
          ) : null}
          {zeroLeft ? <p class="c-note">Points at or before 0 are left out: the axis is logarithmic.</p> : null}
        </>
      }
    />
  );
}

function linesOf(metric: string, runs: readonly ChartRun[], x: RunX, bands: ReadonlyMap<string, LineBand>): readonly LiveLine[] {
  return runs.flatMap(({ log, label, color }): LiveLine[] => {
    const series = log.series.get(metric);
    if (series === undefined) return [];
    const { now, before } = series.project(x);
    const name = label === "" ? metric : label;
    const line: LiveLine = { id: log.run, label: name, color, data: now, band: bands.get(log.run) ?? null };
    if (log.rewinds.length === 0) return [line];
    return [line, { id: `${log.run} before`, label: `${name}, before it was told anew`, color, dash: 2, data: before }];
  });
}

/** Alerts of this metric stand where their step is; on another axis than the step their place is not known. */
function marksOf(metric: string, runs: readonly ChartRun[], x: RunX): readonly LineMark[] {
  if (x !== "step") return [];
  return runs.flatMap(({ log }) =>
    log.alerts.flatMap((alert) => (alert.key === metric && alert.step !== null ? [{ x: alert.step, label: alert.message }] : [])),
  );
}

const X_NAMES: Readonly<Record<string, string>> = { step: "step", time: "time", relative: "relative_time" };
const NO_BANDS: ReadonlyMap<string, LineBand> = new Map();

/** Roll-ups for runs of which the page holds only a part: of the whole, or of the window that is zoomed to. */
function useBands(
  metric: string,
  runs: readonly ChartRun[],
  x: RunX,
  window: Range | null,
  isLive: boolean,
): ReadonlyMap<string, LineBand> {
  const hub = useHub();
  const [bands, setBands] = useState(NO_BANDS);
  const [turn, setTurn] = useState(0);
  const thin = runs.filter(({ log }) => log.thinned.of > 0 && log.isComplete && log.series.has(metric));
  const name = X_NAMES[x];
  const question = thin.length === 0 || name === undefined ? null : [thin.map(({ log }) => log.run).join(), x, ...(window ?? [])].join(" ");
  useEffect(() => {
    if (question === null || !isLive) return;
    const timer = setInterval(() => setTurn((n) => n + 1), BAND_MS);
    return () => clearInterval(timer);
  }, [question, isLive]);
  useEffect(() => {
    if (question === null || name === undefined) {
      setBands(NO_BANDS);
      return;
    }
    const abort = new AbortController();
    const span = window === null ? {} : { from: window[0], to: window[1] };
    const asked = thin.map(async ({ log }): Promise<[string, LineBand][]> => {
      const [found] = await hub.api.rollUp(log.run, { keys: [metric], x: name, max_points: BUCKETS, ...span }, abort.signal);
      if (found === undefined) return [];
      const { first_x: firstX, last_x: lastX } = found;
      const numbers = (values: typeof found.mean): Float64Array => Float64Array.from(values, toValue);
      const band = { firstX, lastX, min: numbers(found.min), max: numbers(found.max), mean: numbers(found.mean), until: lastX.at(-1) ?? 0 };
      return [[log.run, band]];
    });
    Promise.all(asked).then(
      (found) => setBands(new Map(found.flat())),
      () => {
        // Aborted, or the link is lost: what is drawn stays, and the next turn asks again.
      },
    );
    return () => abort.abort();
  }, [hub, metric, question, turn]);
  return bands;
}
