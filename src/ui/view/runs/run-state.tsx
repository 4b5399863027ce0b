import type { RunInfo } from "../../../client/index.ts";
import { Pill } from "../../kit/index.ts";
import { runStateWord } from "./run-words.ts";

export function RunStatePill({ state }: { state: RunInfo["state"] | "deleted" }) {
  const word = runStateWord(state);
  return (
    <Pill tone={word.tone} glyph={word.glyph}>
      {word.text}
    </Pill>
  );
}

export function Tags({ tags }: { tags: readonly string[] | undefined }) {
  if (tags === undefined || tags.length === 0) return null;
  return (
    <span class="r-tags">
      {tags.map((tag) => (
        <span key={tag} class="r-tag">
          {tag}
        </span>
      ))}
    </span>
  );
}
