import type { RunInfo, RunStateName } from "../../../client/index.ts";
import type { StateWord } from "../../app/words.ts";

/** A run's state as every screen shows it: silence is not failure, and a stop is none either. */
export function runStateWord(state: RunStateName | "deleted"): StateWord {
  switch (state) {
    case "pending":
      return { text: "Not started", glyph: "◔", tone: "plain" };
    case "running":
      return { text: "Running", glyph: "●", tone: "accent" };
    case "stale":
      return { text: "No news", glyph: "◌", tone: "warn" };
    case "stopping":
      return { text: "Stopping…", glyph: "◐", tone: "warn" };
    case "completed":
      return { text: "Completed", glyph: "✓", tone: "ok" };
    case "failed":
      return { text: "Failed", glyph: "✕", tone: "bad" };
    case "stopped":
      return { text: "Stopped", glyph: "■", tone: "plain" };
    case "crashed":
      return { text: "Crashed", glyph: "⚡", tone: "bad" };
    case "deleted":
      return { text: "Deleted", glyph: "■", tone: "plain" };
  }
}

export const RUN_STATE_NAMES: readonly RunStateName[] = [
  "pending",
  "running",
  "stale",
  "stopping",
  "completed",
  "failed",
  "stopped",
  "crashed",
];

/** Seconds from the start to the end, or to now; null before the start. */
export function runSeconds(run: Pick<RunInfo, "started_at" | "finished_at">, now: number): number | null {
  return run.started_at === null ? null : Math.max(0, ((run.finished_at ?? now) - run.started_at) / 1000);
}

/** A value of a configuration as one line of text. */
export function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "–" : JSON.stringify(value);
}

/** Nested settings as paths: `{"optimizer": {"lr": 0.1}}` is `optimizer.lr`. Lists stay whole. */
export function flatConfig(config: Readonly<Record<string, unknown>> | undefined, prefix = ""): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [name, value] of Object.entries(config ?? {})) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [inner, part] of flatConfig(value as Record<string, unknown>, path)) flat.set(inner, part);
    } else flat.set(path, value);
  }
  return flat;
}

/**
 * How many steps a run will take, as its configuration says: `total_steps`, `max_steps`, `num_steps` or `steps`; or epochs times
 * steps per epoch. Null when it says nothing usable.
 */
export function totalSteps(config: Readonly<Record<string, unknown>> | undefined): number | null {
  const number = (name: string): number | null => {
    const value = config?.[name];
    return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : null;
  };
  for (const name of ["total_steps", "max_steps", "num_steps", "steps"]) {
    const value = number(name);
    if (value !== null) return value;
  }
  const [epochs, perEpoch] = [number("epochs"), number("steps_per_epoch")];
  return epochs === null || perEpoch === null ? null : epochs * perEpoch;
}

/** How far a run is, in [0, 1], and how many seconds are left by the pace so far; null where it cannot be known. */
export function progressOf(
  lastStep: number | null,
  total: number | null,
  seconds: number | null,
): { readonly share: number | null; readonly left: number | null } {
  if (lastStep === null || total === null) return { share: null, left: null };
  const share = Math.min(1, Math.max(0, lastStep / total));
  // Before 3 % the pace says little.
  const left = seconds === null || share < 0.03 ? null : (seconds / share) * (1 - share);
  return { share, left };
}
