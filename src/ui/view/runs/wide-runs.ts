import { useEffect, useState } from "preact/hooks";
import type { RunInfo } from "../../../client/index.ts";
import { useAsked } from "./hooks.ts";
import { groupKeys, matchingKeys, type RunLook } from "./run-look.ts";

/** Up to so many series a run is followed whole; of more, only what is looked at. */
export const WHOLE_SERIES = 300;
/** A group with more charts than this begins closed. */
export const GROUP_MAX = 24;
const FOLLOWED_MAX = 200;

export interface WantedKeys {
  /** False while it is not known yet which series there are. */
  readonly isKnown: boolean;
  /** What to follow; null for all. */
  readonly keys: readonly string[] | null;
  /** Every series of a run that is not followed whole, else null. */
  readonly all: readonly string[] | null;
}

/** Which series of a run the page follows: all, or of a run with very many those in open groups, as the filter leaves them. */
export function useWantedKeys(run: RunInfo | null, look: RunLook): WantedKeys {
  const isWide = (run?.series_count ?? 0) > WHOLE_SERIES;
  const asked = useAsked(run !== null && isWide ? run.id : null, async (hub, signal) =>
    (await hub.api.keys(run!.id, signal)).map(({ key }) => key),
  );
  const all = isWide ? asked.value : null;
  const wanted = all === null ? null : keysInSight(all, look);
  const [keys, setKeys] = useState<readonly string[] | null>(wanted);
  const name = wanted?.join("\n") ?? "";
  // A person types a filter key by key; each change begins the log anew.
  useEffect(() => {
    const timer = setTimeout(() => setKeys(wanted), keys === null ? 0 : 400);
    return () => clearTimeout(timer);
  }, [name]);
  return { isKnown: run !== null && (!isWide || (all !== null && keys !== null)), keys: isWide ? keys : null, all };
}

/** The series in open groups, at most 200. Pure. */
export function keysInSight(all: readonly string[], look: RunLook): readonly string[] {
  const groups = groupKeys(matchingKeys(all, look.filter), look.pins);
  const open = groups.filter(({ name, keys }) => look.open[name] ?? keys.length <= GROUP_MAX);
  const axis = look.x.startsWith("key:") ? [look.x.slice(4)] : [];
  return [...new Set([...axis, ...open.flatMap(({ keys }) => keys)])].slice(0, FOLLOWED_MAX);
}
