import { useNow } from "../../app/context.ts";
import { clockTime } from "../../app/words.ts";
import { Note } from "../../kit/index.ts";
import { useHub } from "./hooks.ts";

const ALARM_MS = 2_000;

/** Says that the stream of runs is cut, once that is more than a blink. What is shown stays. */
export function LinkNote() {
  const state = useHub().link.value;
  const downSince = state.at === "waiting" || state.at === "connecting" ? state.downSince : null;
  const now = useNow(500, downSince !== null);
  if (downSince === null || now - downSince < ALARM_MS) return null;
  return (
    <Note tone="warn" title="Runs are not live now.">
      Shown is what was known at {clockTime(downSince)}. Reporters keep what they log; all of it appears here when the server is back.
    </Note>
  );
}
