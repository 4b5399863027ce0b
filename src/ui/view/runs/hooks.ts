import { useEffect, useRef, useState } from "preact/hooks";
import { type RunInfo, RunsRequestError } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { useApp } from "../../app/context.ts";
import type { RunLog } from "../../store/runs-log.ts";
import { hubOf, type RunsHub } from "./hub.ts";

export function useHub(): RunsHub {
  return hubOf(useApp());
}

export interface Asked<T> {
  readonly value: T | null;
  readonly fault: string | null;
  /** The server says that there is no such thing. */
  readonly isGone: boolean;
  readonly again: () => void;
  readonly set: (value: T) => void;
}

/** Asks the server once per `key`, and again when the link is back after it failed. The last answer stays while a new one is on its way. */
export function useAsked<T>(key: string | null, ask: (hub: RunsHub, signal: AbortSignal) => Promise<T>): Asked<T> {
  const hub = useHub();
  const [answer, setAnswer] = useState<{ value: T | null; fault: string | null; isGone: boolean }>({
    value: null,
    fault: null,
    isGone: false,
  });
  const [turn, setTurn] = useState(0);
  const isLive = hub.link.value.at === "live";
  const failed = answer.fault !== null && !answer.isGone;
  useEffect(() => {
    if (failed && isLive) setTurn((n) => n + 1);
  }, [isLive]);
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    ask(hub, abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setAnswer({ value, fault: null, isGone: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const isGone = error instanceof RunsRequestError && error.status === 404;
        setAnswer((before) => ({ value: isGone ? null : before.value, fault: messageOf(error), isGone }));
      },
    );
    return () => abort.abort();
  }, [hub, key, turn]);
  return {
    ...answer,
    again: () => setTurn((n) => n + 1),
    set: (value) => setAnswer({ value, fault: null, isGone: false }),
  };
}

/** The log of a run while the component is there; drawn again with everything but points, once a frame at most. */
export function useRunLog(run: string, seriesCount: number | null, keys: readonly string[] | null = null): RunLog | null {
  const logs = useRunLogs(seriesCount === null ? [] : [{ id: run, seriesCount }], keys);
  return logs.get(run) ?? null;
}

export function useRunLogs(
  runs: readonly { readonly id: string; readonly seriesCount: number }[],
  keys: readonly string[] | null,
): ReadonlyMap<string, RunLog> {
  const hub = useHub();
  const [logs, setLogs] = useState<ReadonlyMap<string, RunLog>>(new Map());
  const [, redraw] = useState(0);
  const names = runs.map(({ id }) => id).join();
  const keyNames = keys === null ? null : keys.join("\n");
  useEffect(() => {
    const opened = runs.map(({ id, seriesCount }) => hub.openRun(id, seriesCount, keys, Math.max(1, runs.length)));
    setLogs(new Map(opened.map(({ log }) => [log.run, log])));
    let frame: ReturnType<typeof setTimeout> | null = null;
    const stops = opened.map(({ log }) =>
      log.subscribe(() => {
        frame ??= setTimeout(() => {
          frame = null;
          redraw((n) => n + 1);
        }, 50);
      }),
    );
    return () => {
      if (frame !== null) clearTimeout(frame);
      for (const stop of stops) stop();
      for (const { release } of opened) release();
    };
  }, [hub, names, keyNames]);
  return logs;
}

/** Hears how a run is now, whenever it changes. */
export function useRunNews(onRun: (record: RunInfo) => void, onRemoved: (run: string) => void, onAnew: () => void): void {
  const hub = useHub();
  const latest = useRef({ onRun, onRemoved, onAnew });
  latest.current = { onRun, onRemoved, onAnew };
  useEffect(
    () =>
      hub.stream.watchList((message) => {
        if (message.type === "run") latest.current.onRun(message.record);
        else if (message.type === "run_removed") latest.current.onRemoved(message.run);
        else latest.current.onAnew();
      }),
    [hub],
  );
}
