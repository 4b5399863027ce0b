import type { RunInfo } from "../../../client/index.ts";
import { Button, Empty, Icon, Skeleton } from "../../kit/index.ts";
import type { RunLog } from "../../store/runs-log.ts";
import { LazyPlace } from "./lazy-place.tsx";
import { LookBar } from "./look-bar.tsx";
import { type ChartRun, RunChart } from "./run-chart.tsx";
import { groupKeys, type KeyGroup, matchingKeys, type RunLook } from "./run-look.ts";
import { GROUP_MAX } from "./wide-runs.ts";

export interface RunChartsProps {
  readonly run: RunInfo;
  readonly log: RunLog | null;
  /** Of the log: changes with everything but points. */
  readonly version: number;
  readonly look: RunLook;
  readonly onLook: (look: RunLook) => void;
  /** Every series, when the log does not follow all. */
  readonly allKeys: readonly string[] | null;
}

/** The charts of one run, grouped by what stands before the first slash of a key. */
export function RunCharts({ run, log, look, onLook, allKeys }: RunChartsProps) {
  if (log === null) return <Skeleton height={320} />;
  const keys = allKeys ?? [...log.series.keys()];
  if (keys.length === 0) {
    if (!log.isComplete) return <Skeleton height={320} />;
    return <Empty title="No points yet">Charts appear with the first point that {run.name || "the run"} reports.</Empty>;
  }
  return (
    <>
      <LookBar look={look} keys={keys} onLook={onLook} />
      <ChartGroups keys={keys} runs={[{ log, label: "", color: 0 }]} look={look} onLook={onLook} isLive={!log.hasEnded} />
    </>
  );
}

export interface ChartGroupsProps {
  readonly keys: readonly string[];
  readonly runs: readonly ChartRun[];
  readonly look: RunLook;
  readonly onLook: (look: RunLook) => void;
  readonly isLive: boolean;
}

export function ChartGroups({ keys, runs, look, onLook, isLive }: ChartGroupsProps) {
  const groups = groupKeys(matchingKeys(keys, look.filter), look.pins);
  if (groups.length === 0) {
    return (
      <Empty title="No metric matches" actions={<Button onClick={() => onLook({ ...look, filter: "" })}>Show all</Button>}>
        None of {keys.length.toLocaleString("en")} metrics has a name like that.
      </Empty>
    );
  }
  return (
    <>
      {groups.map((group) => {
        const isOpen = look.open[group.name] ?? group.keys.length <= GROUP_MAX;
        return (
          <Group
            key={group.name}
            group={group}
            isOpen={isOpen}
            onToggle={() => onLook({ ...look, open: { ...look.open, [group.name]: !isOpen } })}
          >
            {group.keys.map((metric) => (
              <LazyPlace key={metric} height={360}>
                {() => (
                  <RunChart
                    metric={metric}
                    runs={runs}
                    look={look}
                    isLive={isLive}
                    isPinned={look.pins.includes(metric)}
                    onPin={() => onLook({ ...look, pins: toggledPin(look.pins, metric) })}
                  />
                )}
              </LazyPlace>
            ))}
          </Group>
        );
      })}
    </>
  );
}

function toggledPin(pins: readonly string[], metric: string): readonly string[] {
  return pins.includes(metric) ? pins.filter((pin) => pin !== metric) : [...pins, metric];
}

function Group({
  group,
  isOpen,
  onToggle,
  children,
}: {
  group: KeyGroup;
  isOpen: boolean;
  onToggle: () => void;
  children: preact.ComponentChildren;
}) {
  return (
    <section class="r-group" aria-label={group.title}>
      <h2>
        <button type="button" aria-expanded={isOpen} onClick={onToggle}>
          <Icon name={isOpen ? "chevron-down" : "chevron-right"} />
          {group.title} <span class="a-quiet num">{group.keys.length.toLocaleString("en")}</span>
        </button>
      </h2>
      {isOpen ? <div class="r-charts">{children}</div> : null}
    </section>
  );
}
