import { useEffect, useRef, useState } from "preact/hooks";
import { type ConfigCheck, LinkLostError, type TrainParams } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { useApp, useStore } from "../../app/context.ts";

export interface Plan {
  /** `stale`: shown from before, a newer one is on its way or cannot be had. */
  readonly at: "none" | "ready" | "stale";
  readonly check: ConfigCheck | null;
  readonly problems: ConfigCheck["problems"];
  /** Why there is no answer. */
  readonly fault: string | null;
}

const NO_PROBLEMS: ConfigCheck["problems"] = [];
const NONE: Plan = { at: "none", check: null, problems: NO_PROBLEMS, fault: null };
const PAUSE_MS = 150;

/** Asks the server what `train` would do with these parameters, shortly after they last changed. */
export function usePlan(params: TrainParams | null): Plan {
  const app = useApp();
  const isLive = useStore((state) => state.link.at === "live" && state.session !== null);
  const [plan, setPlan] = useState<Plan>(NONE);
  const text = params === null ? null : JSON.stringify(params);
  const latest = useRef<string | null>(null);
  useEffect(() => {
    latest.current = text;
    if (text === null || !isLive) {
      setPlan((old) => (old.at === "ready" ? { ...old, at: "stale" } : old));
      return;
    }
    setPlan((old) => (old.at === "ready" ? { ...old, at: "stale" } : old));
    const timer = setTimeout(async () => {
      try {
        const check = await app.client.call("config.validate", JSON.parse(text) as TrainParams);
        if (latest.current === text) setPlan({ at: "ready", check, problems: check.problems, fault: null });
      } catch (error) {
        if (latest.current !== text || error instanceof LinkLostError) return;
        setPlan((old) => ({ ...old, at: "stale", fault: messageOf(error) }));
      }
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [app, text, isLive]);
  return plan;
}
