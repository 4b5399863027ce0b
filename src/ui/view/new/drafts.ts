import { type Signal, signal } from "@preact/signals";
import { keep, kept } from "../../app/settings.ts";
import { type Draft, NEW_DRAFT } from "./draft.ts";

const drafts = new Map<string, Signal<Draft>>();
const KEY = "trainyard.draft.";

/** The set-up in progress for a data set. It survives leaving the page, and a reload. */
export function draftFor(dataHandle: string): Signal<Draft> {
  const known = drafts.get(dataHandle);
  if (known !== undefined) return known;
  const made = signal(readDraft(kept(KEY + dataHandle)));
  made.subscribe((draft) => keep(KEY + dataHandle, draft === NEW_DRAFT ? null : JSON.stringify(draft)));
  drafts.set(dataHandle, made);
  return made;
}

/** For a data set that is deleted. */
export function forgetDraft(dataHandle: string): void {
  drafts.delete(dataHandle);
  keep(KEY + dataHandle, null);
}

function readDraft(text: string | null): Draft {
  if (text === null) return NEW_DRAFT;
  try {
    const saved = JSON.parse(text) as Partial<Draft>;
    return { ...NEW_DRAFT, ...saved, outer: { ...NEW_DRAFT.outer, ...saved.outer }, tuner: { ...NEW_DRAFT.tuner, ...saved.tuner } };
  } catch {
    return NEW_DRAFT;
  }
}
