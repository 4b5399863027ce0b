import { signal } from "@preact/signals";
import { keep, kept } from "../../app/settings.ts";

const KEY = "trainyard.runs.pinned";
const PINS_MAX = 20;

function saved(): readonly string[] {
  try {
    const pins: unknown = JSON.parse(kept(KEY) ?? "[]");
    return Array.isArray(pins) ? pins.filter((pin) => typeof pin === "string") : [];
  } catch {
    return [];
  }
}

/** Runs that stay at the top of the list and are offered first where runs are compared; kept in this browser. */
export const pinnedRuns = signal<readonly string[]>(saved());

export function togglePin(run: string): void {
  const before = pinnedRuns.value;
  const after = before.includes(run) ? before.filter((id) => id !== run) : [...before, run].slice(-PINS_MAX);
  pinnedRuns.value = after;
  keep(KEY, after.length === 0 ? null : JSON.stringify(after));
}
