import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { PromptRuns } from "../../../client/index.ts";
import { useApp } from "../../app/context.ts";
import { SeriesBuffer } from "../../chart/index.ts";
import { NOTHING, type PromptState, withEntries } from "./prompt-state.ts";

/** Prompt trainings of the server that this page came from. */
export function usePromptRuns(): PromptRuns {
  const app = useApp();
  return useMemo(() => new PromptRuns({ url: location.origin, token: app.token }), [app.token]);
}

export interface Training {
  readonly state: PromptState;
  readonly training: SeriesBuffer;
  readonly validation: SeriesBuffer;
}

/** Follows a training for as long as the view is open. What arrives together is drawn together. */
export function useTraining(runId: string): Training {
  const prompts = usePromptRuns();
  const [state, setState] = useState(NOTHING);
  const series = useRef({ training: new SeriesBuffer(), validation: new SeriesBuffer() });
  useEffect(() => {
    let now = NOTHING;
    let isDue = false;
    const { training, validation } = series.current;
    const change = (next: PromptState): void => {
      now = next;
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        setState(now);
      });
    };
    return prompts.follow(runId, {
      onRun: (run) => change({ ...now, run }),
      onLive: (isLive) => change({ ...now, isLive, hasCaughtUp: now.hasCaughtUp || isLive }),
      onGone: (gone) => change({ ...now, gone, isLive: false }),
      onEntries: (entries) => {
        change(withEntries(now, entries));
        for (const entry of entries)
          if (entry.kind === "score") (entry.split === "training" ? training : validation).append(entry.step, entry.mean);
      },
    });
  }, [prompts, runId]);
  return { state, ...series.current };
}
