import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { classNames } from "../../kit/class-names.ts";
import { Select } from "../../kit/fields.tsx";
import { formatMetric } from "../../kit/format.ts";
import { Segmented } from "../../kit/segmented.tsx";
import { announce } from "../../kit/toast.tsx";
import { DASHES } from "../color.ts";
import { ChartFrame, Swatch } from "../frame.tsx";
import { moveReading, type ReadingPosition } from "../reading.ts";
import { brokenSentence, describeLines, type LineMark, type LiveLine, linesTable, type Range, readPoint } from "./lines-model.ts";
import { LinesView } from "./lines-view.ts";
import { formatXAs, type XKind } from "./x-axis.ts";

export interface LiveLinesProps {
  readonly title: string;
  readonly lines: readonly LiveLine[];
  /** Name of x, e.g. `Round`. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** While true the axes only grow and x has room for more. */
  readonly live: boolean;
  /** Made from the data when absent. */
  readonly description?: string;
  readonly height?: number;
  readonly initialScale?: "linear" | "log";
  /** Charts with the same key share their cursor. */
  readonly syncKey?: string;
  readonly plain?: boolean;
  /** Further controls, before smoothing and scale. */
  readonly controls?: ComponentChildren;
  /** What x is; a plain number by default. */
  readonly xKind?: XKind;
  readonly xScale?: "linear" | "log";
  /** Chosen from outside: the chart has no controls of its own for them. */
  readonly chosen?: { readonly scale: "linear" | "log"; readonly halfLife: number };
  readonly marks?: readonly LineMark[];
  /** Notes below the legend. */
  readonly notes?: ComponentChildren;
  /** The window of x that a person chose; null for all. */
  readonly onZoom?: (x: Range | null) => void;
}

const NO_MARKS: readonly LineMark[] = [];

const MOST_LINES = 24;
const TABLE_ROWS = 2000;
const DESCRIBE_MS = 1000;
const SMOOTHING = [
  { value: "0", label: "Raw" },
  { value: "4", label: "Smooth 4" },
  { value: "16", label: "Smooth 16" },
  { value: "64", label: "Smooth 64" },
];

/**
 * Loss and metric curves while they grow. Every point counts: a spike among a million stays visible; smoothing is drawn over the
 * raw curve. Drag zooms, double press resets, Ctrl + wheel zooms at the pointer; keys: arrows read, + − zoom, 0 resets.
 */
export function LiveLines(props: LiveLinesProps) {
  const { title, lines, xLabel, yLabel, live, height = 260, initialScale = "linear", syncKey, plain = false } = props;
  const [ownScale, setScale] = useState<"linear" | "log">(initialScale);
  const [ownHalfLife, setHalfLife] = useState(0);
  const { scale, halfLife } = props.chosen ?? { scale: ownScale, halfLife: ownHalfLife };
  const { xKind = "number", xScale = "linear", marks = NO_MARKS } = props;
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const hidden = useHidden(lines, chosen);
  const cursor = useSignal<number | null>(null);
  const version = useSignal(0);
  const [position, setPosition] = useState<ReadingPosition | null>(null);
  const sentence = useSentence(lines, xLabel, props.xKind ?? "number", props.description, version);
  const look = { lines, hidden, log: scale === "log", xLog: xScale === "log", xKind, marks, live, halfLife, height, syncKey };
  const { host, view } = useLinesView(look, cursor, version, props.onZoom);

  const shown = lines.filter((line) => !hidden.has(line.id));
  const onKey = (event: KeyboardEvent): boolean => {
    if (event.key === "+" || event.key === "=") view.current?.zoomBy(1.6);
    else if (event.key === "-") view.current?.zoomBy(1 / 1.6);
    else if (event.key === "0") view.current?.reset();
    else {
      const next = moveReading(
        position,
        event,
        shown.map((line) => line.data.length),
      );
      const line = next === null ? undefined : shown[next.series];
      if (next === null || line === undefined) return false;
      setPosition(next);
      view.current?.point(line.data.xAt(next.index));
      announce(readPoint(line, next.index, xLabel, xKind));
    }
    return true;
  };
  const leave = () => {
    setPosition(null);
    view.current?.point(null);
  };
  return (
    <ChartFrame
      title={title}
      description={sentence}
      plain={plain}
      onKey={onKey}
      onLeave={leave}
      table={() => linesTable(shown, xLabel, yLabel, TABLE_ROWS)}
      fullTable={() => linesTable(lines, xLabel, yLabel)}
      controls={
        <>
          {props.controls}
          {props.chosen ? null : (
            <>
              <Select
                small
                hideLabel
                label={`Smoothing of ${title}: half-life in ${xLabel.toLowerCase()}s`}
                value={String(halfLife)}
                options={SMOOTHING}
                onChange={(value) => setHalfLife(Number(value))}
              />
              <Segmented
                small
                label="Scale"
                value={scale}
                options={[
                  { value: "linear", label: "Linear" },
                  { value: "log", label: "Log" },
                ]}
                onChange={setScale}
              />
            </>
          )}
        </>
      }
      footer={
        <>
          <LineLegend
            lines={lines}
            hidden={hidden}
            cursor={cursor}
            version={version}
            xLabel={xLabel}
            xKind={xKind}
            onToggle={(id) => setChosen(new Map(chosen).set(id, hidden.has(id)))}
          />
          {props.notes}
        </>
      }
    >
      <p class="c-axis-note">{yLabel}</p>
      <div ref={host} class="c-lines" style={{ blockSize: `${height}px` }} />
      <p class="c-axis-note is-x">{xLabel}</p>
    </ChartFrame>
  );
}

