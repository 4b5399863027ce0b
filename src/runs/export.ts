import { spelled } from "./numbers.ts";
import { rowsOf } from "./point-batch.ts";
import type { LogEntry } from "./run-log.ts";
import type { Runs } from "./runs.ts";

/** Rows of a run at full resolution, in the order in which they came, in pieces of text. Not thinned, rewinds not applied. */
export function* exportNdjson(runs: Runs, runId: string): Generator<string> {
  for (const { seq, rows } of rowPages(runs, runId)) {
    let text = "";
    rows.forEach(({ step, time, values }, i) => {
      const named = Object.entries(values).map(([key, value]) => [key, value === null ? null : spelled(value)]);
      text += `${JSON.stringify({ seq: seq + i, step, time, values: Object.fromEntries(named) })}\n`;
    });
    yield text;
  }
}

/** The same as CSV: `seq,step,time` and a column per series. Null is `null`, no value is empty; NaN, Inf and -Inf are spelled. */
export function* exportCsv(runs: Runs, runId: string): Generator<string> {
  const keys = [...runs.open(runId).series.keys()];
  yield `${["seq", "step", "time", ...keys].map(quoted).join(",")}\n`;
  for (const { seq, rows } of rowPages(runs, runId)) {
    let text = "";
    rows.forEach(({ step, time, values }, i) => {
      const cells = keys.map((key) => {
        const value = values[key];
        if (value === undefined) return "";
        return value === null ? "null" : String(spelled(value));
      });
      text += `${[seq + i, step, time, ...cells].join(",")}\n`;
    });
    yield text;
  }
}

function* rowPages(runs: Runs, runId: string): Generator<{ seq: number; rows: ReturnType<typeof rowsOf> }> {
  for (let after = 0; ; ) {
    const entries: readonly LogEntry[] = runs.read(runId, after, 2000);
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (entry.kind === "points") yield { seq: entry.seq - entry.rowCount + 1, rows: rowsOf(entry.batch) };
    }
    after = entries.at(-1)!.seq;
  }
}

/** A text as one cell (RFC 4180); never a formula when a spreadsheet opens it. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
