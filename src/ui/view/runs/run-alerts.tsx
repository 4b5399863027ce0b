import { useState } from "preact/hooks";
import { clockTime, plural } from "../../app/words.ts";
import { Button, Note } from "../../kit/index.ts";
import type { RunAlert } from "../../store/runs-log.ts";

const SHOWN = 3;

/** What the server noticed about the run, newest first, with the point it saw. */
export function AlertNotes({ alerts }: { alerts: readonly RunAlert[] }) {
  const [all, setAll] = useState(false);
  if (alerts.length === 0) return null;
  const newest = [...alerts].reverse();
  const shown = all ? newest : newest.slice(0, SHOWN);
  return (
    <Note
      tone="warn"
      title={plural(alerts.length, "alert")}
      actions={
        alerts.length > SHOWN ? (
          <Button size="small" onClick={() => setAll(!all)}>
            {all ? "Show the newest only" : `Show all ${alerts.length}`}
          </Button>
        ) : null
      }
    >
      <ul class="a-list is-plain">
        {shown.map((alert) => (
          <li key={alert.seq}>{alertText(alert)}</li>
        ))}
      </ul>
    </Note>
  );
}

export function alertText({ at, message, step }: RunAlert): string {
  const where = step === null ? "" : `, step ${step.toLocaleString("en")}`;
  return `${clockTime(at)}${where}: ${message}`;
}
