import { useMemo, useState } from "preact/hooks";
import type { JobSummary } from "../../../../client/index.ts";
import { download } from "../../../app/actions.ts";
import { Button, Card, Segmented, toast } from "../../../kit/index.ts";
import { Fetched } from "../../page-head.tsx";
import { useReport } from "./results-tab.tsx";

/** What was asked and what came out, word for word. */
export function RecordTab({ job }: { job: JobSummary }) {
  const report = useReport(job);
  return (
    <Fetched of={report} pulledKey={`report:${job.job_id}`} height={480}>
      {(value) => <RecordText job={job} config={value.config} whole={value} />}
    </Fetched>
  );
}

function RecordText({ job, config, whole }: { job: JobSummary; config: object; whole: object }) {
  const [which, setWhich] = useState<"config" | "whole">("config");
  const text = useMemo(() => JSON.stringify(which === "config" ? config : whole, null, 2), [which, config, whole]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => toast("Copied.", "ok"),
      () => toast("The browser did not allow copying. Use the download.", "bad"),
    );
  };
  return (
    <Card
      title="Record"
      subtitle={
        which === "config" ? "The complete set-up. Sent again it gives the same numbers." : "Everything about the result but the rows."
      }
      actions={
        <>
          <Segmented
            label="What to show"
            small
            value={which}
            onChange={setWhich}
            options={[
              { value: "config", label: "Set-up" },
              { value: "whole", label: "Whole report" },
            ]}
          />
          <Button size="small" icon="copy" onClick={copy}>
            Copy
          </Button>
          <Button
            size="small"
            icon="download"
            onClick={() => download(`${job.job_id}-${which === "config" ? "setup" : "report"}.json`, text, "application/json")}
          >
            Download
          </Button>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard */}
      <pre class="a-code is-tall" tabIndex={0}>
        {text.length > 400_000
          ? `${text.slice(0, 400_000)}\n… ${(text.length - 400_000).toLocaleString("en")} more characters in the download`
          : text}
      </pre>
    </Card>
  );
}