/** Lines that are not drawn: those switched off, and beyond the 24th those not switched on. */
function useHidden(lines: readonly LiveLine[], chosen: ReadonlyMap<string, boolean>): ReadonlySet<string> {
  const hidden = new Set(lines.filter((line, at) => !(chosen.get(line.id) ?? at < MOST_LINES)).map((line) => line.id));
  // The same set while its content is the same, so that the view can tell a change.
  const last = useRef(hidden);
  if (last.current.size !== hidden.size || [...hidden].some((id) => !last.current.has(id))) last.current = hidden;
  return last.current;
}

function useLinesView(
  look: ConstructorParameters<typeof LinesView>[1],
  cursor: Signal<number | null>,
  version: Signal<number>,
  onZoom: ((x: Range | null) => void) | undefined,
) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<LinesView | null>(null);
  const zoomed = useRef(onZoom);
  zoomed.current = onZoom;
  const { lines, hidden, log, xLog, xKind, marks, live, halfLife, height, syncKey } = look;
  useLayoutEffect(() => {
    if (host.current === null) return;
    view.current = new LinesView(host.current, look, {
      onCursor: (x) => {
        cursor.value = x;
      },
      onDraw: () => {
        version.value += 1;
      },
      onZoom: (x) => zoomed.current?.(x),
    });
    return () => view.current?.close();
  }, []);
  useLayoutEffect(() => {
    view.current?.update({ lines, hidden, log, xLog, xKind, marks, live, halfLife, height, syncKey });
  }, [lines, hidden, log, xLog, xKind, marks, live, halfLife, height, syncKey]);
  return { host, view };
}

/** The description, made anew at most once a second: it reads all points. */
function useSentence(lines: readonly LiveLine[], xLabel: string, xKind: XKind, given: string | undefined, version: Signal<number>): string {
  const make = () => given ?? describeLines(lines, xLabel, xKind);
  const [sentence, setSentence] = useState(make);
  const latest = useRef(make);
  latest.current = make;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = version.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setSentence(latest.current());
      }, DESCRIBE_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [version]);
  return given ?? sentence;
}

interface LineLegendProps {
  readonly lines: readonly LiveLine[];
  readonly hidden: ReadonlySet<string>;
  readonly cursor: Signal<number | null>;
  readonly version: Signal<number>;
  readonly xLabel: string;
  readonly xKind: XKind;
  readonly onToggle: (id: string) => void;
}

/** Names, dashes and the value at the cursor, or the latest one. A press hides a line. */
function LineLegend({ lines, hidden, cursor, version, xLabel, xKind, onToggle }: LineLegendProps) {
  version.value; // drawn anew with the picture
  const x = cursor.value;
  const broken = brokenSentence(lines, xLabel, xKind);
  return (
    <div class="c-line-legend">
      <p class="c-legend-at">{x === null ? "Latest" : `${xLabel} ${formatXAs(xKind, Math.round(x * 100) / 100)}`}</p>
      <ul>
        {lines.map((line) => {
          const isHidden = hidden.has(line.id);
          const at = x === null ? line.data.length - 1 : line.data.nearest(x);
          const dash = DASHES[(line.dash ?? Math.floor(line.color / 8)) % DASHES.length]?.join(" ") || undefined;
          return (
            <li key={line.id}>
              <button
                type="button"
                class={classNames("c-line-toggle", isHidden && "is-off")}
                aria-pressed={!isHidden}
                onClick={() => onToggle(line.id)}
              >
                <Swatch entry={{ label: line.label, color: `var(--series-${(line.color % 8) + 1})`, dash }} />
                <span class="c-line-name">{line.label}</span>
                <span class="c-legend-value">{line.data.length === 0 ? "–" : formatMetric(line.data.yAt(at))}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {lines.length > MOST_LINES ? (
        <p class="c-note">
          {lines.length - hidden.size} of {lines.length} lines are drawn. Press a name to show or hide it.
        </p>
      ) : null}
      {broken ? <p class="c-note is-bad">▼ {broken}</p> : null}
    </div>
  );
}
