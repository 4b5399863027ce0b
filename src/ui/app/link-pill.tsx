import type { LinkState } from "../../client/index.ts";
import { Button, Note, Pill } from "../kit/index.ts";
import { useApp, useNow, useStore } from "./context.ts";
import { clockTime } from "./words.ts";

/** Do not alarm for a blink. */
const BLINK_MS = 2_000;

export function LinkPill() {
  const link = useStore((state) => state.link);
  const now = useNow(500, link.at !== "live");
  const word = pillOf(link, now);
  return (
    <span role="status" aria-label="Link to the server" class="a-link">
      <Pill tone={word.tone} glyph={word.glyph}>
        {word.text}
      </Pill>
    </span>
  );
}

function pillOf(link: LinkState, now: number): { text: string; glyph: string; tone: "ok" | "plain" | "warn" | "bad" } {
  switch (link.at) {
    case "live":
      return { text: "Live", glyph: "●", tone: "ok" };
    case "suspect":
      return now - link.since < 500 ? { text: "Live", glyph: "●", tone: "ok" } : { text: "Reconnecting", glyph: "◌", tone: "plain" };
    case "idle":
      return { text: "Connecting", glyph: "◌", tone: "plain" };
    case "connecting":
      if (link.downSince === null) return { text: "Connecting", glyph: "◌", tone: "plain" };
      return now - link.downSince < BLINK_MS
        ? { text: "Reconnecting", glyph: "◌", tone: "plain" }
        : { text: "Not connected", glyph: "◌", tone: "warn" };
    case "waiting":
      return now - link.downSince < BLINK_MS
        ? { text: "Reconnecting", glyph: "◌", tone: "plain" }
        : { text: "Not connected", glyph: "◌", tone: "warn" };
    case "closed":
      return { text: "Refused", glyph: "✕", tone: "bad" };
  }
}

/** Says what is known and what happens next while the server does not answer. */
export function LinkBanner() {
  const app = useApp();
  const link = useStore((state) => state.link);
  const liveAt = useStore((state) => state.liveAt);
  const downSince = link.at === "waiting" || link.at === "connecting" ? link.downSince : null;
  const now = useNow(500, downSince !== null);
  if (downSince === null || now - downSince < BLINK_MS) return null;
  const inSeconds = link.at === "waiting" ? Math.max(0, Math.ceil((link.since + link.delayMs - now) / 1000)) : 0;
  return (
    <div class="a-banner">
      <Note
        tone="warn"
        title="The server is not answering."
        actions={
          <Button size="small" onClick={() => app.client.tryNow()}>
            Try now
          </Button>
        }
      >
        Training goes on without this page if the server still runs.
        {liveAt === null ? "" : ` Showing what was known at ${clockTime(liveAt)}.`}{" "}
        {inSeconds > 0 ? `Trying again in ${inSeconds} s.` : "Trying now."}
      </Note>
    </div>
  );
}
