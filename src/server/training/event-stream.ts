import type { Sink } from "../../runs/index.ts";
import type { Call, TrainingApi } from "./route.ts";

/** Proxies drop what is silent for long. */
const COMMENT_MS = 15_000;

/**
 * The messages of the stream as server-sent events. Each event's id is the place in the log: a browser that reconnects names it
 * and goes on from there.
 */
export function sendEvents({ runs, subscriptions }: TrainingApi, { runId, request, query, response }: Call): void {
  runs.get(runId);
  const given = request.headers["last-event-id"] ?? query.get("since") ?? "";
  const since = /^\d{1,15}$/.test(String(given)) ? Number(given) : 0;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  const sink: Sink = {
    get bufferedBytes() {
      return response.writableLength;
    },
    send: (frame, whenTaken) => {
      const seq = seqOf(frame);
      response.write(`${seq === null ? "" : `id: ${seq}\n`}data: `);
      response.write(frame);
      response.write("\n\n", () => whenTaken());
    },
  };
  const comment = setInterval(() => response.write(": still here\n\n"), COMMENT_MS);
  const subscription = subscriptions.open(runId, sink, { since, isFull: query.get("full") === "true", onEnd: () => response.end() });
  response.once("close", () => {
    clearInterval(comment);
    subscription.close();
  });
}

/** The place in the log that a message brings its reader to; the snapshot brings it nowhere. */
function seqOf(frame: Buffer): number | null {
  const { type, seq } = JSON.parse(frame.toString()) as { type: string; seq?: number };
  return type === "snapshot" ? null : (seq ?? null);
}
